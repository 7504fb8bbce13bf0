// The kernels of the passes over X (linear_tasks.hpp): G^T X of a block of rows as it lies in memory, and the
// curvature of the softmax where its probabilities are at hand, as a product and in pairs of classes.
#include "dense_tile.hpp"
#include "kernels.hpp"

namespace chainrule::CHAINRULE_NAMESPACE {
namespace {

// Some classes by one or two vectors of features, over all rows.
template <class Real>
struct CrossTile {
    const Real* gradient;
    int64_t gradient_stride;
    const Real* features;
    int64_t feature_stride;
    int64_t n_rows;
    Real* c;
    bool continued;
    int last_count;  // lanes of the last vector that are there
};

template <class Real, int classes, int vectors, bool whole>
void cross_tile(const CrossTile<Real>& tile) {
    using V = Vector<Real>;
    const Part last{tile.last_count};
    V c[classes][vectors];
#pragma GCC unroll 16
    for (int k = 0; k < classes; ++k) {
#pragma GCC unroll 2
        for (int v = 0; v < vectors; ++v) {
            c[k][v] = V::all(0);
        }
    }
    const Real* x = tile.features;
    const Real* g = tile.gradient;
    for (int64_t i = 0; i < tile.n_rows; ++i, x += tile.feature_stride, g += tile.gradient_stride) {
        V line[vectors];
#pragma GCC unroll 2
        for (int v = 0; v < vectors; ++v) {
            line[v] = whole || v + 1 < vectors ? load(x + v * V::lanes, Whole{}, 0)
                                               : load(x + v * V::lanes, last, 0);
        }
#pragma GCC unroll 16
        for (int k = 0; k < classes; ++k) {
            const V factor = V::all(g[k]);
#pragma GCC unroll 2
            for (int v = 0; v < vectors; ++v) {
                c[k][v] = multiply_add(factor, line[v], c[k][v]);
            }
        }
    }
#pragma GCC unroll 16
    for (int k = 0; k < classes; ++k) {
#pragma GCC unroll 2
        for (int v = 0; v < vectors; ++v) {
            Real* const place = tile.c + k * tile.feature_stride + v * V::lanes;
            if (whole || v + 1 < vectors) {
                store(place, tile.continued ? load(place, Whole{}, 0) + c[k][v] : c[k][v], Whole{});
            } else {
                store(place, tile.continued ? load(place, last, 0) + c[k][v] : c[k][v], last);
            }
        }
    }
}

template <class Real>
using CrossFunction = void (*)(const CrossTile<Real>&);

template <class Real, int vectors, bool whole, int classes>
CrossFunction<Real> cross_function(int wanted) {
    if constexpr (classes > 1) {
        if (wanted < classes) {
            return cross_function<Real, vectors, whole, classes - 1>(wanted);
        }
    }
    return cross_tile<Real, classes, vectors, whole>;
}

template <class Real>
CrossFunction<Real> cross_function(int classes, int vectors, bool whole) {
    if constexpr (tile_vectors > 1) {
        if (vectors > 1) {
            return whole ? cross_function<Real, 2, true, tile_rows>(classes)
                         : cross_function<Real, 2, false, tile_rows>(classes);
        }
    }
    return whole ? cross_function<Real, 1, true, tile_rows>(classes)
                 : cross_function<Real, 1, false, tile_rows>(classes);
}

CHAINRULE_INLINE void bring_share_near(const void* from, int64_t bytes, int64_t number, int64_t count) {
    const char* const lines = static_cast<const char*>(from);
    const int64_t n = from ? (bytes + cache_line - 1) / cache_line : 0;
    for (int64_t i = n * number / count; i < n * (number + 1) / count; ++i) {
        bring_near(lines + i * cache_line);
    }
}

// Classes are shared evenly among tiles: 26 as 9 + 9 + 8.
template <class Real>
void cross_product(const CrossTask<Real>& task) {
    constexpr int64_t lanes = Vector<Real>::lanes;
    constexpr int64_t columns = tile_vectors * lanes;
    const int64_t class_tiles = (task.n_classes + tile_rows - 1) / tile_rows;
    const int64_t panels = (task.n_features + columns - 1) / columns;
    for (int64_t panel = 0; panel < panels; ++panel) {
        const int64_t j = panel * columns;
        const int64_t count = task.n_features - j < columns ? task.n_features - j : columns;
        const int vectors = static_cast<int>((count + lanes - 1) / lanes);
        const int last_count = static_cast<int>(count - (vectors - 1) * lanes);
        bring_share_near(task.next, task.next_bytes, panel, panels);
        for (int64_t t = 0; t < class_tiles; ++t) {
            const int64_t k = task.n_classes * t / class_tiles;
            const int classes = static_cast<int>(task.n_classes * (t + 1) / class_tiles - k);
            cross_function<Real>(classes, vectors, last_count == lanes)(
                CrossTile<Real>{task.gradient + k, task.n_classes, task.features + j, task.n_features,
                                task.n_rows, task.c + k * task.n_features + j, task.continued, last_count});
        }
    }
}

CHAINRULE_INLINE double total_of_lanes(Float32 a) { return sum_of_lanes(lower(a) + upper(a)); }
CHAINRULE_INLINE double total_of_lanes(Float64 a) { return sum_of_lanes(a); }

template <class Real>
void curve_rows(const CurveTask<Real>& task) {
    using V = Vector<Real>;
    for (int64_t i = 0; i < task.n_rows; ++i) {
        const int64_t position = task.positions ? task.positions[i] : i;
        const Real* const p = task.probabilities + position * task.n_classes;
        Real* const values = task.values + i * task.n_classes;
        V sum = V::all(0);
        sweep<V::lanes>(task.n_classes, [&](int64_t k, auto extent) {
            sum = multiply_add(load(p + k, extent, 0), load(values + k, extent, 0), sum);
        });
        const V mean = V::all(static_cast<Real>(total_of_lanes(sum)));
        const V weight = V::all(task.row_weight ? static_cast<Real>(task.row_weight[position]) : Real{1});
        sweep<V::lanes>(task.n_classes, [&](int64_t k, auto extent) {
            const V distance = load(values + k, extent, 0) - mean;
            store(values + k, weight * (load(p + k, extent, 0) * distance), extent);
        });
    }
}

template <class Real>
void pair_products(const PairsTask<Real>& task) {
    using V = Vector<Real>;
    Real* out = task.out;
    for (int64_t i = 0; i < task.n_rows; ++i) {
        const Real* const values = task.values + i * task.n;
        const Real weight = task.row_weight ? -static_cast<Real>(task.row_weight[i]) : Real{1};
        for (int64_t a = task.first; a < task.last; ++a) {
            const V factor = V::all(weight * values[a]);
            sweep<V::lanes>(task.n - a, [&](int64_t b, auto extent) {
                store(out + b, factor * load(values + a + b, extent, 0), extent);
            });
            if (task.row_weight) {
                out[0] = -weight * values[a] * (Real{1} - values[a]);
            }
            out += task.n - a;
        }
    }
}

template <class Real>
void add_linear_blocks_of(KernelsOf<Real>& kernels) {
    kernels.cross_product = cross_product<Real>;
    kernels.curve_rows = curve_rows<Real>;
    kernels.pair_products = pair_products<Real>;
}

}  // namespace

void add_linear_blocks(Kernels& kernels) {
    add_linear_blocks_of(kernels.float32);
    add_linear_blocks_of(kernels.float64);
}

}  // namespace chainrule::CHAINRULE_NAMESPACE
