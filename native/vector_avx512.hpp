// Virtual vectors on AVX-512 (F, DQ, BW, VL): one zmm register each. See vector.hpp for what each operation
// means.
#pragma once

#include <immintrin.h>

namespace chainrule::CHAINRULE_NAMESPACE {

struct Float32 {
    static constexpr int lanes = 16;
    using Mask = __mmask16;
    __m512 v;
    static CHAINRULE_INLINE Float32 all(float x) { return {_mm512_set1_ps(x)}; }
};

struct Float64 {
    static constexpr int lanes = 8;
    using Mask = __mmask8;
    __m512d v;
    static CHAINRULE_INLINE Float64 all(double x) { return {_mm512_set1_pd(x)}; }
};

CHAINRULE_INLINE Float32 operator+(Float32 a, Float32 b) { return {_mm512_add_ps(a.v, b.v)}; }
CHAINRULE_INLINE Float64 operator+(Float64 a, Float64 b) { return {_mm512_add_pd(a.v, b.v)}; }
CHAINRULE_INLINE Float32 operator-(Float32 a, Float32 b) { return {_mm512_sub_ps(a.v, b.v)}; }
CHAINRULE_INLINE Float64 operator-(Float64 a, Float64 b) { return {_mm512_sub_pd(a.v, b.v)}; }
CHAINRULE_INLINE Float32 operator*(Float32 a, Float32 b) { return {_mm512_mul_ps(a.v, b.v)}; }
CHAINRULE_INLINE Float64 operator*(Float64 a, Float64 b) { return {_mm512_mul_pd(a.v, b.v)}; }

CHAINRULE_INLINE Float32 operator/(Float32 a, Float32 b) { return {_mm512_div_ps(a.v, b.v)}; }
CHAINRULE_INLINE Float64 operator/(Float64 a, Float64 b) { return {_mm512_div_pd(a.v, b.v)}; }
CHAINRULE_INLINE Float32 square_root(Float32 a) { return {_mm512_sqrt_ps(a.v)}; }
CHAINRULE_INLINE Float64 square_root(Float64 a) { return {_mm512_sqrt_pd(a.v)}; }

CHAINRULE_INLINE Float64 rough_reciprocal(Float64 a) {
    return {_mm512_cvtps_pd(_mm256_div_ps(_mm256_set1_ps(1.0F), _mm512_cvtpd_ps(a.v)))};
}

CHAINRULE_INLINE Float32 multiply_add(Float32 a, Float32 b, Float32 c) {
    return {_mm512_fmadd_ps(a.v, b.v, c.v)};
}
CHAINRULE_INLINE Float64 multiply_add(Float64 a, Float64 b, Float64 c) {
    return {_mm512_fmadd_pd(a.v, b.v, c.v)};
}

CHAINRULE_INLINE Float32 maximum(Float32 a, Float32 b) { return {_mm512_max_ps(a.v, b.v)}; }
CHAINRULE_INLINE Float64 maximum(Float64 a, Float64 b) { return {_mm512_max_pd(a.v, b.v)}; }
CHAINRULE_INLINE Float32 minimum(Float32 a, Float32 b) { return {_mm512_min_ps(a.v, b.v)}; }
CHAINRULE_INLINE Float64 minimum(Float64 a, Float64 b) { return {_mm512_min_pd(a.v, b.v)}; }

CHAINRULE_INLINE __mmask16 equal(Float32 a, Float32 b) { return _mm512_cmp_ps_mask(a.v, b.v, _CMP_EQ_OQ); }
CHAINRULE_INLINE __mmask8 equal(Float64 a, Float64 b) { return _mm512_cmp_pd_mask(a.v, b.v, _CMP_EQ_OQ); }
CHAINRULE_INLINE __mmask16 less(Float32 a, Float32 b) { return _mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ); }
CHAINRULE_INLINE __mmask8 less(Float64 a, Float64 b) { return _mm512_cmp_pd_mask(a.v, b.v, _CMP_LT_OQ); }
CHAINRULE_INLINE Float32 select(__mmask16 m, Float32 a, Float32 b) {
    return {_mm512_mask_blend_ps(m, b.v, a.v)};
}
CHAINRULE_INLINE Float64 select(__mmask8 m, Float64 a, Float64 b) {
    return {_mm512_mask_blend_pd(m, b.v, a.v)};
}
CHAINRULE_INLINE __mmask16 not_less(Float32 a, Float32 b) {
    return _mm512_cmp_ps_mask(a.v, b.v, _CMP_NLT_UQ);
}
CHAINRULE_INLINE __mmask8 not_less(Float64 a, Float64 b) { return _mm512_cmp_pd_mask(a.v, b.v, _CMP_NLT_UQ); }
CHAINRULE_INLINE Float32 product_where(__mmask16 m, Float32 a, Float32 b) {
    return {_mm512_maskz_mul_ps(m, a.v, b.v)};
}
CHAINRULE_INLINE Float64 product_where(__mmask8 m, Float64 a, Float64 b) {
    return {_mm512_maskz_mul_pd(m, a.v, b.v)};
}
CHAINRULE_INLINE int count(__mmask16 m) { return __builtin_popcount(m); }
CHAINRULE_INLINE int count(__mmask8 m) { return __builtin_popcount(m); }

