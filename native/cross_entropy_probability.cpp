// Row kernel of the cross-entropy with probability targets (CE.3), temperature (CE.5), class weights and
// smoothing.
//
// The target of a row is q'_k = w_k ((1 - e) y_k + e / U), U = number of classes whose logit is not -inf;
// those get no e / U. It is made again in each pass from y, in float64 for both dtypes: only the exponentials
// are rounded to float32. Let r be a class with the largest q'; its sum of the others is made without
// subtracting, and for every other class (rest + q'_r) - q'_k loses at most one bit, since q'_r stays in it.
#include "kernels.hpp"
#include "logarithm.hpp"
#include "row.hpp"

namespace chainrule::CHAINRULE_NAMESPACE {
namespace {

// y of 8 classes from a row of probabilities.
template <class Real>
struct GivenTargets {
    const Real* row;
    template <class Extent>
    CHAINRULE_INLINE Float64 at(int64_t k, Extent extent) const {
        return load_float64(row + k, extent, 0.0);
    }
};

// y of 8 classes where all mass sits on one class.
struct OneHotTargets {
    int64_t index;
    template <class Extent>
    CHAINRULE_INLINE Float64 at(int64_t k, Extent) const {
        static constexpr double one_in_16[16] = {0, 0, 0, 0, 0, 0, 0, 0, 1};
        const int64_t lane = index - k;
        return lane < 0 || lane >= 8 ? Float64::all(0.0) : load(one_in_16 + 8 - lane, Whole{}, 0.0);
    }
};

// q' of 8 classes; `lowest` marks those whose logit is -inf.
template <class Targets>
struct EffectiveTargets {
    Targets targets;
    const double* class_weight;
    Float64 kept;     // 1 - e
    Float64 uniform;  // e / U
    template <class Extent>
    CHAINRULE_INLINE Float64 at(int64_t k, Extent extent, Float64::Mask lowest) const {
        const Float64 y = targets.at(k, extent);
        const Float64 zero = Float64::all(0.0);
        const Float64 share_at_lowest = select(equal(y, zero), zero, uniform);
        const Float64 q = multiply_add(y, kept, select(lowest, share_at_lowest, uniform));
        return class_weight ? q * load(class_weight + k, extent, 0.0) : q;
    }
};

// use(half, k, extent) for each run of 8 lanes of a vector of logits at class k.
template <class Use>
CHAINRULE_INLINE void for_each_half(Float64 z, int64_t k, Whole extent, Use use) {
    use(z, k, extent);
}
template <class Use>
CHAINRULE_INLINE void for_each_half(Float64 z, int64_t k, Part extent, Use use) {
    use(z, k, extent);
}
template <class Use>
CHAINRULE_INLINE void for_each_half(Float32 z, int64_t k, Whole extent, Use use) {
    use(lower(z), k, extent);
    use(upper(z), k + Float64::lanes, extent);
}
template <class Use>
CHAINRULE_INLINE void for_each_half(Float32 z, int64_t k, Part extent, Use use) {
    use(lower(z), k, Part{lanes_from(extent, 0)});
    if (lanes_from(extent, Float64::lanes) > 0) {
        use(upper(z), k + Float64::lanes, Part{lanes_from(extent, Float64::lanes)});
    }
}

template <class Real, class Targets>
CHAINRULE_INLINE int64_t unmasked_classes(const Real* logits, int64_t n, const Targets& targets) {
    const Float64 zero = Float64::all(0.0);
    int64_t masked = 0;
    sweep<Float64::lanes>(n, [&](int64_t k, auto extent) {
        const Float64 z = load_float64(logits + k, extent, 0.0);
        const Float64::Mask lowest = equal(z, Float64::all(-infinity));
        masked += count(equal(select(lowest, targets.at(k, extent), Float64::all(1.0)), zero));
    });
    return n - masked;
}

struct RowSums {
    double rest;             // s
    LargestAndRest targets;  // of q'
    double distance;         // sum of q'_k (m - z_k), times the scale of the logits
};

// First pass after m. With Keep the exponentials go to `out`, and -1 where the logit is -inf: once the logits
// are overwritten that tells those from classes whose exponential underflowed.
template <bool Keep, class Real, class Shift, class Targets>
CHAINRULE_INLINE RowSums sums_of_row(const Real* logits, Real* out, int64_t n, double largest, double scale,
                                     Shift shift, const Targets& targets) {
    using V = Vector<Real>;
    const V lowest = V::all(static_cast<Real>(-infinity));
    const Float64 zero = Float64::all(0.0);
    SumWithoutLargest<Real> exponentials;
    SumWithoutLargest<double> weights;
    BlockedSum<double> distance;
    sweep_blocks<V::lanes>(
        n,
        [&](int64_t k, auto extent) {
            const V z = load(logits + k, extent, static_cast<Real>(-infinity));
            const V e = exponential(shift(z));
            exponentials.add(e);
            if constexpr (Keep) {
                store(out + k, select(equal(z, lowest), V::all(-1), e), extent);
            }
            for_each_half(z, k, extent, [&](Float64 half, int64_t first, auto part) {
                const Float64 m = Float64::all(largest);
                const Float64 q = targets.at(first, part, equal(half, Float64::all(-infinity)));
                const Float64 d =
                    select(equal(half, m), zero,
                           multiply_add(half, Float64::all(-scale), Float64::all(largest * scale)));
                weights.add(q);
                distance.add(select(equal(q, zero), zero, q * d));  // 0 * inf = 0
            });
        },
        [&] {
            exponentials.close_block();
            weights.close_block();
            distance.close_block();
        });
    return {checked_rest(largest, exponentials.result().rest * static_cast<double>(exponential_unit<Real>)),
            weights.result(), sum_of_lanes(distance.lanes())};
}

// gradient_k = p_k * sum_{j != k} q'_j - q'_k (1 - p_k), with p_k = e_k / (1 + s), 1 - p_k = ((1 - e_k) + s)
// / (1 + s)
template <class Real, class Targets>
CHAINRULE_INLINE void finish_gradient(Real* gradient, int64_t n, const RowSums& sums, double row_factor,
                                      const Targets& targets) {
    const Float64 zero = Float64::all(0.0);
    const Float64 one = Float64::all(1.0);
    const Float64 rest = Float64::all(sums.rest);
    const Float64 factor = Float64::all(row_factor);
    const Float64 largest = Float64::all(sums.targets.largest);
    const Float64 rest_of_targets = Float64::all(sums.targets.rest);
    const Float64 total = Float64::all(sums.targets.rest + sums.targets.largest);
    sweep<Float64::lanes>(n, [&](int64_t k, auto extent) {
        const Float64 kept = load_float64(gradient + k, extent, -1.0);
        const Float64 e = maximum(zero, kept) * Float64::all(static_cast<double>(exponential_unit<Real>));
        const Float64 q = targets.at(k, extent, less(kept, zero));
        const Float64 others = select(equal(q, largest), rest_of_targets, total - q);
        store(gradient + k, (e * others - q * ((one - e) + rest)) * factor, extent);
    });
}

template <class Real>
struct ProbabilityRow {
    const ProbabilityTask<Real>& task;
    InverseTemperature<Real> inverse;

