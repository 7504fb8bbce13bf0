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
};

}  // namespace chainrule
