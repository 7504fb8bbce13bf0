// Products with the few units of a panel that is nearly empty: the lanes of a vector are inner indices then,
// and all of them in use. An element is the sum of the lanes, as a tree, of chains along every lane.
#pragma once

#include "training_tile.hpp"

namespace chainrule::CHAINRULE_NAMESPACE {

// Lines of W for some units, in panels of the inner index; what fills up the last panel is 0.
template <class Real>
struct FewTask {
    const Real* a;  // rows in panels
    int64_t a_stride;
    const Real* side;
    int64_t side_stride;
    int64_t n_inner;
    int64_t rows;
};

template <int columns, class Real>
CHAINRULE_INLINE void products_of_row(const FewTask<Real>& task, const Real* row, Vector<Real>* sums) {
    using V = Vector<Real>;
    constexpr int64_t w = panel_columns<Real>;
    V c[columns];
#pragma GCC unroll 8
    for (int j = 0; j < columns; ++j) {
        c[j] = V::all(0);
    }
    const Real* line = task.side;
    for (int64_t first = 0; first < task.n_inner;
         first += w, row += task.a_stride, line += task.side_stride) {
        const int64_t count = task.n_inner - first < w ? task.n_inner - first : w;
        for (int64_t k = 0; k < count; k += V::lanes) {
            const V x = load(row + k, Whole{}, 0);
#pragma GCC unroll 8
            for (int j = 0; j < columns; ++j) {
                c[j] = multiply_add(x, load(line + j * w + k, Whole{}, 0), c[j]);
            }
        }
    }
#pragma GCC unroll 8
    for (int j = 0; j < columns; ++j) {
        sums[j] = c[j];
    }
}

// Lane i of the result is the sum of the lanes of vector i.
template <class V>
CHAINRULE_INLINE V sums_of_lanes(V (&vectors)[V::lanes]) {
    transpose(vectors);
#pragma GCC unroll 4
    for (int half = V::lanes / 2; half > 0; half /= 2) {
#pragma GCC unroll 8
        for (int i = 0; i < half; ++i) {
            vectors[i] = vectors[i] + vectors[i + half];
        }
    }
    return vectors[0];
}

// Row by row, `columns` to a row, plus the bias where there is one.
template <int columns, class Real>
void few_products(const FewTask<Real>& task, const Real* bias, Real* out) {
    using V = Vector<Real>;
    constexpr int64_t at_once = V::lanes / columns;
    Real of_lanes[V::lanes] = {};
    for (int64_t i = 0; bias && i < at_once * columns; ++i) {
        of_lanes[i] = bias[i % columns];
    }
    const V added = load(of_lanes, Whole{}, 0);
    for (int64_t i = 0; i < task.rows; i += at_once) {
        const int64_t count = task.rows - i < at_once ? task.rows - i : at_once;
        V sums[V::lanes];
        for (int64_t r = 0; r < V::lanes; ++r) {
            sums[r] = V::all(0);
        }
        for (int64_t r = 0; r < count; ++r) {
            products_of_row<columns>(task, task.a + (i + r) * panel_columns<Real>, sums + r * columns);
        }
        const V total = sums_of_lanes(sums) + added;
        sweep<V::lanes>(count * columns,
                        [&](int64_t, auto extent) { store(out + i * columns, total, extent); });
    }
}

template <class Real, int columns = narrow>
void few_products(int64_t wanted, const FewTask<Real>& task, const Real* bias, Real* out) {
    if constexpr (columns > 1) {
        if (wanted < columns) {
            few_products<Real, columns - 1>(wanted, task, bias, out);
            return;
        }
    }
    few_products<columns>(task, bias, out);
}

// The product of a block into lines of a panel; use(first, rows) is called for rows when they are whole.
template <class Real, class Use>
CHAINRULE_INLINE void multiply_few(const BlockTask<Real>& product, const Real* side, int64_t side_stride,
                                   Use use) {
    constexpr int64_t rows_at_once = 32;
    Real found[rows_at_once * narrow];
    for (int64_t row = 0; row < product.rows; row += rows_at_once) {
        const int64_t count = product.rows - row < rows_at_once ? product.rows - row : rows_at_once;
        few_products<Real>(product.columns,
                           {product.a + row * panel_columns<Real>, product.run_stride, side, side_stride,
                            product.n_inner, count},
                           nullptr, found);
        for (int64_t r = 0; r < count; ++r) {
            sweep<Vector<Real>::lanes>(product.columns, [&](int64_t, auto extent) {
                store(product.c + (row + r) * panel_columns<Real>,
                      load(found + r * product.columns, extent, 0), Whole{});
            });
        }
        use(row, count);
    }
}

}  // namespace chainrule::CHAINRULE_NAMESPACE
