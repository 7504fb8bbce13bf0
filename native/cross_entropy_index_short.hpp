// The cross-entropy with index targets for rows of few classes, one row to a lane.
#pragma once

#include <stddef.h>

#include "index_outcome.hpp"
#include "short_rows.hpp"

namespace chainrule::CHAINRULE_NAMESPACE {

// One group of rows: where it is read and written.
template <class Real>
struct IndexGroup {
    const Real* logits;
    const int64_t* targets;
    const double* row_weight;  // or null
    double* losses;
    Real* gradient;  // or null; may be `logits`
};

template <class Real>
class ShortIndexRows {
    using V = Vector<Real>;
    static constexpr int64_t lanes = V::lanes;

  public:
    explicit CHAINRULE_INLINE ShortIndexRows(const IndexTask<Real>& task)
        : task_(task), formula_(index_formula(task)), plain_(is_plain(task)) {}

    CHAINRULE_INLINE void rows(int64_t first, int64_t last) const { rows_of<1>(first, last); }

  private:
    // Numbers of classes up to this have code of their own (float64, 10 classes: 64 to 55 us for 4,096 rows,
    // on a busy machine). The compiled module grows by 0.1 MB for each, all instruction sets together.
#if defined(CHAINRULE_QUICK_BUILD)
    static constexpr int64_t most_known_classes = 3;
#else
    static constexpr int64_t most_known_classes = 10;
#endif

    // Taken step by step together; their exponentials stay in the first cache.
    static constexpr int64_t groups_at_once = 4;

    template <int64_t known>
    CHAINRULE_INLINE void rows_of(int64_t first, int64_t last) const {
        if constexpr (known > most_known_classes) {
            groups<0>(first, last);
        } else if (task_.n_classes != known || !plain_ || !task_.gradient) {
            rows_of<known + 1>(first, last);
        } else {
            groups<known>(first, last);
        }
    }

    template <int64_t known>
    __attribute__((noinline)) void groups(int64_t first, int64_t last) const {
        while (plain_ && first + lanes <= last) {
            const int64_t count = (last - first) / lanes >= groups_at_once ? groups_at_once : 1;
            const IndexGroup<Real> group = at(first);
            const bool done = group.gradient ? plain_groups<true, known>(group, count)
                                             : plain_groups<false, 0>(group, count);
            for (int64_t i = 0; i < count && !done; ++i) {
                whole(at(first + i * lanes));
            }
            first += count * lanes;
        }
        for_each_group<Real>(
            first, last, [&](int64_t row) { whole(at(row)); },
            [&](int64_t row, int64_t count) { part(at(row), count); });
    }

    CHAINRULE_INLINE IndexGroup<Real> at(int64_t row) const {
        const int64_t n = task_.n_classes;
        return {task_.logits + row * n, task_.targets + row,
                task_.row_weight ? task_.row_weight + row : nullptr, task_.losses + row,
                task_.gradient ? task_.gradient + row * n : nullptr};
    }

    // Fewer rows than lanes: the others are rows of zeros, in a copy.
    void part(const IndexGroup<Real>& group, int64_t count) const {
        const int64_t n = task_.n_classes;
        Real logits[lanes * longest_short_row<Real>] = {};
        int64_t targets[lanes] = {};
        double row_weight[lanes] = {};
        double losses[lanes];
        __builtin_memcpy(logits, group.logits, sizeof(Real) * static_cast<size_t>(count * n));
        __builtin_memcpy(targets, group.targets, sizeof(int64_t) * static_cast<size_t>(count));
        for (int64_t i = 0; i < count; ++i) {
            row_weight[i] = group.row_weight ? group.row_weight[i] : 1.0;
        }
        whole({logits, targets, row_weight, losses, group.gradient ? logits : nullptr});
        __builtin_memcpy(group.losses, losses, sizeof(double) * static_cast<size_t>(count));
        if (group.gradient) {
            __builtin_memcpy(group.gradient, logits, sizeof(Real) * static_cast<size_t>(count * n));
        }
    }

    void whole(const IndexGroup<Real>& group) const {
        V columns[longest_short_row<Real>];
        load_columns(group.logits, task_.n_classes, columns);
        const V largest = largest_of_columns<Real>(columns, task_.n_classes);
        with_shift_of_lanes<Real>(largest, formula_.inverse, [&](auto shift) {
            if (group.gradient) {
                evaluate<true>(group, columns, largest, shift);
            } else {
                evaluate<false>(group, columns, largest, shift);
            }
        });
    }

    // Whether nothing but a row's own numbers decides how it is computed: T = 1, no weights, and every factor
    // a normal number of the dtype.
    static CHAINRULE_INLINE bool is_plain(const IndexTask<Real>& task) {
        const double size = __builtin_fabs(task.gradient_scale) * exponential_unit<Real>;
        const double smallest = size / static_cast<double>(2 * task.n_classes);
        return task.temperature == 1.0 && !task.row_weight && smallest >= Limits<Real>::smallest_normal &&
               size <= Limits<Real>::largest;
    }

