// Units of a layer's gradient: a panel of its units and the lines of it that belong to one panel of inputs.
#pragma once

#include "training_tile.hpp"

namespace chainrule::CHAINRULE_NAMESPACE {

// One unit of a layer: a panel and some of its lines.
template <class Real>
struct Unit {
    int64_t panel;
    int64_t line;
    int64_t lines;
    int64_t columns;
    bool has_biases() const { return line == 0; }
    int64_t place(const UpdateTask<Real>& task) const {
        return (panel * task.n_inputs + line) * panel_columns<Real>;
    }
};

template <class Real, class Use>
CHAINRULE_INLINE void for_units(const UpdateTask<Real>& task, int64_t first, int64_t last, Use use) {
    const int64_t per_panel = line_units<Real>(task.n_inputs);
    for (int64_t number = first; number < last; ++number) {
        const int64_t panel = number / per_panel;
        const int64_t line = number % per_panel * panel_columns<Real>;
        const int64_t rest = task.n_inputs - line;
        use(number, Unit<Real>{panel, line, rest < panel_columns<Real> ? rest : panel_columns<Real>,
                               columns_in_panel<Real>(panel, task.n_columns)});
    }
}

// The sum of the rows of a panel of dE/dU: that of every fourth row in their order, and the four as a tree.
template <class Real, class Use>
CHAINRULE_INLINE void bias_gradient(const UpdateTask<Real>& task, const Unit<Real>& unit, Use use) {
    using V = Vector<Real>;
    constexpr int64_t w = panel_columns<Real>;
    const Real* const panel = task.upstream + unit.panel * task.upstream_stride;
    for (int64_t j = 0; j < unit.columns; j += V::lanes) {
        V sums[4] = {V::all(0), V::all(0), V::all(0), V::all(0)};
        int64_t i = 0;
        for (; i + 4 <= task.n_rows; i += 4) {
            for (int64_t k = 0; k < 4; ++k) {
                sums[k] = sums[k] + load(panel + (i + k) * w + j, Whole{}, 0);
            }
        }
        for (int64_t k = 0; i < task.n_rows; ++i, ++k) {
            sums[k] = sums[k] + load(panel + i * w + j, Whole{}, 0);
        }
        use(unit.panel * w + j, (sums[0] + sums[1]) + (sums[2] + sums[3]));
    }
}

// The product of a unit into `out`, lines of a panel, or added to it.
template <class Real>
CHAINRULE_INLINE BlockTask<Real> product_of_unit(const UpdateTask<Real>& task, const Unit<Real>& unit,
                                                 Real* out, bool add) {
    constexpr int64_t w = panel_columns<Real>;
    return {task.a + unit.line / w * task.a_stride,
            chain_steps * w,
            task.upstream + unit.panel * task.upstream_stride,
            task.n_rows,
            out,
            unit.lines,
            unit.columns,
            {},
            0,
            add};
}

// What the step of the next unit needs is brought near during the product of this one.
template <class Real>
CHAINRULE_INLINE void look_ahead(const UpdateTask<Real>& task, const Unit<Real>& unit,
                                 BlockTask<Real>& product) {
    constexpr int64_t w = panel_columns<Real>;
    const int64_t next = unit.place(task) + unit.lines * w;
    product.lines_ahead = unit.lines * w * static_cast<int64_t>(sizeof(Real)) / cache_line;
    product.ahead[0] = reinterpret_cast<const char*>(task.weights + next);
    product.ahead[1] = reinterpret_cast<const char*>(task.weight_state[0] + next);
    product.ahead[2] = reinterpret_cast<const char*>(task.weight_state[1] + next);
}

// The product of a narrow unit is made with its sides exchanged: the lanes of a vector are then inputs, and
// all in use. The bits are the same.
//
// Into lines of a panel, one for each unit: c_jk at c[j w + k].
template <class Real>
CHAINRULE_INLINE void multiply_exchanged(const BlockTask<Real>& product, Real* c) {
    BlockTask<Real> other = product;
    other.a = product.b;
    other.b = product.a;
    other.run_stride = chain_steps * panel_columns<Real>;
    other.c = c;
    other.rows = product.columns;
    other.columns = product.rows;
    multiply_block<Inner::line_by_line>(other, [](int64_t, int64_t) {});
}

// Lines of a panel, one for each input, from those of an exchanged product.
template <class Real>
CHAINRULE_INLINE void exchange_back(const Real* exchanged, int64_t lines, int64_t columns, Real* out) {
    constexpr int64_t w = panel_columns<Real>;
    for_vectors<Real>(lines, columns,
                      [&](int64_t offset) { store(out + offset, Vector<Real>::all(0), Whole{}); });
    for (int64_t j = 0; j < columns; ++j) {
        for (int64_t k = 0; k < lines; ++k) {
            out[k * w + j] = exchanged[j * w + k];
        }
    }
}

// use(first, lines) is called for lines of the product when they are whole.
template <class Real, class Use>
CHAINRULE_INLINE void multiply_unit(const BlockTask<Real>& product, Use use) {
    if (product.columns <= narrow) {
        alignas(64) Real exchanged[narrow * panel_columns<Real>];
        multiply_exchanged(product, exchanged);
        exchange_back(exchanged, product.rows, product.columns, product.c);
        use(0, product.rows);
    } else {
        multiply_block<Inner::line_by_line>(product, use);
    }
}

}  // namespace chainrule::CHAINRULE_NAMESPACE
