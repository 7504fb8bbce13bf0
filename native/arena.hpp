// One piece of memory for all that a training keeps, zeros in the beginning.
//
// Weights and moments of a layer fill some hundred small pages, more than the processor keeps the addresses
// of: a step took a sixth longer. So the whole lies on large pages where the system has them.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <algorithm>
#include <memory>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace chainrule {

// Elements that begin at a cache line of their own; the arena owns them.
template <class Real>
class Zeros {
  public:
    Zeros() = default;
    explicit Zeros(Real* data) : data_(data) {}
    Real* data() const { return data_; }

  private:
    Real* data_ = nullptr;
};

// Filled twice with the same requests: first they are added up, and after allocate() they are met.
class Arena {
  public:
    template <class Real>
    Zeros<Real> take(int64_t count) {
        char* const place = begin_ ? begin_ + used_ : nullptr;
        used_ += round_up(std::max<size_t>(static_cast<size_t>(count), 1) * sizeof(Real), alignment);
        return Zeros<Real>(reinterpret_cast<Real*>(place));
    }

    void allocate() {
        const size_t bytes = used_;
        const size_t unit = bytes < large_page ? alignment : large_page;
        memory_.reset(static_cast<char*>(calloc(bytes + 2 * unit, 1)));
        if (!memory_) {
            throw std::bad_alloc();
        }
        begin_ = memory_.get() + (unit - reinterpret_cast<uintptr_t>(memory_.get()) % unit);
#if defined(__linux__)
        if (unit == large_page) {
            madvise(begin_, round_up(bytes, large_page), MADV_HUGEPAGE);  // no harm where it is refused
        }
#endif
        used_ = 0;
    }

  private:
    static constexpr size_t alignment = 128;
    static constexpr size_t large_page = size_t{1} << 21;
    static size_t round_up(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }
    struct Free {
        void operator()(char* memory) const { free(memory); }
    };

    std::unique_ptr<char, Free> memory_;
    char* begin_ = nullptr;
    size_t used_ = 0;
};

}  // namespace chainrule