    static CHAINRULE_INLINE bool is_finite(V a) {
        const V unbounded = V::all(static_cast<Real>(infinity));
        return count(less(maximum(a, V::all(0) - a), unbounded)) == lanes;
    }

    // Copies of the targets; false unless every one is a class and none of them ignored. No exit from the
    // loop, so that the compiler can use vectors.
    CHAINRULE_INLINE bool read_classes(const int64_t* targets, int64_t count, int64_t n,
                                       int64_t* copy) const {
        const auto classes = static_cast<uint64_t>(n);
        const int64_t ignored = task_.ignored ? *task_.ignored : -1;
        uint64_t others = 0;
        for (int64_t i = 0; i < count; ++i) {
            const int64_t target = targets[i];
            copy[i] = target;
            others |= static_cast<uint64_t>((static_cast<uint64_t>(target) >= classes) | (target == ignored));
        }
        return others == 0;
    }

    // The same bits as evaluate(), for rows that need none of its cases; false, and nothing written, where
    // some need more. What belongs to the target is fetched and stored row by row, and its exponential
    // computed once more: comparing every class with every target would take longer.
    //
    // The steps of a group wait for one another, those of different groups do not: so each step is taken for
    // all groups before the next, with the exponentials in a scratch that the first cache holds. (10 classes,
    // float32: 120 to 100 ns for 16 rows.)
    template <bool Gradient, int64_t known>
    CHAINRULE_INLINE bool plain_groups(const IndexGroup<Real>& rows, int64_t groups) const {
        constexpr int64_t most = groups_at_once * lanes;
        const int64_t n = known > 0 ? known : task_.n_classes;
        int64_t targets[most];
        alignas(64) Real at_target[most];
        alignas(64) Real exponential_at_target[most];
        alignas(64) Real largest[most];
        alignas(64) double rest[most];
        V exponentials[groups_at_once][Gradient ? (known > 0 ? known : longest_short_row<Real>) : 1];
        if (!read_classes(rows.targets, groups * lanes, n, targets)) {
            return false;
        }
#pragma GCC unroll 16
        for (int64_t i = 0; i < groups * lanes; ++i) {
            at_target[i] = rows.logits[i * n + targets[i]];
        }
        for (int64_t g = 0; g < groups; ++g) {
            const int64_t first = g * lanes;
            V columns[known > 0 ? known : longest_short_row<Real>];
            const V top = load_and_find_largest<known>(rows.logits + first * n, n, columns);
            if (!is_finite(top)) {
                return false;
            }
            const PlainShift<Real> shift{top};
            const auto term = [&](int64_t k) CHAINRULE_INLINE_LAMBDA {
                const V e = exponential(shift(columns[k]));
                if constexpr (Gradient) {
                    exponentials[g][k] = e;
                }
                return e;
            };
            Halves<Real> sums;
            if constexpr (known > 0) {
                sums = known_sum_without_largest<known, Real>(term);
            } else {
                sums = sum_without_largest<Real>(n, term);
            }
            for (int i = 0; i < halves<Real>; ++i) {
                store(rest + first + i * Float64::lanes, sums.part[i], Whole{});
            }
            store(largest + first, top, Whole{});
            store(exponential_at_target + first, exponential(shift(load(at_target + first, Whole{}, 0))),
                  Whole{});
        }
        alignas(64) Real factor[most];
        const Float64 unit = Float64::all(exponential_unit<Real>);
        for (int64_t i = 0; i < groups * lanes; i += Float64::lanes) {
            const IndexOutcome outcome = formula_.plain(
                {load_float64(largest + i, Whole{}, 0.0), load_float64(at_target + i, Whole{}, 0.0),
                 load(rest + i, Whole{}, 0.0) * unit,
                 load_float64(exponential_at_target + i, Whole{}, 0.0) * unit, unit, unit});
            store(rows.losses + i, outcome.loss, Whole{});
            store(factor + i, outcome.factor * unit, Whole{});
            store(at_target + i, outcome.at_target, Whole{});
        }
        if constexpr (Gradient) {
            for (int64_t g = 0; g < groups; ++g) {
                scale_and_store<known>(exponentials[g], load(factor + g * lanes, Whole{}, 0),
                                       rows.gradient + g * lanes * n, n);
            }
#pragma GCC unroll 16
            for (int64_t i = 0; i < groups * lanes; ++i) {
                rows.gradient[i * n + targets[i]] = at_target[i];
            }
        }
        return true;
    }

    template <int64_t known>
    static CHAINRULE_INLINE V load_and_find_largest(const Real* rows, int64_t n, V* columns) {
        if constexpr (known > 0) {
            load_known_columns<known>(rows, columns);
            return known_largest<known>(columns);
        } else {
            load_columns(rows, n, columns);
            return largest_of_columns<Real>(columns, n);
        }
    }

    // Pairs, and pairs of pairs. Of a row with NaN it may be any entry, or NaN.
    template <int64_t n>
    static CHAINRULE_INLINE V known_largest(const V* columns) {
        if constexpr (n == 1) {
            return columns[0];
        } else {
            return maximum(known_largest<n / 2>(columns), known_largest<n - n / 2>(columns + n / 2));
        }
    }