CHAINRULE_INLINE Float32 reciprocal_guess(Float32 a) {
    const __m512i magic = _mm512_set1_epi32(static_cast<int>(negative_reciprocal_magic));
    return {_mm512_castsi512_ps(_mm512_sub_epi32(magic, _mm512_castps_si512(a.v)))};
}
CHAINRULE_INLINE Float32 root_guess(Float32 a) {
    const __m512i half = _mm512_srli_epi32(_mm512_castps_si512(a.v), 1);
    return {_mm512_castsi512_ps(_mm512_sub_epi32(_mm512_set1_epi32(static_cast<int>(root_magic)), half))};
}

CHAINRULE_INLINE Float32 two_to(Float32 shifted) {
    return {_mm512_castsi512_ps(_mm512_slli_epi32(_mm512_castps_si512(shifted.v), 23))};
}
CHAINRULE_INLINE Float64 two_to(Float64 shifted) {
    return {_mm512_castsi512_pd(_mm512_slli_epi64(_mm512_castpd_si512(shifted.v), 52))};
}

CHAINRULE_INLINE Float64 mantissa_and_exponent(Float64 a, Float64& k) {
    const __m512i lowest = _mm512_set1_epi64(bits_of_sqrt_half);
    const __m512i offset = _mm512_sub_epi64(_mm512_castpd_si512(a.v), lowest);
    k = {_mm512_cvtepi64_pd(_mm512_srli_epi64(offset, 52))};
    const __m512i mantissa = _mm512_and_si512(offset, _mm512_set1_epi64(mantissa_bits));
    return {_mm512_castsi512_pd(_mm512_add_epi64(mantissa, lowest))};
}

CHAINRULE_INLINE Float64 lower(Float32 a) { return {_mm512_cvtps_pd(_mm512_castps512_ps256(a.v))}; }
CHAINRULE_INLINE Float64 upper(Float32 a) { return {_mm512_cvtps_pd(_mm512_extractf32x8_ps(a.v, 1))}; }
CHAINRULE_INLINE Float32 join(Float64 low, Float64 high) {
    return {_mm512_insertf32x8(_mm512_castps256_ps512(_mm512_cvtpd_ps(low.v)), _mm512_cvtpd_ps(high.v), 1)};
}

template <int distance>
CHAINRULE_INLINE Float64 exchange(Float64 a) {
    if constexpr (distance == 4) {
        return {_mm512_shuffle_f64x2(a.v, a.v, 0x4E)};
    } else if constexpr (distance == 2) {
        return {_mm512_permutex_pd(a.v, 0x4E)};
    } else {
        static_assert(distance == 1);
        return {_mm512_permute_pd(a.v, 0x55)};
    }
}
CHAINRULE_INLINE double first_lane(Float64 a) { return _mm512_cvtsd_f64(a.v); }

CHAINRULE_INLINE __mmask16 first_lanes_32(Part part) {
    return static_cast<__mmask16>((1U << part.count) - 1U);
}
CHAINRULE_INLINE __mmask8 first_lanes_64(Part part) { return static_cast<__mmask8>((1U << part.count) - 1U); }

CHAINRULE_INLINE Float32 load(const float* p, Whole, float) { return {_mm512_loadu_ps(p)}; }
CHAINRULE_INLINE Float64 load(const double* p, Whole, double) { return {_mm512_loadu_pd(p)}; }
CHAINRULE_INLINE Float32 load(const float* p, Part part, float fill) {
    return {_mm512_mask_loadu_ps(_mm512_set1_ps(fill), first_lanes_32(part), p)};
}
CHAINRULE_INLINE Float64 load(const double* p, Part part, double fill) {
    return {_mm512_mask_loadu_pd(_mm512_set1_pd(fill), first_lanes_64(part), p)};
}

