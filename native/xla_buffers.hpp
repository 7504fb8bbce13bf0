// What the handlers share: buffers of XLA as arrays, its floating-point modes set aside, errors handed back.
#pragma once

#include <stdint.h>

#include <cfenv>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "xla/ffi/api/ffi.h"

namespace chainrule {

namespace ffi = xla::ffi;

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

}  // namespace chainrule
