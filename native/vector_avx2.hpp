// Virtual vectors on AVX2 with FMA: two ymm registers each. See vector.hpp for what each operation means.
#pragma once

#include <immintrin.h>

namespace chainrule::CHAINRULE_NAMESPACE {

struct Float32 {
    static constexpr int lanes = 16;
    struct Mask {
        __m256 low, high;
    };
    __m256 low, high;
    static CHAINRULE_INLINE Float32 all(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
};

struct Float64 {
    static constexpr int lanes = 8;
    struct Mask {
        __m256d low, high;
    };
    __m256d low, high;
    static CHAINRULE_INLINE Float64 all(double x) { return {_mm256_set1_pd(x), _mm256_set1_pd(x)}; }
};

#define CHAINRULE_PAIRWISE(name, operation)                                                      \
    CHAINRULE_INLINE Float32 name(Float32 a, Float32 b) {                                        \
        return {_mm256_##operation##_ps(a.low, b.low), _mm256_##operation##_ps(a.high, b.high)}; \
    }                                                                                            \
    CHAINRULE_INLINE Float64 name(Float64 a, Float64 b) {                                        \
        return {_mm256_##operation##_pd(a.low, b.low), _mm256_##operation##_pd(a.high, b.high)}; \
    }
CHAINRULE_PAIRWISE(operator+, add)
CHAINRULE_PAIRWISE(operator-, sub)
CHAINRULE_PAIRWISE(operator*, mul)
CHAINRULE_PAIRWISE(maximum, max)
CHAINRULE_PAIRWISE(minimum, min)
#undef CHAINRULE_PAIRWISE

CHAINRULE_INLINE Float32 operator/(Float32 a, Float32 b) {
    return {_mm256_div_ps(a.low, b.low), _mm256_div_ps(a.high, b.high)};
}
CHAINRULE_INLINE Float64 operator/(Float64 a, Float64 b) {
    return {_mm256_div_pd(a.low, b.low), _mm256_div_pd(a.high, b.high)};
}
CHAINRULE_INLINE Float32 square_root(Float32 a) { return {_mm256_sqrt_ps(a.low), _mm256_sqrt_ps(a.high)}; }
CHAINRULE_INLINE Float64 square_root(Float64 a) { return {_mm256_sqrt_pd(a.low), _mm256_sqrt_pd(a.high)}; }

CHAINRULE_INLINE __m256d rough_reciprocal(__m256d a) {
    return _mm256_cvtps_pd(_mm_div_ps(_mm_set1_ps(1.0F), _mm256_cvtpd_ps(a)));
}
CHAINRULE_INLINE Float64 rough_reciprocal(Float64 a) {
    return {rough_reciprocal(a.low), rough_reciprocal(a.high)};
}

CHAINRULE_INLINE Float32 multiply_add(Float32 a, Float32 b, Float32 c) {
    return {_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
}
CHAINRULE_INLINE Float64 multiply_add(Float64 a, Float64 b, Float64 c) {
    return {_mm256_fmadd_pd(a.low, b.low, c.low), _mm256_fmadd_pd(a.high, b.high, c.high)};
}

CHAINRULE_INLINE Float32::Mask equal(Float32 a, Float32 b) {
    return {_mm256_cmp_ps(a.low, b.low, _CMP_EQ_OQ), _mm256_cmp_ps(a.high, b.high, _CMP_EQ_OQ)};
}
CHAINRULE_INLINE Float64::Mask equal(Float64 a, Float64 b) {
    return {_mm256_cmp_pd(a.low, b.low, _CMP_EQ_OQ), _mm256_cmp_pd(a.high, b.high, _CMP_EQ_OQ)};
}
CHAINRULE_INLINE Float32::Mask less(Float32 a, Float32 b) {
    return {_mm256_cmp_ps(a.low, b.low, _CMP_LT_OQ), _mm256_cmp_ps(a.high, b.high, _CMP_LT_OQ)};
}
CHAINRULE_INLINE Float64::Mask less(Float64 a, Float64 b) {
    return {_mm256_cmp_pd(a.low, b.low, _CMP_LT_OQ), _mm256_cmp_pd(a.high, b.high, _CMP_LT_OQ)};
}
CHAINRULE_INLINE Float32 select(Float32::Mask m, Float32 a, Float32 b) {
    return {_mm256_blendv_ps(b.low, a.low, m.low), _mm256_blendv_ps(b.high, a.high, m.high)};
}
CHAINRULE_INLINE Float64 select(Float64::Mask m, Float64 a, Float64 b) {
    return {_mm256_blendv_pd(b.low, a.low, m.low), _mm256_blendv_pd(b.high, a.high, m.high)};
}
CHAINRULE_INLINE Float32::Mask not_less(Float32 a, Float32 b) {
    return {_mm256_cmp_ps(a.low, b.low, _CMP_NLT_UQ), _mm256_cmp_ps(a.high, b.high, _CMP_NLT_UQ)};
}
CHAINRULE_INLINE Float64::Mask not_less(Float64 a, Float64 b) {
    return {_mm256_cmp_pd(a.low, b.low, _CMP_NLT_UQ), _mm256_cmp_pd(a.high, b.high, _CMP_NLT_UQ)};
}
CHAINRULE_INLINE Float32 product_where(Float32::Mask m, Float32 a, Float32 b) {
    return {_mm256_and_ps(_mm256_mul_ps(a.low, b.low), m.low),
            _mm256_and_ps(_mm256_mul_ps(a.high, b.high), m.high)};
}
CHAINRULE_INLINE Float64 product_where(Float64::Mask m, Float64 a, Float64 b) {
    return {_mm256_and_pd(_mm256_mul_pd(a.low, b.low), m.low),
            _mm256_and_pd(_mm256_mul_pd(a.high, b.high), m.high)};
}
CHAINRULE_INLINE int count(Float32::Mask m) {
    return __builtin_popcount(_mm256_movemask_ps(m.low)) + __builtin_popcount(_mm256_movemask_ps(m.high));
}
CHAINRULE_INLINE int count(Float64::Mask m) {
    return __builtin_popcount(_mm256_movemask_pd(m.low)) + __builtin_popcount(_mm256_movemask_pd(m.high));
}

CHAINRULE_INLINE __m256 reciprocal_guess(__m256 a) {
    const __m256i magic = _mm256_set1_epi32(static_cast<int>(negative_reciprocal_magic));
    return _mm256_castsi256_ps(_mm256_sub_epi32(magic, _mm256_castps_si256(a)));
}
CHAINRULE_INLINE Float32 reciprocal_guess(Float32 a) {
    return {reciprocal_guess(a.low), reciprocal_guess(a.high)};
}
CHAINRULE_INLINE __m256 root_guess(__m256 a) {
    const __m256i half = _mm256_srli_epi32(_mm256_castps_si256(a), 1);
    return _mm256_castsi256_ps(_mm256_sub_epi32(_mm256_set1_epi32(static_cast<int>(root_magic)), half));
}
CHAINRULE_INLINE Float32 root_guess(Float32 a) { return {root_guess(a.low), root_guess(a.high)}; }

CHAINRULE_INLINE __m256 two_to(__m256 shifted) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_castps_si256(shifted), 23));
}
CHAINRULE_INLINE __m256d two_to(__m256d shifted) {
    return _mm256_castsi256_pd(_mm256_slli_epi64(_mm256_castpd_si256(shifted), 52));
}
CHAINRULE_INLINE Float32 two_to(Float32 shifted) { return {two_to(shifted.low), two_to(shifted.high)}; }
CHAINRULE_INLINE Float64 two_to(Float64 shifted) { return {two_to(shifted.low), two_to(shifted.high)}; }

CHAINRULE_INLINE __m256d mantissa_and_exponent(__m256d a, __m256d& k) {
    const __m256i lowest = _mm256_set1_epi64x(bits_of_sqrt_half);
    const __m256i offset = _mm256_sub_epi64(_mm256_castpd_si256(a), lowest);
    // 2^52 + k has k in its low bits.
    const __m256d two_to_52 = _mm256_set1_pd(0x1p52);
    const __m256i exponent = _mm256_or_si256(_mm256_srli_epi64(offset, 52), _mm256_castpd_si256(two_to_52));
    k = _mm256_sub_pd(_mm256_castsi256_pd(exponent), two_to_52);
    const __m256i mantissa = _mm256_and_si256(offset, _mm256_set1_epi64x(mantissa_bits));
    return _mm256_castsi256_pd(_mm256_add_epi64(mantissa, lowest));
}
CHAINRULE_INLINE Float64 mantissa_and_exponent(Float64 a, Float64& k) {
    return {mantissa_and_exponent(a.low, k.low), mantissa_and_exponent(a.high, k.high)};
}

CHAINRULE_INLINE Float64 to_float64(__m256 a) {
    return {_mm256_cvtps_pd(_mm256_castps256_ps128(a)), _mm256_cvtps_pd(_mm256_extractf128_ps(a, 1))};
}
CHAINRULE_INLINE Float64 lower(Float32 a) { return to_float64(a.low); }
CHAINRULE_INLINE Float64 upper(Float32 a) { return to_float64(a.high); }
CHAINRULE_INLINE __m256 to_float32(Float64 a) {
    return _mm256_set_m128(_mm256_cvtpd_ps(a.high), _mm256_cvtpd_ps(a.low));
}
CHAINRULE_INLINE Float32 join(Float64 low, Float64 high) { return {to_float32(low), to_float32(high)}; }

template <int distance>
CHAINRULE_INLINE Float64 exchange(Float64 a) {
    if constexpr (distance == 4) {
        return {a.high, a.low};
    } else if constexpr (distance == 2) {
        return {_mm256_permute4x64_pd(a.low, 0x4E), _mm256_permute4x64_pd(a.high, 0x4E)};
    } else {
        static_assert(distance == 1);
        return {_mm256_permute_pd(a.low, 0x5), _mm256_permute_pd(a.high, 0x5)};
    }
}
CHAINRULE_INLINE double first_lane(Float64 a) { return _mm256_cvtsd_f64(a.low); }

// All bits set in the lanes below `count`, which may lie outside the register on either side.
CHAINRULE_INLINE __m256i first_lanes_32(int count) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
CHAINRULE_INLINE __m256i first_lanes_64(int count) {
    return _mm256_cmpgt_epi64(_mm256_set1_epi64x(count), _mm256_setr_epi64x(0, 1, 2, 3));
}
CHAINRULE_INLINE __m256 load_first(const float* p, int count, float fill) {
    const __m256i mask = first_lanes_32(count);
    return _mm256_blendv_ps(_mm256_set1_ps(fill), _mm256_maskload_ps(p, mask), _mm256_castsi256_ps(mask));
}
CHAINRULE_INLINE __m256d load_first(const double* p, int count, double fill) {
    const __m256i mask = first_lanes_64(count);
    return _mm256_blendv_pd(_mm256_set1_pd(fill), _mm256_maskload_pd(p, mask), _mm256_castsi256_pd(mask));
}

CHAINRULE_INLINE Float32 load(const float* p, Whole, float) {
    return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)};
}
CHAINRULE_INLINE Float64 load(const double* p, Whole, double) {
    return {_mm256_loadu_pd(p), _mm256_loadu_pd(p + 4)};
}
CHAINRULE_INLINE Float32 load(const float* p, Part part, float fill) {
    return {load_first(p, part.count, fill), load_first(p + 8, part.count - 8, fill)};
}
CHAINRULE_INLINE Float64 load(const double* p, Part part, double fill) {
    return {load_first(p, part.count, fill), load_first(p + 4, part.count - 4, fill)};
}

