// Packs panels of B (dense.hpp): by whole lines where its columns lie side by side, by squares that are
// transposed where its rows do.
#pragma once

#include "dense.hpp"
#include "vector.hpp"

namespace chainrule::CHAINRULE_NAMESPACE {

// Call use(Whole{}) or use(Part{count}): as many of `count` columns as a vector holds.
template <class Real, class Use>
CHAINRULE_INLINE void with_extent(int64_t count, Use use) {
    if (count >= Vector<Real>::lanes) {
        use(Whole{});
    } else {
        use(Part{static_cast<int>(count)});
    }
}

// One vector of columns, lines of B that lie side by side in memory.
template <class Real>
CHAINRULE_INLINE void pack_lines(const PackTask<Real>& task, const Real* b, Real* panel, int64_t count) {
    with_extent<Real>(count, [&](auto extent) {
        for (int64_t k = 0; k < task.n_inner; ++k) {
            store(panel + k * panel_columns<Real>, load(b + k * task.b.row_stride, extent, 0), Whole{});
        }
    });
}

// One vector of columns, each side by side in memory: squares of them are transposed.
template <class Real>
CHAINRULE_INLINE void pack_columns(const PackTask<Real>& task, const Real* b, Real* panel, int64_t count) {
    using V = Vector<Real>;
    sweep<V::lanes>(task.n_inner, [&](int64_t k, auto extent) {
        V square[V::lanes];
        for (int j = 0; j < V::lanes; ++j) {
            square[j] = j < count ? load(b + j * task.b.column_stride + k, extent, 0) : V::all(0);
        }
        transpose(square);
        const int64_t lines = task.n_inner - k < V::lanes ? task.n_inner - k : V::lanes;
        for (int64_t i = 0; i < lines; ++i) {
            store(panel + (k + i) * panel_columns<Real>, square[i], Whole{});
        }
    });
}

template <class Real>
CHAINRULE_INLINE void pack_elements(const PackTask<Real>& task, const Real* b, Real* panel, int64_t count) {
    for (int64_t k = 0; k < task.n_inner; ++k) {
        for (int64_t j = 0; j < Vector<Real>::lanes; ++j) {
            panel[k * panel_columns<Real> + j] =
                j < count ? b[k * task.b.row_stride + j * task.b.column_stride] : Real{0};
        }
    }
}

template <class Real>
void pack_panels(const PackTask<Real>& task, int64_t first_panel, int64_t last_panel) {
    constexpr int64_t lanes = Vector<Real>::lanes;
    for (int64_t j = first_panel * panel_columns<Real>; j < last_panel * panel_columns<Real>; j += lanes) {
        const int64_t place = j / panel_columns<Real>;
        Real* const panel = task.panels + place * task.panel_stride + j % panel_columns<Real>;
        const int64_t count = task.n_columns - j;
        if (count <= 0) {
            continue;  // a tile of one vector serves the last columns
        }
        const Real* const b = task.b.data + j * task.b.column_stride;
        if (task.b.column_stride == 1) {
            pack_lines(task, b, panel, count);
        } else if (task.b.row_stride == 1) {
            pack_columns(task, b, panel, count);
        } else {
            pack_elements(task, b, panel, count);
        }
    }
}

}  // namespace chainrule::CHAINRULE_NAMESPACE
