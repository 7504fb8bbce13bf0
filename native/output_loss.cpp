// Row kernels of the sigmoid head (BCE.1), (BCE.2) and of the identity head (SE.1), (SE.2), in float64 for
// both dtypes; the loss of a row is summed by lanes and then as a tree.
#include "elementwise.hpp"
#include "kernels.hpp"
#include "logarithm.hpp"

namespace chainrule::CHAINRULE_NAMESPACE {
namespace {

constexpr double lowest_logit = -__builtin_inf();  // with the target 0 it adds nothing to the loss of a row

struct BinaryCrossEntropy {
    static constexpr double fill = lowest_logit;
    CHAINRULE_INLINE Float64 loss(Float64 z, Float64 y) const {
        const Float64 zero = Float64::all(0.0);
        const Float64 one = Float64::all(1.0);
        const Float64 tail = log1p_nonnegative(exponential_below(zero - absolute(z)));
        const Float64 nothing = zero * tail;
        const Float64 no = select(equal(y, zero), nothing, y * (maximum(zero, zero - z) + tail));
        const Float64 yes = select(equal(y, one), nothing, (one - y) * (maximum(zero, z) + tail));
        return no + yes;
    }
    CHAINRULE_INLINE Float64 derivative(Float64 z, Float64 y) const {
        Float64 other;
        const Float64 value = sigmoid_of(z, other);
        return (Float64::all(1.0) - y) * value - y * other;
    }
};

struct SquaredError {
    static constexpr double fill = 0.0;
    CHAINRULE_INLINE Float64 loss(Float64 o, Float64 y) const {
        const Float64 d = o - y;
        return Float64::all(0.5) * d * d;
    }
    CHAINRULE_INLINE Float64 derivative(Float64 o, Float64 y) const { return o - y; }
};

template <class Real, class Loss>
CHAINRULE_INLINE void output_rows(const OutputTask<Real>& task, int64_t first, int64_t last, Loss loss) {
    for (int64_t i = first; i < last; ++i) {
        Real* const values = task.values + i * task.n_outputs;
        const Real* const targets = task.targets + i * task.n_outputs;
        const double weight = task.row_weight ? task.row_weight[i] : 1.0;
        const Float64 factor = Float64::all(weight * task.gradient_scale);
        Float64 sum = Float64::all(0.0);
        sweep<Float64::lanes>(task.n_outputs, [&](int64_t k, auto extent) {
            const Float64 z = load_float64(values + k, extent, Loss::fill);
            const Float64 y = load_float64(targets + k, extent, 0.0);
            sum = sum + loss.loss(z, y);
            const Float64 d = loss.derivative(z, y) * factor;
            store(values + k, weight == 0.0 ? Float64::all(0.0) : d, extent);
        });
        task.losses[i] = weight == 0.0 ? 0.0 : weight * sum_of_lanes(sum);
    }
}

template <class Real>
void output_loss(const OutputTask<Real>& task, int64_t first, int64_t last) {
    if (task.kind == OutputKind::sigmoid) {
        output_rows(task, first, last, BinaryCrossEntropy{});
    } else {
        output_rows(task, first, last, SquaredError{});
    }
}

}  // namespace

void add_output_loss(Kernels& kernels) {
    kernels.float32.output_loss = output_loss<float>;
    kernels.float64.output_loss = output_loss<double>;
}

}  // namespace chainrule::CHAINRULE_NAMESPACE
