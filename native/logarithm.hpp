// log(1 + x) for x >= 0 in float64, within 1 ulp, from basic operations alone: the same bits with every C
// library.
#pragma once

#include <stdint.h>

#include "vector.hpp"

namespace chainrule::CHAINRULE_NAMESPACE {

// With 1 + x = 2^k (1 + f), w = f / (2 + f):  log(1 + f) = 2 artanh(w) = f - f^2/2 + w (f^2/2 + R),
// R = 2 (w^2/3 + w^4/5 + ...).  `lost` is what rounding 1 + x dropped; it counts as lost / (1 + x).
CHAINRULE_INLINE double log1p_nonnegative(double x) {
    constexpr double log2_high = 0x1.62e42fee00000p-1;
    constexpr double log2_low = 0x1.a39ef35793c76p-33;
    if (!(x < __builtin_inf())) {
        return x;  // NaN, or infinity
    }
    const double sum = 1.0 + x;
    const double lost = (x < 1.0 ? x - (sum - 1.0) : 1.0 - (sum - x)) / sum;
    uint64_t bits;
    __builtin_memcpy(&bits, &sum, sizeof bits);
    // Exponents are counted from sqrt(1/2), so that 1 + f lies between sqrt(1/2) and sqrt(2).
    const uint64_t offset = bits - 0x3fe6a09e667f3bcdULL;
    const double k = static_cast<double>(static_cast<int64_t>(offset) >> 52);
    const uint64_t mantissa = (offset & 0x000fffffffffffffULL) + 0x3fe6a09e667f3bcdULL;
    double f;
    __builtin_memcpy(&f, &mantissa, sizeof f);
    f -= 1.0;
    const double w = f / (2.0 + f);
    const double z = w * w;
    double series = 0.0;
#pragma GCC unroll 16
    for (int i = 10; i >= 1; --i) {
        series = (2.0 / (2 * i + 1) + series) * z;
    }
    const double half_square = 0.5 * f * f;
    return k * log2_high + (f - (half_square - (w * (half_square + series) + (k * log2_low + lost))));
}

}  // namespace chainrule::CHAINRULE_NAMESPACE
