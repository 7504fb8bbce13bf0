// Virtual vectors: 16 float32 lanes or 8 float64 lanes, on every instruction set.
//
// A kernel is written once against the operations below and compiled once per instruction set. Each operation
// rounds as IEEE 754 says and each is the same everywhere, so every instruction set with a fused multiply-add
// (AVX-512, AVX2, ARM) gives the same bits. The backends live in namespaces of their own: the same templates
// are compiled with different flags, and the linker must never merge them.
//
//     Float32::all(x), Float64::all(x)                x in every lane
//     a + b, a - b, a * b, multiply_add(a, b, c)      c + a b, rounded once
//     fused_multiply_add(a, b, c)                     the same without such hardware too, but slow there
//     maximum(a, b), minimum(a, b)                    a if a > b (a < b), else b: an unordered pair gives b
//     equal(a, b), less(a, b), select(mask, a, b)     a where mask, else b; an unordered pair is neither
//     count(mask)                                     number of lanes that are set
//     not_less(a, b), product_where(mask, a, b)       unordered pairs too; a b where mask, else 0
//     a / b, square_root(a)                           correctly rounded
//     rough_reciprocal(a)                             1 / a in float32, as Float64; a fits float32
//     reciprocal_guess(a), root_guess(a)              -1 / a to 6 %, 1 / sqrt(a) to 4 %, of Float32 > 0, by
//     bits two_to(shifted)                                 2^n from n + bias + 1.5 * 2^(mantissa bits)
//     mantissa_and_exponent(a, k)                     a = mantissa 2^k >= 1, mantissa^2 from 1/2 to 2
//     lower(a), upper(a), join(low, high)             Float64 halves of a Float32, and back, rounded
//     exchange<distance>(a)                           lane i gets lane i xor distance, distance 4, 2 or 1
//     load(p, Whole{}, fill), load(p, Part{n}, fill)  the first n lanes from memory, the others are `fill`
//     load_float64(p, ...)                            the same, 8 lanes of float32 or float64 as float64
//     store(p, a, Whole{}), store(p, a, Part{n})      only the first n lanes; Float64 to float32 rounds
//     load_runs(p, stride, run)                       lane i of run[c] is p[i * stride + c], 16 bytes each
//     store_runs(p, stride, run)                      the reverse
//     store_past_cache(p, a)                          to memory; p is a multiple of 64 bytes
//     finish_stores()                                 after the last of those, before others read
//     transpose(rows)                                 lane j of row i and lane i of row j change places
#pragma once

#include <stdint.h>

#ifndef CHAINRULE_NAMESPACE
#define CHAINRULE_NAMESPACE generic
#endif

namespace chainrule::CHAINRULE_NAMESPACE {

// A whole vector of elements, and the first `count` elements of one, 0 < count < lanes.
struct Whole {};
struct Part {
    int count;
};

}  // namespace chainrule::CHAINRULE_NAMESPACE

#define CHAINRULE_INLINE inline __attribute__((always_inline))
#define CHAINRULE_INLINE_LAMBDA __attribute__((always_inline))

namespace chainrule::CHAINRULE_NAMESPACE {

// Rows are read and written across lanes 16 bytes at a time.
template <class Real>
inline constexpr int elements_to_a_run = 16 / sizeof(Real);

// A float32's bits are 2^23 times its logarithm, nearly: from these the guesses subtract them.
inline constexpr uint32_t negative_reciprocal_magic = 0xfef311c7;
inline constexpr uint32_t root_magic = 0x5f3759df;

// Of a float64: its lowest 52 bits, and sqrt(1/2), where mantissas begin.
inline constexpr int64_t mantissa_bits = 0x000fffffffffffff;
inline constexpr int64_t bits_of_sqrt_half = 0x3fe6a09e667f3bcd;

}  // namespace chainrule::CHAINRULE_NAMESPACE

#if defined(__AVX512F__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
#include "vector_avx512.hpp"
#elif defined(__AVX2__) && defined(__FMA__)
#include "vector_avx2.hpp"
#else
#include "vector_generic.hpp"
#endif

namespace chainrule::CHAINRULE_NAMESPACE {

template <class V>
CHAINRULE_INLINE V fused_multiply_add(V a, V b, V c) {
    return multiply_add(a, b, c);
}

template <class Real>
struct VectorOf;
template <>
struct VectorOf<float> {
    using type = Float32;
};
template <>
struct VectorOf<double> {
    using type = Float64;
};
// The vector of a dtype: Float32 or Float64.
template <class Real>
using Vector = typename VectorOf<Real>::type;

// Call body(k, Whole{}) for every whole vector of `lanes` elements below n, then body(k, Part{rest}).
template <int lanes, class Body>
CHAINRULE_INLINE void sweep(int64_t n, Body body) {
    int64_t k = 0;
    for (; k + lanes <= n; k += lanes) {
        body(k, Whole{});
    }
    if (k < n) {
        body(k, Part{static_cast<int>(n - k)});
    }
}

// The lanes of `part` that belong to the half of a vector that starts at lane `first`, for Float64 halves of
// a Float32: whole when all 8 do, none when count <= 0.
CHAINRULE_INLINE int lanes_from(Whole, int) { return Float64::lanes; }
CHAINRULE_INLINE int lanes_from(Part part, int first) {
    const int rest = part.count - first;
    return rest < Float64::lanes ? rest : Float64::lanes;
}

// Combine all lanes in one fixed tree (distance 4, 2, 1); every lane of the result holds the total.
template <class Operation>
CHAINRULE_INLINE Float64 combine_lanes(Float64 a, Operation operation) {
    a = operation(a, exchange<4>(a));
    a = operation(a, exchange<2>(a));
    return operation(a, exchange<1>(a));
}

CHAINRULE_INLINE double sum_of_lanes(Float64 a) {
    return first_lane(combine_lanes(a, [](Float64 x, Float64 y) { return x + y; }));
}

CHAINRULE_INLINE double maximum_of_lanes(Float64 a) {
    return first_lane(combine_lanes(a, [](Float64 x, Float64 y) { return maximum(x, y); }));
}

CHAINRULE_INLINE double maximum_of_lanes(Float32 a) { return maximum_of_lanes(maximum(lower(a), upper(a))); }

}  // namespace chainrule::CHAINRULE_NAMESPACE