template <class Extent>
CHAINRULE_INLINE Float64 load_float64(const double* p, Extent extent, double fill) {
    return load(p, extent, fill);
}
CHAINRULE_INLINE Float64 load_float64(const float* p, Whole, double) {
    return to_float64(_mm256_loadu_ps(p));
}
CHAINRULE_INLINE Float64 load_float64(const float* p, Part part, double fill) {
    return to_float64(load_first(p, part.count, static_cast<float>(fill)));
}

CHAINRULE_INLINE void store(float* p, Float32 a, Whole) {
    _mm256_storeu_ps(p, a.low);
    _mm256_storeu_ps(p + 8, a.high);
}
CHAINRULE_INLINE void store(double* p, Float64 a, Whole) {
    _mm256_storeu_pd(p, a.low);
    _mm256_storeu_pd(p + 4, a.high);
}
CHAINRULE_INLINE void store(float* p, Float64 a, Whole) {
    _mm_storeu_ps(p, _mm256_cvtpd_ps(a.low));
    _mm_storeu_ps(p + 4, _mm256_cvtpd_ps(a.high));
}
CHAINRULE_INLINE void store(float* p, Float32 a, Part part) {
    _mm256_maskstore_ps(p, first_lanes_32(part.count), a.low);
    _mm256_maskstore_ps(p + 8, first_lanes_32(part.count - 8), a.high);
}
CHAINRULE_INLINE void store(double* p, Float64 a, Part part) {
    _mm256_maskstore_pd(p, first_lanes_64(part.count), a.low);
    _mm256_maskstore_pd(p + 4, first_lanes_64(part.count - 4), a.high);
}
CHAINRULE_INLINE void store(float* p, Float64 a, Part part) {
    _mm256_maskstore_ps(p, first_lanes_32(part.count), to_float32(a));
}

