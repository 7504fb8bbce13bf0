// log(1 + x) for x >= 0 in float64, within 1 ulp, from basic operations alone: the same bits with every C
// library, and for one number as for a lane of a vector.
#pragma once

#include <stdint.h>

#include "vector.hpp"

namespace chainrule::CHAINRULE_NAMESPACE {

// The operations of a vector that are no operators, for one number.
CHAINRULE_INLINE bool less(double a, double b) { return a < b; }
CHAINRULE_INLINE double select(bool condition, double a, double b) { return condition ? a : b; }
CHAINRULE_INLINE double mantissa_and_exponent(double a, double& k) {
    int64_t bits;
    __builtin_memcpy(&bits, &a, sizeof bits);
    const int64_t offset = bits - bits_of_sqrt_half;
    k = static_cast<double>(offset >> 52);
    bits = (offset & mantissa_bits) + bits_of_sqrt_half;
    double mantissa;
    __builtin_memcpy(&mantissa, &bits, sizeof mantissa);
    return mantissa;
}
template <class Number>
CHAINRULE_INLINE Number everywhere(double x) {
    return Number::all(x);
}
template <>
CHAINRULE_INLINE double everywhere<double>(double x) {
    return x;
}

// With 1 + x = 2^k (1 + f), w = f / (2 + f):  log(1 + f) = 2 artanh(w) = f - f^2/2 + w (f^2/2 + R),
// R = 2 (w^2/3 + w^4/5 + ...).  `lost` is what rounding 1 + x dropped; it counts as lost / (1 + x).
template <class Number>
CHAINRULE_INLINE Number log1p_nonnegative(Number x) {
    const auto all = everywhere<Number>;
    const Number log2_high = all(0x1.62e42fee00000p-1);
    const Number log2_low = all(0x1.a39ef35793c76p-33);
    const Number one = all(1.0);
    const Number sum = one + x;
    const Number lost = select(less(x, one), x - (sum - one), one - (sum - x)) / sum;
    Number k;
    const Number f = mantissa_and_exponent(sum, k) - one;
    const Number w = f / (all(2.0) + f);
    const Number z = w * w;
    Number series = all(0.0);
#pragma GCC unroll 16
    for (int i = 10; i >= 1; --i) {
        series = (all(2.0 / (2 * i + 1)) + series) * z;
    }
    const Number half_square = all(0.5) * f * f;
    const Number result =
        k * log2_high + (f - (half_square - (w * (half_square + series) + (k * log2_low + lost))));
    return select(less(x, all(__builtin_inf())), result, x);  // NaN, or infinity
}

}  // namespace chainrule::CHAINRULE_NAMESPACE
