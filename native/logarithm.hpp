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
CHAINRULE_INLINE Number log1p_from_parts(Number f, Number w, Number k, Number lost) {
    const auto all = everywhere<Number>;
    const Number log2_high = all(0x1.62e42fee00000p-1);
    const Number log2_low = all(0x1.a39ef35793c76p-33);
    const Number z = w * w;
    Number series = all(0.0);
#pragma GCC unroll 16
    for (int i = 10; i >= 1; --i) {
        series = (all(2.0 / (2 * i + 1)) + series) * z;
    }
    const Number half_square = all(0.5) * f * f;
    return k * log2_high + (f - (half_square - (w * (half_square + series) + (k * log2_low + lost))));
}

template <class Number>
CHAINRULE_INLINE Number log1p_nonnegative(Number x) {
    const auto all = everywhere<Number>;
    const Number one = all(1.0);
    const Number sum = one + x;
    const Number lost = select(less(x, one), x - (sum - one), one - (sum - x)) / sum;
    Number k;
    const Number f = mantissa_and_exponent(sum, k) - one;
    const Number result = log1p_from_parts(f, f / (all(2.0) + f), k, lost);
    return select(less(x, all(__builtin_inf())), result, x);  // NaN, or infinity
}

// 1 / a within a few units of the dtype `Real`, which may be coarser than the float64 it is held in: division
// in float64 takes three times as long as in float32 with a step of Newton's after it. 1 <= a <= 2^127, or
// NaN.
template <class Real>
CHAINRULE_INLINE Float64 reciprocal(Float64 a) {
    const Float64 one = Float64::all(1.0);
    if constexpr (sizeof(Real) == sizeof(double)) {
        return one / a;
    } else {
        const Float64 rough = rough_reciprocal(a);
        const Float64 negative = Float64::all(0.0) - rough;
        return multiply_add(rough, multiply_add(negative, a, one), rough);
    }
}

// log(1 + x) for 0 <= x <= 2^127 or NaN, where 1 / (1 + x) is known: within 1 ulp for float64, within 2^-33
// of itself for float32. The same series as above; `lost / (1 + x)` is a product here.
template <class Real>
CHAINRULE_INLINE Float64 log1p_with_reciprocal(Float64 x, Float64 inverse) {
    const auto all = everywhere<Float64>;
    const Float64 one = all(1.0);
    const Float64 sum = one + x;
    const Float64 lost = select(less(x, one), x - (sum - one), one - (sum - x)) * inverse;
    Float64 k;
    const Float64 f = mantissa_and_exponent(sum, k) - one;
    if constexpr (sizeof(Real) == sizeof(double)) {
        const Float64 w = f / (all(2.0) + f);
        return log1p_from_parts(f, w, k, lost);
    } else {
        const Float64 w = f * reciprocal<Real>(all(2.0) + f);
        const Float64 z = w * w;
        Float64 series = all(2.0 / 11.0);
#pragma GCC unroll 8
        for (int i = 4; i >= 0; --i) {
            series = multiply_add(series, z, all(2.0 / (2 * i + 1)));
        }
        return multiply_add(k, all(0x1.62e42fefa39efp-1), multiply_add(w, series, lost));
    }
}

}  // namespace chainrule::CHAINRULE_NAMESPACE
