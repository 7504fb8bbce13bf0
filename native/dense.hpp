// Dense products C = A B without a BLAS: the tasks of the kernels, and the product of whole matrices.
//
// B is packed into panels of 32 float32 (16 float64) columns: line k of a panel holds those columns of row k
// of B, the last panel filled up with zeros. A and C stay where they are. A register tile of C is a few rows
// of A times the columns of a panel (dense_tile.hpp).
//
// Every element of C is a sum of chains of fused multiply-adds, each from 0 over chain_steps steps of the
// inner index: c = a_ik b_kj + c for k = 0, 1, 2, ... The chains are added up in order, onto the C that was
// there if the product is continued; a bias is added once, at the end. So no bit depends on tiles or threads,
// a product in blocks of whole chains is the product, and C^T = B^T A^T has the bits of C = A B. One chain
// over 32,000 steps had four times the error.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace chainrule {

// Rows and columns may lie any distance apart: a transposed matrix is a matrix with its strides exchanged.
template <class Real>
struct StridedMatrix {
    const Real* data;
    int64_t row_stride;
    int64_t column_stride;
};

template <class Real>
StridedMatrix<Real> row_major(const Real* data, int64_t columns) {
    return {data, columns, 1};
}
template <class Real>
StridedMatrix<Real> transposed(StridedMatrix<Real> matrix) {
    return {matrix.data, matrix.column_stride, matrix.row_stride};
}
template <class Real>
StridedMatrix<Real> from_row(StridedMatrix<Real> matrix, int64_t row) {
    return {matrix.data + row * matrix.row_stride, matrix.row_stride, matrix.column_stride};
}
template <class Real>
StridedMatrix<Real> from_column(StridedMatrix<Real> matrix, int64_t column) {
    return {matrix.data + column * matrix.column_stride, matrix.row_stride, matrix.column_stride};
}

template <class Real>
inline constexpr int64_t panel_columns = 128 / sizeof(Real);  // two vectors
inline constexpr int64_t chain_steps = 128;           // a constant of the algorithm: it decides about bits
inline constexpr int64_t largest_tile_rows = 12;      // a multiple of every instruction set's
inline constexpr int64_t largest_inner_block = 2048;  // a panel of so many lines stays in the L2 cache

template <class Real>
int64_t panel_count(int64_t n_columns) {
    return (n_columns + panel_columns<Real> - 1) / panel_columns<Real>;
}

// Panels of B, shape (n_inner, n_columns), panel_stride elements apart.
template <class Real>
struct PackTask {
    StridedMatrix<Real> b;
    Real* panels;
    int64_t panel_stride;
    int64_t n_inner;
    int64_t n_columns;
};

// C (or its transpose) from A, shape (rows, n_inner), and panels of n_columns columns.
template <class Real>
struct ProductTask {
    StridedMatrix<Real> a;
    const Real* panels;
    int64_t panel_stride;
    int64_t n_inner;
    int64_t n_columns;
    Real* c;  // c_ij at c[i * c_stride + j], or at c[j * c_stride + i] when `c_transposed`
    int64_t c_stride;
    bool c_transposed;
    bool continued;    // added to what c holds; else in its place
    const Real* bias;  // one for each of the neighbours in memory of c; added after the chains; or null
    StridedMatrix<Real> next_b{};  // what will be packed next, to be brought near meanwhile; or nothing
};

// totals[k] += rows[i][k] for i = 0, 1, 2, ...: a chain for every column.
template <class Real>
struct ColumnTotalsTask {
    const Real* rows;
    double* totals;
    int64_t n_rows;
    int64_t n_columns;
};

// A whole product on up to n_threads threads. `workspace` holds workspace_of() elements.
template <class Real>
struct DenseProduct {
    StridedMatrix<Real> a;
    StridedMatrix<Real> b;
    int64_t n_rows;
    int64_t n_columns;
    int64_t n_inner;
    Real* c;
    int64_t c_stride;
    bool c_transposed;
    bool continued;
    const Real* bias;
};

template <class Real>
size_t workspace_of(int64_t n_columns, int64_t n_inner);

template <class Real>
void multiply(const DenseProduct<Real>& product, Real* workspace, int n_threads);

}  // namespace chainrule
