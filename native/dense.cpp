#include "dense.hpp"

#include <algorithm>

#include "dense_threads.hpp"
#include "instruction_set.hpp"

namespace chainrule {
namespace {

// B is packed in blocks that stay in the L2 cache while the rows of A go by.
constexpr int64_t bytes_of_block = 1 << 20;
constexpr int64_t largest_column_block = 1024;  // a multiple of the columns of a panel
constexpr int64_t smallest_inner_block = 256;
static_assert(smallest_inner_block % chain_steps == 0 && largest_inner_block % chain_steps == 0);

template <class Real>
int64_t column_block_of(int64_t n_columns) {
    return std::clamp(panel_count<Real>(n_columns) * panel_columns<Real>, panel_columns<Real>,
                      largest_column_block);
}

template <class Real>
int64_t inner_block_of(int64_t n_columns, int64_t n_inner) {
    const int64_t lines =
        bytes_of_block / static_cast<int64_t>(sizeof(Real)) / column_block_of<Real>(n_columns);
    const int64_t block =
        std::clamp(lines / chain_steps * chain_steps, smallest_inner_block, largest_inner_block);
    return std::clamp<int64_t>(n_inner, 1, block);
}

// One block of columns and of the inner index.
template <class Real>
void multiply_block(const ProductTask<Real>& task, const PackTask<Real>& pack, int64_t n_rows, int threads) {
    const KernelsOf<Real>& kernel = kernels_of<Real>();
    share_panels<Real>(task.n_columns, threads,
                       [&](int64_t first, int64_t last) { kernel.pack_panels(pack, first, last); });
    const int64_t panels = panel_count<Real>(task.n_columns);
    share_tiles<Real>(n_rows, task.n_columns, threads, [&](const TileRange& range) {
        kernel.dense_product(task, range.first_row, range.last_row, range.first_panel,
                             std::min(range.last_panel, panels));
    });
}

}  // namespace

template <class Real>
size_t workspace_of(int64_t n_columns, int64_t n_inner) {
    return static_cast<size_t>(column_block_of<Real>(n_columns) * inner_block_of<Real>(n_columns, n_inner));
}

template <class Real>
void multiply(const DenseProduct<Real>& product, Real* workspace, int n_threads) {
    const int threads = threads_for(product.n_rows, product.n_columns, product.n_inner, n_threads);
    const int64_t inner_block = inner_block_of<Real>(product.n_columns, product.n_inner);
    for (int64_t j = 0; j < product.n_columns; j += largest_column_block) {
        for (int64_t k = 0; k == 0 || k < product.n_inner; k += inner_block) {
            const int64_t inner = std::min(product.n_inner - k, inner_block);
            const int64_t columns = std::min(product.n_columns - j, largest_column_block);
            const bool last = k + inner == product.n_inner;
            const int64_t to_column = product.c_transposed ? j * product.c_stride : j;
            const Real* const bias = last ? product.bias : nullptr;
            const PackTask<Real> pack{from_column(from_row(product.b, k), j), workspace,
                                      inner * panel_columns<Real>, inner, columns};
            const ProductTask<Real> task{from_column(product.a, k),
                                         workspace,
                                         pack.panel_stride,
                                         inner,
                                         columns,
                                         product.c + to_column,
                                         product.c_stride,
                                         product.c_transposed,
                                         product.continued || k > 0,
                                         bias && !product.c_transposed ? bias + j : bias};
            multiply_block(task, pack, product.n_rows, threads);
        }
    }
}

template size_t workspace_of<float>(int64_t, int64_t);
template size_t workspace_of<double>(int64_t, int64_t);
template void multiply<float>(const DenseProduct<float>&, float*, int);
template void multiply<double>(const DenseProduct<double>&, double*, int);

}  // namespace chainrule
