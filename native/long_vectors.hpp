// Sums of products and combinations of a few long vectors, on all threads, in an order that their length
// fixes.
#pragma once

#include <stdint.h>

namespace chainrule {

// products[i * n_right + j] = left_i . right_j, in float64: pieces of 4,096 elements, then a binary tree.
template <class Real>
void vector_products(const Real* left, int64_t n_left, const Real* right, int64_t n_right, int64_t length,
                     double* products, int n_threads);

// In the coordinates x~ = x / root of a metric: the gradient, a step and the change of the gradient along it,
// to three rows side by side.
template <class Real>
struct ScaledPair {
    const double* before;
    const double* here;
    const double* gradient_before;
    const double* gradient;
    const double* root;
    int64_t length;
    Real* rows;  // gradient * root, (here - before) / root, (gradient - gradient_before) * root
};
template <class Real>
void scale_pair(const ScaledPair<Real>& pair, int n_threads);

// out = sum_i coefficients[i] rows_i, each element one chain in float64, rounded once.
template <class Real>
void combine_vectors(const Real* rows, int64_t n_rows, int64_t length, const double* coefficients, Real* out,
                     int n_threads);

}  // namespace chainrule
