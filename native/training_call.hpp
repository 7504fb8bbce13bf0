// The phases of the steps of one call (training_steps.hpp), each in pieces that threads take.
#pragma once

#include <cmath>

#include "instruction_set.hpp"
#include "total.hpp"
#include "training_state.hpp"

namespace chainrule {

// One call: every phase of every step.
struct Range {
    int64_t first;
    int64_t last;
};
inline Range share(int64_t n, int piece, int pieces) {
    return {n * piece / pieces, n * (piece + 1) / pieces};
}

// The share of the units of some panels, `per_panel` of each: the last panel may hold one vector, which is
// half the work.
template <class Real>
Range share_panels_of(int64_t n_columns, int64_t per_panel, int piece, int pieces) {
    constexpr int64_t lanes = panel_columns<Real> / 2;
    const int64_t vectors = (n_columns + lanes - 1) / lanes;
    const int64_t whole = vectors / 2 * per_panel;  // units of two vectors
    const Range work = share(vectors * per_panel, piece, pieces);
    const auto unit = [&](int64_t x) { return x < 2 * whole ? x / 2 : x - whole; };
    return {unit(work.first), unit(work.last)};
}

template <class Real>
class TrainingCall {
  public:
    TrainingCall(TrainingState<Real>& state, const StepsTask& task, int pieces)
        : state_(state), task_(task), kernels_(kernels_of<Real>()), pieces_(pieces) {
        n_layers_ = static_cast<int64_t>(state.layers.size());
        clips_ = state.solver.max_norm > 0.0;
        by_rows_ = state.shares_rows();
        phases_of_step_ = (by_rows_ ? 2 : 2 * n_layers_ + 1) + (clips_ ? 1 : 0);
    }

    // The gradient of an epoch's last step is kept, for its length is told.
    int64_t n_phases() const {
        return phases_before() + task_.n_steps * phases_of_step_ + (!clips_ && ends_epoch() ? 1 : 0);
    }

    void phase(int64_t number, int piece) {
        if (number < phases_before()) {
            turn_all(piece);
            return;
        }
        number -= phases_before();
        const int64_t step = std::min(number / phases_of_step_, task_.n_steps - 1);
        if (!std::isfinite(total_before(step))) {  // nothing changes any more
            if (piece == 0) {
                total_before(step + 1) = total_before(step);
            }
            return;
        }
        const int64_t place = number - step * phases_of_step_;
        if (by_rows_) {
            phase_by_rows(step, place, piece);
        } else {
            phase_by_units(step, place, piece);
        }
    }

  private:
    using Layer = TrainingLayer<Real>;
    static constexpr int64_t w = panel_columns<Real>;

    int64_t phases_before() const { return by_rows_ ? 1 : 0; }

    void phase_by_rows(int64_t step, int64_t place, int piece) {
        if (place == 0) {
            there_and_back(step, share(row_shares, piece, pieces_));
        } else if (place == 1) {
            collect(step, piece);
        } else {
            finish(step, piece);
        }
    }

    void phase_by_units(int64_t step, int64_t place, int piece) {
        if (place == 0) {
            gather(step, share(rows_of(step), piece, pieces_));
            turn_all(piece);
        } else if (place < n_layers_) {
            forward(step, place - 1, piece);
        } else if (place == n_layers_) {
            loss(step, share(rows_of(step), piece, pieces_));
        } else if (place <= 2 * n_layers_) {
            backward(step, 2 * n_layers_ - place, piece);
        } else {
            finish(step, piece);
        }
    }

    Layer& layer(int64_t number) const { return state_.layers[static_cast<size_t>(number)]; }
    int64_t begin_of(int64_t step) const {
        return (task_.first_batch + step) * task_.n_rows / task_.n_batches;
    }
    int64_t rows_of(int64_t step) const { return begin_of(step + 1) - begin_of(step); }
    bool ends_epoch() const { return task_.first_batch + task_.n_steps == task_.n_batches; }
    bool keeps(int64_t step) const { return clips_ || (ends_epoch() && step == task_.n_steps - 1); }

    // Rows, targets and masks of a minibatch.
    void gather(int64_t step, Range rows) {
        const int64_t* const order = task_.order + begin_of(step);
        const GatherTask<Real> gather{
            task_.data,         task_.data_is_float64, order,       state_.network.sizes[0],
            task_.centre,       task_.scale,           task_.limit, state_.inputs.data(),
            state_.input_stride};
        kernels_.gather(gather, rows.first, rows.last);
        gather_targets(order, rows);
        for (int64_t l = 0; l < n_layers_; ++l) {
            if (layer(l).threshold > 0) {
                const MaskKey key{task_.seed, task_.epoch, static_cast<uint64_t>(task_.first_batch + step),
                                  static_cast<uint64_t>(l), layer(l).threshold};
                draw_mask(key, rows.first, rows.last, layer(l).n_units(), layer(l).derivatives.data(),
                          layer(l).stride);
            }
        }
    }

