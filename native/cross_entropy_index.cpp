// Row kernel of the cross-entropy with index targets: loss (CE.1) and gradient (CE.2), temperature (CE.5).
#include <algorithm>
#include <memory>
#include <new>

#include "cross_entropy_index_short.hpp"

namespace chainrule::CHAINRULE_NAMESPACE {
namespace {

// Eight rows with classes across lanes. Each pass goes over all of them, because the maximum of a row, its
// sum and its logarithm wait for one another, and those of different rows do not; the logarithms and
// quotients are then taken for eight rows at once. (100 classes: 81 to 61 ns a row, the latter on a busy
// machine.)
template <class Real>
class LongIndexRows {
    static constexpr int64_t lanes = Float64::lanes;
    // Logits to a group, so that they are still in the first cache when they are read again.
    static constexpr int64_t group_bytes = 16384;
    // Longer rows than this do not stay in the second cache beside their exponentials.
    static constexpr int64_t largest_scratch_bytes = 524288;

  public:
    explicit LongIndexRows(const IndexTask<Real>& task) : task_(task), formula_(index_formula(task)) {
        const int64_t row_bytes = task.n_classes * static_cast<int64_t>(sizeof(Real));
        const bool fits = row_bytes >= group_bytes && row_bytes <= largest_scratch_bytes;
        if (task.beyond_cache && fits && task.gradient && task.gradient != task.logits) {
            scratch_.reset(new (std::nothrow) Real[static_cast<size_t>(task.n_classes)]);
        }
    }

    void rows(int64_t first, int64_t last) const {
        const int64_t row_bytes = task_.n_classes * static_cast<int64_t>(sizeof(Real));
        const int64_t rows_at_once = std::clamp<int64_t>(group_bytes / row_bytes, 1, lanes);
        for (int64_t i = first; i < last; i += rows_at_once) {
            group(i, std::min(rows_at_once, last - i), rows_at_once);
        }
        if (scratch_) {
            finish_stores();
        }
    }

  private:
    struct Numbers {
        double of_row[lanes] = {};
        CHAINRULE_INLINE Float64 all() const { return load(of_row, Whole{}, 0.0); }
    };

    void group(int64_t first, int64_t count, int64_t rows_at_once) const {
        const int64_t n = task_.n_classes;
        Numbers largest, at_target, rest, exponential, weight, defined;
        int64_t targets[lanes];  // read once: the caller may change them meanwhile
        for (int64_t r = 0; r < count; ++r) {
            const int64_t target = targets[r] = task_.targets[first + r];
            defined.of_row[r] = static_cast<uint64_t>(target) < static_cast<uint64_t>(n) ? 1.0 : 0.0;
            weight.of_row[r] = weight_of(first + r, target);
            if (defined.of_row[r] != 0.0 && weight.of_row[r] != 0.0) {  // or nothing of the row is read
                const Real* const logits = task_.logits + (first + r) * n;
                largest.of_row[r] = largest_logit(logits, n);
                at_target.of_row[r] = logits[target];
            }
        }
        for (int64_t r = 0; r < count; ++r) {
            if (defined.of_row[r] != 0.0 && weight.of_row[r] != 0.0) {
                const Real m = static_cast<Real>(largest.of_row[r]);
                rest.of_row[r] =
                    checked_rest(m, sum(first + r, targets[r], m, rows_at_once * n, exponential.of_row[r]));
            }
        }
        finish(first, count, targets, weight,
               formula_({largest.all(), at_target.all(), rest.all(), exponential.all(), weight.all(),
                         defined.all()}));
    }

    CHAINRULE_INLINE double weight_of(int64_t i, int64_t target) const {
        const bool ignored = task_.ignored && target == *task_.ignored;
        return ignored ? 0.0 : (task_.row_weight ? task_.row_weight[i] : 1.0);
    }

    // s of a row. Its exponentials, in their units, go where its gradient will be, or to the scratch;
    // `exponential` is that of its target.
    CHAINRULE_INLINE double sum(int64_t i, int64_t target, Real largest, int64_t ahead,
                                double& exponential) const {
        const int64_t n = task_.n_classes;
        const Real* const logits = task_.logits + i * n;
        return with_shift(largest, formula_.inverse, [&](auto shift) {
            if (!task_.gradient) {
                return sum_of_exponentials<false>(logits, static_cast<Real*>(nullptr), n, shift, ahead);
            }
            Real* const kept = scratch_ ? scratch_.get() : task_.gradient + i * n;
            const double result = sum_of_exponentials<true>(logits, kept, n, shift, ahead);
            exponential = static_cast<double>(kept[target]) * exponential_unit<Real>;
            return result;
        });
    }

    CHAINRULE_INLINE void finish(int64_t first, int64_t count, const int64_t* targets, const Numbers& weight,
                                 const IndexOutcome& outcome) const {
        const int64_t n = task_.n_classes;
        Numbers loss, factor, at_target;
        store(loss.of_row, outcome.loss, Whole{});
        store(factor.of_row, outcome.factor, Whole{});
        store(at_target.of_row, outcome.at_target, Whole{});
        for (int64_t r = 0; r < count; ++r) {
            task_.losses[first + r] = loss.of_row[r];
            if (!task_.gradient) {
                continue;
            }
            Real* const gradient = task_.gradient + (first + r) * n;
            const int64_t target = targets[r];
            const bool known = static_cast<uint64_t>(target) < static_cast<uint64_t>(n);
            if (!known || weight.of_row[r] == 0.0) {
                fill_row(gradient, n, static_cast<Real>(factor.of_row[r]));
            } else {
                if (scratch_) {  // then a group is one row
                    scale_past_cache(scratch_.get(), gradient, n, factor.of_row[r]);
                } else {
                    scale_exponentials(gradient, n, factor.of_row[r]);
                }
                gradient[target] = static_cast<Real>(at_target.of_row[r]);
            }
        }
    }

    const IndexTask<Real>& task_;
    IndexFormula<Real> formula_;
    // One row of exponentials, where the gradient goes past the cache.
    std::unique_ptr<Real[]> scratch_;
};

template <class Real>
void index_rows(const IndexTask<Real>& task, int64_t first, int64_t last) {
    if (task.n_classes <= longest_short_row<Real>) {
        ShortIndexRows<Real>(task).rows(first, last);
    } else {
        LongIndexRows<Real>(task).rows(first, last);
    }
}

// Whole blocks are judged by one flag, so that the loop has no exit and the compiler can use vectors.
int64_t first_bad_index(const int64_t* targets, int64_t n, int64_t n_classes, const int64_t* ignored) {
    constexpr int64_t block = 4096;
    const int64_t spared = ignored ? *ignored : 0;  // without an ignored index 0 is spared, which is a class
    const uint64_t classes = static_cast<uint64_t>(n_classes);
    for (int64_t first = 0; first < n; first += block) {
        const int64_t last = n - first < block ? n : first + block;
        uint64_t bad = 0;
        for (int64_t i = first; i < last; ++i) {
            bad |= static_cast<uint64_t>((static_cast<uint64_t>(targets[i]) >= classes) &
                                         (targets[i] != spared));
        }
        for (int64_t i = first; bad && i < last; ++i) {
            if (static_cast<uint64_t>(targets[i]) >= classes && targets[i] != spared) {
                return i;
            }
        }
    }
    return -1;
}

}  // namespace

void add_cross_entropy_index(Kernels& kernels) {
    kernels.float32.cross_entropy_index = index_rows<float>;
    kernels.float64.cross_entropy_index = index_rows<double>;
    kernels.first_bad_index = first_bad_index;
}

}  // namespace chainrule::CHAINRULE_NAMESPACE
