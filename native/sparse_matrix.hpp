// Sparse features: rows compressed (CSR) as they are given, and, made of them once, the same entries sorted
// by column inside blocks of rows, for sums over rows.
//
// A block's rows of a gradient stay in the cache while the columns of the block are summed, one after the
// other in registers, so that what a column holds is added to its totals once for each block. Threads share
// columns: the order of a column's sum is that of its rows, whoever takes it.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <memory>
#include <vector>

namespace chainrule {

class SparseSpace;

inline constexpr int64_t sparse_block_rows = 1024;  // a constant of the algorithm: it decides about bits

template <class Real>
struct SparseMatrix {
    const int64_t* begin;  // (n_rows + 1,)
    const int32_t* indices;
    const Real* values;
    int64_t n_rows;
    int64_t n_columns;
    SparseSpace* space = nullptr;  // of passes over it
    bool rising = false;           // whether the indices of every row rise, so that none comes twice

    int64_t n_entries() const { return begin[n_rows]; }
    int64_t n_blocks() const { return (n_rows + sparse_block_rows - 1) / sparse_block_rows; }
    // The entries of a block of rows begin here.
    int64_t block_begin(int64_t block) const {
        const int64_t row = block * sparse_block_rows;
        return begin[row < n_rows ? row : n_rows];
    }
};

// Entries sorted by column inside each block. A run is what one column holds of one block; the runs of a
// block stand where its entries stand, and are mostly fewer.
template <class Real>
class SparseColumns {
  public:
    SparseColumns(const SparseMatrix<Real>& matrix, int n_threads);

    const int32_t* run_columns() const { return run_columns_.get(); }
    const int64_t* run_ends() const { return run_ends_.get(); }
    const int32_t* rows() const { return rows_.get(); }  // of entries, counted from the first of the block
    const Real* values() const { return values_.get(); }
    int64_t run_count(int64_t block) const { return run_counts_[static_cast<size_t>(block)]; }
    // Column number `share` of `shares` pieces that are about equally much work; the first of each.
    int64_t first_column(int64_t share, int64_t shares) const;

  private:
    struct Sorted;
    struct SortSpace;
    void sort_block(const SparseMatrix<Real>& matrix, int64_t block, SortSpace& space);

    std::unique_ptr<int32_t[]> run_columns_;
    std::unique_ptr<int64_t[]> run_ends_;
    std::unique_ptr<int32_t[]> rows_;
    std::unique_ptr<Real[]> values_;
    std::vector<int64_t> run_counts_;
    std::vector<int64_t> work_before_;  // of each column: entries and runs of the columns before
};

// Where indices are not those of columns, or rows not in order: the first such entry or row, or -1.
int64_t first_bad_row(const int64_t* begin, int64_t n_rows, int64_t n_entries);
int64_t first_bad_column(const int32_t* indices, int64_t n_entries, int64_t n_columns, int n_threads);

// Whether the indices of every row rise.
bool indices_rise(const int64_t* begin, const int32_t* indices, int64_t n_rows, int n_threads);

// The first number that is not finite, or -1.
template <class Real>
int64_t first_not_finite(const Real* values, int64_t n, int n_threads);

// Entries of each row that are not 0 (NaN is not), then the entries themselves.
template <class Real>
void count_nonzeros(const Real* dense, int64_t n_rows, int64_t n_columns, int64_t* counts, int n_threads);
template <class Real>
void copy_nonzeros(const Real* dense, int64_t n_rows, int64_t n_columns, const int64_t* begin,
                   int32_t* indices, Real* values, int n_threads);

// The entries of some rows, row rows[i] at out_begin[i].
template <class Real>
void copy_some_rows(const SparseMatrix<Real>& matrix, const int64_t* rows, int64_t n,
                    const int64_t* out_begin, int32_t* indices, Real* values, int n_threads);

}  // namespace chainrule