CHAINRULE_INLINE void store_past_cache(float* p, Float32 a) {
    _mm256_stream_ps(p, a.low);
    _mm256_stream_ps(p + 8, a.high);
}
CHAINRULE_INLINE void store_past_cache(double* p, Float64 a) {
    _mm256_stream_pd(p, a.low);
    _mm256_stream_pd(p + 4, a.high);
}
CHAINRULE_INLINE void finish_stores() { _mm_sfence(); }

// Each half of four registers is a 4 x 4 matrix: transpose both.
CHAINRULE_INLINE void transpose_halves(__m256 (&a)[4]) {
    const __m256 t0 = _mm256_unpacklo_ps(a[0], a[1]);
    const __m256 t1 = _mm256_unpackhi_ps(a[0], a[1]);
    const __m256 t2 = _mm256_unpacklo_ps(a[2], a[3]);
    const __m256 t3 = _mm256_unpackhi_ps(a[2], a[3]);
    a[0] = _mm256_shuffle_ps(t0, t2, 0x44);
    a[1] = _mm256_shuffle_ps(t0, t2, 0xEE);
    a[2] = _mm256_shuffle_ps(t1, t3, 0x44);
    a[3] = _mm256_shuffle_ps(t1, t3, 0xEE);
}

// 8 rows, rows j and j + 4 in register j, and back.
CHAINRULE_INLINE void load_8_rows(const float* p, int64_t stride, __m256 (&a)[4]) {
    for (int j = 0; j < 4; ++j) {
        a[j] = _mm256_set_m128(_mm_loadu_ps(p + (j + 4) * stride), _mm_loadu_ps(p + j * stride));
    }
    transpose_halves(a);
}
CHAINRULE_INLINE void store_8_rows(float* p, int64_t stride, __m256 (&a)[4]) {
    transpose_halves(a);
    for (int j = 0; j < 4; ++j) {
        _mm_storeu_ps(p + j * stride, _mm256_castps256_ps128(a[j]));
        _mm_storeu_ps(p + (j + 4) * stride, _mm256_extractf128_ps(a[j], 1));
    }
}
CHAINRULE_INLINE void load_runs(const float* p, int64_t stride, Float32* run) {
    __m256 low[4];
    __m256 high[4];
    load_8_rows(p, stride, low);
    load_8_rows(p + 8 * stride, stride, high);
    for (int c = 0; c < 4; ++c) {
        run[c] = {low[c], high[c]};
    }
}
CHAINRULE_INLINE void store_runs(float* p, int64_t stride, const Float32* run) {
    __m256 low[4] = {run[0].low, run[1].low, run[2].low, run[3].low};
    __m256 high[4] = {run[0].high, run[1].high, run[2].high, run[3].high};
    store_8_rows(p, stride, low);
    store_8_rows(p + 8 * stride, stride, high);
}