template <class Extent>
CHAINRULE_INLINE Float64 load_float64(const double* p, Extent extent, double fill) {
    return load(p, extent, fill);
}
CHAINRULE_INLINE Float64 load_float64(const float* p, Whole, double) {
    return {_mm512_cvtps_pd(_mm256_loadu_ps(p))};
}
CHAINRULE_INLINE Float64 load_float64(const float* p, Part part, double fill) {
    const __m256 values = _mm256_maskz_loadu_ps(first_lanes_64(part), p);
    return {_mm512_mask_cvtps_pd(_mm512_set1_pd(fill), first_lanes_64(part), values)};
}

CHAINRULE_INLINE void store(float* p, Float32 a, Whole) { _mm512_storeu_ps(p, a.v); }
CHAINRULE_INLINE void store(double* p, Float64 a, Whole) { _mm512_storeu_pd(p, a.v); }
CHAINRULE_INLINE void store(float* p, Float64 a, Whole) { _mm256_storeu_ps(p, _mm512_cvtpd_ps(a.v)); }
CHAINRULE_INLINE void store(float* p, Float32 a, Part part) {
    _mm512_mask_storeu_ps(p, first_lanes_32(part), a.v);
}
CHAINRULE_INLINE void store(double* p, Float64 a, Part part) {
    _mm512_mask_storeu_pd(p, first_lanes_64(part), a.v);
}
CHAINRULE_INLINE void store(float* p, Float64 a, Part part) {
    _mm256_mask_storeu_ps(p, first_lanes_64(part), _mm512_cvtpd_ps(a.v));
}

CHAINRULE_INLINE void store_past_cache(float* p, Float32 a) { _mm512_stream_ps(p, a.v); }
CHAINRULE_INLINE void store_past_cache(double* p, Float64 a) { _mm512_stream_pd(p, a.v); }
CHAINRULE_INLINE void finish_stores() { _mm_sfence(); }

// Four rows of a run, `step` apart, into the four quarters of a register.
CHAINRULE_INLINE __m512 load_quarters(const float* p, int64_t step) {
    __m512 quarters = _mm512_castps128_ps512(_mm_loadu_ps(p));
    quarters = _mm512_insertf32x4(quarters, _mm_loadu_ps(p + step), 1);
    quarters = _mm512_insertf32x4(quarters, _mm_loadu_ps(p + 2 * step), 2);
    return _mm512_insertf32x4(quarters, _mm_loadu_ps(p + 3 * step), 3);
}
CHAINRULE_INLINE __m512d load_quarters(const double* p, int64_t step) {
    __m512d quarters = _mm512_castpd128_pd512(_mm_loadu_pd(p));
    quarters = _mm512_insertf64x2(quarters, _mm_loadu_pd(p + step), 1);
    quarters = _mm512_insertf64x2(quarters, _mm_loadu_pd(p + 2 * step), 2);
    return _mm512_insertf64x2(quarters, _mm_loadu_pd(p + 3 * step), 3);
}
CHAINRULE_INLINE void store_quarters(float* p, int64_t step, __m512 quarters) {
    _mm_storeu_ps(p, _mm512_castps512_ps128(quarters));
    _mm_storeu_ps(p + step, _mm512_extractf32x4_ps(quarters, 1));
    _mm_storeu_ps(p + 2 * step, _mm512_extractf32x4_ps(quarters, 2));
    _mm_storeu_ps(p + 3 * step, _mm512_extractf32x4_ps(quarters, 3));
}
CHAINRULE_INLINE void store_quarters(double* p, int64_t step, __m512d quarters) {
    _mm_storeu_pd(p, _mm512_castpd512_pd128(quarters));
    _mm_storeu_pd(p + step, _mm512_extractf64x2_pd(quarters, 1));
    _mm_storeu_pd(p + 2 * step, _mm512_extractf64x2_pd(quarters, 2));
    _mm_storeu_pd(p + 3 * step, _mm512_extractf64x2_pd(quarters, 3));
}

// Each quarter of four registers is a 4 x 4 matrix: transpose all of them.
CHAINRULE_INLINE void transpose_quarters(__m512 (&a)[4]) {
    const __m512 t0 = _mm512_unpacklo_ps(a[0], a[1]);
    const __m512 t1 = _mm512_unpackhi_ps(a[0], a[1]);
    const __m512 t2 = _mm512_unpacklo_ps(a[2], a[3]);
    const __m512 t3 = _mm512_unpackhi_ps(a[2], a[3]);
    a[0] = _mm512_shuffle_ps(t0, t2, 0x44);
    a[1] = _mm512_shuffle_ps(t0, t2, 0xEE);
    a[2] = _mm512_shuffle_ps(t1, t3, 0x44);
    a[3] = _mm512_shuffle_ps(t1, t3, 0xEE);
}

