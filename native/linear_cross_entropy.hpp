// The linear head: logits Z = X W^T + b, their cross-entropy, and the gradients by X, W and b. Z never exists
// as a whole.
#pragma once

#include <stdint.h>

namespace chainrule {

// Exactly one of `targets` and `probabilities`. With `folded` the loss is that of index targets (CE.1), whose
// class weights stand in `row_weight`; else that of probability targets (CE.3).
template <class Real>
struct LinearHead {
    const Real* features;  // (n_rows, n_features)
    const Real* weight;    // (n_classes, n_features)
    const Real* bias;      // (n_classes,) or null
    const int64_t* targets;
    const Real* probabilities;
    const double* class_weight;  // or null: 1
    const double* row_weight;    // or null: 1
    double label_smoothing;
    double temperature;
    double gradient_scale;
    bool folded;
    int64_t n_rows;
    int64_t n_features;
    int64_t n_classes;
};

// Where the gradients asked for go, in the shapes of what they are taken by; null: not asked for.
template <class Real>
struct LinearGradients {
    Real* features;
    Real* weight;
    Real* bias;
    bool any() const { return features || weight || bias; }
};

// losses[i] = row_weight_i * loss_i; returns their total in the fixed order. A row of weight 0 is not read.
template <class Real>
double linear_cross_entropy(const LinearHead<Real>& head, const LinearGradients<Real>& gradients,
                            double* losses, int n_threads);

// The direction of a Gauss-Newton product, and where the product goes.
template <class Real>
struct LinearDirection {
    const Real* weight;  // (n_classes, n_features)
    const Real* bias;    // (n_classes,) or null: 0
    Real* weight_product;
    Real* bias_product;  // or null
};

// With dZ = X V^T + v and H = row_weight_i * scale / T^2 * (diag(p) - p p^T) of each row: (H dZ)^T X and the
// totals over rows of H dZ. Of the head its features, weight, bias, row_weight, temperature, gradient_scale
// (scale) and sizes are read.
template <class Real>
void linear_gauss_newton(const LinearHead<Real>& head, const LinearDirection<Real>& direction, int n_threads);

}  // namespace chainrule
