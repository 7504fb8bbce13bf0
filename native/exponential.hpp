// exp(x) for x <= 0 in units of 2^-32 (float32) or 2^-64 (float64): at most 2 ulp in float32 and 1 ulp in
// float64.
//
// A term of a sum may lie below the normal numbers when the sum does not. In these small units every term
// that can matter is a normal number: nothing is dropped, and no subnormal number, which is slow, arises
// before the result. Smaller terms than that, and -inf, give 0; NaN gives NaN.
//
// x = n log 2 + r with |r| <= log(2) / 2, log 2 in two constants (Cody and Waite), and exp(r) = 1 + r + r^2
// q(r) with q interpolated at the Chebyshev nodes: relative error 0.18 u (float32) and 0.15 u (float64)
// before rounding.
#pragma once

#include "vector.hpp"

namespace chainrule::CHAINRULE_NAMESPACE {

template <class Real>
struct ExponentialConstants;

template <>
struct ExponentialConstants<float> {
    static constexpr int unit_exponent = -32;
    static constexpr float unit = 0x1p-32F;
    static constexpr float lowest = -109.5F;  // 2^32 exp of it is a normal number
    static constexpr float per_log2 = 0x1.715476p+0F;
    // Adding it rounds to an integer and leaves n, plus the bias of the exponent, in the low bits.
    static constexpr float shift = 0x1.8p+23F + 127 - unit_exponent;
    static constexpr float log2_high = 0x1.62e4p-1F;  // 14 bits: n * log2_high is exact, fused or not
    static constexpr float log2_low = 0x1.7f7d1cp-20F;
    static constexpr float q[] = {0x1.6d110ap-10F, 0x1.120b6ep-7F, 0x1.55551ap-5F, 0x1.5554dcp-3F, 0x1p-1F};
};

template <>
struct ExponentialConstants<double> {
    static constexpr int unit_exponent = -64;
    static constexpr double unit = 0x1p-64;
    static constexpr double lowest = -752.7;
    static constexpr double per_log2 = 0x1.71547652b82fep+0;
    static constexpr double shift = 0x1.8p+52 + 1023 - unit_exponent;
    static constexpr double log2_high = 0x1.62e42fefa2p-1;  // 40 bits
    static constexpr double log2_low = 0x1.9ef35793c7673p-41;
    static constexpr double q[] = {0x1.af38a9b0ec855p-26, 0x1.289185613a3d6p-22, 0x1.71de0dae63bb3p-19,
                                   0x1.a019b90d2ae7ap-16, 0x1.a01a01a7c41d5p-13, 0x1.6c16c1788bd90p-10,
                                   0x1.11111111109b3p-7,  0x1.5555555553d63p-5,  0x1.5555555555556p-3,
                                   0x1.0000000000001p-1};
};

// 1 + r + r^2 q.
CHAINRULE_INLINE Float32 one_plus(Float32 r, Float32 q) {
    const Float32 one = Float32::all(1.0F);
    return multiply_add(multiply_add(q, r, one), r, one);
}
// In float64 the rounding of 1 + r is put back, or the worst case would pass 1 ulp.
CHAINRULE_INLINE Float64 one_plus(Float64 r, Float64 q) {
    const Float64 one = Float64::all(1.0);
    const Float64 sum = one + r;
    return sum + multiply_add(r * r, q, r - (sum - one));
}

template <class V, class Real>
CHAINRULE_INLINE V exponential_in_units(V x) {
    using Constants = ExponentialConstants<Real>;
    const V lowest = V::all(Constants::lowest);
    const V shift = V::all(Constants::shift);
    const V clamped = maximum(lowest, x);  // NaN stays NaN
    const V shifted = multiply_add(clamped, V::all(Constants::per_log2), shift);
    const V n = shifted - shift;
    V r = multiply_add(n, V::all(-Constants::log2_high), clamped);
    r = multiply_add(n, V::all(-Constants::log2_low), r);
    V q = V::all(Constants::q[0]);
#pragma GCC unroll 16
    for (unsigned i = 1; i < sizeof(Constants::q) / sizeof(Real); ++i) {
        q = multiply_add(q, r, V::all(Constants::q[i]));
    }
    return product_where(not_less(x, lowest), one_plus(r, q), two_to(shifted));
}

CHAINRULE_INLINE Float32 exponential(Float32 x) { return exponential_in_units<Float32, float>(x); }
CHAINRULE_INLINE Float64 exponential(Float64 x) { return exponential_in_units<Float64, double>(x); }

// What the results of exponential() have to be multiplied by.
template <class Real>
inline constexpr Real exponential_unit = ExponentialConstants<Real>::unit;

}  // namespace chainrule::CHAINRULE_NAMESPACE
