// Row kernel of the cross-entropy with index targets: loss (CE.1) and gradient (CE.2), temperature (CE.5).
#include "cross_entropy_index_short.hpp"

namespace chainrule::CHAINRULE_NAMESPACE {
namespace {

// loss = (m - z_y) / T + log1p(s).  dloss/dz_k = p_k / T, and at the target -(1 - p_y) / T with
// 1 - p_y = ((1 - e_y) + s) / (1 + s), which is s / (1 + s) when y is the largest and never cancels when it
// is not: s then holds e_y itself.
template <class Real>
struct IndexRow {
    const IndexTask<Real>& task;
    InverseTemperature<Real> inverse;

    CHAINRULE_INLINE double loss(const Real* logits, int64_t target) const {
        const int64_t n = task.n_classes;
        const Real largest = largest_logit(logits, n);
        const double rest = with_shift(largest, inverse, [&](auto shift) {
            return sum_of_exponentials<false>(logits, static_cast<Real*>(nullptr), n, shift);
        });
        return loss_from(largest, logits[target], checked_rest(largest, rest));
    }

    CHAINRULE_INLINE double loss_and_gradient(const Real* logits, int64_t target, double weight,
                                              Real* gradient) const {
        const int64_t n = task.n_classes;
        const Real largest = largest_logit(logits, n);
        const Real logit_at_target = logits[target];  // the gradient may overwrite the logits
        const double sum = with_shift(largest, inverse, [&](auto shift) {
            return sum_of_exponentials<true>(logits, gradient, n, shift);
        });
        const double rest = checked_rest(largest, sum);
        const double factor = gradient_factor(weight, task.gradient_scale, task.temperature, rest);
        const double exponential_at_target = static_cast<double>(gradient[target]) * exponential_unit<Real>;
        scale_exponentials(gradient, n, factor);
        gradient[target] = static_cast<Real>(0.0 - ((1.0 - exponential_at_target) + rest) * factor);
        return loss_from(largest, logit_at_target, rest);
    }

  private:
    CHAINRULE_INLINE double loss_from(Real largest, Real at_target, double rest) const {
        const double scale = inverse.logit_scale;
        const double distance = at_target == largest ? 0.0 : largest * scale - at_target * scale;
        return distance / inverse.scaled + log1p_nonnegative(rest);
    }
};

// A row of weight 0 is never read. A target outside the classes is an undefined row, not a bad read.
template <class Real>
CHAINRULE_INLINE double weighted_row(const IndexRow<Real>& row, int64_t i) {
    const IndexTask<Real>& task = row.task;
    const int64_t n = task.n_classes;
    const int64_t target = task.targets[i];
    const bool ignored = task.ignored && target == *task.ignored;
    const double weight = ignored ? 0.0 : (task.row_weight ? task.row_weight[i] : 1.0);
    const bool undefined = target < 0 || target >= n;
    if (weight == 0.0 || undefined) {
        const double value = weight == 0.0 ? 0.0 : not_a_number;
        if (task.gradient) {
            fill_row(task.gradient + i * n, n, static_cast<Real>(value));
        }
        return value;
    }
    if (task.gradient) {
        return weight * row.loss_and_gradient(task.logits + i * n, target, weight, task.gradient + i * n);
    }
    return weight * row.loss(task.logits + i * n, target);
}

template <class Real>
void index_rows(const IndexTask<Real>& task, int64_t first, int64_t last) {
    if (task.n_classes <= longest_short_row<Real>) {
        ShortIndexRows<Real>(task).rows(first, last);
        return;
    }
    const IndexRow<Real> row{task, inverse_temperature<Real>(task.temperature)};
    for (int64_t i = first; i < last; ++i) {
        task.losses[i] = weighted_row(row, i);
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
