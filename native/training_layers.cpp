// A layer forward and backward on the panels of a training step, and the rows of data that it begins with.
#include "elementwise.hpp"
#include "kernels.hpp"
#include "training_few.hpp"

namespace chainrule::CHAINRULE_NAMESPACE {
namespace {

// use(panel, first_row, rows) for the rows of each panel.
template <class Use>
CHAINRULE_INLINE void for_panels(const TileUnits& units, Use use) {
    const int64_t per_panel = row_units(units.n_rows);
    for (int64_t unit = units.first; unit < units.last;) {
        const int64_t panel = unit / per_panel;
        const int64_t end = units.last < (panel + 1) * per_panel ? units.last : (panel + 1) * per_panel;
        const int64_t row = (unit - panel * per_panel) * rows_of_unit;
        const int64_t last = (end - panel * per_panel) * rows_of_unit;
        use(panel, units.first_row + row, (last < units.n_rows ? last : units.n_rows) - row);
        unit = end;
    }
}

// Rows from `row` on of values in panels, times the panel number `panel` of `weights`.
template <class Real, class Task>
CHAINRULE_INLINE BlockTask<Real> product_of(const Task& task, int64_t panel, int64_t row, int64_t rows) {
    constexpr int64_t w = panel_columns<Real>;
    return {task.a + row * w,
            task.a_stride,
            task.weights + panel * task.n_inner * w,
            task.n_inner,
            task.out + panel * task.out_stride + row * w,
            rows,
            columns_in_panel<Real>(panel, task.n_columns),
            {},
            0};
}

// The part of the rows ahead that goes with the part [first, last) of `whole`.
CHAINRULE_INLINE void bring_rows_near(const RowsAhead& ahead, int64_t first, int64_t last, int64_t whole) {
    for (int64_t i = ahead.n_rows * first / whole; i < ahead.n_rows * last / whole; ++i) {
        const char* const row = ahead.data + ahead.rows[i] * ahead.row_bytes;
        for (int64_t byte = 0; byte < ahead.row_bytes; byte += cache_line) {
            bring_near(row + byte);
        }
        bring_near(row + ahead.row_bytes - 1);
    }
}

template <class Real, class Activation>
CHAINRULE_INLINE void forward_rows(const ForwardTask<Real>& task, Activation h, int64_t panel, int64_t row,
                                   int64_t rows) {
    constexpr int64_t w = panel_columns<Real>;
    const BlockTask<Real> product = product_of<Real>(task, panel, row, rows);
    const Real* const bias = task.bias + panel * w;
    Real* const derivative = task.derivative + (task.derivative ? product.c - task.out : 0);
    const auto finish = [&](int64_t first, int64_t count) CHAINRULE_INLINE_LAMBDA {
        for_vectors<Real>(count, product.columns, [&](int64_t offset) {
            const int64_t place = first * w + offset;
            const Vector<Real> u = load(product.c + place, Whole{}, 0) + load(bias + offset % w, Whole{}, 0);
            Vector<Real> a = h.value(u);
            if (derivative) {
                Vector<Real> slope = h.derivative(u, a);
                if (task.masked) {
                    const Vector<Real> mask = load(derivative + place, Whole{}, 0);
                    slope = slope * mask;
                    a = a * mask;
                }
                store(derivative + place, slope, Whole{});
            }
            store(product.c + place, a, Whole{});
        });
        if (task.ahead.n_rows > 0) {
            const int64_t done = panel * rows + first;
            bring_rows_near(task.ahead, done, done + count, panel_count<Real>(task.n_columns) * rows);
        }
    };
    if (task.few_side && product.columns <= narrow) {
        multiply_few(product, task.few_side, task.few_stride, finish);
    } else {
        multiply_block<Inner::along_line>(product, finish);
    }
}

template <class Real>
void layer_forward(const ForwardTask<Real>& task, const TileUnits& units) {
    with_activation(task.activation, [&](auto h) {
        for_panels(units, [&](int64_t panel, int64_t row, int64_t rows) {
            forward_rows(task, h, panel, row, rows);
        });
    });
}

template <class Real>
void layer_logits(const ForwardTask<Real>& task, Real* logits, int64_t first_row, int64_t last_row) {
    constexpr int64_t w = panel_columns<Real>;
    if (task.few_side && task.n_columns <= narrow) {
        few_products<Real>(task.n_columns,
                           {task.a + first_row * w, task.a_stride, task.few_side, task.few_stride,
                            task.n_inner, last_row - first_row},
                           task.bias, logits + first_row * task.n_columns);
        return;
    }
    for (int64_t panel = 0; panel * w < task.n_columns; ++panel) {
        forward_rows(task, Identity{}, panel, first_row, last_row - first_row);
        const Real* const from = task.out + panel * task.out_stride;
        for (int64_t i = first_row; i < last_row; ++i) {
            sweep<Vector<Real>::lanes>(columns_in_panel<Real>(panel, task.n_columns),
                                       [&](int64_t j, auto extent) {
                                           store(logits + i * task.n_columns + panel * w + j,
                                                 load(from + i * w + j, Whole{}, 0), extent);
                                       });
        }
    }
}

template <class Real, class Slope>
CHAINRULE_INLINE void backward_units(const BackwardTask<Real>& task, const TileUnits& units, Slope slope) {
    constexpr int64_t w = panel_columns<Real>;
    for_panels(units, [&](int64_t panel, int64_t row, int64_t rows) {
        const BlockTask<Real> product = product_of<Real>(task, panel, row, rows);
        multiply_block<Inner::along_line>(product, [&](int64_t first, int64_t count) {
            for_vectors<Real>(count, product.columns, [&](int64_t offset) {
                Real* const c = product.c + first * w + offset;
                store(c, slope(load(c, Whole{}, 0), c - task.out), Whole{});
            });
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

// Columns `first` to `first + n - 1` of a row, at most those of a panel, into its line of the panel.
template <class Real, class Source>
CHAINRULE_INLINE void gather_columns(const GatherTask<Real>& task, const Source* row, int64_t first,
                                     int64_t n, Real* out) {
    if constexpr (sizeof(Real) == sizeof(Source)) {
        if (!task.centre) {
            sweep<Vector<Real>::lanes>(n, [&](int64_t k, auto extent) {
                store(out + k, load(row + first + k, extent, 0), Whole{});
            });
            return;
        }
    }
    sweep<Float64::lanes>(n, [&](int64_t k, auto extent) {
        Float64 x = load_float64(row + first + k, extent, 0.0);
        if (task.centre) {
            const int64_t column = first + k;
            x = scaled(x, load(task.centre + column, extent, 0.0), load(task.scale + column, extent, 0.0),
                       task.limit, extent);
        }
        store(out + k, x, Whole{});
    });
}

// Some rows, panel by panel: what is written lies side by side; meanwhile the rows of the next block, which
// lie anywhere in memory, are brought near. Row by row it took four times as long.
constexpr int64_t gathered_rows = 16;

template <class Real, class Source>
CHAINRULE_INLINE void gather_block(const GatherTask<Real>& task, int64_t first, int64_t last, int64_t end) {
    constexpr int64_t w = panel_columns<Real>;
    const Source* const data = static_cast<const Source*>(task.data);
    for (int64_t k = 0; k < task.n_features; k += w) {
        const int64_t n = task.n_features - k < w ? task.n_features - k : w;
        Real* const panel = task.out + k / w * task.out_stride;
        for (int64_t i = first; i < last; ++i) {
            const int64_t next = i + gathered_rows < end ? i + gathered_rows : i;
            const Source* const near = data + task.rows[next] * task.n_features + k;
            bring_near(near);
            bring_near(near + n - 1);
            gather_columns(task, data + task.rows[i] * task.n_features, k, n, panel + i * w);
        }
    }
}

template <class Real, class Source>
CHAINRULE_INLINE void gather_rows(const GatherTask<Real>& task, int64_t first, int64_t last) {
    for (int64_t i = first; i < last; i += gathered_rows) {
        gather_block<Real, Source>(task, i, last - i < gathered_rows ? last : i + gathered_rows, last);
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
