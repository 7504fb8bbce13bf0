// Weights, denominators and reductions around the row kernels, in the order of functions/cross_entropy.py, so
// that the bits are those of the call with NumPy arrays.
#include "xla_loss.hpp"

#include <math.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "binding.hpp"
#include "total.hpp"

namespace chainrule {
namespace {

constexpr double undefined = std::numeric_limits<double>::quiet_NaN();
constexpr double largest_double = std::numeric_limits<double>::max();

// A weight outside its domain undoes its row instead of being refused.
double checked_weight(double weight) {
    return weight >= 0.0 && weight <= largest_double ? weight : undefined;
}

std::vector<double> checked_weights(const double* weights, int64_t n) {
    std::vector<double> checked(static_cast<size_t>(n), 1.0);
    if (weights) {
        std::transform(weights, weights + n, checked.begin(), checked_weight);
    }
    return checked;
}

// Times the power of two that brings the largest into [1, 2); exact, and no mean changes.
void bring_near_one(std::vector<double>& weights) {
    double largest = 0.0;
    for (const double weight : weights) {
        largest = std::max(largest, weight);
    }
    if (largest > 0.0) {
        int exponent;
        frexp(largest, &exponent);
        for (double& weight : weights) {
            weight = ldexp(weight, 1 - exponent);
        }
    }
}

template <class Real>
struct Solver {
    const LossProblem<Real>& problem;
    const LossOptions& options;
    std::vector<double> row_weight;
    std::vector<double> class_weight;
    std::vector<double> losses;

    Solver(const LossProblem<Real>& given, const LossOptions& chosen)
        : problem(given), options(chosen), losses(static_cast<size_t>(given.n_rows)) {
        row_weight = checked_weights(problem.sample_weight, problem.n_rows);
        if (problem.sample_weight && options.reduction == LossReduction::mean) {
            bring_near_one(row_weight);
        }
        if (problem.indices && options.ignoring) {
            for (int64_t i = 0; i < problem.n_rows; ++i) {
                if (problem.indices[i] == options.ignore_index) {
                    row_weight[static_cast<size_t>(i)] = 0.0;
                }
            }
        }
        if (problem.class_weight) {
            class_weight = checked_weights(problem.class_weight, problem.n_classes);
        }
    }

    // c_i: the class weight of the unsmoothed target, its mean under a soft one.
    double class_mean(int64_t i) const {
        if (class_weight.empty()) {
            return 1.0;
        }
        const int64_t n = problem.n_classes;
        if (problem.indices) {
            const int64_t y = problem.indices[i];
            return y >= 0 && y < n ? class_weight[static_cast<size_t>(y)] : undefined;
        }
        double mass = 0.0;
        double weighted = 0.0;
        for (int64_t k = 0; k < n; ++k) {
            const double y = static_cast<double>(problem.targets[i * n + k]);
            mass += y;
            weighted += y * class_weight[static_cast<size_t>(k)];
        }
        return mass > 0.0 ? weighted / mass : 1.0;
    }

    double total_weight() {
        if (class_weight.empty()) {
            return fixed_order_total(row_weight.data(), problem.n_rows);
        }
        for (int64_t i = 0; i < problem.n_rows; ++i) {
            const double weight = row_weight[static_cast<size_t>(i)];
            losses[static_cast<size_t>(i)] = weight == 0.0 ? 0.0 : weight * class_mean(i);
        }
        return fixed_order_total(losses.data(), problem.n_rows);
    }

    // A class weight of 0 stays inside the target: a row that is NaN is NaN, as with the equal one-hot row.
    bool is_by_index() const {
        const auto positive = [](double weight) { return weight > 0.0; };
        return problem.indices && options.label_smoothing == 0.0 &&
               std::all_of(class_weight.begin(), class_weight.end(), positive);
    }

    void run_by_index(double scale) {
        for (int64_t i = 0; !class_weight.empty() && i < problem.n_rows; ++i) {
            double& weight = row_weight[static_cast<size_t>(i)];
            weight = weight == 0.0 ? 0.0 : weight * class_mean(i);
        }
        const IndexTask<Real> task{problem.logits,   problem.indices,   row_weight.data(),   losses.data(),
                                   problem.gradient, problem.n_classes, options.temperature, scale};
        const auto kernel = kernels_of<Real>().cross_entropy_index;
        share_rows(problem.n_rows, nanoseconds_of_row(row_bytes()), options.n_threads,
                   [&](int64_t first, int64_t last) { kernel(task, first, last); });
    }

    void run_by_probability(double scale) {
        const ProbabilityTask<Real> task{problem.logits,
                                         problem.targets,
                                         problem.indices,
                                         class_weight.empty() ? nullptr : class_weight.data(),
                                         row_weight.data(),
                                         losses.data(),
                                         problem.gradient,
                                         problem.n_classes,
                                         options.label_smoothing,
                                         options.temperature,
                                         scale};
        const auto kernel = kernels_of<Real>().cross_entropy_probability;
        share_rows(problem.n_rows, nanoseconds_of_row(3 * row_bytes()), options.n_threads,
                   [&](int64_t first, int64_t last) {
                       undo_bad_targets(first, last);
                       kernel(task, first, last);
                   });
    }

    // Rows with a negative, infinite or NaN target become NaN; their targets are about to be read anyway.
    void undo_bad_targets(int64_t first, int64_t last) {
        const int64_t n = problem.n_classes;
        for (int64_t i = first; problem.targets && i < last; ++i) {
            int bad = 0;
            for (int64_t k = 0; k < n; ++k) {
                const Real q = problem.targets[i * n + k];
                bad |= !(q >= 0 && q <= std::numeric_limits<Real>::max());
            }
            double& weight = row_weight[static_cast<size_t>(i)];
            weight = bad && weight != 0.0 ? undefined : weight;
        }
    }

    void deliver(double total_weight) {
        if (options.reduction == LossReduction::none) {
            std::transform(losses.begin(), losses.end(), problem.loss,
                           [](double loss) { return static_cast<Real>(loss); });
            return;
        }
        const double total = fixed_order_total(losses.data(), problem.n_rows);
        *problem.loss = static_cast<Real>(total_weight == 0.0 ? 0.0 : total / total_weight);
        if (total_weight == 0.0 && problem.gradient) {
            std::fill_n(problem.gradient, problem.n_rows * problem.n_classes, Real(0));
        }
    }

    int64_t row_bytes() const { return problem.n_classes * static_cast<int64_t>(sizeof(Real)); }
};

}  // namespace

template <class Real>
void solve_loss(const LossProblem<Real>& problem, const LossOptions& options) {
    Solver<Real> solver(problem, options);
    const double total_weight = options.reduction == LossReduction::mean ? solver.total_weight() : 1.0;
    const double scale = total_weight == 0.0 ? 0.0 : 1.0 / total_weight;
    if (solver.is_by_index()) {
        solver.run_by_index(scale);
    } else {
        solver.run_by_probability(scale);
    }
    solver.deliver(total_weight);
}

template void solve_loss(const LossProblem<float>& problem, const LossOptions& options);
template void solve_loss(const LossProblem<double>& problem, const LossOptions& options);

}  // namespace chainrule
