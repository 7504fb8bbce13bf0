// The module `_xla`: the kernels as handlers of XLA's foreign function interface, for jax.ffi.
//
// A handler runs on a thread of XLA and never takes the interpreter lock; the pool of `_native` does the
// rows. Its workers wait for nobody, so XLA's threads and ours cannot wait for each other.
#include <optional>

#include "binding.hpp"
#include "xla_buffers.hpp"
#include "xla_core.hpp"
#include "xla_handlers.hpp"
#include "xla_loss.hpp"

namespace chainrule {
namespace {

enum class SoftmaxKind : int64_t { softmax = 0, log_softmax = 1, logsumexp = 2 };

template <class Real>
auto softmax_kernel(SoftmaxKind kind) {
    const KernelsOf<Real>& table = kernels_of<Real>();
    switch (kind) {
        case SoftmaxKind::softmax:
            return table.softmax;
        case SoftmaxKind::log_softmax:
            return table.log_softmax;
        default:
            return table.logsumexp;
    }
}

ffi::Error softmax(ffi::AnyBuffer logits, ffi::Result<ffi::AnyBuffer> out, int64_t kind, int64_t n_threads) {
    return guarded(logits.element_type(), [&](auto real) {
        using Real = decltype(real);
        const Extents extents(logits, 1);
        const int64_t n = extents.last[0];
        const SoftmaxTask<Real> task{aligned_data<const Real>(logits), aligned_data<Real>(*out), n};
        const auto kernel = softmax_kernel<Real>(static_cast<SoftmaxKind>(kind));
        share_rows(extents.outer, nanoseconds_of_row(n * static_cast<int64_t>(sizeof(Real))),
                   static_cast<int>(n_threads),
                   [&](int64_t first, int64_t last) { kernel(task, first, last); });
    });
}

// Every buffer of a call has the axes of the batch first, then those of its problem.
template <class Real>
class LossBatch {
  public:
    LossBatch(const ffi::RemainingArgs& arguments, const ffi::RemainingRets& results, bool by_index,
              bool sample_weighted, bool class_weighted, bool with_class_unit)
        : arguments_(arguments), results_(results), extents_(argument(0), 2) {
        const size_t class_position = sample_weighted ? 3 : 2;
        logits_ = aligned_data<const Real>(argument(0));
        if (by_index) {
            indices_.emplace(argument(1));
        } else {
            targets_ = aligned_data<const Real>(argument(1));
        }
        if (sample_weighted) {
            sample_weight_.emplace(argument(2));
        }
        if (class_weighted) {
            class_weight_.emplace(argument(class_position));
        }
        if (with_class_unit) {
            class_unit_.emplace(argument(class_position + 1));
        }
        loss_ = aligned_data<Real>(result(0));
        gradient_ = results_.size() > 1 ? aligned_data<Real>(result(1)) : nullptr;
    }

    void solve(const LossOptions& options) const {
        const int64_t n_rows = extents_.last[0];
        const int64_t n = extents_.last[1];
        const int64_t n_losses = options.reduction == LossReduction::none ? n_rows : 1;
        for (int64_t b = 0; b < extents_.outer; ++b) {
            const int64_t row = b * n_rows;
            solve_loss<Real>({logits_ + row * n, indices_ ? indices_->data() + row : nullptr,
                              targets_ ? targets_ + row * n : nullptr,
                              sample_weight_ ? sample_weight_->data() + row : nullptr,
                              class_weight_ ? class_weight_->data() + b * n : nullptr,
                              class_unit_ ? class_unit_->data()[b] : 1.0, loss_ + b * n_losses,
                              gradient_ ? gradient_ + row * n : nullptr, n_rows, n},
                             options);
        }
    }

  private:
    ffi::AnyBuffer argument(size_t i) const { return arguments_.get<ffi::AnyBuffer>(i).value(); }
    ffi::AnyBuffer result(size_t i) const { return *results_.get<ffi::AnyBuffer>(i).value(); }

