// Sums over rows of G^T X and G for sparse X of few columns (sparse_passes.hpp): from the rows as they lie,
// with no need of entries sorted by column, for whichever rows are wanted.
//
// Rows are shared out in a few parts that follow from their number. A part adds its rows one after the other
// to totals of all columns, which stay in the cache; these are summed in float64, and the parts as a tree.
#pragma once

#include <algorithm>
#include <vector>

#include "linear_passes.hpp"
#include "sparse_layout.hpp"

namespace chainrule {

inline constexpr int64_t scatter_bytes = int64_t{1} << 18;  // the most that totals of all columns may take
inline constexpr int64_t scatter_unit = 512;                // the most rows in one chain of a column's sum
inline constexpr int64_t scatter_entries = 4;  // to a column in such a unit: fewer are sorted by column
inline constexpr int64_t scatter_rows = 64;    // of G that are there at a time; no bit depends on it

// Whether sums over rows are made of the rows as they lie. It decides about bits.
template <class Real>
bool sums_by_rows(const SparseMatrix<Real>& matrix, int64_t n_classes) {
    const int64_t bytes = matrix.n_columns * sparse_padded<Real>(n_classes) * int64_t{sizeof(Real)};
    return matrix.rising && bytes <= scatter_bytes &&
           matrix.n_entries() / scatter_entries >= matrix.n_columns * (matrix.n_rows / scatter_unit + 1);
}

// Parts of so many rows: no more than a part for 256 of them, and so many that some threads are busy.
inline int64_t scatter_parts(int64_t n_rows) {
    int64_t parts = n_rows >= 1024 ? 4 : 1;
    while (parts < 32 && parts * 8192 <= n_rows) {
        parts *= 2;
    }
    return parts;
}

// Some rows of a matrix.
struct ChosenRows {
    const int64_t* rows;  // or null: the first n
    int64_t n;
};

template <class Real>
class PartSums {
  public:
    PartSums(const SparseMatrix<Real>& matrix, ChosenRows chosen, int64_t n_classes)
        : matrix_(matrix),
          chosen_(chosen),
          n_classes_(n_classes),
          padded_(sparse_padded<Real>(n_classes)),
          size_(matrix.n_columns * padded_),
          n_parts_(scatter_parts(chosen.n)),
          totals_(n_parts_ * size_, matrix.space),
          sums_(n_parts_ * size_, matrix.space),
          bias_sums_(static_cast<size_t>(n_parts_ * padded_)) {}

    // rows(first, last, out) writes rows of G, padded, to `out`.
    template <class Rows>
    void add(int threads, const Rows& rows) {
        run_chunks(n_parts_, threads, [&](int64_t part) {
            const int64_t last = chosen_.n * (part + 1) / n_parts_;
            const int64_t first = chosen_.n * part / n_parts_;
            std::vector<Real> gradient(static_cast<size_t>(scatter_rows * padded_));
            std::fill_n(totals_.data() + part * size_, size_, Real{0});
            const int64_t units = std::max<int64_t>((last - first + scatter_unit - 1) / scatter_unit, 1);
            for (int64_t unit = 0; unit < units; ++unit) {
                add_unit(part, first + (last - first) * unit / units,
                         first + (last - first) * (unit + 1) / units, gradient.data(), rows);
                kernels_of<Real>().sparse_settle(SparseSettleTask<Real>{
                    totals_.data() + part * size_, sums_.data() + part * size_, size_, unit == 0});
            }
        });
    }

    void deliver(const RowSums& out, int threads) {
        for (int64_t step = 1; step < n_parts_; step *= 2) {
            for (int64_t part = 0; part < n_parts_; part += 2 * step) {
                add_part(bias_sums_.data(), padded_, part, part + step, 0, padded_);
            }
        }
        std::copy_n(bias_sums_.data(), n_classes_, out.bias);
        const int64_t strips = (matrix_.n_columns + sparse_strip_columns - 1) / sparse_strip_columns;
        share_units(strips, threads, [&](int64_t first_strip, int64_t last_strip) {
            const int64_t first = first_strip * sparse_strip_columns;
            const int64_t last = std::min(last_strip * sparse_strip_columns, matrix_.n_columns);
            for (int64_t step = 1; step < n_parts_; step *= 2) {
                for (int64_t part = 0; part < n_parts_; part += 2 * step) {
                    add_part(sums_.data(), size_, part, part + step, first * padded_, last * padded_);
                }
            }
            deliver_totals(sums_.data(), padded_, n_classes_, matrix_.n_columns, first, last, out.weight);
        });
    }

  private:
    template <class Rows>
    void add_unit(int64_t part, int64_t begin, int64_t end, Real* gradient, const Rows& rows) {
        const KernelsOf<Real>& kernel = kernels_of<Real>();
        for (int64_t first = begin; first < end; first += scatter_rows) {
            const int64_t last = std::min(first + scatter_rows, end);
            rows(first, last, gradient);
            kernel.column_totals(
                ColumnTotalsTask<Real>{gradient, bias_sums_.data() + part * padded_, last - first, padded_},
                0, padded_);
            kernel.sparse_scatter(
                SparseScatterTask<Real>{matrix_.begin, matrix_.indices, matrix_.values, chosen_.rows,
                                        gradient, n_classes_, totals_.data() + part * size_},
                first, last);
        }
    }
    // Of elements first..last - 1 of two parts.
    static void add_part(double* sums, int64_t size, int64_t to, int64_t from, int64_t first, int64_t last) {
        double* const out = sums + to * size;
        const double* const term = sums + from * size;
        for (int64_t i = first; i < last; ++i) {
            out[i] += term[i];
        }
    }

    const SparseMatrix<Real>& matrix_;
    ChosenRows chosen_;
    int64_t n_classes_;
    int64_t padded_;
    int64_t size_;
    int64_t n_parts_;
    Aligned<Real> totals_;
    Aligned<double> sums_;
    std::vector<double> bias_sums_;
};

}  // namespace chainrule
