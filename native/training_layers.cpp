// A layer forward and backward on the panels of a training step, and the rows of data that it begins with.
#include "elementwise.hpp"
#include "kernels.hpp"
#include "training_tile.hpp"

namespace chainrule::CHAINRULE_NAMESPACE {
namespace {

// use(panel, first_row, rows) for each unit.
template <class Use>
CHAINRULE_INLINE void for_units(const TileUnits& units, Use use) {
    const int64_t per_panel = row_units(units.n_rows);
    for (int64_t unit = units.first; unit < units.last; ++unit) {
        const int64_t row = unit % per_panel * rows_of_unit;
        const int64_t rest = units.n_rows - row;
        use(unit / per_panel, row, rest < rows_of_unit ? rest : rows_of_unit);
    }
}

// Rows from `row` on of values in panels, times the panel number `panel` of `weights`.
template <class Real, class Task>
CHAINRULE_INLINE RunTask<Real> product_of(const Task& task, int64_t panel, int64_t row) {
    constexpr int64_t w = panel_columns<Real>;
    return {task.a + row * w, w,      1, w, task.a_stride, task.weights + panel * task.n_inner * w,
            task.n_inner,     nullptr};
}

template <class Real, class Activation>
CHAINRULE_INLINE void forward_units(const ForwardTask<Real>& task, const TileUnits& units, Activation h) {
    constexpr int64_t w = panel_columns<Real>;
    for_units(units, [&](int64_t panel, int64_t row, int64_t rows) {
        const Real* const bias = task.bias + panel * w;
        const int64_t start = panel * task.out_stride + row * w;
        for_tiles(product_of<Real>(task, panel, row), rows, columns_in_panel<Real>(panel, task.n_columns),
                  [&](int64_t r, int64_t j, Vector<Real> c) {
                      const int64_t place = start + r * w + j;
                      const Vector<Real> u = c + load(bias + j, Whole{}, 0);
                      Vector<Real> a = h.value(u);
                      if (task.derivative) {
                          Vector<Real> slope = h.derivative(u, a);
                          if (task.masked) {
                              const Vector<Real> mask = load(task.derivative + place, Whole{}, 0);
                              slope = slope * mask;
                              a = a * mask;
                          }
                          store(task.derivative + place, slope, Whole{});
                      }
                      store(task.out + place, a, Whole{});
                  });
    });
}

template <class Real>
void layer_forward(const ForwardTask<Real>& task, const TileUnits& units) {
    with_activation(task.activation, [&](auto h) { forward_units(task, units, h); });
}

template <class Real>
void layer_logits(const ForwardTask<Real>& task, int64_t first_row, int64_t last_row) {
    constexpr int64_t w = panel_columns<Real>;
    const int64_t panels = panel_count<Real>(task.n_columns);
    const TileUnits units{last_row - first_row, 0, panels * row_units(last_row - first_row)};
    for_units(units, [&](int64_t panel, int64_t row, int64_t rows) {
        const int64_t count = columns_in_panel<Real>(panel, task.n_columns);
        Real* const out = task.out + (first_row + row) * task.n_columns + panel * w;
        for_tiles(product_of<Real>(task, panel, first_row + row), rows, count,
                  [&](int64_t r, int64_t j, Vector<Real> c) {
                      const Vector<Real> u = c + load(task.bias + panel * w + j, Whole{}, 0);
                      if (count - j >= Vector<Real>::lanes) {
                          store(out + r * task.n_columns + j, u, Whole{});
                      } else {
                          store(out + r * task.n_columns + j, u, Part{static_cast<int>(count - j)});
                      }
                  });
    });
}

template <class Real, class Slope>
CHAINRULE_INLINE void backward_units(const BackwardTask<Real>& task, const TileUnits& units, Slope slope) {
    constexpr int64_t w = panel_columns<Real>;
    for_units(units, [&](int64_t panel, int64_t row, int64_t rows) {
        const int64_t start = panel * task.out_stride + row * w;
        for_tiles(product_of<Real>(task, panel, row), rows, columns_in_panel<Real>(panel, task.n_columns),
                  [&](int64_t r, int64_t j, Vector<Real> c) {
                      const int64_t place = start + r * w + j;
                      store(task.out + place, slope(c, place), Whole{});
                  });
    });
}

template <class Real>
void layer_backward(const BackwardTask<Real>& task, const TileUnits& units) {
    using V = Vector<Real>;
    if (task.kept_are_derivatives) {
        backward_units(task, units,
                       [&](V c, int64_t place) { return c * load(task.kept + place, Whole{}, 0); });
    } else if (task.kept) {
        backward_units(task, units, [&](V c, int64_t place) {
            // A product, not a selection: an infinite or NaN gradient stays one, as in (BP.4).
            const V a = load(task.kept + place, Whole{}, 0);
            return c * select(less(V::all(0), a), V::all(1), V::all(0));
        });
    } else {
        backward_units(task, units, [](V c, int64_t) { return c; });
    }
}

constexpr double largest_scaled = 1e150;  // its square is finite

template <class Extent>
CHAINRULE_INLINE Float64 scaled(Float64 x, Float64 centre, Float64 scale, double limit, Extent) {
    Float64 z = (x - centre) * scale;
    if (limit > 0.0) {
        z = maximum(Float64::all(-largest_scaled), minimum(Float64::all(largest_scaled), z));
        const Float64 q = z / Float64::all(limit);
        z = z / square_root(Float64::all(1.0) + q * q);
    }
    return z;
}

template <class Real, class Source>
CHAINRULE_INLINE void gather_row(const GatherTask<Real>& task, const Source* row, Real* out) {
    constexpr int64_t w = panel_columns<Real>;
    sweep<Float64::lanes>(task.n_features, [&](int64_t k, auto extent) {
        Float64 x = load_float64(row + k, extent, 0.0);
        if (task.centre) {
            x = scaled(x, load(task.centre + k, extent, 0.0), load(task.scale + k, extent, 0.0), task.limit,
                       extent);
        }
        store(out + k / w * task.out_stride + k % w, x, Whole{});
    });
}

template <class Real>
CHAINRULE_INLINE void copy_row(const GatherTask<Real>& task, const Real* row, Real* out) {
    constexpr int64_t w = panel_columns<Real>;
    sweep<Vector<Real>::lanes>(task.n_features, [&](int64_t k, auto extent) {
        store(out + k / w * task.out_stride + k % w, load(row + k, extent, 0), Whole{});
    });
}

template <class Real, class Source>
CHAINRULE_INLINE void gather_rows(const GatherTask<Real>& task, int64_t first, int64_t last) {
    const Source* const data = static_cast<const Source*>(task.data);
    for (int64_t i = first; i < last; ++i) {
        const Source* const row = data + task.rows[i] * task.n_features;
        Real* const out = task.out + i * panel_columns<Real>;
        if constexpr (sizeof(Real) == sizeof(Source)) {
            if (!task.centre) {
                copy_row(task, row, out);
                continue;
            }
        }
        gather_row(task, row, out);
    }
}

template <class Real>
void gather(const GatherTask<Real>& task, int64_t first, int64_t last) {
    if (task.data_is_float64) {
        gather_rows<Real, double>(task, first, last);
    } else {
        gather_rows<Real, float>(task, first, last);
    }
}

template <class Real>
void add_layers_of(KernelsOf<Real>& kernels) {
    kernels.gather = gather<Real>;
    kernels.layer_forward = layer_forward<Real>;
    kernels.layer_logits = layer_logits<Real>;
    kernels.layer_backward = layer_backward<Real>;
}

}  // namespace

void add_training_layers(Kernels& kernels) {
    add_layers_of(kernels.float32);
    add_layers_of(kernels.float64);
}

}  // namespace chainrule::CHAINRULE_NAMESPACE
