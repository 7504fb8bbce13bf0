// What the kernels of the passes over X work on: a block of rows side by side.
#pragma once

#include <stdint.h>

namespace chainrule {

// c = G^T X, (n_classes, n_features), or added to it: every element one chain over the rows.
template <class Real>
struct CrossTask {
    const Real* gradient;  // (n_rows, n_classes)
    const Real* features;  // (n_rows, n_features)
    int64_t n_rows;
    int64_t n_classes;
    int64_t n_features;
    Real* c;
    bool continued;
    const Real* next;  // rows that are needed next, to be brought near meanwhile; or null
    int64_t next_bytes;
};

// values_i = s_i (diag(p_i) - p_i p_i^T) values_i.
template <class Real>
struct CurveTask {
    const Real* probabilities;
    const double* row_weight;  // or null: 1
    Real* values;
    int64_t n_rows;
    int64_t n_classes;
    const int64_t* positions = nullptr;  // of the rows of probabilities and weights, or null: all in order
};

// out_i = v_ia v_ib of every row i, for a in first..last - 1 and b in a..n - 1, the b of an a side by side.
// With row weights s that of a curvature, s_i v_ia ([a = b] - v_ib).
template <class Real>
struct PairsTask {
    const Real* values;        // (n_rows, n)
    const double* row_weight;  // or null: the plain products
    int64_t n_rows;
    int64_t n;
    int64_t first;
    int64_t last;
    Real* out;  // (n_rows, number of pairs)
};

}  // namespace chainrule
