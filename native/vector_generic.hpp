// Virtual vectors from four 128-bit registers, by the vector extensions of GCC and Clang: NEON on ARM, SSE2
// on x86.
//
// On ARM the multiply-add is fused and the bits are those of AVX2 and AVX-512. Old x86 has no fused
// multiply-add: there float32 goes through float64 (the product is exact) and float64 rounds twice, within
// the same bounds. See vector.hpp for what each operation means.
#pragma once

#if defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace chainrule::CHAINRULE_NAMESPACE {

typedef float Quad __attribute__((vector_size(16)));
typedef int32_t QuadMask __attribute__((vector_size(16)));
typedef uint32_t QuadBits __attribute__((vector_size(16)));
typedef double Pair __attribute__((vector_size(16)));
typedef int64_t PairMask __attribute__((vector_size(16)));
typedef uint64_t PairBits __attribute__((vector_size(16)));

struct Float32 {
    static constexpr int lanes = 16;
    struct Mask {
        QuadMask part[4];
    };
    Quad part[4];
    static CHAINRULE_INLINE Float32 all(float x) {
        const Quad quad = {x, x, x, x};
        return {{quad, quad, quad, quad}};
    }
};

struct Float64 {
    static constexpr int lanes = 8;
    struct Mask {
        PairMask part[4];
    };
    Pair part[4];
    static CHAINRULE_INLINE Float64 all(double x) {
        const Pair pair = {x, x};
        return {{pair, pair, pair, pair}};
    }
};

// Result{f(a[0], b[0]), ..., f(a[3], b[3])} over the registers of vectors or masks.
template <class Result, class Function, class... Vectors>
CHAINRULE_INLINE Result by_register(Function f, Vectors... v) {
    return {{f(v.part[0]...), f(v.part[1]...), f(v.part[2]...), f(v.part[3]...)}};
}

#define CHAINRULE_PAIRWISE(name, expression)                                          \
    CHAINRULE_INLINE Float32 name(Float32 x, Float32 y) {                             \
        return by_register<Float32>([](Quad a, Quad b) { return expression; }, x, y); \
    }                                                                                 \
    CHAINRULE_INLINE Float64 name(Float64 x, Float64 y) {                             \
        return by_register<Float64>([](Pair a, Pair b) { return expression; }, x, y); \
    }
CHAINRULE_PAIRWISE(operator+, a + b)
CHAINRULE_PAIRWISE(operator-, a - b)
CHAINRULE_PAIRWISE(operator*, a* b)
CHAINRULE_PAIRWISE(operator/, a / b)
CHAINRULE_PAIRWISE(maximum, a > b ? a : b)
CHAINRULE_PAIRWISE(minimum, a < b ? a : b)
#undef CHAINRULE_PAIRWISE

CHAINRULE_INLINE Float32 square_root(Float32 x) {
    return by_register<Float32>(
        [](Quad a) {
            return Quad{__builtin_sqrtf(a[0]), __builtin_sqrtf(a[1]), __builtin_sqrtf(a[2]),
                        __builtin_sqrtf(a[3])};
        },
        x);
}
CHAINRULE_INLINE Float64 square_root(Float64 x) {
    return by_register<Float64>([](Pair a) { return Pair{__builtin_sqrt(a[0]), __builtin_sqrt(a[1])}; }, x);
}

CHAINRULE_INLINE Float64 rough_reciprocal(Float64 x) {
    return by_register<Float64>(
        [](Pair a) {
            const Pair result = {static_cast<double>(1.0F / static_cast<float>(a[0])),
                                 static_cast<double>(1.0F / static_cast<float>(a[1]))};
            return result;
        },
        x);
}

