// Passes over the rows of X for a linear head whose logits, or what is computed of them, are kept between
// passes: Z = X W^T + b, G^T X, and the product of the curvature with a direction. Rows are scaled and
// converted block by block where they have to be.
#pragma once

#include <stdint.h>

namespace chainrule {

// X: rows first..last of `data`, or those at `positions`; entry j becomes z = (x_j - centre_j) * scale_j, and
// with a limit L > 0 then z / sqrt(1 + (z / L)^2).
template <class Stored>
struct FeatureRows {
    const Stored* data;
    int64_t n_features;
    int64_t n_rows;
    const int64_t* positions;  // or null: all rows
    const double* centre;      // or null: entries stay as they are
    const double* scale;
    double limit;
};

template <class Real>
struct LogitsPass {
    const Real* weight;  // (n_classes, n_features)
    const Real* bias;    // (n_classes,)
    int64_t n_classes;
    Real* out;  // (n_rows, n_classes)
};

// Where the sums over rows go, in float64.
struct RowSums {
    double* weight;  // (n_classes, n_features)
    double* bias;    // (n_classes,)
};

template <class Real>
struct CurvaturePass {
    const Real* probabilities;  // (rows of data, n_classes)
    const double* row_weight;   // (rows of data,) or null: 1
    const Real* weight;         // the direction
    const Real* bias;
    int64_t n_classes;
};

template <class Stored, class Real>
void linear_logits(const FeatureRows<Stored>& rows, const LogitsPass<Real>& pass, int n_threads);

// G^T X and the totals over rows of G, shape (n_rows, n_classes).
template <class Stored, class Real>
void linear_cross(const FeatureRows<Stored>& rows, const Real* gradient, int64_t n_classes,
                  const RowSums& sums, int n_threads);

// With dZ = X V^T + v and T = s_i (diag(p_i) - p_i p_i^T) dZ_i: T^T X and the totals over rows of T.
template <class Stored, class Real>
void linear_curvature(const FeatureRows<Stored>& rows, const CurvaturePass<Real>& pass, const RowSums& sums,
                      int n_threads);

}  // namespace chainrule
