// Passes over sparse rows whose logits, or slopes by these, the caller keeps.
#include "sparse_passes.hpp"

#include <algorithm>
#include <vector>

#include "sparse_layout.hpp"
#include "sparse_sums.hpp"

namespace chainrule {

template <class Real>
void sparse_logits(const SparseMatrix<Real>& matrix, const LogitsPass<Real>& pass, int n_threads) {
    const int threads = threads_of(matrix, pass.n_classes, n_threads);
    const Aligned<Real> transposed(matrix.n_columns * sparse_padded<Real>(pass.n_classes), matrix.space);
    transpose_weight(pass.weight, pass.n_classes, matrix.n_columns, transposed.data(), threads);
    const std::vector<Real> bias = padded_vector<Real>(pass.bias, pass.n_classes);
    const SparseRowsTask<Real> task{matrix.begin,  matrix.indices, matrix.values, transposed.data(),
                                    bias.data(),   pass.n_classes, pass.out,      0,
                                    pass.n_classes};
    share_units(matrix.n_rows, threads,
                [&](int64_t first, int64_t last) { kernels_of<Real>().sparse_rows(task, first, last); });
}

template <class Real>
void sparse_cross(const SparseMatrix<Real>& matrix, const SparseColumns<Real>* columns, const Real* gradient,
                  int64_t n_classes, const RowSums& sums, int n_threads) {
    const int64_t padded = sparse_padded<Real>(n_classes);
    add_up(matrix, columns, ChosenRows{nullptr, matrix.n_rows}, n_classes, sums,
           threads_of(matrix, n_classes, n_threads), [&](int64_t first, int64_t last, Real* out) {
               for (int64_t i = first; i < last; ++i, out += padded) {
                   std::copy_n(gradient + i * n_classes, n_classes, out);
                   std::fill(out + n_classes, out + padded, Real{0});
               }
           });
}

template <class Real>
void sparse_curvature(const SparseMatrix<Real>& matrix, const SparseColumns<Real>* columns,
                      const CurvatureRows& rows, const CurvaturePass<Real>& pass, const RowSums& sums,
                      int n_threads) {
    const int64_t n_classes = pass.n_classes;
    const int64_t padded = sparse_padded<Real>(n_classes);
    const int threads = threads_of(matrix, n_classes, n_threads);
    const Aligned<Real> transposed(matrix.n_columns * padded, matrix.space);
    transpose_weight(pass.weight, n_classes, matrix.n_columns, transposed.data(), threads);
    const std::vector<Real> bias = padded_vector<Real>(pass.bias, n_classes);
    const ChosenRows of_matrix{rows.in_place ? rows.chosen.rows : nullptr, rows.chosen.n};
    const int64_t* const positions = rows.chosen.rows;
    add_up(matrix, columns, of_matrix, n_classes, sums, threads, [&](int64_t first, int64_t last, Real* out) {
        const KernelsOf<Real>& kernel = kernels_of<Real>();
        kernel.sparse_rows(
            SparseRowsTask<Real>{matrix.begin, matrix.indices, matrix.values, transposed.data(), bias.data(),
                                 n_classes, out, first, n_classes, of_matrix.rows},
            first, last);
        const int64_t before = positions ? 0 : first;
        kernel.curve_rows(CurveTask<Real>{pass.probabilities + before * n_classes,
                                          pass.row_weight ? pass.row_weight + before : nullptr, out,
                                          last - first, n_classes, positions ? positions + first : nullptr});
        spread_rows(out, last - first, n_classes);
    });
}

#define CHAINRULE_SPARSE(Real)                                                                             \
    template void sparse_logits<Real>(const SparseMatrix<Real>&, const LogitsPass<Real>&, int);            \
    template void sparse_cross<Real>(const SparseMatrix<Real>&, const SparseColumns<Real>*, const Real*,   \
                                     int64_t, const RowSums&, int);                                        \
    template void sparse_curvature<Real>(const SparseMatrix<Real>&, const SparseColumns<Real>*,            \
                                         const CurvatureRows&, const CurvaturePass<Real>&, const RowSums&, \
                                         int);
CHAINRULE_SPARSE(float)
CHAINRULE_SPARSE(double)
#undef CHAINRULE_SPARSE

}  // namespace chainrule
