// Passes over sparse rows of X for a linear head: as linear_passes.hpp, without scaling on the way.
#pragma once

#include <stdint.h>

#include "linear_passes.hpp"
#include "sparse_matrix.hpp"
#include "sparse_parts.hpp"

namespace chainrule {

// Z = X W^T + b.
template <class Real>
void sparse_logits(const SparseMatrix<Real>& matrix, const LogitsPass<Real>& pass, int n_threads);

// Sums over rows need sorted columns but where they are made of the rows as they lie (sparse_parts.hpp): then
// none are there.

// G^T X and the totals over rows of G, shape (n_rows, n_classes).
template <class Real>
void sparse_cross(const SparseMatrix<Real>& matrix, const SparseColumns<Real>* columns, const Real* gradient,
                  int64_t n_classes, const RowSums& sums, int n_threads);

// Rows of probabilities and weights, row i where `rows` is null, and whether the matrix has all rows that
// these have, or no more than the chosen ones.
struct CurvatureRows {
    ChosenRows chosen;
    bool in_place;
};

// With dZ = X V^T + v and T = s_i (diag(p_i) - p_i p_i^T) dZ_i: T^T X and the totals over rows of T.
template <class Real>
void sparse_curvature(const SparseMatrix<Real>& matrix, const SparseColumns<Real>* columns,
                      const CurvatureRows& rows, const CurvaturePass<Real>& pass, const RowSums& sums,
                      int n_threads);

// Passes that begin with logits and end with sums over rows; between them a stretch of rows is there at a
// time.

struct SparseHead {
    const double* weight;  // (n_classes, n_features), used in the dtype of the rows
    const double* bias;
    int64_t n_classes;
};

// What is summed over rows: the matrix of the logits, or another with entries at the same places.
template <class Real>
struct SummedColumns {
    SparseMatrix<Real> matrix;
    const SparseColumns<Real>* columns;
};

// The cross-entropy of each row (CE.3); G is its derivative by the logits.
template <class Real>
struct LossPass {
    SparseHead head;
    const Real* targets;         // (n_rows, n_classes), or null and
    const int64_t* indices;      // (n_rows,)
    const double* class_weight;  // or null: 1
    double label_smoothing;
    const double* row_weight;  // or null: 1
    double* losses;            // (n_rows,)
};
template <class Real>
void sparse_loss(const SparseMatrix<Real>& matrix, const SparseColumns<Real>* columns,
                 const LossPass<Real>& pass, const RowSums& sums, int n_threads);

// G = row_weight_i p_ik (1 - p_ik); no row weights: 1.
template <class Real>
void sparse_variances(const SparseMatrix<Real>& matrix, const SummedColumns<Real>& summed,
                      const SparseHead& head, const double* row_weight, const RowSums& sums, int n_threads);

}  // namespace chainrule
