// Loss and gradient of 8 rows with index targets, once their sums are known: (CE.1), (CE.2), (CE.5).
#pragma once

#include "kernels.hpp"
#include "logarithm.hpp"
#include "row.hpp"

namespace chainrule::CHAINRULE_NAMESPACE {

// What the sums say of 8 rows, each in a lane.
struct IndexSums {
    Float64 largest;                // m
    Float64 logit_at_target;        // z_y
    Float64 rest;                   // s, checked
    Float64 exponential_at_target;  // e_y
    Float64 weight;
    Float64 defined;  // 1, or 0 where the target is no class
};

struct IndexOutcome {
    Float64 loss;
    Float64 factor;     // of the exponentials
    Float64 at_target;  // the gradient's entry
};

// loss = (m - z_y) / T + log1p(s).  dloss/dz_k = p_k / T, and at the target -(1 - p_y) / T with
// 1 - p_y = ((1 - e_y) + s) / (1 + s), which is s / (1 + s) when y is the largest and never cancels when it
// is not: s then holds e_y itself.
template <class Real>
struct IndexFormula {
    InverseTemperature<Real> inverse;
    double gradient_scale;
    double temperature;

    CHAINRULE_INLINE IndexOutcome operator()(const IndexSums& row) const {
        const Float64 zero = Float64::all(0.0);
        const IndexOutcome outcome = combine(row, gradient_scale_of(row.weight), distance(row));
        const auto unused = equal(row.weight, zero);
        const auto undefined = equal(row.defined, zero);
        const auto checked = [&](Float64 value) {
            return select(unused, zero, select(undefined, Float64::all(not_a_number), value));
        };
        return {checked(row.weight * outcome.loss), checked(outcome.factor), checked(outcome.at_target)};
    }

    // The same bits for rows of weight 1 with a class as target and a finite largest logit, when T = 1.
    CHAINRULE_INLINE IndexOutcome plain(const IndexSums& row) const {
        return combine(row, Float64::all(gradient_scale), row.largest - row.logit_at_target);
    }

  private:
    CHAINRULE_INLINE Float64 distance(const IndexSums& row) const {
        const Float64 scale = Float64::all(inverse.logit_scale);
        const Float64 scaled = row.largest * scale - row.logit_at_target * scale;
        const Float64 distance = select(equal(row.largest, row.logit_at_target), Float64::all(0.0), scaled);
        return inverse.scaled == 1.0 ? distance : distance / Float64::all(inverse.scaled);
    }
    CHAINRULE_INLINE Float64 gradient_scale_of(Float64 weight) const {
        const Float64 scale = weight * Float64::all(gradient_scale);
        return temperature == 1.0 ? scale : scale / Float64::all(temperature);
    }
    // The factor is clamped as that of one row in row.hpp.
    CHAINRULE_INLINE IndexOutcome combine(const IndexSums& row, Float64 scale, Float64 distance) const {
        const Float64 largest = Float64::all(Limits<double>::largest);
        const Float64 zero = Float64::all(0.0);
        const Float64 one = Float64::all(1.0);
        const Float64 inverse = reciprocal<Real>(one + row.rest);
        const Float64 factor = maximum(zero - largest, minimum(largest, scale * inverse));  // NaN stays NaN
        const Float64 others = (row.exponential_at_target - one) - row.rest;
        return {distance + log1p_with_reciprocal<Real>(row.rest, inverse), factor, others * factor};
    }
};

template <class Real>
CHAINRULE_INLINE IndexFormula<Real> index_formula(const IndexTask<Real>& task) {
    return {inverse_temperature<Real>(task.temperature), task.gradient_scale, task.temperature};
}

}  // namespace chainrule::CHAINRULE_NAMESPACE