#if defined(__aarch64__)
CHAINRULE_INLINE Quad multiply_add(Quad a, Quad b, Quad c) { return vfmaq_f32(c, a, b); }
CHAINRULE_INLINE Pair multiply_add(Pair a, Pair b, Pair c) { return vfmaq_f64(c, a, b); }
#else
CHAINRULE_INLINE Quad multiply_add(Quad a, Quad b, Quad c) {
    Quad result;
    for (int i = 0; i < 4; ++i) {
        result[i] = static_cast<float>(static_cast<double>(a[i]) * b[i] + c[i]);
    }
    return result;
}
CHAINRULE_INLINE Pair multiply_add(Pair a, Pair b, Pair c) { return a * b + c; }
#endif
CHAINRULE_INLINE Float32 multiply_add(Float32 x, Float32 y, Float32 z) {
    return by_register<Float32>([](Quad a, Quad b, Quad c) { return multiply_add(a, b, c); }, x, y, z);
}
CHAINRULE_INLINE Float64 multiply_add(Float64 x, Float64 y, Float64 z) {
    return by_register<Float64>([](Pair a, Pair b, Pair c) { return multiply_add(a, b, c); }, x, y, z);
}
#if !defined(__aarch64__)
CHAINRULE_INLINE Float64 fused_multiply_add(Float64 x, Float64 y, Float64 z) {
    const auto fused = [](Pair a, Pair b, Pair c) {
        return Pair{__builtin_fma(a[0], b[0], c[0]), __builtin_fma(a[1], b[1], c[1])};
    };
    return by_register<Float64>(fused, x, y, z);
}
#endif

CHAINRULE_INLINE Float32::Mask equal(Float32 x, Float32 y) {
    return by_register<Float32::Mask>([](Quad a, Quad b) -> QuadMask { return a == b; }, x, y);
}
CHAINRULE_INLINE Float64::Mask equal(Float64 x, Float64 y) {
    return by_register<Float64::Mask>([](Pair a, Pair b) -> PairMask { return a == b; }, x, y);
}
CHAINRULE_INLINE Float32::Mask less(Float32 x, Float32 y) {
    return by_register<Float32::Mask>([](Quad a, Quad b) -> QuadMask { return a < b; }, x, y);
}
CHAINRULE_INLINE Float64::Mask less(Float64 x, Float64 y) {
    return by_register<Float64::Mask>([](Pair a, Pair b) -> PairMask { return a < b; }, x, y);
}
CHAINRULE_INLINE Float32 select(Float32::Mask m, Float32 x, Float32 y) {
    return by_register<Float32>([](QuadMask mask, Quad a, Quad b) { return mask ? a : b; }, m, x, y);
}
CHAINRULE_INLINE Float64 select(Float64::Mask m, Float64 x, Float64 y) {
    return by_register<Float64>([](PairMask mask, Pair a, Pair b) { return mask ? a : b; }, m, x, y);
}
CHAINRULE_INLINE Float32::Mask not_less(Float32 x, Float32 y) {
    return by_register<Float32::Mask>([](Quad a, Quad b) -> QuadMask { return ~(a < b); }, x, y);
}
CHAINRULE_INLINE Float64::Mask not_less(Float64 x, Float64 y) {
    return by_register<Float64::Mask>([](Pair a, Pair b) -> PairMask { return ~(a < b); }, x, y);
}
CHAINRULE_INLINE Float32 product_where(Float32::Mask m, Float32 x, Float32 y) {
    return select(m, x * y, Float32::all(0.0F));
}
CHAINRULE_INLINE Float64 product_where(Float64::Mask m, Float64 x, Float64 y) {
    return select(m, x * y, Float64::all(0.0));
}
CHAINRULE_INLINE int count(Float32::Mask m) {
    const QuadMask sum = m.part[0] + m.part[1] + m.part[2] + m.part[3];  // a lane that is set holds -1
    return -static_cast<int>(sum[0] + sum[1] + sum[2] + sum[3]);
}
CHAINRULE_INLINE int count(Float64::Mask m) {
    const PairMask sum = m.part[0] + m.part[1] + m.part[2] + m.part[3];
    return -static_cast<int>(sum[0] + sum[1]);
}

CHAINRULE_INLINE Float32 reciprocal_guess(Float32 x) {
    return by_register<Float32>([](Quad a) { return (Quad)(negative_reciprocal_magic - (QuadBits)a); }, x);
}
CHAINRULE_INLINE Float32 root_guess(Float32 x) {
    return by_register<Float32>([](Quad a) { return (Quad)(root_magic - ((QuadBits)a >> 1)); }, x);
}

