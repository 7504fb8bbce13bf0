// Gradients of weights and biases on the panels of a training step, and the step of the optimiser.
#include "kernels.hpp"
#include "training_tile.hpp"

namespace chainrule::CHAINRULE_NAMESPACE {
namespace {

// (SG.1) to (SG.3)
template <class Real>
struct Momentum {
    using V = Vector<Real>;
    const Optimiser<Real>& optimiser;
    bool nesterov;
    CHAINRULE_INLINE void operator()(Real* x, Real* velocity, Real*, V g, V decay) const {
        const V mu = V::all(optimiser.momentum);
        const V v = load(velocity, Whole{}, 0) * mu + g;
        store(velocity, v, Whole{});
        const V direction = nesterov ? v * mu + g : v;
        store(x, load(x, Whole{}, 0) * decay - direction * V::all(optimiser.rate), Whole{});
    }
};

// (AD.1) to (AD.3), after (AW.1)
template <class Real>
struct AdamStep {
    using V = Vector<Real>;
    const Optimiser<Real>& optimiser;
    CHAINRULE_INLINE void operator()(Real* x, Real* first, Real* second, V g, V decay) const {
        const V m = load(first, Whole{}, 0) * V::all(optimiser.momentum) + g * V::all(optimiser.new_part);
        const V v = load(second, Whole{}, 0) * V::all(optimiser.beta2) + g * g * V::all(optimiser.new_square);
        store(first, m, Whole{});
        store(second, v, Whole{});
        const V root = square_root(v) * V::all(optimiser.second_scale) + V::all(optimiser.epsilon);
        store(x, load(x, Whole{}, 0) * decay - m / root * V::all(optimiser.rate), Whole{});
    }
};

template <class Real, class Use>
CHAINRULE_INLINE void with_optimiser(const Optimiser<Real>& optimiser, Use use) {
    if (optimiser.kind == SolverKind::adam) {
        use(AdamStep<Real>{optimiser});
    } else {
        use(Momentum<Real>{optimiser, optimiser.kind == SolverKind::nesterov});
    }
}

CHAINRULE_INLINE Float64 with_square(Float64 sum, Float64 g) { return multiply_add(g, g, sum); }
CHAINRULE_INLINE Float64 with_square(Float64 sum, Float32 g) {
    return with_square(with_square(sum, lower(g)), upper(g));
}

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
    const int64_t per_panel = line_units(task.n_inputs);
    for (int64_t number = first; number < last; ++number) {
        const int64_t panel = number / per_panel;
        const int64_t line = number % per_panel * lines_of_unit;
        const int64_t rest = task.n_inputs - line;
        use(number, Unit<Real>{panel, line, rest < lines_of_unit ? rest : lines_of_unit,
                               columns_in_panel<Real>(panel, task.n_columns)});
    }
}

template <class Real>
CHAINRULE_INLINE void bring_unit_near(const UpdateTask<Real>& task, const Unit<Real>& unit) {
    const Real* const places[] = {task.weights, task.weight_state[0], task.weight_state[1]};
    const int64_t bytes = unit.lines * panel_columns<Real> * static_cast<int64_t>(sizeof(Real));
    for (const Real* place : places) {
        const char* const line = reinterpret_cast<const char*>(place + (place ? unit.place(task) : 0));
        for (int64_t i = 0; place && i < bytes; i += cache_line) {
            bring_near(line + i);
        }
    }
}

// The sum of the rows of a panel of dE/dU, in their order.
template <class Real, class Use>
CHAINRULE_INLINE void bias_gradient(const UpdateTask<Real>& task, const Unit<Real>& unit, Use use) {
    using V = Vector<Real>;
    const Real* const panel = task.upstream + unit.panel * task.upstream_stride;
    for (int64_t j = 0; j < unit.columns; j += V::lanes) {
        V sum = V::all(0);
        for (int64_t i = 0; i < task.n_rows; ++i) {
            sum = sum + load(panel + i * panel_columns<Real> + j, Whole{}, 0);
        }
        use(unit.panel * panel_columns<Real> + j, sum);
    }
}

// weight(place, g) and bias(place, g) for every vector of a unit's gradient, that of the penalty included.
template <class Real, class Weight, class Bias>
CHAINRULE_INLINE void unit_gradient(const UpdateTask<Real>& task, const Unit<Real>& unit, Weight weight,
                                    Bias bias) {
    using V = Vector<Real>;
    constexpr int64_t w = panel_columns<Real>;
    const int64_t start = unit.place(task);
    const V alpha = V::all(task.optimiser.alpha);
    const RunTask<Real> product{task.a + unit.line / w * task.a_stride + unit.line % w,
                                1,
                                w,
                                chain_steps,
                                chain_steps * w,
                                task.upstream + unit.panel * task.upstream_stride,
                                task.n_rows,
                                nullptr};
    const bool penalty = task.optimiser.alpha != 0;
    for_tiles(product, unit.lines, unit.columns, [&](int64_t r, int64_t j, V c) {
        const int64_t place = start + r * w + j;
        weight(place, penalty ? c + load(task.weights + place, Whole{}, 0) * alpha : c);
    });
    if (unit.has_biases()) {
        bias_gradient(task, unit, bias);
    }
}

template <class Real>
CHAINRULE_INLINE void step_units(const UpdateTask<Real>& task, int64_t first, int64_t last) {
    using V = Vector<Real>;
    const V decay = V::all(task.optimiser.decay);
    const V one = V::all(1);
    with_optimiser(task.optimiser, [&](auto step) {
        for_units(task, first, last, [&](int64_t, const Unit<Real>& unit) {
            bring_unit_near(task, unit);
            unit_gradient(
                task, unit,
                [&](int64_t place, V g) {
                    step(task.weights + place, task.weight_state[0] + place, task.weight_state[1] + place, g,
                         decay);
                },
                [&](int64_t place, V g) {
                    step(task.biases + place, task.bias_state[0] + place, task.bias_state[1] + place, g, one);
                });
        });
    });
}

// The squares of `lines` lines of a panel, in their order: tiles have another one on every instruction set.
template <class Real>
CHAINRULE_INLINE Float64 with_squares(Float64 sum, const Real* first, int64_t lines, int64_t columns) {
    for (int64_t r = 0; r < lines; ++r) {
        for (int64_t j = 0; j < columns; j += Vector<Real>::lanes) {
            sum = with_square(sum, load(first + r * panel_columns<Real> + j, Whole{}, 0));
        }
    }
    return sum;
}

// The gradient itself, and the sum of its squares for each unit.
template <class Real>
CHAINRULE_INLINE void keep_units(const UpdateTask<Real>& task, int64_t first, int64_t last) {
    using V = Vector<Real>;
    const auto into = [](Real* gradient) {
        return [gradient](int64_t place, V g) { store(gradient + place, g, Whole{}); };
    };
    for_units(task, first, last, [&](int64_t number, const Unit<Real>& unit) {
        unit_gradient(task, unit, into(task.weight_gradient), into(task.bias_gradient));
        Float64 squares = with_squares(Float64::all(0.0), task.weight_gradient + unit.place(task), unit.lines,
                                       unit.columns);
        if (unit.has_biases()) {
            const int64_t place = unit.panel * panel_columns<Real>;
            squares = with_squares(squares, task.bias_gradient + place, 1, unit.columns);
        }
        task.squares[number] = sum_of_lanes(squares);
    });
}

template <class Real>
void layer_update(const UpdateTask<Real>& task, int64_t first, int64_t last) {
    if (task.weight_gradient) {
        keep_units(task, first, last);
    } else {
        step_units(task, first, last);
    }
}

// The step from gradients that were kept, times the factor.
template <class Real>
void layer_finish(const UpdateTask<Real>& task, int64_t first, int64_t last) {
    using V = Vector<Real>;
    constexpr int64_t w = panel_columns<Real>;
    const V factor = V::all(task.optimiser.factor);
    with_optimiser(task.optimiser, [&](auto step) {
        const auto line = [&](Real* x, Real* const* state, const Real* gradient, int64_t start,
                              int64_t columns, V decay) {
            for (int64_t place = start; place < start + columns; place += V::lanes) {
                step(x + place, state[0] + place, state[1] + place,
                     load(gradient + place, Whole{}, 0) * factor, decay);
            }
        };
        for_units(task, first, last, [&](int64_t, const Unit<Real>& unit) {
            for (int64_t r = 0; r < unit.lines; ++r) {
                line(task.weights, task.weight_state, task.weight_gradient, unit.place(task) + r * w,
                     unit.columns, V::all(task.optimiser.decay));
            }
            if (unit.has_biases()) {
                line(task.biases, task.bias_state, task.bias_gradient, unit.panel * w, unit.columns,
                     V::all(1));
            }
        });
    });
}

template <class Real>
void add_update_of(KernelsOf<Real>& kernels) {
    kernels.layer_update = layer_update<Real>;
    kernels.layer_finish = layer_finish<Real>;
}

}  // namespace

void add_training_update(Kernels& kernels) {
    add_update_of(kernels.float32);
    add_update_of(kernels.float64);
}

}  // namespace chainrule::CHAINRULE_NAMESPACE
