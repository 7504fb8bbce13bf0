#include "training_steps.hpp"

#include "subnormals.hpp"
#include "training_call.hpp"
#include "training_team.hpp"

namespace chainrule {

template <class Real>
TrainingSteps<Real>::TrainingSteps(NetworkPlan network, SolverPlan solver)
    : state_(new TrainingState<Real>(std::move(network), solver)) {}
template <class Real>
TrainingSteps<Real>::~TrainingSteps() = default;

template <class Real>
const NetworkPlan& TrainingSteps<Real>::network() const {
    return state_->network;
}

template <class Real>
int64_t TrainingSteps<Real>::n_parameters() const {
    int64_t count = 0;
    for (const TrainingLayer<Real>& layer : state_->layers) {
        count += (layer.n_inputs() + 1) * layer.n_units();
    }
    return count;
}

namespace {

// use(layer, panel, offset) for the panels of all layers, on all threads; a layer begins at the offset of a
// flat vector.
template <class Layers, class Use>
void share_panels_of_layers(Layers& layers, int n_threads, const Use& use) {
    constexpr int64_t worthwhile = 1 << 16;  // numbers: waking a thread takes as long
    int64_t offset = 0;
    for (auto& layer : layers) {
        const int64_t panels = layer.parameters.n_panels();
        const int threads = layer.parameters.flat_size() < worthwhile ? 1 : n_threads;
        run_chunks(panels, threads, [&](int64_t panel) { use(layer, panel, offset); });
        offset += layer.parameters.flat_size();
    }
}

}  // namespace

template <class Real>
void TrainingSteps<Real>::load(const Real* parameters, const Real* first, const Real* second, int n_threads) {
    share_panels_of_layers(state_->layers, n_threads, [&](auto& layer, int64_t panel, int64_t offset) {
        layer.parameters.load_panel(panel, parameters + offset);
        layer.first.load_panel(panel, first + offset);
        if (second) {
            layer.second.load_panel(panel, second + offset);
        }
    });
}

template <class Real>
void TrainingSteps<Real>::store(Real* parameters, Real* first, Real* second, int n_threads) const {
    share_panels_of_layers(state_->layers, n_threads, [&](auto& layer, int64_t panel, int64_t offset) {
        layer.parameters.store_panel(panel, parameters + offset);
        layer.first.store_panel(panel, first + offset);
        if (second) {
            layer.second.store_panel(panel, second + offset);
        }
    });
}

template <class Real>
StepsOutcome TrainingSteps<Real>::run(const StepsTask& task, int n_threads) {
    TrainingState<Real>& state = *state_;
    const size_t steps = static_cast<size_t>(task.n_steps);
    state.optimisers.clear();
    for (int64_t i = 0; i < task.n_steps; ++i) {
        state.optimisers.push_back(state.optimiser_of(task.rates[i], task.steps_before + i + 1));
    }
    state.totals.assign(steps + 1, task.total);
    const double rows = static_cast<double>(task.n_rows) / static_cast<double>(task.n_batches);
    const int threads = rows * state.products_of_row() < worthwhile_products ? 1 : n_threads;
    TrainingCall<Real> call(state, task, threads);
    // Gradients of a network that fits its data fade into subnormal numbers, which took four times as long.
    const SubnormalsAreZero fast;
    Team team(threads);
    team.run(call.n_phases(), [&](int64_t number, int piece) { call.phase(number, piece); });
    size_t taken = 0;
    while (taken < steps && std::isfinite(state.totals[taken + 1])) {
        ++taken;
    }
    return {static_cast<int64_t>(taken), state.totals[std::min(taken + 1, steps)], state.norm};
}

template class TrainingSteps<float>;
template class TrainingSteps<double>;

}  // namespace chainrule
