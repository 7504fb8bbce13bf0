// What is kept between the calls of a training: layers, and the memory of a minibatch.
#pragma once

#include <cmath>
#include <utility>

#include "training_layer.hpp"
#include "training_steps.hpp"

namespace chainrule {

// Below this many products in a step, meeting other threads costs more than they bring.
constexpr double worthwhile_products = 1.5e6;

template <class Real>
struct TrainingState {
    NetworkPlan network;
    SolverPlan solver;
    Arena arena;
    std::vector<TrainingLayer<Real>> layers;
    int64_t input_stride;
    Zeros<Real> inputs;
    Zeros<Real> logits;
    Zeros<Real> probabilities;
    std::vector<int64_t> indices;
    std::vector<double> row_weight;
    std::vector<double> losses;
    std::vector<double> squares;
    std::vector<Optimiser<Real>> optimisers;  // of every step of a call
    std::vector<double> totals;               // of the losses before every step of a call, and after the last
    double norm = 0.0;

    TrainingState(NetworkPlan plan, SolverPlan solver_plan);
    void take_memory();
    Optimiser<Real> optimiser_of(double rate, int64_t steps) const;
    double products_of_row() const;
    bool shares_rows() const;
};

template <class Real>
TrainingState<Real>::TrainingState(NetworkPlan plan, SolverPlan solver_plan)
    : network(std::move(plan)),
      solver(solver_plan),
      input_stride((network.most_rows + 1) * panel_columns<Real>),
      indices(static_cast<size_t>(network.most_rows)),
      row_weight(static_cast<size_t>(network.most_rows)),
      losses(static_cast<size_t>(network.most_rows)) {
    take_memory();
    arena.allocate();
    take_memory();
    squares.resize(static_cast<size_t>(layers.back().first_of_squares + layers.back().update_units()));
}

template <class Real>
void TrainingState<Real>::take_memory() {
    const size_t n = network.sizes.size() - 1;
    int64_t units = 0;
    layers.clear();
    layers.reserve(n);
    for (size_t l = 0; l < n; ++l) {
        const bool last = l + 1 == n;
        layers.emplace_back(arena, network.sizes[l], network.sizes[l + 1],
                            last ? ActivationKind::identity : network.activations[l],
                            last ? 0 : network.thresholds[l], l == 0, last, solver.kind == SolverKind::adam,
                            network.most_rows);
        layers.back().first_of_squares = units;
        units += layers.back().update_units();
    }
    if (shares_rows()) {
        for (TrainingLayer<Real>& layer : layers) {
            for (int i = 0; i < row_shares; ++i) {
                layer.partial.emplace_back(arena, layer.n_inputs(), layer.n_units());
            }
        }
    }
    inputs = arena.take<Real>(panel_count<Real>(network.sizes[0]) * input_stride);
    logits = arena.take<Real>(network.most_rows * network.sizes.back());
    probabilities = arena.take<Real>(network.most_rows * network.sizes.back());
}

template <class Real>
Optimiser<Real> TrainingState<Real>::optimiser_of(double rate, int64_t steps) const {
    const double t = static_cast<double>(steps);
    const bool adam = solver.kind == SolverKind::adam;
    const double scaled = adam ? rate / (1.0 - std::pow(solver.momentum, t)) : rate;
    const double second = adam ? 1.0 / std::sqrt(1.0 - std::pow(solver.beta2, t)) : 1.0;
    return {solver.kind,
            static_cast<Real>(scaled),
            static_cast<Real>(solver.momentum),
            static_cast<Real>(1.0 - solver.momentum),
            static_cast<Real>(solver.beta2),
            static_cast<Real>(1.0 - solver.beta2),
            static_cast<Real>(second),
            static_cast<Real>(solver.epsilon),
            static_cast<Real>(1.0 - rate * solver.weight_decay),
            static_cast<Real>(solver.alpha),
            Real{1}};
}

template <class Real>
double TrainingState<Real>::products_of_row() const {
    double products = 0.0;
    for (const TrainingLayer<Real>& layer : layers) {
        products += 3.0 * static_cast<double>(layer.n_inputs()) * static_cast<double>(layer.n_units());
    }
    return products;
}

// Whether threads take rows through the whole network rather than units through the whole minibatch: they
// then fetch gradients and weights from each other, not values. By the sizes alone, for it decides about
// bits.
template <class Real>
bool TrainingState<Real>::shares_rows() const {
    const double rows = static_cast<double>(network.most_rows);
    double values = 0.0;
    double weights = 0.0;
    for (const TrainingLayer<Real>& layer : layers) {
        values += rows * static_cast<double>(layer.n_inputs());
        weights += static_cast<double>(layer.n_inputs() * layer.n_units());
    }
    return 2.0 * weights <= values && rows * products_of_row() >= worthwhile_products;
}

}  // namespace chainrule
