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
CHAINRULE_INLINE int count(Float32::Mask m) {
    return __builtin_popcount(_mm256_movemask_ps(m.low)) + __builtin_popcount(_mm256_movemask_ps(m.high));
}
CHAINRULE_INLINE int count(Float64::Mask m) {
    return __builtin_popcount(_mm256_movemask_pd(m.low)) + __builtin_popcount(_mm256_movemask_pd(m.high));
}

template <int extra>
CHAINRULE_INLINE __m256 two_to(__m256 shifted) {
    const __m256i n = _mm256_slli_epi32(_mm256_castps_si256(shifted), 23);
    return _mm256_castsi256_ps(_mm256_add_epi32(n, _mm256_set1_epi32((127 + extra) << 23)));
}
template <int extra>
CHAINRULE_INLINE __m256d two_to(__m256d shifted) {
    const __m256i n = _mm256_slli_epi64(_mm256_castpd_si256(shifted), 52);
    return _mm256_castsi256_pd(_mm256_add_epi64(n, _mm256_set1_epi64x((1023LL + extra) << 52)));
}
template <int extra>
CHAINRULE_INLINE Float32 two_to(Float32 shifted) {
    return {two_to<extra>(shifted.low), two_to<extra>(shifted.high)};
}
template <int extra>
CHAINRULE_INLINE Float64 two_to(Float64 shifted) {
    return {two_to<extra>(shifted.low), two_to<extra>(shifted.high)};
}

CHAINRULE_INLINE Float64 to_float64(__m256 a) {
    return {_mm256_cvtps_pd(_mm256_castps256_ps128(a)), _mm256_cvtps_pd(_mm256_extractf128_ps(a, 1))};
}
CHAINRULE_INLINE Float64 lower(Float32 a) { return to_float64(a.low); }
CHAINRULE_INLINE Float64 upper(Float32 a) { return to_float64(a.high); }

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
    const __m256 narrow = _mm256_set_m128(_mm256_cvtpd_ps(a.high), _mm256_cvtpd_ps(a.low));
    _mm256_maskstore_ps(p, first_lanes_32(part.count), narrow);
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
