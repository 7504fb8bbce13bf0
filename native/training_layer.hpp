// The memory of one layer in training: weights with the solver's state, and what a minibatch leaves in it.
#pragma once

#include <algorithm>
#include <vector>

#include "arena.hpp"
#include "dense.hpp"
#include "instruction_set.hpp"
#include "training_tasks.hpp"

namespace chainrule {

// Weights as panels, biases filled up to whole panels: parameters, or one vector of the solver's state.
template <class Real>
struct PackedLayer {
    Zeros<Real> weights;
    Zeros<Real> biases;
    int64_t n_inputs;
    int64_t n_units;

    PackedLayer(Arena& arena, int64_t inputs, int64_t units)
        : weights(arena.take<Real>(panel_count<Real>(units) * panel_columns<Real> * inputs)),
          biases(arena.take<Real>(panel_count<Real>(units) * panel_columns<Real>)),
          n_inputs(inputs),
          n_units(units) {}

    int64_t n_panels() const { return panel_count<Real>(n_units); }
    // W, b one after the other.
    int64_t flat_size() const { return (n_inputs + 1) * n_units; }

    void load_panel(int64_t panel, const Real* flat) {
        const PackTask<Real> pack{transposed(row_major(flat, n_inputs)), weights.data(),
                                  n_inputs * panel_columns<Real>, n_inputs, n_units};
        kernels_of<Real>().pack_panels(pack, panel, panel + 1);
        const Real* const of_units = flat + n_inputs * n_units;
        std::copy(of_units + first_unit(panel), of_units + first_unit(panel + 1),
                  biases.data() + first_unit(panel));
    }

    void store_panel(int64_t panel, Real* flat) const {
        constexpr int64_t w = panel_columns<Real>;
        constexpr int64_t lines = 16;  // whose cache lines are filled before the next are looked at
        const int64_t unit = first_unit(panel);
        const int64_t end = first_unit(panel + 1);
        for (int64_t first = 0; first < n_inputs; first += lines) {
            const int64_t last = std::min(first + lines, n_inputs);
            for (int64_t j = unit; j < end; ++j) {
                const Real* const column = weights.data() + unit * n_inputs + j - unit;
                for (int64_t k = first; k < last; ++k) {
                    flat[j * n_inputs + k] = column[k * w];
                }
            }
        }
        std::copy(biases.data() + unit, biases.data() + end, flat + n_inputs * n_units + unit);
    }

  private:
    int64_t first_unit(int64_t panel) const { return std::min(panel * panel_columns<Real>, n_units); }
};

template <class Real>
struct TrainingLayer {
    ActivationKind activation;
    int threshold;  // of dropout
    bool last;
    PackedLayer<Real> parameters;
    PackedLayer<Real> first;
    PackedLayer<Real> second;
    PackedLayer<Real> gradient;
    std::vector<PackedLayer<Real>> partial;  // gradients of shares of the rows, or none
    int64_t stride;                          // of the panels of a minibatch
    Zeros<Real> values;                      // h(U), times the mask
    Zeros<Real> derivatives;                 // where they do not follow from the values
    Zeros<Real> upstream;                    // dE/dU
    Zeros<Real> other_side;                  // panels of W, where a layer is below
    Zeros<Real> few_side;                    // else of the units of a last panel that is narrow
    int64_t first_of_squares;                // in the squares of the gradient, by unit

    int64_t n_inputs() const { return parameters.n_inputs; }
    int64_t n_units() const { return parameters.n_units; }
    int64_t update_units() const { return panel_count<Real>(n_units()) * line_units<Real>(n_inputs()); }
    // Units of the last panel, if it is narrow and the lanes of vectors are better used along the inputs, or
    // 0.
    int64_t few_units() const {
        constexpr int64_t w = panel_columns<Real>;
        const int64_t columns = n_units() - (panel_count<Real>(n_units()) - 1) * w;
        return columns <= narrow && n_inputs() >= w ? columns : 0;
    }
    bool keeps_derivatives() const { return derivatives.data() != nullptr; }

    TrainingLayer(Arena& arena, int64_t inputs, int64_t units, ActivationKind kind, int mask_threshold,
                  bool is_first, bool is_last, bool has_second, int64_t most_rows)
        : activation(kind),
          threshold(mask_threshold),
          last(is_last),
          parameters(arena, inputs, units),
          first(arena, inputs, units),
          second(arena, has_second ? inputs : 0, has_second ? units : 0),
          gradient(arena, inputs, units),
          // One line more: rows of neighbouring panels then lie in different sets of the cache.
          stride((most_rows + 1) * panel_columns<Real>),
          upstream(arena.take<Real>(panel_count<Real>(units) * stride)),
          first_of_squares(0) {
        const int64_t size = panel_count<Real>(units) * stride;
        if (!is_last) {
            values = arena.take<Real>(size);
        }
        const bool follows = kind == ActivationKind::relu || kind == ActivationKind::identity;
        if (!is_last && (mask_threshold > 0 || !follows)) {
            derivatives = arena.take<Real>(size);
        }
        if (!is_first) {
            other_side = arena.take<Real>(panel_count<Real>(inputs) * panel_columns<Real> * units);
        } else {
            few_side = arena.take<Real>(panel_count<Real>(inputs) * panel_columns<Real> * few_units());
        }
    }
};

}  // namespace chainrule