CHAINRULE_INLINE Float32 two_to(Float32 shifted) {
    return by_register<Float32>([](Quad a) { return (Quad)((QuadBits)a << 23); }, shifted);
}
CHAINRULE_INLINE Float64 two_to(Float64 shifted) {
    return by_register<Float64>([](Pair a) { return (Pair)((PairBits)a << 52); }, shifted);
}

CHAINRULE_INLINE Float64 mantissa_and_exponent(Float64 a, Float64& k) {
    // 2^52 + k has k in its low bits.
    const Pair two_to_52 = {0x1p52, 0x1p52};
    k = by_register<Float64>(
        [=](Pair p) {
            const PairBits exponent = ((PairBits)p - static_cast<uint64_t>(bits_of_sqrt_half)) >> 52;
            return (Pair)(exponent | (PairBits)two_to_52) - two_to_52;
        },
        a);
    return by_register<Float64>(
        [](Pair p) {
            const PairBits offset = (PairBits)p - static_cast<uint64_t>(bits_of_sqrt_half);
            return (Pair)((offset & static_cast<uint64_t>(mantissa_bits)) +
                          static_cast<uint64_t>(bits_of_sqrt_half));
        },
        a);
}

CHAINRULE_INLINE Pair lower_half(Quad a) { return Pair{a[0], a[1]}; }
CHAINRULE_INLINE Pair upper_half(Quad a) { return Pair{a[2], a[3]}; }
CHAINRULE_INLINE Float64 to_float64(Quad a, Quad b) {
    return {{lower_half(a), upper_half(a), lower_half(b), upper_half(b)}};
}
CHAINRULE_INLINE Float64 lower(Float32 a) { return to_float64(a.part[0], a.part[1]); }
CHAINRULE_INLINE Float64 upper(Float32 a) { return to_float64(a.part[2], a.part[3]); }
CHAINRULE_INLINE Quad to_float32(Pair a, Pair b) {
    return Quad{static_cast<float>(a[0]), static_cast<float>(a[1]), static_cast<float>(b[0]),
                static_cast<float>(b[1])};
}
CHAINRULE_INLINE Float32 join(Float64 low, Float64 high) {
    return {{to_float32(low.part[0], low.part[1]), to_float32(low.part[2], low.part[3]),
             to_float32(high.part[0], high.part[1]), to_float32(high.part[2], high.part[3])}};
}

template <int distance>
CHAINRULE_INLINE Float64 exchange(Float64 a) {
    if constexpr (distance == 4) {
        return {{a.part[2], a.part[3], a.part[0], a.part[1]}};
    } else if constexpr (distance == 2) {
        return {{a.part[1], a.part[0], a.part[3], a.part[2]}};
    } else {
        static_assert(distance == 1);
        return by_register<Float64>([](Pair p) { return Pair{p[1], p[0]}; }, a);
    }
}
CHAINRULE_INLINE double first_lane(Float64 a) { return a.part[0][0]; }

CHAINRULE_INLINE int lanes_of(Whole, int lanes) { return lanes; }
CHAINRULE_INLINE int lanes_of(Part part, int) { return part.count; }

template <class Extent>
CHAINRULE_INLINE Float32 load(const float* p, Extent extent, float fill) {
    Float32 result = Float32::all(fill);
    __builtin_memcpy(&result, p, sizeof(float) * static_cast<unsigned>(lanes_of(extent, Float32::lanes)));
    return result;
}
template <class Extent>
CHAINRULE_INLINE Float64 load(const double* p, Extent extent, double fill) {
    Float64 result = Float64::all(fill);
    __builtin_memcpy(&result, p, sizeof(double) * static_cast<unsigned>(lanes_of(extent, Float64::lanes)));
    return result;
}
template <class Extent>
CHAINRULE_INLINE Float64 load_float64(const double* p, Extent extent, double fill) {
    return load(p, extent, fill);
}
template <class Extent>
CHAINRULE_INLINE Float64 load_float64(const float* p, Extent extent, double fill) {
    const float filler = static_cast<float>(fill);
    Quad values[2] = {{filler, filler, filler, filler}, {filler, filler, filler, filler}};
    __builtin_memcpy(values, p, sizeof(float) * static_cast<unsigned>(lanes_of(extent, Float64::lanes)));
    return to_float64(values[0], values[1]);
}

