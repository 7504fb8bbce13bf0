// The tasks of a training step on a minibatch (training_steps.hpp).
//
// Values of a layer lie in panels as wide as those of its weights (dense.hpp): element (i, j) of rows i and
// units j at values[j / w * panel_stride + i * w + j % w], w = panel_columns. A panel is then the B of a
// weight gradient as it is, and the A of every other product in runs of w along the inner index. Weights W,
// shape (units, inputs), are kept as panels of W^T: line k of a panel holds the weights of input k. What
// fills up the last panel is 0 in the beginning and stays 0; no inner index ever runs over it.
#pragma once

#include <stdint.h>

#include "dense.hpp"

namespace chainrule {

enum class ActivationKind { identity, relu, tanh, sigmoid };
enum class OutputKind { sigmoid, identity };
enum class SolverKind { sgd, nesterov, adam };

// Sigmoid head (BCE.1), (BCE.2), or identity head (SE.1), (SE.2). The gradient takes the place of the values.
template <class Real>
struct OutputTask {
    OutputKind kind;
    Real* values;
    const Real* targets;
    const double* row_weight;  // or null: 1
    double* losses;
    int64_t n_outputs;
    double gradient_scale;
};

// Rows of the data, in the order of `rows`, into panels; scaled by (IS.1), (IS.2) where there is a centre.
template <class Real>
struct GatherTask {
    const void* data;  // float or double, row by row
    bool data_is_float64;
    const int64_t* rows;
    int64_t n_features;
    const double* centre;  // or null
    const double* scale;
    double limit;  // 0: none
    Real* out;
    int64_t out_stride;
};

// A panel of at most so many units is narrow: most lanes of its vectors hold nothing.
inline constexpr int64_t narrow = 8;

// Units of a product: pairs of a panel of columns and a few of some rows, numbered panel by panel.
struct TileUnits {
    int64_t first_row;
    int64_t n_rows;
    int64_t first;
    int64_t last;
};
inline constexpr int64_t rows_of_unit = largest_tile_rows;
inline int64_t row_units(int64_t n_rows) { return (n_rows + rows_of_unit - 1) / rows_of_unit; }

// Rows of the data that are gathered next.
struct RowsAhead {
    const char* data;
    int64_t row_bytes;
    const int64_t* rows;
    int64_t n_rows;
};

// (NN.1), (NN.2): h(A W^T + b), into panels.
template <class Real>
struct ForwardTask {
    const Real* a;
    int64_t a_stride;
    int64_t n_inner;
    const Real* weights;
    const Real* bias;
    int64_t n_columns;
    ActivationKind activation;
    Real* out;
    int64_t out_stride;
    // Where h'(U) is kept, or null where it follows from h(U); with dropout it holds the mask (DO.1) before,
    // and both values and derivatives are those times the mask.
    Real* derivative;
    bool masked;
    const Real* few_side;  // the other side of the last panel, if that is narrow, or null
    int64_t few_stride;
    RowsAhead ahead;  // brought near meanwhile, where all panels of some rows are asked for
};

// (BP.3), (BP.4): dE/dU of a layer from that of the next, whose weights lie as panels of W.
template <class Real>
struct BackwardTask {
    const Real* a;  // dE/dU of the next layer
    int64_t a_stride;
    int64_t n_inner;
    const Real* weights;
    int64_t n_columns;
    ActivationKind activation;
    const Real* kept;  // derivatives, or the values of a relu, or null where the derivative is 1
    bool kept_are_derivatives;
    Real* out;
    int64_t out_stride;
};

template <class Real>
struct Optimiser {
    SolverKind kind;
    Real rate;          // for Adam: r / (1 - b1^t)
    Real momentum;      // SGD: mu; Adam: b1
    Real new_part;      // Adam: 1 - b1
    Real beta2;         // Adam
    Real new_square;    // Adam: 1 - b2
    Real second_scale;  // Adam: 1 / sqrt(1 - b2^t)
    Real epsilon;       // Adam
    Real decay;         // 1 - r d for weights
    Real alpha;         // of the penalty
    Real factor;        // of the gradient, by (TR.7)
};

// (BP.2): the gradient of weights and biases of a layer, and the step of the optimiser.
// A unit is a panel and the lines of it that belong to one panel of A; those that start a panel have its
// biases too.
template <class Real>
struct UpdateTask {
    const Real* a;  // what the layer received
    int64_t a_stride;
    const Real* upstream;  // dE/dU in panels
    int64_t upstream_stride;
    int64_t n_rows;
    int64_t n_inputs;
    int64_t n_columns;
    Real* weights;
    Real* biases;
    Real* weight_state[2];  // first and second moment, or velocity
    Real* bias_state[2];
    Real* weight_gradient;  // or null: the step is taken at once
    Real* bias_gradient;
    double* squares;  // of the gradient, for each unit, or null
    Optimiser<Real> optimiser;
};

// Gradients of shares of a minibatch, of one layer: ((0 + 1) + (2 + 3)) is that of the whole. Where one is
// null, the one before has its rows as well.
inline constexpr int row_shares = 4;
template <class Real>
struct PartialGradients {
    Real* weights[row_shares];
    Real* biases[row_shares];
};

template <class Real>
int64_t line_units(int64_t n_inputs) {
    return panel_count<Real>(n_inputs);
}

}  // namespace chainrule
