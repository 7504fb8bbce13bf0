// The module `_xla`: the kernels as handlers of XLA's foreign function interface, for jax.ffi.
//
// A handler runs on a thread of XLA and never takes the interpreter lock; the pool of `_native` does the
// rows. Its workers wait for nobody, so XLA's threads and ours cannot wait for each other.
#include <cfenv>
#include <exception>
#include <optional>
#include <string>
#include <vector>

#include "binding.hpp"
#include "xla/ffi/api/ffi.h"
#include "xla_core.hpp"
#include "xla_loss.hpp"

namespace ffi = xla::ffi;

namespace chainrule {
namespace {

// XLA flushes subnormal numbers to zero on its threads; the kernels give the bits of a call from Python.
class DefaultFloatingPoint {
  public:
    DefaultFloatingPoint() {
        std::fegetenv(&before_);
        std::fesetenv(FE_DFL_ENV);
    }
    DefaultFloatingPoint(const DefaultFloatingPoint&) = delete;
    DefaultFloatingPoint& operator=(const DefaultFloatingPoint&) = delete;
    ~DefaultFloatingPoint() { std::fesetenv(&before_); }

  private:
    std::fenv_t before_;
};

struct Refused : std::exception {
    explicit Refused(std::string text) : message(std::move(text)) {}
    const char* what() const noexcept override { return message.c_str(); }
    std::string message;
};

template <class Value>
Value* aligned_data(const ffi::AnyBuffer& buffer) {
    void* const data = buffer.untyped_data();
    if (reinterpret_cast<uintptr_t>(data) % alignof(Value) != 0) {
        throw Refused("a buffer is not aligned to its numbers");
    }
    return static_cast<Value*>(data);
}

// The last extents of a buffer, and the product of those before them.
struct Extents {
    int64_t outer = 1;
    std::vector<int64_t> last;

    Extents(const ffi::AnyBuffer& buffer, size_t n_last) {
        const auto dimensions = buffer.dimensions();
        if (dimensions.size() < n_last) {
            throw Refused("a buffer has too few axes");
        }
        const size_t n_outer = dimensions.size() - n_last;
        for (size_t i = 0; i < n_outer; ++i) {
            outer *= dimensions[i];
        }
        last.assign(dimensions.begin() + static_cast<int64_t>(n_outer), dimensions.end());
    }
};

// All numbers of a buffer as Wide, copied if it holds others.
template <class Wide>
class Widened {
  public:
    explicit Widened(const ffi::AnyBuffer& buffer) {
        switch (buffer.element_type()) {
            case ffi::F32:
                copy<float>(buffer);
                break;
            case ffi::S32:
                copy<int32_t>(buffer);
                break;
            default:
                data_ = aligned_data<Wide>(buffer);
        }
    }
    const Wide* data() const { return data_; }

  private:
    template <class Narrow>
    void copy(const ffi::AnyBuffer& buffer) {
        const Narrow* const values = aligned_data<Narrow>(buffer);
        own_.assign(values, values + buffer.element_count());
        data_ = own_.data();
    }
    std::vector<Wide> own_;
    const Wide* data_ = nullptr;
};

template <class Use>
ffi::Error guarded(ffi::DataType dtype, Use use) {
    try {
        const DefaultFloatingPoint modes;
        if (dtype == ffi::F32) {
            use(float{});
        } else if (dtype == ffi::F64) {
            use(double{});
        } else {
            throw Refused("logits are float32 or float64");
        }
        return ffi::Error::Success();
    } catch (const Refused& refused) {
        return ffi::Error::InvalidArgument(refused.message);
    } catch (const std::exception& error) {
        return ffi::Error::Internal(error.what());
    }
}

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
              bool sample_weighted, bool class_weighted)
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
                              class_weight_ ? class_weight_->data() + b * n : nullptr, loss_ + b * n_losses,
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
    Real* loss_ = nullptr;
    Real* gradient_ = nullptr;
};

ffi::Error cross_entropy(ffi::RemainingArgs arguments, ffi::RemainingRets results, int64_t reduction,
                         double label_smoothing, double temperature, bool ignoring, int64_t ignore_index,
                         bool by_index, bool sample_weighted, bool class_weighted, int64_t n_threads) {
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
        LossBatch<decltype(real)>(arguments, results, by_index, sample_weighted, class_weighted)
            .solve(options);
    });
}

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
        return handlers;
    });
}