    void gather_targets(const int64_t* order, Range rows) {
        const int64_t n_outputs = state_.network.sizes.back();
        for (int64_t i = rows.first; i < rows.last; ++i) {
            if (task_.indices) {
                state_.indices[static_cast<size_t>(i)] = task_.indices[order[i]];
            } else {
                const Real* const row = static_cast<const Real*>(task_.probabilities) + order[i] * n_outputs;
                std::copy(row, row + n_outputs, state_.probabilities.data() + i * n_outputs);
            }
            if (task_.row_weight) {
                state_.row_weight[static_cast<size_t>(i)] = task_.row_weight[order[i]];
            }
        }
    }

    // Panels of W from panels of W^T, for the units of an update; without a layer below, of the last panel if
    // it is narrow.
    void turn(Layer& layer, Range units) {
        const int64_t per_panel = line_units<Real>(layer.n_inputs());
        if (!layer.other_side.data()) {
            const int64_t of_last_panel = layer.update_units() - per_panel;
            units.first = layer.few_units() > 0 ? std::max(units.first, of_last_panel) : units.last;
        }
        for (int64_t number = units.first; number < units.last; ++number) {
            const int64_t unit = number / per_panel * w;
            const int64_t line = number % per_panel * w;
            const Real* const from = layer.parameters.weights.data() + unit * layer.n_inputs() + line * w;
            Real* const to = layer.other_side.data()
                                 ? layer.other_side.data() + line * layer.n_units() + unit * w
                                 : layer.few_side.data() + line * layer.few_units();
            const PackTask<Real> pack{{from, 1, w},
                                      to,
                                      0,
                                      std::min(w, layer.n_units() - unit),
                                      std::min(w, layer.n_inputs() - line)};
            kernels_.pack_panels(pack, 0, 1);
        }
    }

    void turn_all(int piece) {
        for (int64_t l = 0; l < n_layers_; ++l) {
            turn(layer(l), update_units(layer(l), piece));
        }
    }

    int64_t begin_of_share(int64_t step, int64_t number) const {
        return share(rows_of(step), static_cast<int>(number), row_shares).first;
    }

    RowsAhead rows_ahead(int64_t step, Range shares) const {
        const int64_t first = begin_of_share(step, shares.first);
        const size_t number_bytes = task_.data_is_float64 ? sizeof(double) : sizeof(float);
        return {static_cast<const char*>(task_.data),
                state_.network.sizes[0] * static_cast<int64_t>(number_bytes),
                task_.order + begin_of(step) + first, begin_of_share(step, shares.last) - first};
    }

    // Some shares of the rows: forward, loss, backward, and their gradients.
    void there_and_back(int64_t step, Range shares) {
        const Range rows{begin_of_share(step, shares.first), begin_of_share(step, shares.last)};
        gather(step, rows);
        for (int64_t l = 0; l < n_layers_ - 1; ++l) {
            ForwardTask<Real> task = forward_task(l);
            if (l == 0 && step + 1 < task_.n_steps) {
                task.ahead = rows_ahead(step + 1, shares);
            }
            kernels_.layer_forward(task, units_of_rows(rows, layer(l).n_units()));
        }
        loss(step, rows);
        for (int64_t l = n_layers_ - 1; l >= 0; --l) {
            if (l > 0) {
                kernels_.layer_backward(backward_task(l), units_of_rows(rows, layer(l).n_inputs()));
            }
            gradients_of_shares(step, l, shares);
        }
    }

    void gradients_of_shares(int64_t step, int64_t number, Range shares) {
        const UpdateTask<Real> task = update_task(step, number);
        for (int64_t i = shares.first; i < shares.last; ++i) {
            const bool add = joins_the_one_before(i, shares);
            const PackedLayer<Real>& out = layer(number).partial[static_cast<size_t>(add ? i - 1 : i)];
            kernels_.layer_gradient(task, begin_of_share(step, i), begin_of_share(step, i + 1),
                                    out.weights.data(), out.biases.data(), add);
        }
    }

    // The two of a pair that one thread takes are added at once.
    static bool joins_the_one_before(int64_t number, Range shares) {
        return number % 2 == 1 && shares.first < number;
    }

