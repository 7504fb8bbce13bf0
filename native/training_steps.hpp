// Steps of training on minibatches, from the rows of the data to the weights, without Python in between.
//
// A step is a sequence of phases (training_team.hpp). Where the values of a minibatch are more than the
// weights, threads share its rows:
//     there and back   rows into panels, masks, forward, loss, backward, and the gradients of these rows
//     collect          gradients of all shares added, and the step of the weights
// Else they share the units of each layer:
//     gather           rows into panels, masks, and W of every layer but the first as panels of its other
//     side forward          a hidden layer each loss             logits, loss and dE/dZ, row by row backward
//     from the last layer to the first: gradient and step of its weights, and dE/dU of the one
//                      below
// Both end with
//     finish           where the length of the whole gradient is wanted before the step (TR.7)
// Every sum has an order that the sizes alone fix, so no bit depends on threads or on how many steps a call
// takes.
#pragma once

#include <stdint.h>

#include <memory>
#include <vector>

#include "training_masks.hpp"
#include "training_tasks.hpp"

namespace chainrule {

enum class HeadKind { softmax, sigmoid, identity };

struct NetworkPlan {
    std::vector<int64_t> sizes;
    std::vector<ActivationKind> activations;
    std::vector<int> thresholds;  // of dropout, one for each hidden layer; 0: none
    HeadKind head;
    int64_t most_rows;  // of a minibatch
};

struct SolverPlan {
    SolverKind kind;
    double momentum;  // or b1
    double beta2;
    double epsilon;
    double weight_decay;
    double alpha;
    double max_norm;  // 0: none
};

// What a call trains on, and where it begins: minibatch b is the rows order[b N / n_batches] to
// order[(b + 1) N / n_batches - 1] of the data, N = n_rows the length of the order, which need not name every
// row.
struct StepsTask {
    const void* data;
    bool data_is_float64;
    const double* centre;
    const double* scale;
    double limit;
    const int64_t* indices;      // one of these, of which
    const void* probabilities;   // this has the dtype of the network
    const double* class_weight;  // or null
    const double* row_weight;    // or null
    double label_smoothing;
    bool folded;  // index targets whose weights are all in row_weight
    double mean_weight;
    const int64_t* order;
    int64_t n_rows;
    int64_t n_batches;
    int64_t first_batch;
    int64_t n_steps;
    const double* rates;  // of each step
    int64_t steps_before;
    uint64_t seed;
    uint64_t epoch;
    double total;
};

struct StepsOutcome {
    int64_t steps;  // taken: fewer than asked for where the loss was not finite
    double total;
    double gradient_norm;  // of the last step that was clipped, or ended an epoch
};

template <class Real>
struct TrainingState;

template <class Real>
class TrainingSteps {
  public:
    TrainingSteps(NetworkPlan network, SolverPlan solver);
    ~TrainingSteps();
    TrainingSteps(const TrainingSteps&) = delete;
    TrainingSteps& operator=(const TrainingSteps&) = delete;

    int64_t n_parameters() const;
    const NetworkPlan& network() const;
    // Parameters and the vectors of the solver's state (second null for SGD), flat: W1, b1, W2, ...
    void load(const Real* parameters, const Real* first, const Real* second, int n_threads);
    void store(Real* parameters, Real* first, Real* second, int n_threads) const;
    StepsOutcome run(const StepsTask& task, int n_threads);

  private:
    std::unique_ptr<TrainingState<Real>> state_;
};

}  // namespace chainrule