CHAINRULE_INLINE void load_runs(const float* p, int64_t stride, Float32* run) {
    __m512 a[4];
    for (int j = 0; j < 4; ++j) {
        a[j] = load_quarters(p + j * stride, 4 * stride);
    }
    transpose_quarters(a);
    for (int c = 0; c < 4; ++c) {
        run[c].v = a[c];
    }
}
CHAINRULE_INLINE void store_runs(float* p, int64_t stride, const Float32* run) {
    __m512 a[4] = {run[0].v, run[1].v, run[2].v, run[3].v};
    transpose_quarters(a);
    for (int j = 0; j < 4; ++j) {
        store_quarters(p + j * stride, 4 * stride, a[j]);
    }
}
CHAINRULE_INLINE void load_runs(const double* p, int64_t stride, Float64* run) {
    const __m512d even = load_quarters(p, 2 * stride);
    const __m512d odd = load_quarters(p + stride, 2 * stride);
    run[0].v = _mm512_unpacklo_pd(even, odd);
    run[1].v = _mm512_unpackhi_pd(even, odd);
}
CHAINRULE_INLINE void store_runs(double* p, int64_t stride, const Float64* run) {
    store_quarters(p, 2 * stride, _mm512_unpacklo_pd(run[0].v, run[1].v));
    store_quarters(p + stride, 2 * stride, _mm512_unpackhi_pd(run[0].v, run[1].v));
}

// Four registers of four 128-bit lanes each: lane j of register i goes to lane i of register j.
#define CHAINRULE_TRANSPOSE_LANES(shuffle, a, b, c, d, out, step) \
    {                                                             \
        const auto even_1 = shuffle(a, b, 0x88);                  \
        const auto odd_1 = shuffle(a, b, 0xDD);                   \
        const auto even_2 = shuffle(c, d, 0x88);                  \
        const auto odd_2 = shuffle(c, d, 0xDD);                   \
        (out)[0].v = shuffle(even_1, even_2, 0x88);               \
        (out)[step].v = shuffle(odd_1, odd_2, 0x88);              \
        (out)[2 * (step)].v = shuffle(even_1, even_2, 0xDD);      \
        (out)[3 * (step)].v = shuffle(odd_1, odd_2, 0xDD);        \
    }

CHAINRULE_INLINE void transpose(Float32 (&rows)[16]) {
    __m512 u[16];  // u[4 g + c]: lane L holds rows 4 g to 4 g + 3 of column 4 L + c
#pragma GCC unroll 4
    for (int g = 0; g < 16; g += 4) {
        const __m512d t0 = _mm512_castps_pd(_mm512_unpacklo_ps(rows[g].v, rows[g + 1].v));
        const __m512d t1 = _mm512_castps_pd(_mm512_unpackhi_ps(rows[g].v, rows[g + 1].v));
        const __m512d t2 = _mm512_castps_pd(_mm512_unpacklo_ps(rows[g + 2].v, rows[g + 3].v));
        const __m512d t3 = _mm512_castps_pd(_mm512_unpackhi_ps(rows[g + 2].v, rows[g + 3].v));
        u[g] = _mm512_castpd_ps(_mm512_unpacklo_pd(t0, t2));
        u[g + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(t0, t2));
        u[g + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(t1, t3));
        u[g + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(t1, t3));
    }
#pragma GCC unroll 4
    for (int c = 0; c < 4; ++c) {
        CHAINRULE_TRANSPOSE_LANES(_mm512_shuffle_f32x4, u[c], u[4 + c], u[8 + c], u[12 + c], rows + c, 4)
    }
}

CHAINRULE_INLINE void transpose(Float64 (&rows)[8]) {
    __m512d u[8];  // u[2 g + c]: lane L holds rows 2 g and 2 g + 1 of column 2 L + c
#pragma GCC unroll 4
    for (int g = 0; g < 8; g += 2) {
        u[g] = _mm512_unpacklo_pd(rows[g].v, rows[g + 1].v);
        u[g + 1] = _mm512_unpackhi_pd(rows[g].v, rows[g + 1].v);
    }
#pragma GCC unroll 2
    for (int c = 0; c < 2; ++c) {
        CHAINRULE_TRANSPOSE_LANES(_mm512_shuffle_f64x2, u[c], u[2 + c], u[4 + c], u[6 + c], rows + c, 2)
    }
}
#undef CHAINRULE_TRANSPOSE_LANES

}  // namespace chainrule::CHAINRULE_NAMESPACE