// 4 rows of 2.
CHAINRULE_INLINE void load_4_rows(const double* p, int64_t stride, __m256d& first, __m256d& second) {
    const __m256d even = _mm256_set_m128d(_mm_loadu_pd(p + 2 * stride), _mm_loadu_pd(p));
    const __m256d odd = _mm256_set_m128d(_mm_loadu_pd(p + 3 * stride), _mm_loadu_pd(p + stride));
    first = _mm256_unpacklo_pd(even, odd);
    second = _mm256_unpackhi_pd(even, odd);
}
CHAINRULE_INLINE void store_4_rows(double* p, int64_t stride, __m256d first, __m256d second) {
    const __m256d even = _mm256_unpacklo_pd(first, second);
    const __m256d odd = _mm256_unpackhi_pd(first, second);
    _mm_storeu_pd(p, _mm256_castpd256_pd128(even));
    _mm_storeu_pd(p + stride, _mm256_castpd256_pd128(odd));
    _mm_storeu_pd(p + 2 * stride, _mm256_extractf128_pd(even, 1));
    _mm_storeu_pd(p + 3 * stride, _mm256_extractf128_pd(odd, 1));
}
CHAINRULE_INLINE void load_runs(const double* p, int64_t stride, Float64* run) {
    load_4_rows(p, stride, run[0].low, run[1].low);
    load_4_rows(p + 4 * stride, stride, run[0].high, run[1].high);
}
CHAINRULE_INLINE void store_runs(double* p, int64_t stride, const Float64* run) {
    store_4_rows(p, stride, run[0].low, run[1].low);
    store_4_rows(p + 4 * stride, stride, run[0].high, run[1].high);
}

