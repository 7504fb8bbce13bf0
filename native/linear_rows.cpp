#include "linear_rows.hpp"

#include <string.h>

namespace chainrule {
namespace {

// Lines of W that are packed at a time for the product G W: they and the rows of G stay in the L2 cache.
constexpr int64_t bytes_of_weight_block = 3 << 17;
constexpr int64_t fewest_classes_to_a_block = chain_steps;
constexpr int64_t most_classes_to_a_block = 4 * chain_steps;

}  // namespace

template <class Real>
int64_t LinearProducts<Real>::classes_to_a_block(int64_t n_features) {
    const int64_t line =
        panel_count<Real>(n_features) * panel_columns<Real> * static_cast<int64_t>(sizeof(Real));
    const int64_t classes = bytes_of_weight_block / std::max<int64_t>(line, 1) / chain_steps * chain_steps;
    return std::clamp(classes, fewest_classes_to_a_block, most_classes_to_a_block);
}

template <class Real>
size_t LinearProducts<Real>::workspace_size() const {
    const int64_t columns = panel_count<Real>(n_features_) * panel_columns<Real>;
    const size_t weights = static_cast<size_t>(features_classes_ * columns);
    const size_t forward = workspace_of<Real>(block_rows_, n_features_);
    const size_t backward = workspace_of<Real>(n_features_, block_rows_);
    return std::max({weights, forward, backward, workspace_of<Real>(n_features_, n_classes_)});
}

template <class Real>
const Real* LinearProducts<Real>::side_by_side(const Real* features, const RowBlock& block) {
    if (block.side_by_side()) {
        return features + block.position(0) * n_features_;
    }
    gathered_.resize(static_cast<size_t>(block_rows_ * n_features_));
    block.for_each_run(0, block.count, [&](int64_t i, int64_t n) {
        memcpy(gathered_.data() + i * n_features_, features + block.position(i) * n_features_,
               static_cast<size_t>(n * n_features_) * sizeof(Real));
    });
    return gathered_.data();
}

// Computed as Z^T = W x^T, stored transposed: rows of W are read once, in order, and x^T is packed.
template <class Real>
void LinearProducts<Real>::logits(const Real* x, const Real* weight, const Real* bias, int64_t n_rows,
                                  Real* logits) {
    const DenseProduct<Real> product{row_major(weight, n_features_),
                                     transposed(row_major(x, n_features_)),
                                     n_classes_,
                                     n_rows,
                                     n_features_,
                                     logits,
                                     n_classes_,
                                     true,
                                     false,
                                     bias};
    multiply(product, workspace_.get(), threads_);
}

template <class Real>
void LinearProducts<Real>::features_gradient(const Real* logits_gradient, const RowBlock& block,
                                             Real* gradient) {
    const bool direct = block.side_by_side();
    if (!direct) {
        scattered_.resize(static_cast<size_t>(block_rows_ * n_features_));
    }
    Real* const out = direct ? gradient + block.position(0) * n_features_ : scattered_.data();
    if (panel_count<Real>(n_features_) >= 2 * threads_) {
        features_gradient_by_panels(logits_gradient, block.count, out);
    } else {
        const DenseProduct<Real> product{row_major(logits_gradient, n_classes_),
                                         row_major(weight_, n_features_),
                                         block.count,
                                         n_features_,
                                         n_classes_,
                                         out,
                                         n_features_,
                                         false,
                                         false,
                                         nullptr};
        multiply(product, workspace_.get(), threads_);
    }
    if (!direct) {
        block.for_each_run(0, block.count, [&](int64_t i, int64_t n) {
            memcpy(gradient + block.position(i) * n_features_, out + i * n_features_,
                   static_cast<size_t>(n * n_features_) * sizeof(Real));
        });
    }
}

// Each piece takes some panels of W all the way through the classes: no thread waits for another in between.
template <class Real>
void LinearProducts<Real>::features_gradient_by_panels(const Real* logits_gradient, int64_t n_rows,
                                                       Real* out) {
    const KernelsOf<Real>& kernel = kernels_of<Real>();
    const int64_t stride = features_classes_ * panel_columns<Real>;
    const int64_t panels = panel_count<Real>(n_features_);
    const int64_t pieces = threads_ == 1 ? 1 : std::min<int64_t>(panels, 2 * threads_);
    run_chunks(pieces, threads_, [&](int64_t piece) {
        const int64_t first = panels * piece / pieces;
        const int64_t last = panels * (piece + 1) / pieces;
        for (int64_t k = 0; k < n_classes_; k += features_classes_) {
            const int64_t classes = std::min(features_classes_, n_classes_ - k);
            const bool more = k + classes < n_classes_;
            const StridedMatrix<Real> next{more ? weight_ + (k + classes) * n_features_ : nullptr,
                                           n_features_, 1};
            kernel.pack_panels(PackTask<Real>{row_major(weight_ + k * n_features_, n_features_),
                                              workspace_.get(), stride, classes, n_features_},
                               first, last);
            const ProductTask<Real> task{{logits_gradient + k, n_classes_, 1},
                                         workspace_.get(),
                                         stride,
                                         classes,
                                         n_features_,
                                         out,
                                         n_features_,
                                         false,
                                         k > 0,
                                         nullptr,
                                         next};
            kernel.dense_product(task, 0, n_rows, first, last);
        }
    });
}

template <class Real>
void LinearProducts<Real>::weight_gradient(const Real* logits_gradient, const Real* x, int64_t n_rows,
                                           bool continued, Real* gradient) {
    const DenseProduct<Real> product{transposed(row_major(logits_gradient, n_classes_)),
                                     row_major(x, n_features_),
                                     n_classes_,
                                     n_features_,
                                     n_rows,
                                     gradient,
                                     n_features_,
                                     false,
                                     continued,
                                     nullptr};
    multiply(product, workspace_.get(), threads_);
}

template <class Real>
void LinearProducts<Real>::bias_gradient(const Real* logits_gradient, int64_t n_rows, double* totals) {
    constexpr int64_t unit = 512;  // columns whose totals stay in the L1 cache
    const ColumnTotalsTask<Real> task{logits_gradient, totals, n_rows, n_classes_};
    share_units((n_classes_ + unit - 1) / unit, threads_, [&](int64_t first, int64_t last) {
        for (int64_t i = first; i < last; ++i) {
            kernels_of<Real>().column_totals(task, i * unit, std::min((i + 1) * unit, n_classes_));
        }
    });
}

template class LinearProducts<float>;
template class LinearProducts<double>;

}  // namespace chainrule