template <class Extent>
CHAINRULE_INLINE void store(float* p, Float32 a, Extent extent) {
    __builtin_memcpy(p, &a, sizeof(float) * static_cast<unsigned>(lanes_of(extent, Float32::lanes)));
}
template <class Extent>
CHAINRULE_INLINE void store(double* p, Float64 a, Extent extent) {
    __builtin_memcpy(p, &a, sizeof(double) * static_cast<unsigned>(lanes_of(extent, Float64::lanes)));
}
template <class Extent>
CHAINRULE_INLINE void store(float* p, Float64 a, Extent extent) {
    float narrow[Float64::lanes];
    for (int i = 0; i < Float64::lanes; ++i) {
        narrow[i] = static_cast<float>(a.part[i / 2][i % 2]);
    }
    __builtin_memcpy(p, narrow, sizeof(float) * static_cast<unsigned>(lanes_of(extent, Float64::lanes)));
}

CHAINRULE_INLINE void store_past_cache(float* p, Float32 a) { store(p, a, Whole{}); }
CHAINRULE_INLINE void store_past_cache(double* p, Float64 a) { store(p, a, Whole{}); }
CHAINRULE_INLINE void finish_stores() {}

CHAINRULE_INLINE void load_runs(const float* p, int64_t stride, Float32* run) {
    for (int j = 0; j < 4; ++j) {
        Quad row[4];
        for (int i = 0; i < 4; ++i) {
            __builtin_memcpy(&row[i], p + (4 * j + i) * stride, sizeof(Quad));
        }
        for (int c = 0; c < 4; ++c) {
            run[c].part[j] = Quad{row[0][c], row[1][c], row[2][c], row[3][c]};
        }
    }
}
CHAINRULE_INLINE void store_runs(float* p, int64_t stride, const Float32* run) {
    for (int j = 0; j < 4; ++j) {
        for (int i = 0; i < 4; ++i) {
            const Quad row = {run[0].part[j][i], run[1].part[j][i], run[2].part[j][i], run[3].part[j][i]};
            __builtin_memcpy(p + (4 * j + i) * stride, &row, sizeof(Quad));
        }
    }
}
CHAINRULE_INLINE void load_runs(const double* p, int64_t stride, Float64* run) {
    for (int j = 0; j < 4; ++j) {
        const double* const first = p + 2 * j * stride;
        const double* const second = first + stride;
        run[0].part[j] = Pair{first[0], second[0]};
        run[1].part[j] = Pair{first[1], second[1]};
    }
}
CHAINRULE_INLINE void store_runs(double* p, int64_t stride, const Float64* run) {
    for (int j = 0; j < 4; ++j) {
        for (int i = 0; i < 2; ++i) {
            const Pair row = {run[0].part[j][i], run[1].part[j][i]};
            __builtin_memcpy(p + (2 * j + i) * stride, &row, sizeof(Pair));
        }
    }
}

template <class Real, class Vector>
CHAINRULE_INLINE void transpose_in_memory(Vector (&rows)[Vector::lanes]) {
    Real before[Vector::lanes][Vector::lanes];
    Real after[Vector::lanes][Vector::lanes];
    __builtin_memcpy(before, rows, sizeof before);
    for (int i = 0; i < Vector::lanes; ++i) {
        for (int j = 0; j < Vector::lanes; ++j) {
            after[j][i] = before[i][j];
        }
    }
    __builtin_memcpy(rows, after, sizeof after);
}
CHAINRULE_INLINE void transpose(Float32 (&rows)[16]) { transpose_in_memory<float>(rows); }
CHAINRULE_INLINE void transpose(Float64 (&rows)[8]) { transpose_in_memory<double>(rows); }

}  // namespace chainrule::CHAINRULE_NAMESPACE
