// The matrix of second derivatives of the softmax of a linear head, summed over rows of X.
#pragma once

#include <stdint.h>

#include "linear_passes.hpp"

namespace chainrule {

template <class Real>
struct HessianPass {
    const Real* probabilities;  // (rows of data, n_classes)
    const double* row_weight;   // (rows of data,) or null: 1
    int64_t n_classes;
    double* out;  // (P, P) with P = n_classes * (n_features + 1): the weights class by class, then the biases
};

// sum_i s_i (diag(p_i) - p_i p_i^T) kron x~_i x~_i^T, x~ = (x, 1).
template <class Stored, class Real>
void linear_hessian(const FeatureRows<Stored>& rows, const HessianPass<Real>& pass, int n_threads);

}  // namespace chainrule