    template <class Targets>
    CHAINRULE_INLINE double loss(const Real* logits, Targets given, double weight, Real* gradient) const {
        const int64_t n = task.n_classes;
        const double smoothing = task.label_smoothing;
        const double unmasked =
            smoothing > 0.0 ? static_cast<double>(unmasked_classes(logits, n, given)) : 1.0;
        const EffectiveTargets<Targets> targets{given, task.class_weight, Float64::all(1.0 - smoothing),
                                                Float64::all(smoothing / unmasked)};
        const Real largest = largest_logit(logits, n);
        const RowSums sums = with_shift(largest, inverse, [&](auto shift) {
            const double scale = inverse.logit_scale;
            return gradient ? sums_of_row<true>(logits, gradient, n, largest, scale, shift, targets)
                            : sums_of_row<false>(logits, gradient, n, largest, scale, shift, targets);
        });
        if (gradient) {
            const double factor = gradient_factor(weight, task.gradient_scale, task.temperature, sums.rest);
            finish_gradient(gradient, n, sums, factor, targets);
        }
        const double mass = sums.targets.rest + sums.targets.largest;
        return sums.distance / inverse.scaled + mass * log1p_nonnegative(sums.rest);
    }
};

// A row of weight 0 is never read. An index outside the classes is an undefined row, not a bad read.
template <class Real>
CHAINRULE_INLINE double weighted_row(const ProbabilityRow<Real>& row, int64_t i) {
    const ProbabilityTask<Real>& task = row.task;
    const int64_t n = task.n_classes;
    const double weight = task.row_weight ? task.row_weight[i] : 1.0;
    Real* gradient = task.gradient ? task.gradient + i * n : nullptr;
    const bool undefined = task.indices && (task.indices[i] < 0 || task.indices[i] >= n);
    if (weight == 0.0 || undefined) {
        const double value = weight == 0.0 ? 0.0 : not_a_number;
        if (gradient) {
            fill_row(gradient, n, static_cast<Real>(value));
        }
        return value;
    }
    const Real* logits = task.logits + i * n;
    if (task.indices) {
        return weight * row.loss(logits, OneHotTargets{task.indices[i]}, weight, gradient);
    }
    return weight * row.loss(logits, GivenTargets<Real>{task.targets + i * n}, weight, gradient);
}

template <class Real>
void probability_rows(const ProbabilityTask<Real>& task, int64_t first, int64_t last) {
    const ProbabilityRow<Real> row{task, inverse_temperature<Real>(task.temperature)};
    for (int64_t i = first; i < last; ++i) {
        task.losses[i] = weighted_row(row, i);
    }
}

}  // namespace

void add_cross_entropy_probability(Kernels& kernels) {
    kernels.float32.cross_entropy_probability = probability_rows<float>;
    kernels.float64.cross_entropy_probability = probability_rows<double>;
}

}  // namespace chainrule::CHAINRULE_NAMESPACE
