// Subnormal numbers count as zero while an object of this kind lives, on this thread and those it gives work
// to.
#pragma once

#include <stdint.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace chainrule {

class SubnormalsAreZero {
  public:
    SubnormalsAreZero() : before_(modes()) { set_modes(before_ | flush); }
    ~SubnormalsAreZero() { set_modes(before_); }
    SubnormalsAreZero(const SubnormalsAreZero&) = delete;
    SubnormalsAreZero& operator=(const SubnormalsAreZero&) = delete;

  private:
#if defined(__x86_64__)
    static constexpr uint64_t flush = 0x8040;  // results, operands
    static uint64_t modes() { return _mm_getcsr(); }
    static void set_modes(uint64_t word) { _mm_setcsr(static_cast<unsigned>(word)); }
#elif defined(__aarch64__)
    static constexpr uint64_t flush = uint64_t{1} << 24;
    static uint64_t modes() {
        uint64_t word;
        __asm__ volatile("mrs %0, fpcr" : "=r"(word));
        return word;
    }
    static void set_modes(uint64_t word) { __asm__ volatile("msr fpcr, %0" : : "r"(word)); }
#else
    static constexpr uint64_t flush = 0;
    static uint64_t modes() { return 0; }
    static void set_modes(uint64_t) {}
#endif

    uint64_t before_;
};

}  // namespace chainrule