// Eight registers of eight numbers, or four of four, transposed in place.
CHAINRULE_INLINE void transpose_square(__m256 (&r)[8]) {
    __m256 t[8];
#pragma GCC unroll 2
    for (int g = 0; g < 8; g += 4) {
        const __m256 low_1 = _mm256_unpacklo_ps(r[g], r[g + 1]);
        const __m256 high_1 = _mm256_unpackhi_ps(r[g], r[g + 1]);
        const __m256 low_2 = _mm256_unpacklo_ps(r[g + 2], r[g + 3]);
        const __m256 high_2 = _mm256_unpackhi_ps(r[g + 2], r[g + 3]);
        t[g] = _mm256_shuffle_ps(low_1, low_2, 0x44);
        t[g + 1] = _mm256_shuffle_ps(low_1, low_2, 0xEE);
        t[g + 2] = _mm256_shuffle_ps(high_1, high_2, 0x44);
        t[g + 3] = _mm256_shuffle_ps(high_1, high_2, 0xEE);
    }
#pragma GCC unroll 4
    for (int c = 0; c < 4; ++c) {
        r[c] = _mm256_permute2f128_ps(t[c], t[4 + c], 0x20);
        r[4 + c] = _mm256_permute2f128_ps(t[c], t[4 + c], 0x31);
    }
}
CHAINRULE_INLINE void transpose_square(__m256d (&r)[4]) {
    const __m256d low_1 = _mm256_unpacklo_pd(r[0], r[1]);
    const __m256d high_1 = _mm256_unpackhi_pd(r[0], r[1]);
    const __m256d low_2 = _mm256_unpacklo_pd(r[2], r[3]);
    const __m256d high_2 = _mm256_unpackhi_pd(r[2], r[3]);
    r[0] = _mm256_permute2f128_pd(low_1, low_2, 0x20);
    r[1] = _mm256_permute2f128_pd(high_1, high_2, 0x20);
    r[2] = _mm256_permute2f128_pd(low_1, low_2, 0x31);
    r[3] = _mm256_permute2f128_pd(high_1, high_2, 0x31);
}

// Four squares of half the size, those off the diagonal changing places.
template <class Square, int half, class Vector>
CHAINRULE_INLINE void transpose_by_squares(Vector (&rows)[2 * half]) {
    Square squares[2][2][half];
    for (int i = 0; i < half; ++i) {
        squares[0][0][i] = rows[i].low;
        squares[0][1][i] = rows[i].high;
        squares[1][0][i] = rows[half + i].low;
        squares[1][1][i] = rows[half + i].high;
    }
    for (auto& pair : squares) {
        transpose_square(pair[0]);
        transpose_square(pair[1]);
    }
    for (int i = 0; i < half; ++i) {
        rows[i] = {squares[0][0][i], squares[1][0][i]};
        rows[half + i] = {squares[0][1][i], squares[1][1][i]};
    }
}
CHAINRULE_INLINE void transpose(Float32 (&rows)[16]) { transpose_by_squares<__m256, 8>(rows); }
CHAINRULE_INLINE void transpose(Float64 (&rows)[8]) { transpose_by_squares<__m256d, 4>(rows); }

}  // namespace chainrule::CHAINRULE_NAMESPACE
