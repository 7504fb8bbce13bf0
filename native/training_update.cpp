// Gradients of weights and biases on the panels of a training step, and the step of the optimiser.
#include <algorithm>
#include <type_traits>

#include "abreast.hpp"
#include "kernels.hpp"
#include "quick_quotient.hpp"
#include "training_units.hpp"

namespace chainrule::CHAINRULE_NAMESPACE {
namespace {

// Where a few vectors of parameters lie, with their state.
template <class Real, int n>
struct Places {
    using V = Abreast<Vector<Real>, n>;
    int64_t place[n];
    CHAINRULE_INLINE V load_from(const Real* array) const {
        return V::of([&](int i) { return load(array + place[i], Whole{}, 0); });
    }
    CHAINRULE_INLINE void store_to(Real* array, const V& values) const {
#pragma GCC unroll 8
        for (int i = 0; i < n; ++i) {
            store(array + place[i], values.part[i], Whole{});
        }
    }
};

template <class Real>
struct ParameterArrays {
    Real* x;
    Real* first;
    Real* second;
    Real decay;
};

// (SG.1) to (SG.3)
template <class Real>
struct Momentum {
    Real mu;
    Real rate;
    bool nesterov;
    explicit Momentum(const Optimiser<Real>& optimiser)
        : mu(optimiser.momentum), rate(optimiser.rate), nesterov(optimiser.kind == SolverKind::nesterov) {}
    template <int n>
    CHAINRULE_INLINE void operator()(const ParameterArrays<Real>& to, const Places<Real, n>& at,
                                     const Abreast<Vector<Real>, n>& g) const {
        using V = Abreast<Vector<Real>, n>;
        const V v = at.load_from(to.first) * V::all(mu) + g;
        at.store_to(to.first, v);
        const V direction = nesterov ? v * V::all(mu) + g : v;
        at.store_to(to.x, at.load_from(to.x) * V::all(to.decay) - direction * V::all(rate));
    }
};

// The second moments whose roots are quick, and how small epsilon may be beside those that have none.
constexpr float largest_quick = 0x1p100F;
constexpr float smallest_quick_epsilon = 0x1p-40F;
constexpr float largest_quick_factor = 0x1p20F;

inline bool is_quick(const Optimiser<float>& optimiser) {
    return optimiser.epsilon >= smallest_quick_epsilon && optimiser.epsilon <= largest_quick_factor &&
           optimiser.second_scale <= largest_quick_factor;
}

// (AD.1) to (AD.3), after (AW.1)
template <class Real, bool quick>
struct AdamStep {
    Real momentum;
    Real new_part;
    Real beta2;
    Real new_square;
    Real second_scale;
    Real epsilon;
    Real rate;
    explicit AdamStep(const Optimiser<Real>& optimiser)
        : momentum(optimiser.momentum),
          new_part(optimiser.new_part),
          beta2(optimiser.beta2),
          new_square(optimiser.new_square),
          second_scale(optimiser.second_scale),
          epsilon(optimiser.epsilon),
          rate(optimiser.rate) {}
    template <int n>
    CHAINRULE_INLINE void operator()(const ParameterArrays<Real>& to, const Places<Real, n>& at,
                                     const Abreast<Vector<Real>, n>& g) const {
        using V = Abreast<Vector<Real>, n>;
        const V m = multiply_add(at.load_from(to.first), V::all(momentum), g * V::all(new_part));
        const V v = multiply_add(at.load_from(to.second), V::all(beta2), g * V::all(new_square) * g);
        at.store_to(to.first, m);
        at.store_to(to.second, v);
        at.store_to(to.x, multiply_add(at.load_from(to.x), V::all(to.decay), change(m, v)));
    }