    template <int64_t known>
    static CHAINRULE_INLINE void scale_and_store(const V* exponentials, V factor, Real* rows, int64_t n) {
        if constexpr (known > 0) {
            V columns[known];
            each<known>([&](int64_t k) CHAINRULE_INLINE_LAMBDA { columns[k] = exponentials[k] * factor; });
            store_known_columns<known>(rows, columns);
        } else {
            V columns[longest_short_row<Real>];
            for (int64_t k = 0; k < n; ++k) {
                columns[k] = exponentials[k] * factor;
            }
            store_columns(rows, n, columns);
        }
    }

    template <bool Gradient, class Shift>
    CHAINRULE_INLINE void evaluate(const IndexGroup<Real>& group, V* columns, V largest, Shift shift) const {
        const V target = target_of_lanes(group.targets);
        V logit_at_target = V::all(0);
        V exponential_at_target = V::all(0);
        const Halves<Real> sums = sum_without_largest<Real>(task_.n_classes, [&](int64_t k) {
            const auto here = equal(target, V::all(static_cast<Real>(k)));
            const V e = exponential(shift(columns[k]));
            logit_at_target = select(here, columns[k], logit_at_target);
            if constexpr (Gradient) {
                exponential_at_target = select(here, e, exponential_at_target);
                columns[k] = e;
            }
            return e;
        });
        IndexOutcome outcome[halves<Real>];
        const Float64 unit = Float64::all(exponential_unit<Real>);
        for (int i = 0; i < halves<Real>; ++i) {
            const Float64 m = half(largest, i);
            outcome[i] = formula_(
                {m, half(logit_at_target, i), checked_rest(m, sums.part[i] * unit),
                 half(exponential_at_target, i) * unit, weight_of_lanes(group, i),
                 select(less(half(target, i), Float64::all(0.0)), Float64::all(0.0), Float64::all(1.0))});
            store(group.losses + i * Float64::lanes, outcome[i].loss, Whole{});
        }
        if constexpr (Gradient) {
            write_gradient(group, columns, target, outcome);
        }
    }

    // The number of the class, or -1 where the target is none.
    CHAINRULE_INLINE V target_of_lanes(const int64_t* targets) const {
        Real numbers[lanes];
        for (int64_t i = 0; i < lanes; ++i) {
            const bool known = static_cast<uint64_t>(targets[i]) < static_cast<uint64_t>(task_.n_classes);
            numbers[i] = static_cast<Real>(known ? static_cast<int32_t>(targets[i]) : -1);
        }
        return load(numbers, Whole{}, 0);
    }

    CHAINRULE_INLINE Float64 weight_of_lanes(const IndexGroup<Real>& group, int i) const {
        const int64_t first = i * Float64::lanes;
        Float64 weight = group.row_weight ? load(group.row_weight + first, Whole{}, 0.0) : Float64::all(1.0);
        if (task_.ignored) {
            double used[Float64::lanes];
            for (int64_t lane = 0; lane < Float64::lanes; ++lane) {
                used[lane] = group.targets[first + lane] == *task_.ignored ? 0.0 : 1.0;
            }
            weight = weight * load(used, Whole{}, 0.0);
        }
        return weight;
    }

    // As scale_exponentials(): a factor outside the normal numbers of the dtype is applied in float64.
    CHAINRULE_INLINE void write_gradient(const IndexGroup<Real>& group, V* columns, V target,
                                         const IndexOutcome* outcome) const {
        const Float64 unit = Float64::all(exponential_unit<Real>);
        const Float64 zero = Float64::all(0.0);
        const Float64 one = Float64::all(1.0);
        const Halves<Real> factor = by_half<Real>([&](int i) { return outcome[i].factor * unit; });
        const Halves<Real> at_target = by_half<Real>([&](int i) { return outcome[i].at_target; });
        const Halves<Real> usual = by_half<Real>([&](int i) {
            const Float64 size = maximum(factor.part[i], zero - factor.part[i]);
            const auto large = less(Float64::all(Limits<Real>::largest), size);
            const auto normal = less(size, Float64::all(Limits<Real>::smallest_normal));
            return select(normal, zero, select(large, zero, select(equal(size, size), one, zero)));
        });
        const V is_usual = usual.joined();
        const V multiplier = factor.joined();
        const V entry = at_target.joined();
        const auto plain = equal(is_usual, V::all(1));
        const bool all_plain = count(plain) == lanes;
        for (int64_t k = 0; k < task_.n_classes; ++k) {
            V value = columns[k] * multiplier;
            if (!all_plain) {
                const Halves<Real> exact = by_half<Real>([&](int i) {
                    const Float64 product = half(columns[k], i) * unit * outcome[i].factor;
                    return select(equal(outcome[i].factor, zero), zero, product);
                });
                value = select(plain, value, exact.joined());
            }
            columns[k] = select(equal(target, V::all(static_cast<Real>(k))), entry, value);
        }
        store_columns(group.gradient, task_.n_classes, columns);
    }

    const IndexTask<Real>& task_;
    IndexFormula<Real> formula_;
    bool plain_;
};

}  // namespace chainrule::CHAINRULE_NAMESPACE
