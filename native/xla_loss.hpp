// The cross-entropy of one problem as XLA hands it over: rows, weights and the reduction, in one call.
#pragma once

#include <stdint.h>

namespace chainrule {

enum class LossReduction : int64_t { mean = 0, sum = 1, none = 2 };

struct LossOptions {
    LossReduction reduction;
    double label_smoothing;
    double temperature;
    bool ignoring;
    int64_t ignore_index;
    int n_threads;
};

// Arrays of one problem; exactly one of `indices` and `targets`. Values are not checked: a wrong index, a
// negative or NaN weight or target makes its row NaN, and with it what is summed over rows.
template <class Real>
struct LossProblem {
    const Real* logits;
    const int64_t* indices;
    const Real* targets;
    const double* sample_weight;  // or null: 1
    const double* class_weight;   // or null: 1
    Real* loss;                   // one number, or one for each row
    Real* gradient;               // or null
    int64_t n_rows;
    int64_t n_classes;
};

template <class Real>
void solve_loss(const LossProblem<Real>& problem, const LossOptions& options);

}  // namespace chainrule