  private:
    template <class V>
    CHAINRULE_INLINE V change(const V& m, const V& v) const {
        if constexpr (quick) {
            if (__builtin_expect(all_below(v, largest_quick), true)) {
                const V root = multiply_add(quick_root(v), V::all(second_scale), V::all(epsilon));
                return m * V::all(rate) * quick_negative_reciprocal(root);
            }
        }
        const V root = multiply_add(square_root(v), V::all(second_scale), V::all(epsilon));
        return m / root * V::all(-rate);
    }
};

template <class Real, class Use>
CHAINRULE_INLINE void with_optimiser(const Optimiser<Real>& optimiser, Use use) {
    if constexpr (sizeof(Real) == sizeof(float)) {
        if (optimiser.kind == SolverKind::adam && is_quick(optimiser)) {
            return use(AdamStep<Real, true>(optimiser));
        }
    }
    if (optimiser.kind == SolverKind::adam) {
        use(AdamStep<Real, false>(optimiser));
    } else {
        use(Momentum<Real>(optimiser));
    }
}

// As many as the registers hold.
constexpr int vectors_abreast = tile_vectors == 2 ? 4 : 2;

// step(to, places, gradient) for the vectors of `rows` lines of a panel that hold any of its first `columns`
// columns; the lines lie at `start`, and gradient(offset) is that of the vector so far behind it.
template <class Real, class Step, class Gradient>
CHAINRULE_INLINE void step_lines(const ParameterArrays<Real>& to, int64_t start, int64_t rows,
                                 int64_t columns, const Step& step, Gradient gradient) {
    constexpr int64_t lanes = Vector<Real>::lanes;
    const int64_t shift = columns > lanes ? 1 : 0;  // a line is one vector or two
    const int64_t count = rows << shift;
    const auto some = [&](int64_t first, auto abreast) __attribute__((always_inline)) {
        constexpr int n = decltype(abreast)::value;
        Places<Real, n> at;
        int64_t offset[n];
#pragma GCC unroll 8
        for (int i = 0; i < n; ++i) {
            const int64_t number = first + i;
            offset[i] = (number >> shift) * panel_columns<Real> + (number & shift) * lanes;
            at.place[i] = start + offset[i];
        }
        step(to, at, Abreast<Vector<Real>, n>::of([&](int i) { return gradient(offset[i]); }));
    };
    int64_t i = 0;
    for (; i + vectors_abreast <= count; i += vectors_abreast) {
        some(i, std::integral_constant<int, vectors_abreast>{});
    }
    for (; i < count; ++i) {
        some(i, std::integral_constant<int, 1>{});
    }
}

CHAINRULE_INLINE Float64 with_square(Float64 sum, Float64 g) { return multiply_add(g, g, sum); }
CHAINRULE_INLINE Float64 with_square(Float64 sum, Float32 g) {
    return with_square(with_square(sum, lower(g)), upper(g));
}

// The gradient of the penalty is added to that of the loss.
template <class Real>
CHAINRULE_INLINE Vector<Real> with_penalty(const UpdateTask<Real>& task, Vector<Real> g, const Real* weight) {
    const bool penalty = task.optimiser.alpha != 0;
    return penalty ? g + load(weight, Whole{}, 0) * Vector<Real>::all(task.optimiser.alpha) : g;
}

template <class Real>
CHAINRULE_INLINE ParameterArrays<Real> weights_of(const UpdateTask<Real>& task) {
    return {task.weights, task.weight_state[0], task.weight_state[1], task.optimiser.decay};
}
template <class Real>
CHAINRULE_INLINE ParameterArrays<Real> biases_of(const UpdateTask<Real>& task) {
    return {task.biases, task.bias_state[0], task.bias_state[1], Real{1}};
}

template <class Real>
CHAINRULE_INLINE void step_units(const UpdateTask<Real>& task, int64_t first, int64_t last) {
    using V = Vector<Real>;
    constexpr int64_t w = panel_columns<Real>;
    alignas(64) Real scratch[w * w];
    with_optimiser(task.optimiser, [&](auto step) {
        for_units(task, first, last, [&](int64_t, const Unit<Real>& unit) {
            const int64_t start = unit.place(task);
            BlockTask<Real> product = product_of_unit<Real>(task, unit, scratch, false);
            look_ahead(task, unit, product);
            multiply_unit(product, [&](int64_t row, int64_t rows) {
                step_lines(weights_of(task), start + row * w, rows, unit.columns, step, [&](int64_t offset) {
                    const int64_t from = row * w + offset;
                    return with_penalty(task, load(scratch + from, Whole{}, 0), task.weights + start + from);
                });
            });
            if (unit.has_biases()) {
                bias_gradient(task, unit, [&](int64_t place, V g) {
                    step(biases_of(task), Places<Real, 1>{{place}}, Abreast<V, 1>{{g}});
                });
            }
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

template <class Real>
CHAINRULE_INLINE void keep_squares(const UpdateTask<Real>& task, int64_t number, const Unit<Real>& unit) {
    Float64 squares =
        with_squares(Float64::all(0.0), task.weight_gradient + unit.place(task), unit.lines, unit.columns);
    if (unit.has_biases()) {
        const int64_t place = unit.panel * panel_columns<Real>;
        squares = with_squares(squares, task.bias_gradient + place, 1, unit.columns);
    }
    task.squares[number] = sum_of_lanes(squares);
}

// The gradient itself, and the sum of its squares for each unit.
template <class Real>
CHAINRULE_INLINE void keep_units(const UpdateTask<Real>& task, int64_t first, int64_t last) {
    using V = Vector<Real>;
    constexpr int64_t w = panel_columns<Real>;
    for_units(task, first, last, [&](int64_t number, const Unit<Real>& unit) {
        const int64_t start = unit.place(task);
        Real* const gradient = task.weight_gradient + start;
        multiply_unit(product_of_unit<Real>(task, unit, gradient, false), [&](int64_t row, int64_t rows) {
            for_vectors<Real>(rows, unit.columns, [&](int64_t offset) {
                const int64_t from = row * w + offset;
                const V g = load(gradient + from, Whole{}, 0);
                store(gradient + from, with_penalty(task, g, task.weights + start + from), Whole{});
            });
        });
        if (unit.has_biases()) {
            bias_gradient(task, unit,
                          [&](int64_t place, V g) { store(task.bias_gradient + place, g, Whole{}); });
        }
        keep_squares(task, number, unit);
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

template <class Real>
CHAINRULE_INLINE void add_lines(Real* to, const Real* from, int64_t lines, int64_t columns) {
    for_vectors<Real>(lines, columns, [&](int64_t offset) {
        store(to + offset, load(to + offset, Whole{}, 0) + load(from + offset, Whole{}, 0), Whole{});
    });
}

// Whether the gradient of a unit that shares leave is that of an exchanged product: it is exchanged back when
// all of them are added.
template <class Real>
CHAINRULE_INLINE bool left_exchanged(const Unit<Real>& unit) {
    return unit.columns <= narrow && unit.columns <= unit.lines;
}

template <class Real>
void layer_gradient(const UpdateTask<Real>& task, int64_t first_row, int64_t last_row, Real* weights,
                    Real* biases, bool add) {
    using V = Vector<Real>;
    constexpr int64_t w = panel_columns<Real>;
    UpdateTask<Real> share = task;
    share.a += first_row * w;
    share.upstream += first_row * w;
    share.n_rows = last_row - first_row;
    const int64_t panels = panel_count<Real>(task.n_columns);
    if (share.n_rows == 0) {  // fewer rows than shares: a product of none would write nothing
        if (!add) {
            std::fill_n(weights, panels * w * task.n_inputs, Real{0});
            std::fill_n(biases, panels * w, Real{0});
        }
        return;
    }
    const bool whole_first = add && share.n_rows > chain_steps;  // else a sum would depend on who adds it
    alignas(64) Real scratch[w * w];
    for_units(share, 0, panels * line_units<Real>(task.n_inputs), [&](int64_t, const Unit<Real>& unit) {
        Real* const out = weights + unit.place(share);
        const auto product =
            product_of_unit<Real>(share, unit, whole_first ? scratch : out, add && !whole_first);
        if (left_exchanged(unit)) {
            multiply_exchanged(product, product.c);
            if (whole_first) {
                add_lines(out, scratch, unit.columns, unit.lines);
            }
        } else {
            multiply_block<Inner::line_by_line>(product, [&](int64_t row, int64_t rows) {
                if (whole_first) {
                    add_lines(out + row * w, scratch + row * w, rows, unit.columns);
                }
            });
        }
        if (unit.has_biases()) {
            bias_gradient(share, unit, [&](int64_t place, V g) {
                store(biases + place, add ? load(biases + place, Whole{}, 0) + g : g, Whole{});
            });
        }
    });
}

// The sum of the shares' gradients at one place.
template <class Real>
CHAINRULE_INLINE Vector<Real> collected(Real* const* shares, int64_t place) {
    using V = Vector<Real>;
    const auto pair = [&](Real* first, Real* second) {
        const V g = load(first + place, Whole{}, 0);
        return second ? g + load(second + place, Whole{}, 0) : g;
    };
    return pair(shares[0], shares[1]) + pair(shares[2], shares[3]);
}

template <class Real>
CHAINRULE_INLINE void collect_exchanged(const PartialGradients<Real>& shares, const Unit<Real>& unit,
                                        int64_t start, Real* lines) {
    alignas(64) Real exchanged[narrow * panel_columns<Real>];
    for_vectors<Real>(unit.columns, unit.lines, [&](int64_t offset) {
        store(exchanged + offset, collected(shares.weights, start + offset), Whole{});
    });
    exchange_back(exchanged, unit.lines, unit.columns, lines);
}

// Gradients come from other processors, and weights are still with those that read them in the step before.
constexpr int64_t elements_ahead = 512;

template <class Real>
CHAINRULE_INLINE void bring_collected_near(const UpdateTask<Real>& task, const PartialGradients<Real>& shares,
                                           int64_t place) {
    bring_near_to_write(task.weights + place);
    bring_near(shares.weights[0] + place);
    bring_near(shares.weights[2] + place);
}

// use(gradient): gradient(offset) is that of the weights so far behind the first of a unit.
template <class Real, class Use>
CHAINRULE_INLINE void with_collected(const UpdateTask<Real>& task, const PartialGradients<Real>& shares,
                                     const Unit<Real>& unit, Use use) {
    const int64_t start = unit.place(task);
    if (left_exchanged(unit)) {
        alignas(64) Real lines[panel_columns<Real> * panel_columns<Real>];
        collect_exchanged(shares, unit, start, lines);
        use([&](int64_t offset) { return load(lines + offset, Whole{}, 0); });
    } else {
        use([&](int64_t offset) {
            bring_collected_near(task, shares, start + offset + elements_ahead);
            return collected(shares.weights, start + offset);
        });
    }
}

template <class Real>
CHAINRULE_INLINE void keep_collected(const UpdateTask<Real>& task, const PartialGradients<Real>& shares,
                                     int64_t first, int64_t last) {
    constexpr int64_t w = panel_columns<Real>;
    for_units(task, first, last, [&](int64_t number, const Unit<Real>& unit) {
        const int64_t start = unit.place(task);
        with_collected(task, shares, unit, [&](auto gradient) {
            for_vectors<Real>(unit.lines, unit.columns, [&](int64_t offset) {
                store(task.weight_gradient + start + offset,
                      with_penalty(task, gradient(offset), task.weights + start + offset), Whole{});
            });
        });
        if (unit.has_biases()) {
            for_vectors<Real>(1, unit.columns, [&](int64_t offset) {
                const int64_t place = unit.panel * w + offset;
                store(task.bias_gradient + place, collected(shares.biases, place), Whole{});
            });
        }
        keep_squares(task, number, unit);
    });
}

template <class Real>
void layer_collect(const UpdateTask<Real>& task, const PartialGradients<Real>& shares, int64_t first,
                   int64_t last) {
    constexpr int64_t w = panel_columns<Real>;
    if (task.weight_gradient) {
        keep_collected(task, shares, first, last);
        return;
    }
    with_optimiser(task.optimiser, [&](auto step) {
        for_units(task, first, last, [&](int64_t, const Unit<Real>& unit) {
            const int64_t start = unit.place(task);
            with_collected(task, shares, unit, [&](auto gradient) {
                step_lines(weights_of(task), start, unit.lines, unit.columns, step, [&](int64_t offset) {
                    return with_penalty(task, gradient(offset), task.weights + start + offset);
                });
            });
            if (unit.has_biases()) {
                const int64_t place = unit.panel * w;
                step_lines(biases_of(task), place, 1, unit.columns, step,
                           [&](int64_t offset) { return collected(shares.biases, place + offset); });
            }
        });
    });
}

// The step from gradients that were kept, times the factor.
template <class Real>
void layer_finish(const UpdateTask<Real>& task, int64_t first, int64_t last) {
    using V = Vector<Real>;
    constexpr int64_t w = panel_columns<Real>;
    const V factor = V::all(task.optimiser.factor);
    with_optimiser(task.optimiser, [&](auto step) {
        const auto lines = [&](const ParameterArrays<Real>& to, const Real* gradient, int64_t start,
                               int64_t rows, int64_t columns) {
            step_lines(to, start, rows, columns, step,
                       [&](int64_t offset) { return load(gradient + start + offset, Whole{}, 0) * factor; });
        };
        for_units(task, first, last, [&](int64_t, const Unit<Real>& unit) {
            lines(weights_of(task), task.weight_gradient, unit.place(task), unit.lines, unit.columns);
            if (unit.has_biases()) {
                lines(biases_of(task), task.bias_gradient, unit.panel * w, 1, unit.columns);
            }
        });
    });
}

template <class Real>
void add_update_of(KernelsOf<Real>& kernels) {
    kernels.layer_update = layer_update<Real>;
    kernels.layer_gradient = layer_gradient<Real>;
    kernels.layer_collect = layer_collect<Real>;
    kernels.layer_finish = layer_finish<Real>;
}

}  // namespace

void add_training_update(Kernels& kernels) {
    add_update_of(kernels.float32);
    add_update_of(kernels.float64);
}

}  // namespace chainrule::CHAINRULE_NAMESPACE