    PartialGradients<Real> partial_gradients(int64_t number) const {
        PartialGradients<Real> gradients{};
        for (int piece = 0; piece < pieces_; ++piece) {
            const Range shares = share(row_shares, piece, pieces_);
            for (int64_t i = shares.first; i < shares.last; ++i) {
                if (!joins_the_one_before(i, shares)) {
                    const PackedLayer<Real>& partial = layer(number).partial[static_cast<size_t>(i)];
                    gradients.weights[i] = partial.weights.data();
                    gradients.biases[i] = partial.biases.data();
                }
            }
        }
        return gradients;
    }

    void collect(int64_t step, int piece) {
        if (!goes_on(step, n_layers_ - 1, piece)) {
            return;
        }
        for (int64_t l = n_layers_ - 1; l >= 0; --l) {
            const Range units = update_units(layer(l), piece);
            kernels_.layer_collect(update_task(step, l), partial_gradients(l), units.first, units.last);
            if (!keeps(step)) {
                turn(layer(l), units);
            }
        }
    }

    ForwardTask<Real> forward_task(int64_t number) const {
        Layer& own = layer(number);
        const Real* const a = number ? layer(number - 1).values.data() : state_.inputs.data();
        const int64_t a_stride = number ? layer(number - 1).stride : state_.input_stride;
        const int64_t last_panel = (panel_count<Real>(own.n_units()) - 1) * w;
        const bool below = number > 0;
        const Real* const side = below ? own.other_side.data() + last_panel * w : own.few_side.data();
        return {a,
                a_stride,
                own.n_inputs(),
                own.parameters.weights.data(),
                own.parameters.biases.data(),
                own.n_units(),
                own.activation,
                own.last ? own.upstream.data() : own.values.data(),
                own.stride,
                own.derivatives.data(),
                own.threshold > 0,
                own.few_units() ? side : nullptr,
                w * (below ? own.n_units() : own.few_units()),
                {}};
    }

    TileUnits tile_units(int64_t n_rows, int64_t n_columns, int piece) const {
        const Range range = share_panels_of<Real>(n_columns, row_units(n_rows), piece, pieces_);
        return {0, n_rows, range.first, range.last};
    }

    TileUnits units_of_rows(Range rows, int64_t n_columns) const {
        const int64_t n_rows = rows.last - rows.first;
        return {rows.first, n_rows, 0, panel_count<Real>(n_columns) * row_units(n_rows)};
    }

    Range update_units(const Layer& layer, int piece) const {
        return {first_update_unit(layer, piece), first_update_unit(layer, piece + 1)};
    }

    // The shares have nearly as many vectors each; the last unit of a panel may have few lines.
    int64_t first_update_unit(const Layer& layer, int piece) const {
        const int64_t per_panel = line_units<Real>(layer.n_inputs());
        if (piece == pieces_) {
            return panel_count<Real>(layer.n_units()) * per_panel;
        }
        const int64_t vectors = (layer.n_units() + w / 2 - 1) / (w / 2);
        const int64_t first = vectors * layer.n_inputs() * piece / pieces_;
        const int64_t panel = std::min(first / (2 * layer.n_inputs()), vectors / 2);
        const int64_t rest = first - panel * 2 * layer.n_inputs();
        const int64_t line = panel < vectors / 2 ? rest / 2 : rest;
        return panel * per_panel + std::min((line + w / 2) / w, per_panel);
    }

    void forward(int64_t step, int64_t number, int piece) {
        kernels_.layer_forward(forward_task(number),
                               tile_units(rows_of(step), layer(number).n_units(), piece));
    }

    void loss(int64_t step, Range rows) {
        const int64_t n_rows = rows_of(step);
        if (rows.first == rows.last) {
            return;
        }
        Layer& own = layer(n_layers_ - 1);
        kernels_.layer_logits(forward_task(n_layers_ - 1), state_.logits.data(), rows.first, rows.last);
        const double scale = 1.0 / (static_cast<double>(n_rows) * task_.mean_weight);
        const double* const row_weight = task_.row_weight ? state_.row_weight.data() : nullptr;
        loss_of_rows(rows, scale, row_weight);
        const PackTask<Real> pack{from_row(row_major<Real>(state_.logits.data(), own.n_units()), rows.first),
                                  own.upstream.data() + rows.first * w, own.stride, rows.last - rows.first,
                                  own.n_units()};
        kernels_.pack_panels(pack, 0, panel_count<Real>(own.n_units()));
    }