    const ffi::RemainingArgs& arguments_;
    const ffi::RemainingRets& results_;
    Extents extents_;
    const Real* logits_ = nullptr;
    const Real* targets_ = nullptr;
    std::optional<Widened<int64_t>> indices_;
    std::optional<Widened<double>> sample_weight_;
    std::optional<Widened<double>> class_weight_;
    std::optional<Widened<double>> class_unit_;
    Real* loss_ = nullptr;
    Real* gradient_ = nullptr;
};

ffi::Error cross_entropy(ffi::RemainingArgs arguments, ffi::RemainingRets results, int64_t reduction,
                         double label_smoothing, double temperature, bool ignoring, int64_t ignore_index,
                         bool by_index, bool sample_weighted, bool class_weighted, bool with_class_unit,
                         int64_t n_threads) {
    const auto logits = arguments.get<ffi::AnyBuffer>(0);
    if (!logits.has_value()) {
        return ffi::Error::InvalidArgument("logits are missing");
    }
    const LossOptions options{static_cast<LossReduction>(reduction),
                              label_smoothing,
                              temperature,
                              ignoring,
                              ignore_index,
                              static_cast<int>(n_threads)};
    return guarded(logits->element_type(), [&](auto real) {
        LossBatch<decltype(real)>(arguments, results, by_index, sample_weighted, class_weighted,
                                  with_class_unit)
            .solve(options);
    });
}

// Rows of weight 0 become 0; without weights all have 1.
ffi::Error softmax_jacobian(ffi::RemainingArgs arguments, ffi::Result<ffi::AnyBuffer> out, double temperature,
                            bool weighted, int64_t n_threads) {
    const auto logits = arguments.get<ffi::AnyBuffer>(0);
    const auto direction = arguments.get<ffi::AnyBuffer>(1);
    if (!logits.has_value() || !direction.has_value()) {
        return ffi::Error::InvalidArgument("logits or their direction are missing");
    }
    return guarded(logits->element_type(), [&](auto real) {
        using Real = decltype(real);
        const Extents extents(*logits, 1);
        const int64_t n = extents.last[0];
        std::optional<Widened<double>> weight;
        if (weighted) {
            weight.emplace(arguments.get<ffi::AnyBuffer>(2).value());
        }
        const JacobianTask<Real> task{aligned_data<const Real>(*logits),
                                      aligned_data<const Real>(*direction),
                                      weight ? weight->data() : nullptr,
                                      aligned_data<Real>(*out),
                                      n,
                                      temperature,
                                      1.0};
        const auto kernel = kernels_of<Real>().softmax_jacobian;
        share_rows(extents.outer, nanoseconds_of_row(3 * n * static_cast<int64_t>(sizeof(Real))),
                   static_cast<int>(n_threads),
                   [&](int64_t first, int64_t last) { kernel(task, first, last); });
    });
}

XLA_FFI_DEFINE_HANDLER(softmax_jacobian_handler, softmax_jacobian,
                       ffi::Ffi::Bind()
                           .RemainingArgs()
                           .Ret<ffi::AnyBuffer>()
                           .Attr<double>("temperature")
                           .Attr<bool>("weighted")
                           .Attr<int64_t>("n_threads"));

XLA_FFI_DEFINE_HANDLER(
    softmax_handler, softmax,
    ffi::Ffi::Bind().Arg<ffi::AnyBuffer>().Ret<ffi::AnyBuffer>().Attr<int64_t>("kind").Attr<int64_t>(
        "n_threads"));

XLA_FFI_DEFINE_HANDLER(cross_entropy_handler, cross_entropy,
                       ffi::Ffi::Bind()
                           .RemainingArgs()
                           .RemainingRets()
                           .Attr<int64_t>("reduction")
                           .Attr<double>("label_smoothing")
                           .Attr<double>("temperature")
                           .Attr<bool>("ignoring")
                           .Attr<int64_t>("ignore_index")
                           .Attr<bool>("by_index")
                           .Attr<bool>("sample_weighted")
                           .Attr<bool>("class_weighted")
                           .Attr<bool>("with_class_unit")
                           .Attr<int64_t>("n_threads"));

nb::capsule capsule_of(XLA_FFI_Handler* handler) { return nb::capsule(reinterpret_cast<void*>(handler)); }

}  // namespace
}  // namespace chainrule

NB_MODULE(_xla, m) {
    using namespace chainrule;
    const nb::object table = nb::module_::import_("chainrule.kernels._native").attr("core_table")();
    if (!use_core(static_cast<const CoreTable*>(nb::cast<nb::capsule>(table).data(core_table_name)))) {
        throw nb::import_error("chainrule.kernels._xla and _native come from different builds; reinstall");
    }
    m.def("handlers", [] {
        nb::dict handlers;
        handlers["chainrule_softmax"] = capsule_of(softmax_handler);
        handlers["chainrule_cross_entropy"] = capsule_of(cross_entropy_handler);
        handlers["chainrule_softmax_jacobian"] = capsule_of(softmax_jacobian_handler);
        handlers["chainrule_linear_cross_entropy"] = capsule_of(linear_cross_entropy_handler());
        return handlers;
    });
}
