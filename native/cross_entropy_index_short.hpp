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
        : task_(task), formula_(index_formula(task)) {}

    CHAINRULE_INLINE void rows(int64_t first, int64_t last) const {
        for_each_group<Real>(
            first, last, [&](int64_t row) { whole(at(row)); },
            [&](int64_t row, int64_t count) { part(at(row), count); });
    }

  private:
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
};

}  // namespace chainrule::CHAINRULE_NAMESPACE