    void loss_of_rows(Range rows, double scale, const double* row_weight) {
        Real* const logits = state_.logits.data();
        double* const losses = state_.losses.data();
        const int64_t n = state_.network.sizes.back();
        const int64_t* const indices = task_.indices ? state_.indices.data() : nullptr;
        const Real* const targets = task_.indices ? nullptr : state_.probabilities.data();
        if (state_.network.head != HeadKind::softmax) {
            const auto kind =
                state_.network.head == HeadKind::sigmoid ? OutputKind::sigmoid : OutputKind::identity;
            kernels_.output_loss({kind, logits, targets, row_weight, losses, n, scale}, rows.first,
                                 rows.last);
        } else if (task_.folded) {
            kernels_.cross_entropy_index({logits, indices, row_weight, losses, logits, n, 1.0, scale},
                                         rows.first, rows.last);
        } else {
            kernels_.cross_entropy_probability({logits, targets, indices, task_.class_weight, row_weight,
                                                losses, logits, n, task_.label_smoothing, 1.0, scale},
                                               rows.first, rows.last);
        }
    }

    double& total_before(int64_t step) const { return state_.totals[static_cast<size_t>(step)]; }

    // Whether the sum of the losses is finite after this step: else it is not taken.
    bool goes_on(int64_t step, int64_t number, int piece) {
        if (number < n_layers_ - 1) {
            return std::isfinite(total_before(step + 1));
        }
        const double total = total_before(step) + fixed_order_total(state_.losses.data(), rows_of(step));
        if (piece == 0) {
            total_before(step + 1) = total;
        }
        return std::isfinite(total);
    }

    void backward(int64_t step, int64_t number, int piece) {
        if (!goes_on(step, number, piece)) {
            return;
        }
        const UpdateTask<Real> update = update_task(step, number);
        const Range units = update_units(layer(number), piece);
        kernels_.layer_update(update, units.first, units.last);
        if (number > 0) {
            kernels_.layer_backward(backward_task(number),
                                    tile_units(rows_of(step), layer(number).n_inputs(), piece));
        }
    }

    // From dE/dU of a layer to that of the one below.
    BackwardTask<Real> backward_task(int64_t number) const {
        Layer& own = layer(number);
        Layer& below = layer(number - 1);
        const bool bare = below.activation == ActivationKind::identity && !below.keeps_derivatives();
        const Real* const kept =
            below.keeps_derivatives() ? below.derivatives.data() : (bare ? nullptr : below.values.data());
        return {own.upstream.data(),   own.stride,       own.n_units(), own.other_side.data(),
                own.n_inputs(),        below.activation, kept,          below.keeps_derivatives(),
                below.upstream.data(), below.stride};
    }

    UpdateTask<Real> update_task(int64_t step, int64_t number) const {
        Layer& own = layer(number);
        const bool keep = keeps(step);
        const bool adam = state_.solver.kind == SolverKind::adam;
        auto& second = adam ? own.second : own.first;
        return {number ? layer(number - 1).values.data() : state_.inputs.data(),
                number ? layer(number - 1).stride : state_.input_stride,
                own.upstream.data(),
                own.stride,
                rows_of(step),
                own.n_inputs(),
                own.n_units(),
                own.parameters.weights.data(),
                own.parameters.biases.data(),
                {own.first.weights.data(), second.weights.data()},
                {own.first.biases.data(), second.biases.data()},
                keep ? own.gradient.weights.data() : nullptr,
                keep ? own.gradient.biases.data() : nullptr,
                state_.squares.data() + own.first_of_squares,
                state_.optimisers[static_cast<size_t>(step)]};
    }

    void finish(int64_t step, int piece) {
        if (!std::isfinite(total_before(step + 1))) {
            return;
        }
        const double norm =
            std::sqrt(fixed_order_total(state_.squares.data(), static_cast<int64_t>(state_.squares.size())));
        const double factor = clips_ && norm > state_.solver.max_norm ? state_.solver.max_norm / norm : 1.0;
        if (piece == 0) {
            state_.norm = norm * factor;
        }
        for (int64_t l = 0; l < n_layers_; ++l) {
            UpdateTask<Real> task = update_task(step, l);
            task.optimiser.factor = static_cast<Real>(factor);
            const Range units = update_units(layer(l), piece);
            kernels_.layer_finish(task, units.first, units.last);
            if (by_rows_) {
                turn(layer(l), units);
            }
        }
    }

    TrainingState<Real>& state_;
    const StepsTask& task_;
    const KernelsOf<Real>& kernels_;
    int pieces_;
    int64_t n_layers_;
    int64_t phases_of_step_;
    bool clips_;
    bool by_rows_;
};

}  // namespace chainrule
