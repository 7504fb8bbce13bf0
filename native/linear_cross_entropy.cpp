#include "linear_cross_entropy.hpp"

#include "linear_rows.hpp"
#include "total.hpp"

namespace chainrule {
namespace {

// Rows i .. i + n - 1 of a block, side by side from `position` on: their losses, and G over their logits.
template <class Real>
void run_of_rows(const LinearHead<Real>& head, double* losses, Real* logits, bool with_gradient,
                 int64_t position, int64_t n) {
    const KernelsOf<Real>& kernel = kernels_of<Real>();
    Real* const gradient = with_gradient ? logits : nullptr;
    const double* const row_weight = head.row_weight ? head.row_weight + position : nullptr;
    const int64_t* const targets = head.targets ? head.targets + position : nullptr;
    if (head.folded) {
        kernel.cross_entropy_index(IndexTask<Real>{logits, targets, row_weight, losses + position, gradient,
                                                   head.n_classes, head.temperature, head.gradient_scale},
                                   0, n);
        return;
    }
    const Real* const probabilities =
        head.probabilities ? head.probabilities + position * head.n_classes : nullptr;
    kernel.cross_entropy_probability(
        ProbabilityTask<Real>{logits, probabilities, targets, head.class_weight, row_weight,
                              losses + position, gradient, head.n_classes, head.label_smoothing,
                              head.temperature, head.gradient_scale},
        0, n);
}

template <class Real>
void rows_of_losses(const LinearHead<Real>& head, const RowBlock& block, double* losses, Real* logits,
                    bool with_gradient, int threads) {
    share_units(block.count, threads, [&](int64_t first, int64_t last) {
        block.for_each_run(first, last, [&](int64_t i, int64_t n) {
            run_of_rows(head, losses, logits + i * head.n_classes, with_gradient, block.position(i), n);
        });
    });
}

// What no block writes.
template <class Real>
void fill_with_zeros(const LinearHead<Real>& head, const CountingRows& rows,
                     const LinearGradients<Real>& gradients, double* losses) {
    if (!rows.all()) {
        std::fill_n(losses, head.n_rows, 0.0);
        if (gradients.features) {
            std::fill_n(gradients.features, head.n_rows * head.n_features, Real{0});
        }
    }
    if (rows.count() == 0 && gradients.weight) {
        std::fill_n(gradients.weight, head.n_classes * head.n_features, Real{0});
    }
}

}  // namespace

template <class Real>
double linear_cross_entropy(const LinearHead<Real>& head, const LinearGradients<Real>& gradients,
                            double* losses, int n_threads) {
    const CountingRows rows(head.row_weight, head.n_rows);
    fill_with_zeros(head, rows, gradients, losses);
    const int64_t block_rows = rows_of_block(rows.count(), head.n_classes);
    LinearProducts<Real> products(head.weight, head.n_features, head.n_classes, block_rows, n_threads);
    const std::unique_ptr<Real[]> logits(new Real[static_cast<size_t>(block_rows * head.n_classes)]);
    std::vector<double> bias_totals(gradients.bias ? static_cast<size_t>(head.n_classes) : 0);
    bool continued = false;
    rows.for_each_block(block_rows, [&](const RowBlock& block) {
        const Real* const x = products.side_by_side(head.features, block);
        products.logits(x, head.weight, head.bias, block.count, logits.get());
        rows_of_losses(head, block, losses, logits.get(), gradients.any(), products.threads());
        if (gradients.features) {
            products.features_gradient(logits.get(), block, gradients.features);
        }
        if (gradients.weight) {
            products.weight_gradient(logits.get(), x, block.count, continued, gradients.weight);
        }
        if (gradients.bias) {
            products.bias_gradient(logits.get(), block.count, bias_totals.data());
        }
        continued = true;
    });
    std::transform(bias_totals.begin(), bias_totals.end(), gradients.bias,
                   [](double total) { return static_cast<Real>(total); });
    return fixed_order_total(losses, head.n_rows);
}

template double linear_cross_entropy<float>(const LinearHead<float>&, const LinearGradients<float>&, double*,
                                            int);
template double linear_cross_entropy<double>(const LinearHead<double>&, const LinearGradients<double>&,
                                             double*, int);

}  // namespace chainrule
