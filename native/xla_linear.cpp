// The linear head as a handler: losses of rows and the gradients asked for; logits never exist as a whole.
#include <algorithm>
#include <memory>

#include "instruction_set.hpp"
#include "linear_cross_entropy.hpp"
#include "xla_buffers.hpp"
#include "xla_handlers.hpp"

namespace chainrule {

int thread_count(int requested);

namespace {

// Which buffers a call holds, in their order; features, weight and targets, as well as losses, are always
// there.
struct LinearOptions {
    bool biased;
    bool by_index;
    bool class_weighted;
    bool by_features;
    bool by_weight;
    bool by_bias;
    double label_smoothing;
    double temperature;
    int64_t n_threads;
};

template <class Real>
void solve(const ffi::RemainingArgs& arguments, const ffi::RemainingRets& results,
           const LinearOptions& options) {
    size_t next_argument = 0;
    size_t next_result = 0;
    const auto argument = [&] { return arguments.get<ffi::AnyBuffer>(next_argument++).value(); };
    const auto result = [&] { return *results.get<ffi::AnyBuffer>(next_result++).value(); };
    LinearHead<Real> head{};
    const ffi::AnyBuffer features = argument();
    const ffi::AnyBuffer weight = argument();
    head.features = aligned_data<const Real>(features);
    head.weight = aligned_data<const Real>(weight);
    head.n_rows = features.dimensions()[0];
    head.n_features = features.dimensions()[1];
    head.n_classes = weight.dimensions()[0];
    head.bias = options.biased ? aligned_data<const Real>(argument()) : nullptr;
    std::optional<Widened<int64_t>> indices;
    if (options.by_index) {
        indices.emplace(argument());
        head.targets = indices->data();
    } else {
        head.probabilities = aligned_data<const Real>(argument());
    }
    const Widened<double> row_weight(argument());
    head.row_weight = row_weight.data();
    std::optional<Widened<double>> class_weight;
    if (options.class_weighted) {
        class_weight.emplace(argument());
        head.class_weight = class_weight->data();
    }
    head.label_smoothing = options.label_smoothing;
    head.temperature = options.temperature;
    head.gradient_scale = 1.0;
    head.folded = options.by_index && !options.class_weighted && options.label_smoothing == 0.0;
    const ffi::AnyBuffer given_losses = result();
    LinearGradients<Real> gradients{};
    gradients.features = options.by_features ? aligned_data<Real>(result()) : nullptr;
    gradients.weight = options.by_weight ? aligned_data<Real>(result()) : nullptr;
    gradients.bias = options.by_bias ? aligned_data<Real>(result()) : nullptr;
    const std::unique_ptr<double[]> losses(new double[static_cast<size_t>(head.n_rows)]);
    linear_cross_entropy(head, gradients, losses.get(), thread_count(static_cast<int>(options.n_threads)));
    std::transform(losses.get(), losses.get() + head.n_rows, aligned_data<Real>(given_losses),
                   [](double loss) { return static_cast<Real>(loss); });
}

ffi::Error linear(ffi::RemainingArgs arguments, ffi::RemainingRets results, bool biased, bool by_index,
                  bool class_weighted, bool by_features, bool by_weight, bool by_bias, double label_smoothing,
                  double temperature, int64_t n_threads) {
    const auto features = arguments.get<ffi::AnyBuffer>(0);
    if (!features.has_value()) {
        return ffi::Error::InvalidArgument("features are missing");
    }
    const LinearOptions options{biased,  by_index,        class_weighted, by_features, by_weight,
                                by_bias, label_smoothing, temperature,    n_threads};
    return guarded(features->element_type(),
                   [&](auto real) { solve<decltype(real)>(arguments, results, options); });
}

XLA_FFI_DEFINE_HANDLER(handler, linear,
                       ffi::Ffi::Bind()
                           .RemainingArgs()
                           .RemainingRets()
                           .Attr<bool>("biased")
                           .Attr<bool>("by_index")
                           .Attr<bool>("class_weighted")
                           .Attr<bool>("by_features")
                           .Attr<bool>("by_weight")
                           .Attr<bool>("by_bias")
                           .Attr<double>("label_smoothing")
                           .Attr<double>("temperature")
                           .Attr<int64_t>("n_threads"));

}  // namespace

XLA_FFI_Handler* linear_cross_entropy_handler() { return handler; }

}  // namespace chainrule
