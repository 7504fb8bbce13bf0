// What every kernel does first with a row of logits: its largest logit m, and s = sum of exp((z_i - m) / T)
// over all but one largest entry (SM.1).
#pragma once

#include "exponential.hpp"
#include "sums.hpp"

namespace chainrule::CHAINRULE_NAMESPACE {

template <class Real>
struct Limits;
template <>
struct Limits<float> {
    static constexpr float smallest_normal = 0x1p-126F;
    static constexpr float largest = 0x1.fffffep+127F;
};
template <>
struct Limits<double> {
    static constexpr double smallest_normal = 0x1p-1022;
    static constexpr double largest = 0x1.fffffffffffffp+1023;
};

inline constexpr double infinity = __builtin_inf();
inline constexpr double not_a_number = __builtin_nan("");

// 1 / T in two parts, so that dividing by T rounds once and needs no division; clamped to the normal numbers.
//
// Logits and T > 1 are both taken times 2^-64 first: then no difference of logits overflows, and the clamp is
// met only where every (z - m) / T is too small to matter. What the logits lose below the normal numbers is
// too small as well. For T <= 1, (z - m) / T overflows whenever z - m does.
template <class Real>
struct InverseTemperature {
    Real high;
    Real low;
    Real lowest;       // the lowest number whose product with `low` is finite, or higher
    Real logit_scale;  // 2^-64 or 1
    double scaled;     // T * logit_scale
    bool is_one;
};

template <class Real>
constexpr InverseTemperature<Real> no_temperature{1, 0, -Limits<Real>::largest, 1, 1.0, true};

template <class Real>
CHAINRULE_INLINE InverseTemperature<Real> inverse_temperature(double temperature) {
    constexpr Real largest = Limits<Real>::largest;
    const Real logit_scale = temperature > 1.0 ? Real{0x1p-64} : Real{1};
    const double scaled = temperature * static_cast<double>(logit_scale);
    const double inverse = 1.0 / scaled;
    if (!(inverse < largest)) {
        return {largest, 0, -largest, logit_scale, scaled, false};
    }
    if (inverse < Limits<Real>::smallest_normal) {
        return {Limits<Real>::smallest_normal, 0, -largest, logit_scale, scaled, false};
    }
    const Real high = static_cast<Real>(inverse);
    const Real low = static_cast<Real>(__builtin_fma(-scaled, static_cast<double>(high), 1.0) / scaled);
    const Real size = low < 0 ? -low : low;
    const Real lowest = size > 1 ? -largest / 2 / size : -largest;
    return {high, low, lowest, logit_scale, scaled, temperature == 1.0};
}

// What a row's derivatives by z / T are multiplied by, over (1 + s). Clamped to the finite numbers: the
// gradient of a class without any mass is 0, not 0 * inf.
CHAINRULE_INLINE double gradient_factor(double weight, double gradient_scale, double temperature,
                                        double rest) {
    const double factor = weight * gradient_scale / temperature / (1.0 + rest);
    constexpr double largest = Limits<double>::largest;
    return factor > largest ? largest : (factor < -largest ? -largest : factor);  // NaN stays NaN
}

// The largest logit, NaN apart: -inf when there is none. Four chains of maxima, because one would wait for
// itself.
template <class Real>
CHAINRULE_INLINE Real largest_logit(const Real* logits, int64_t n) {
    using V = Vector<Real>;
    constexpr Real lowest = static_cast<Real>(-infinity);
    V a = V::all(lowest);
    V b = a;
    V c = a;
    V d = a;
    int64_t k = 0;
    for (; k + 4 * V::lanes <= n; k += 4 * V::lanes) {
        a = maximum(load(logits + k, Whole{}, lowest), a);
        b = maximum(load(logits + k + V::lanes, Whole{}, lowest), b);
        c = maximum(load(logits + k + 2 * V::lanes, Whole{}, lowest), c);
        d = maximum(load(logits + k + 3 * V::lanes, Whole{}, lowest), d);
    }
    sweep<V::lanes>(
        n - k, [&](int64_t rest, auto extent) { a = maximum(load(logits + k + rest, extent, lowest), a); });
    return static_cast<Real>(maximum_of_lanes(maximum(maximum(a, b), maximum(c, d))));
}

// z - m, for a finite m and T = 1.
template <class Real>
struct PlainShift {
    Vector<Real> largest;
    CHAINRULE_INLINE Vector<Real> difference(Vector<Real> z) const { return z - largest; }
    CHAINRULE_INLINE Vector<Real> operator()(Vector<Real> z) const { return z - largest; }
};

// (z - m) / T, where inf - inf counts as 0: the limit when exactly one logit is +inf.
template <class Real>
struct GeneralShift {
    using V = Vector<Real>;
    V largest;
    InverseTemperature<Real> inverse;
    // (z - m) * logit_scale: the product is exact, so this rounds once; z - m itself when T <= 1.
    CHAINRULE_INLINE V difference(V z) const {
        const V minus_largest = largest * V::all(-inverse.logit_scale);
        return select(equal(z, largest), V::all(0),
                      multiply_add(z, V::all(inverse.logit_scale), minus_largest));
    }
    // The product with `low` is kept finite: beside an infinite d it would be -inf * 0 or -inf + inf, and
    // where it would overflow, d * high decides alone. A second rounding would cost as much again as R
    // allows.
    CHAINRULE_INLINE V operator()(V z) const {
        const V d = difference(z);
        const V finite = maximum(d, V::all(inverse.lowest));
        return fused_multiply_add(d, V::all(inverse.high), finite * V::all(inverse.low));
    }
};

// use(shift) with the cheapest shift that is right for the row.
template <class Real, class Use>
CHAINRULE_INLINE auto with_shift(Real largest, InverseTemperature<Real> inverse, Use use) {
    if (inverse.is_one && largest < infinity) {
        return use(PlainShift<Real>{Vector<Real>::all(largest)});
    }
    return use(GeneralShift<Real>{Vector<Real>::all(largest), inverse});
}

// The sum s as the edge table wants it: NaN when all logits are -inf or NaN, or two or more are +inf.
CHAINRULE_INLINE double checked_rest(double largest_logit, double rest) {
    const bool undefined = largest_logit == -infinity || (largest_logit == infinity && rest != 0.0);
    return undefined ? not_a_number : rest;
}

// Ask for the memory `distance` elements further on, which need not belong to the array: nothing is read.
template <class Real>
CHAINRULE_INLINE void prefetch_read(const Real* p, int64_t distance) {
    const auto bytes = static_cast<uintptr_t>(distance) * sizeof(Real);
    __builtin_prefetch(reinterpret_cast<const void*>(reinterpret_cast<uintptr_t>(p) + bytes), 0);
}
template <class Real>
CHAINRULE_INLINE void prefetch_write(const Real* p, int64_t distance) {
    const auto bytes = static_cast<uintptr_t>(distance) * sizeof(Real);
    __builtin_prefetch(reinterpret_cast<const void*>(reinterpret_cast<uintptr_t>(p) + bytes), 1);
}

// s of a row; the exponentials, in their units, go to `out` when Keep is set (out may be the logits). `ahead`
// says how many elements further the rows begin that come next: this pass computes, that of the maxima waits
// for memory, so their memory is fetched here.
template <bool Keep, class Real, class Shift>
CHAINRULE_INLINE double sum_of_exponentials(const Real* logits, Real* out, int64_t n, Shift shift,
                                            int64_t ahead = 0) {
    using V = Vector<Real>;
    SumWithoutLargest<Real> sum;
    sweep_blocks<V::lanes>(
        n,
        [&](int64_t k, auto extent) {
            const V e = exponential(shift(load(logits + k, extent, static_cast<Real>(-infinity))));
            if (ahead > 0) {
                prefetch_read(logits + k, ahead);
            }
            if constexpr (Keep) {
                if (ahead > 0) {
                    prefetch_write(out + k, ahead);
                }
                store(out + k, e, extent);
            }
            sum.add(e);
        },
        [&] { sum.close_block(); });
    return sum.result().rest * static_cast<double>(exponential_unit<Real>);
}

template <class Real>
CHAINRULE_INLINE void multiply_row(Real* row, int64_t n, Real factor) {
    using V = Vector<Real>;
    sweep<V::lanes>(n, [&](int64_t k, auto extent) {
        store(row + k, load(row + k, extent, 0) * V::all(factor), extent);
    });
}

// Exponentials in their units times a finite factor. A factor outside the normal numbers of the dtype would
// lose digits together with the unit, or overflow where the products do not: then both are applied in
// float64, one after the other.
template <class Real>
CHAINRULE_INLINE void scale_exponentials(Real* row, int64_t n, double factor) {
    constexpr double unit = exponential_unit<Real>;
    const double size = __builtin_fabs(factor * unit);
    if (size >= Limits<Real>::smallest_normal && size <= Limits<Real>::largest) {
        multiply_row(row, n, static_cast<Real>(factor * unit));
        return;
    }
    sweep<Float64::lanes>(n, [&](int64_t k, auto extent) {
        const Float64 e = load_float64(row + k, extent, 0.0) * Float64::all(unit);
        store(row + k, e * Float64::all(factor), extent);
    });
}

// The same from one row to another, and past the cache: the processor need not read what it overwrites.
template <class Real>
CHAINRULE_INLINE void scale_past_cache(Real* exponentials, Real* out, int64_t n, double factor) {
    using V = Vector<Real>;
    constexpr double unit = exponential_unit<Real>;
    const double size = __builtin_fabs(factor * unit);
    const bool usual = size >= Limits<Real>::smallest_normal && size <= Limits<Real>::largest;
    if (!usual) {
        scale_exponentials(exponentials, n, factor);
    }
    const V multiplier = V::all(usual ? static_cast<Real>(factor * unit) : Real{1});
    const auto past_line = static_cast<int64_t>(reinterpret_cast<uintptr_t>(out) % 64 / sizeof(Real));
    const int64_t before = past_line == 0 ? 0 : V::lanes - past_line;
    const int64_t head = before < n ? before : n;
    const auto product = [&](int64_t k, auto extent) {
        return load(exponentials + k, extent, 0) * multiplier;
    };
    sweep<V::lanes>(head, [&](int64_t k, auto extent) { store(out + k, product(k, extent), extent); });
    int64_t k = head;
    for (; k + V::lanes <= n; k += V::lanes) {
        store_past_cache(out + k, product(k, Whole{}));
    }
    sweep<V::lanes>(
        n - k, [&](int64_t rest, auto extent) { store(out + k + rest, product(k + rest, extent), extent); });
}

template <class Real>
CHAINRULE_INLINE void fill_row(Real* row, int64_t n, Real value) {
    for (int64_t k = 0; k < n; ++k) {
        row[k] = value;
    }
}

}  // namespace chainrule::CHAINRULE_NAMESPACE
