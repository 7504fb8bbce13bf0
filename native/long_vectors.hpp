// Sums of products and combinations of a few long vectors, on all threads, in an order that their length
// fixes.
#pragma once

#include <stdint.h>

namespace chainrule {

// products[i * n_right + j] = left_i . right_j, in float64: pieces of 4,096 elements, then a binary tree.
template <class Real>
void vector_products(const Real* left, int64_t n_left, const Real* right, int64_t n_right, int64_t length,
                     double* products, int n_threads);

// What a step of L-BFGS does to its vectors in the coordinates x~ = x / root of a metric. Sums are in
// float64, pieces of 4,096 elements of the weights, then of the rest, and a binary tree.

// following = parameters + t root x~, with the slope there and the sum of squares of the weights.
template <class Real>
struct LinePass {
    const double* parameters;
    const Real* direction;  // in the coordinates of the metric
    const Real* root;
    const double* gradient;
    double step;  // t
    int64_t length;
    int64_t n_weights;
    double* following;
    double* sums;  // gradient . (root direction), |weights of following|^2
};
template <class Real>
void follow_line(const LinePass<Real>& pass, int n_threads);

// gradient = gradient / divisor + alpha (weights, 0), in place.
struct GradientPass {
    double* gradient;
    const double* parameters;
    double divisor;
    double alpha;
    int64_t length;
    int64_t n_weights;
    double* sums;  // of squares: by the weights, by the rest
};
void finish_gradient(const GradientPass& pass, int n_threads);

// The last row becomes gradient root, row `change` (gradient - gradient_before) root; products with rows
// `step`, `change` and the last are taken of every row.
template <class Real>
struct PairPass {
    Real* rows;
    int64_t n_rows;
    int64_t length;
    int64_t step;
    int64_t change;
    const double* gradient_before;
    const double* gradient;
    const Real* root;
    double* products;  // (n_rows, 3)
};
template <class Real>
void remember_pair(const PairPass<Real>& pass, int n_threads);

// out = sum_i coefficients[i] rows_i, each element one chain in float64, rounded once. Rows whose coefficient
// is 0 are not looked at; `out` may be one of these.
template <class Real>
void combine_vectors(const Real* rows, int64_t n_rows, int64_t length, const double* coefficients, Real* out,
                     int n_threads);

}  // namespace chainrule
