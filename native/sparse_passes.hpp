// Passes over sparse rows of X for a linear head: as linear_passes.hpp, without scaling on the way.
#pragma once

#include <stdint.h>

#include "linear_passes.hpp"
#include "sparse_matrix.hpp"

namespace chainrule {

// Z = X W^T + b.
template <class Real>
void sparse_logits(const SparseMatrix<Real>& matrix, const LogitsPass<Real>& pass, int n_threads);

// G^T X and the totals over rows of G, shape (n_rows, n_classes).
template <class Real>
void sparse_cross(const SparseMatrix<Real>& matrix, const SparseColumns<Real>& columns, const Real* gradient,
                  int64_t n_classes, const RowSums& sums, int n_threads);

// With dZ = X V^T + v and T = s_i (diag(p_i) - p_i p_i^T) dZ_i: T^T X and the totals over rows of T. Row i of
// X is row positions[i] of the probabilities and weights, row i where those are null.
template <class Real>
void sparse_curvature(const SparseMatrix<Real>& matrix, const SparseColumns<Real>& columns,
                      const int64_t* positions, const CurvaturePass<Real>& pass, const RowSums& sums,
                      int n_threads);

}  // namespace chainrule
