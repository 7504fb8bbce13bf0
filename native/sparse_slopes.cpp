// Sums over rows of what is computed of the logits of sparse rows, which are never all there.
#include <algorithm>
#include <vector>

#include "sparse_layout.hpp"
#include "sparse_passes.hpp"
#include "sparse_sums.hpp"

namespace chainrule {
namespace {

constexpr int64_t rows_at_a_time = 64;  // whose logits stay in the first cache; no bit depends on it

// The sums over rows of G^T X and G, X those of `columns`, where use(first, n, logits) makes rows of G of
// logits, which are those of `matrix`.
template <class Real, class Use>
void add_up_of_logits(const SparseMatrix<Real>& matrix, const SummedColumns<Real>& summed,
                      const SparseHead& head, const RowSums& sums, int n_threads, const Use& use) {
    const int64_t n_classes = head.n_classes;
    const int64_t padded = sparse_padded<Real>(n_classes);
    const int threads = threads_of(matrix, n_classes, n_threads);
    const Aligned<Real> transposed(matrix.n_columns * padded, matrix.space);
    transpose_weight(head.weight, n_classes, matrix.n_columns, transposed.data(), threads);
    const std::vector<Real> bias = padded_vector<Real>(head.bias, n_classes);
    add_up(summed.matrix, summed.columns, ChosenRows{nullptr, matrix.n_rows}, n_classes, sums, threads,
           [&](int64_t begin, int64_t end, Real* out) {
               for (int64_t first = begin; first < end;
                    first += rows_at_a_time, out += rows_at_a_time * padded) {
                   const int64_t last = std::min(first + rows_at_a_time, end);
                   kernels_of<Real>().sparse_rows(
                       SparseRowsTask<Real>{matrix.begin, matrix.indices, matrix.values, transposed.data(),
                                            bias.data(), n_classes, out, first, n_classes},
                       first, last);
                   use(first, last - first, out);
                   spread_rows(out, last - first, n_classes);
               }
           });
}

}  // namespace

template <class Real>
void sparse_loss(const SparseMatrix<Real>& matrix, const SparseColumns<Real>* columns,
                 const LossPass<Real>& pass, const RowSums& sums, int n_threads) {
    const int64_t n_classes = pass.head.n_classes;
    const bool plain = pass.indices && !pass.class_weight && pass.label_smoothing == 0.0;
    add_up_of_logits(
        matrix, SummedColumns<Real>{matrix, columns}, pass.head, sums, n_threads,
        [&](int64_t first, int64_t n, Real* logits) {
            const double* const row_weight = pass.row_weight ? pass.row_weight + first : nullptr;
            const int64_t* const indices = pass.indices ? pass.indices + first : nullptr;
            double* const losses = pass.losses + first;
            if (plain) {
                kernels_of<Real>().cross_entropy_index(
                    IndexTask<Real>{logits, indices, row_weight, losses, logits, n_classes, 1.0, 1.0}, 0, n);
            } else {
                const Real* const targets = pass.targets ? pass.targets + first * n_classes : nullptr;
                kernels_of<Real>().cross_entropy_probability(
                    ProbabilityTask<Real>{logits, targets, indices, pass.class_weight, row_weight, losses,
                                          logits, n_classes, pass.label_smoothing, 1.0, 1.0},
                    0, n);
            }
        });
}

template <class Real>
void sparse_variances(const SparseMatrix<Real>& matrix, const SummedColumns<Real>& summed,
                      const SparseHead& head, const double* row_weight, const RowSums& sums, int n_threads) {
    const int64_t n_classes = head.n_classes;
    add_up_of_logits(matrix, summed, head, sums, n_threads, [&](int64_t first, int64_t n, Real* logits) {
        kernels_of<Real>().softmax(SoftmaxTask<Real>{logits, logits, n_classes}, 0, n);
        for (int64_t i = 0; i < n; ++i) {
            const Real mass = row_weight ? static_cast<Real>(row_weight[first + i]) : Real{1};
            Real* const row = logits + i * n_classes;
            for (int64_t k = 0; k < n_classes; ++k) {
                row[k] = row[k] * (Real{1} - row[k]) * mass;
            }
        }
    });
}

#define CHAINRULE_SPARSE_SLOPES(Real)                                                           \
    template void sparse_loss<Real>(const SparseMatrix<Real>&, const SparseColumns<Real>*,      \
                                    const LossPass<Real>&, const RowSums&, int);                \
    template void sparse_variances<Real>(const SparseMatrix<Real>&, const SummedColumns<Real>&, \
                                         const SparseHead&, const double*, const RowSums&, int);
CHAINRULE_SPARSE_SLOPES(float)
CHAINRULE_SPARSE_SLOPES(double)
#undef CHAINRULE_SPARSE_SLOPES

}  // namespace chainrule
