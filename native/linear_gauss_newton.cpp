#include "linear_cross_entropy.hpp"
#include "linear_rows.hpp"

namespace chainrule {
namespace {

// Logits and their direction exist side by side: fewer rows than the loss takes at a time.
constexpr int64_t most_rows = 64;

// H dZ over the logits.
template <class Real>
void curve_rows(const LinearHead<Real>& head, const RowBlock& block, Real* logits, const Real* direction,
                int threads) {
    share_units(block.count, threads, [&](int64_t first, int64_t last) {
        block.for_each_run(first, last, [&](int64_t i, int64_t n) {
            const double* const row_weight = head.row_weight ? head.row_weight + block.position(i) : nullptr;
            Real* const rows = logits + i * head.n_classes;
            const JacobianTask<Real> task{rows,
                                          direction + i * head.n_classes,
                                          row_weight,
                                          rows,
                                          head.n_classes,
                                          head.temperature,
                                          head.gradient_scale};
            kernels_of<Real>().softmax_jacobian(task, 0, n);
        });
    });
}

}  // namespace

template <class Real>
void linear_gauss_newton(const LinearHead<Real>& head, const LinearDirection<Real>& direction,
                         int n_threads) {
    const CountingRows rows(head.row_weight, head.n_rows);
    if (rows.count() == 0) {
        std::fill_n(direction.weight_product, head.n_classes * head.n_features, Real{0});
    }
    const int64_t block_rows = std::min(rows_of_block(rows.count(), head.n_classes), most_rows);
    const size_t size = static_cast<size_t>(block_rows * head.n_classes);
    LinearProducts<Real> products(head.weight, head.n_features, head.n_classes, block_rows, n_threads);
    const std::unique_ptr<Real[]> logits(new Real[size]);
    const std::unique_ptr<Real[]> change(new Real[size]);
    std::vector<double> totals(direction.bias_product ? static_cast<size_t>(head.n_classes) : 0);
    bool continued = false;
    rows.for_each_block(block_rows, [&](const RowBlock& block) {
        const Real* const x = products.side_by_side(head.features, block);
        products.logits(x, head.weight, head.bias, block.count, logits.get());
        products.logits(x, direction.weight, direction.bias, block.count, change.get());
        curve_rows(head, block, logits.get(), change.get(), products.threads());
        products.weight_gradient(logits.get(), x, block.count, continued, direction.weight_product);
        if (direction.bias_product) {
            products.bias_gradient(logits.get(), block.count, totals.data());
        }
        continued = true;
    });
    std::transform(totals.begin(), totals.end(), direction.bias_product,
                   [](double total) { return static_cast<Real>(total); });
}

template void linear_gauss_newton<float>(const LinearHead<float>&, const LinearDirection<float>&, int);
template void linear_gauss_newton<double>(const LinearHead<double>&, const LinearDirection<double>&, int);

}  // namespace chainrule
