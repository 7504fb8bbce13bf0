// Sums over rows of G^T X and G for sparse X (sparse_passes.hpp), where G is made a stretch of rows at a
// time.
#pragma once

#include <algorithm>
#include <vector>

#include "linear_passes.hpp"
#include "sparse_layout.hpp"
#include "sparse_parts.hpp"

namespace chainrule {

inline constexpr int64_t sparse_chunk_rows = 256;   // what a thread takes; totals of these are added up
inline constexpr int64_t sparse_stretch = 1 << 22;  // numbers of G that are there at a time
inline constexpr int64_t sparse_shares_per_thread = 1;

// Totals of the columns of padded rows: of each chunk of rows, and of chunks in their order.
template <class Real>
class ChunkTotals {
  public:
    ChunkTotals(int64_t n_rows, int64_t n_classes)
        : padded_(sparse_padded<Real>(n_classes)),
          n_classes_(n_classes),
          n_chunks_((n_rows + sparse_chunk_rows - 1) / sparse_chunk_rows),
          totals_(static_cast<size_t>(n_chunks_ * padded_)) {}

    // `rows` are those from `first` on, the first of a chunk, to `last`.
    void take(const Real* rows, int64_t first, int64_t last) {
        double* const out = totals_.data() + first / sparse_chunk_rows * padded_;
        kernels_of<Real>().column_totals(ColumnTotalsTask<Real>{rows, out, last - first, padded_}, 0,
                                         padded_);
    }
    void deliver(double* out) const {
        std::fill_n(out, n_classes_, 0.0);
        for (int64_t chunk = 0; chunk < n_chunks_; ++chunk) {
            for (int64_t k = 0; k < n_classes_; ++k) {
                out[k] += totals_[static_cast<size_t>(chunk * padded_ + k)];
            }
        }
    }

  private:
    int64_t padded_;
    int64_t n_classes_;
    int64_t n_chunks_;
    std::vector<double> totals_;
};

// call(first, last) for chunks of the rows first_row..last_row - 1.
template <class Call>
void share_chunks(int64_t first_row, int64_t last_row, int threads, const Call& call) {
    const int64_t n = last_row - first_row;
    run_chunks((n + sparse_chunk_rows - 1) / sparse_chunk_rows, threads, [&](int64_t chunk) {
        const int64_t first = first_row + chunk * sparse_chunk_rows;
        call(first, std::min(first + sparse_chunk_rows, last_row));
    });
}

// Adds blocks of rows to the sums of G^T X, in float64.
template <class Real>
class WeightSums {
  public:
    WeightSums(const SparseMatrix<Real>& matrix, const SparseColumns<Real>& columns, int64_t n_classes,
               int threads, double* out)
        : matrix_(matrix),
          columns_(columns),
          n_classes_(n_classes),
          padded_(sparse_padded<Real>(n_classes)),
          threads_(threads),
          n_shares_(threads == 1 ? 1 : sparse_shares_per_thread * threads),
          totals_(matrix.n_columns * padded_, matrix.space),
          out_(out) {}

    // `gradient` begins with the first row of the first block. The first call has block 0, the last the last.
    void add(int64_t first_block, int64_t last_block, const Real* gradient) const {
        run_chunks(n_shares_, threads_, [&](int64_t share) {
            const int64_t first = columns_.first_column(share, n_shares_);
            const int64_t last = columns_.first_column(share + 1, n_shares_);
            if (first_block == 0) {
                std::fill(totals_.data() + first * padded_, totals_.data() + last * padded_, 0.0);
            }
            for (int64_t block = first_block; block < last_block; ++block) {
                add_runs(block, first, last, gradient + (block - first_block) * sparse_block_rows * padded_);
            }
            if (last_block == matrix_.n_blocks()) {
                deliver_totals(totals_.data(), padded_, n_classes_, matrix_.n_columns, first, last, out_);
            }
        });
    }

  private:
    void add_runs(int64_t block, int64_t first_column, int64_t last_column, const Real* gradient) const {
        const int64_t begin = matrix_.block_begin(block);
        const int32_t* const runs = columns_.run_columns() + begin;
        const int32_t* const end = runs + columns_.run_count(block);
        const int64_t first = std::lower_bound(runs, end, first_column) - runs;
        const int64_t last = std::lower_bound(runs, end, last_column) - runs;
        const SparseRunsTask<Real> task{columns_.run_columns(),
                                        columns_.run_ends(),
                                        columns_.rows(),
                                        columns_.values(),
                                        gradient,
                                        n_classes_,
                                        totals_.data()};
        kernels_of<Real>().sparse_runs(task, begin + first, begin + last,
                                       first == 0 ? begin : columns_.run_ends()[begin + first - 1]);
    }

    const SparseMatrix<Real>& matrix_;
    const SparseColumns<Real>& columns_;
    int64_t n_classes_;
    int64_t padded_;
    int threads_;
    int64_t n_shares_;
    Aligned<double> totals_;
    double* out_;
};

// The sums over rows of G^T X and G, where `rows(first, last, out)` writes rows of G, padded, to `out`.
// Without sorted columns they are made of the chosen rows as they lie; else of all rows of the matrix.
template <class Real, class Rows>
void add_up(const SparseMatrix<Real>& matrix, const SparseColumns<Real>* sorted, ChosenRows chosen,
            int64_t n_classes, const RowSums& sums, int threads, const Rows& rows) {
    if (!sorted) {
        PartSums<Real> parts(matrix, chosen, n_classes);
        parts.add(threads, rows);
        parts.deliver(sums, threads);
        return;
    }
    const SparseColumns<Real>& columns = *sorted;
    const int64_t padded = sparse_padded<Real>(n_classes);
    const int64_t stretch_blocks = std::max<int64_t>(sparse_stretch / (sparse_block_rows * padded), 1);
    const int64_t stretch_rows = std::min(stretch_blocks * sparse_block_rows, matrix.n_rows);
    const Aligned<Real> gradient(stretch_rows * padded, matrix.space);
    const WeightSums<Real> weight_sums(matrix, columns, n_classes, threads, sums.weight);
    ChunkTotals<Real> bias_sums(matrix.n_rows, n_classes);
    const int64_t n_blocks = matrix.n_blocks();
    for (int64_t block = 0; block < std::max<int64_t>(n_blocks, 1); block += stretch_blocks) {
        const int64_t last_block = std::min(block + stretch_blocks, n_blocks);
        const int64_t first_row = block * sparse_block_rows;
        const int64_t last_row = std::min(last_block * sparse_block_rows, matrix.n_rows);
        share_chunks(first_row, last_row, threads, [&](int64_t first, int64_t last) {
            Real* const out = gradient.data() + (first - first_row) * padded;
            rows(first, last, out);
            bias_sums.take(out, first, last);
        });
        weight_sums.add(block, last_block, gradient.data());
    }
    bias_sums.deliver(sums.bias);
}

}  // namespace chainrule
