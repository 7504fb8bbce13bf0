#include "sparse_passes.hpp"

#include <stdlib.h>
#include <string.h>

#include <algorithm>
#include <new>
#include <vector>

#include "dense_threads.hpp"
#include "instruction_set.hpp"

namespace chainrule {
namespace {

constexpr int64_t chunk_rows = 256;    // what a thread takes of the rows; their totals are added up
constexpr int64_t strip_columns = 64;  // columns of X that are brought into another layout at a time
constexpr int64_t numbers_of_a_stretch = 1 << 22;  // of a gradient that are kept between its two halves
constexpr int64_t shares_per_thread = 3;

// Memory at the beginning of a cache line, of arbitrary content.
template <class Element>
class Aligned {
  public:
    explicit Aligned(int64_t count)
        : data_(static_cast<Element*>(aligned_alloc(
              alignment, (static_cast<size_t>(count) * sizeof(Element) / alignment + 1) * alignment))) {
        if (!data_) {
            throw std::bad_alloc();
        }
    }
    Aligned(const Aligned&) = delete;
    Aligned& operator=(const Aligned&) = delete;
    ~Aligned() { free(data_); }
    Element* data() const { return data_; }

  private:
    static constexpr size_t alignment = 64;
    Element* data_;
};

// W^T, one padded row for each feature.
template <class Real>
void transpose_weight(const Real* weight, int64_t n_classes, int64_t n_features, Real* out, int threads) {
    const int64_t padded = sparse_padded<Real>(n_classes);
    const int64_t strips = (n_features + strip_columns - 1) / strip_columns;
    share_units(strips, threads, [&](int64_t first, int64_t last) {
        for (int64_t strip = first; strip < last; ++strip) {
            const int64_t begin = strip * strip_columns;
            const int64_t end = std::min(begin + strip_columns, n_features);
            for (int64_t k = 0; k < n_classes; ++k) {
                for (int64_t j = begin; j < end; ++j) {
                    out[j * padded + k] = weight[k * n_features + j];
                }
            }
            for (int64_t j = begin; j < end; ++j) {
                std::fill(out + j * padded + n_classes, out + (j + 1) * padded, Real{0});
            }
        }
    });
}

// Some columns of the totals, (features, padded classes), to (classes, features).
void deliver_totals(const double* totals, int64_t padded, int64_t n_classes, int64_t n_features,
                    int64_t first, int64_t last, double* out) {
    for (int64_t begin = first; begin < last; begin += strip_columns) {
        const int64_t end = std::min(begin + strip_columns, last);
        for (int64_t k = 0; k < n_classes; ++k) {
            for (int64_t j = begin; j < end; ++j) {
                out[k * n_features + j] = totals[j * padded + k];
            }
        }
    }
}

template <class Real>
std::vector<Real> padded_vector(const Real* values, int64_t n) {
    std::vector<Real> padded(static_cast<size_t>(sparse_padded<Real>(n)));
    std::copy_n(values, n, padded.begin());
    return padded;
}

// Work in entries: an entry is read and multiplied, a row's logits are touched a few times.
template <class Real>
int threads_of(const SparseMatrix<Real>& matrix, int64_t n_classes, int n_threads) {
    constexpr int64_t products_of_a_logit = 8;
    return threads_for(matrix.n_entries() + products_of_a_logit * matrix.n_rows, n_classes, 1, n_threads);
}

// The sums over rows of G^T X and G, where `rows(first, last, out)` writes rows of G, padded, to `out`.
template <class Real, class Rows>
void add_up(const SparseMatrix<Real>& matrix, const SparseColumns<Real>& columns, int64_t n_classes,
            const RowSums& sums, int threads, const Rows& rows) {
    const int64_t padded = sparse_padded<Real>(n_classes);
    const int64_t stretch_blocks = std::max<int64_t>(numbers_of_a_stretch / (sparse_block_rows * padded), 1);
    const int64_t stretch_rows = std::min(stretch_blocks * sparse_block_rows, matrix.n_rows);
    const Aligned<Real> gradient(stretch_rows * padded);
    const Aligned<double> totals(matrix.n_columns * padded);
    const int64_t n_chunks = (matrix.n_rows + chunk_rows - 1) / chunk_rows;
    std::vector<double> of_chunks(static_cast<size_t>(n_chunks * padded));
    const int64_t n_shares = threads == 1 ? 1 : shares_per_thread * threads;
    const int64_t n_blocks = matrix.n_blocks();
    for (int64_t block = 0; block < std::max<int64_t>(n_blocks, 1); block += stretch_blocks) {
        const int64_t last_block = std::min(block + stretch_blocks, n_blocks);
        const int64_t first_row = block * sparse_block_rows;
        const int64_t last_row = std::min(last_block * sparse_block_rows, matrix.n_rows);
        run_chunks((last_row - first_row + chunk_rows - 1) / chunk_rows, threads, [&](int64_t chunk) {
            const int64_t first = first_row + chunk * chunk_rows;
            const int64_t last = std::min(first + chunk_rows, last_row);
            Real* const out = gradient.data() + (first - first_row) * padded;
            rows(first, last, out);
            kernels_of<Real>().column_totals(
                ColumnTotalsTask<Real>{out, of_chunks.data() + first / chunk_rows * padded, last - first,
                                       padded},
                0, padded);
        });
        run_chunks(n_shares, threads, [&](int64_t share) {
            const int64_t first_column = columns.first_column(share, n_shares);
            const int64_t last_column = columns.first_column(share + 1, n_shares);
            if (block == 0) {
                std::fill(totals.data() + first_column * padded, totals.data() + last_column * padded, 0.0);
            }
            for (int64_t b = block; b < last_block; ++b) {
                const int64_t begin = matrix.block_begin(b);
                const int32_t* const runs = columns.run_columns() + begin;
                const int32_t* const end = runs + columns.run_count(b);
                const int64_t first = std::lower_bound(runs, end, first_column) - runs;
                const int64_t last = std::lower_bound(runs, end, last_column) - runs;
                kernels_of<Real>().sparse_runs(
                    SparseRunsTask<Real>{
                        columns.run_columns(), columns.run_ends(), columns.rows(), columns.values(),
                        gradient.data() + (b - block) * sparse_block_rows * padded, n_classes, totals.data()},
                    begin + first, begin + last, first == 0 ? begin : columns.run_ends()[begin + first - 1]);
            }
            if (last_block == n_blocks) {
                deliver_totals(totals.data(), padded, n_classes, matrix.n_columns, first_column, last_column,
                               sums.weight);
            }
        });
    }
    std::fill_n(sums.bias, n_classes, 0.0);
    for (int64_t chunk = 0; chunk < n_chunks; ++chunk) {
        for (int64_t k = 0; k < n_classes; ++k) {
            sums.bias[k] += of_chunks[static_cast<size_t>(chunk * padded + k)];
        }
    }
}

}  // namespace

template <class Real>
void sparse_logits(const SparseMatrix<Real>& matrix, const LogitsPass<Real>& pass, int n_threads) {
    const int threads = threads_of(matrix, pass.n_classes, n_threads);
    const Aligned<Real> transposed(matrix.n_columns * sparse_padded<Real>(pass.n_classes));
    transpose_weight(pass.weight, pass.n_classes, matrix.n_columns, transposed.data(), threads);
    const std::vector<Real> bias = padded_vector(pass.bias, pass.n_classes);
    const SparseRowsTask<Real> task{matrix.begin,  matrix.indices, matrix.values, transposed.data(),
                                    bias.data(),   pass.n_classes, pass.out,      0,
                                    pass.n_classes};
    share_units(matrix.n_rows, threads,
                [&](int64_t first, int64_t last) { kernels_of<Real>().sparse_rows(task, first, last); });
}

template <class Real>
void sparse_cross(const SparseMatrix<Real>& matrix, const SparseColumns<Real>& columns, const Real* gradient,
                  int64_t n_classes, const RowSums& sums, int n_threads) {
    const int64_t padded = sparse_padded<Real>(n_classes);
    add_up(matrix, columns, n_classes, sums, threads_of(matrix, n_classes, n_threads),
           [&](int64_t first, int64_t last, Real* out) {
               for (int64_t i = first; i < last; ++i, out += padded) {
                   std::copy_n(gradient + i * n_classes, n_classes, out);
                   std::fill(out + n_classes, out + padded, Real{0});
               }
           });
}

template <class Real>
void sparse_curvature(const SparseMatrix<Real>& matrix, const SparseColumns<Real>& columns,
                      const int64_t* positions, const CurvaturePass<Real>& pass, const RowSums& sums,
                      int n_threads) {
    const int64_t n_classes = pass.n_classes;
    const int64_t padded = sparse_padded<Real>(n_classes);
    const int threads = threads_of(matrix, n_classes, n_threads);
    const Aligned<Real> transposed(matrix.n_columns * padded);
    transpose_weight(pass.weight, n_classes, matrix.n_columns, transposed.data(), threads);
    const std::vector<Real> bias = padded_vector(pass.bias, n_classes);
    add_up(matrix, columns, n_classes, sums, threads, [&](int64_t first, int64_t last, Real* out) {
        const KernelsOf<Real>& kernel = kernels_of<Real>();
        std::vector<Real> values(static_cast<size_t>((last - first) * n_classes));
        kernel.sparse_rows(
            SparseRowsTask<Real>{matrix.begin, matrix.indices, matrix.values, transposed.data(), bias.data(),
                                 n_classes, values.data(), first, n_classes},
            first, last);
        const auto curve = [&](int64_t position, int64_t row, int64_t n) {
            kernel.curve_rows(CurveTask<Real>{pass.probabilities + position * n_classes,
                                              pass.row_weight ? pass.row_weight + position : nullptr,
                                              values.data() + row * n_classes, n, n_classes});
        };
        if (!positions) {
            curve(first, 0, last - first);
        }
        for (int64_t i = first; positions && i < last; ++i) {
            curve(positions[i], i - first, 1);
        }
        for (int64_t i = 0; i < last - first; ++i) {
            std::copy_n(values.data() + i * n_classes, n_classes, out + i * padded);
            std::fill(out + i * padded + n_classes, out + (i + 1) * padded, Real{0});
        }
    });
}

#define CHAINRULE_SPARSE(Real)                                                                           \
    template void sparse_logits<Real>(const SparseMatrix<Real>&, const LogitsPass<Real>&, int);          \
    template void sparse_cross<Real>(const SparseMatrix<Real>&, const SparseColumns<Real>&, const Real*, \
                                     int64_t, const RowSums&, int);                                      \
    template void sparse_curvature<Real>(const SparseMatrix<Real>&, const SparseColumns<Real>&,          \
                                         const int64_t*, const CurvaturePass<Real>&, const RowSums&, int);
CHAINRULE_SPARSE(float)
CHAINRULE_SPARSE(double)
#undef CHAINRULE_SPARSE

}  // namespace chainrule
