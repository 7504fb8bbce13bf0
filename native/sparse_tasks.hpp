// What the kernels of sparse features work on. A line of X is a row of it, or what one column holds of a
// block of rows: pairs of an index and a value. Of every line they take
//
//     sum over its entries of value * M[index],     M a matrix of padded rows
//
// as chains of fused multiply-adds, so many side by side as sparse_chains() says: entries in turn, the last
// few on the first chain, chain_steps of them to a chain; the chains added as a tree, then onto the sum
// before.
#pragma once

#include <stdint.h>

namespace chainrule {

// Rows of M, and of what is made of them, are padded to whole vectors of 64 bytes.
template <class Real>
inline constexpr int64_t sparse_lanes = 64 / sizeof(Real);
template <class Real>
constexpr int64_t sparse_padded(int64_t n_columns) {
    return (n_columns + sparse_lanes<Real> - 1) / sparse_lanes<Real> * sparse_lanes<Real>;
}

// Columns of M that are summed together, in vectors, and chains side by side for so many: a constant of the
// algorithm, for it decides about bits.
inline constexpr int sparse_most_vectors = 8;
constexpr int sparse_chains(int vectors) { return vectors <= 2 ? 4 : vectors <= 4 ? 2 : 1; }

// out_i = bias + sum over the entries of row i.
template <class Real>
struct SparseRowsTask {
    const int64_t* begin;  // entries of row i are begin[i]..begin[i + 1] - 1
    const int32_t* indices;
    const Real* values;
    const Real* matrix;  // M, rows sparse_padded(n_columns) apart
    const Real* bias;    // padded
    int64_t n_columns;
    Real* out;  // row i at (i - out_first) * out_stride
    int64_t out_first;
    int64_t out_stride;
    const int64_t* rows = nullptr;  // or row i is row rows[i] of the entries
};

// totals[column] += value * gradient_i for all entries of some rows, one row after the other.
template <class Real>
struct SparseScatterTask {
    const int64_t* begin;
    const int32_t* indices;
    const Real* values;
    const int64_t* rows;   // or null: row i is row i of the entries
    const Real* gradient;  // that of the first row, rows sparse_padded(n_columns) apart
    int64_t n_columns;
    Real* totals;  // rows as far apart
};

// sums = totals, or sums += totals, in float64; the totals are 0 then.
template <class Real>
struct SparseSettleTask {
    Real* totals;
    double* sums;
    int64_t n;  // whole vectors
    bool first;
};

// totals[column of run r] += sum over the entries of the run, in float64.
template <class Real>
struct SparseRunsTask {
    const int32_t* columns;  // of runs
    const int64_t* ends;     // run r ends where run r + 1 begins
    const int32_t* rows;     // of entries
    const Real* values;
    const Real* matrix;  // M, rows sparse_padded(n_columns) apart
    int64_t n_columns;
    double* totals;  // rows sparse_padded(n_columns) apart
};

}  // namespace chainrule
