// Several vectors side by side: one chain of dependent operations would leave the processor waiting, as no
// more of the next ones than a third of what it needs fit into its queue.
#pragma once

#include "vector.hpp"

namespace chainrule::CHAINRULE_NAMESPACE {

template <class V, int n>
struct Abreast {
    static constexpr int lanes = V::lanes;
    V part[n];

    template <class Make>
    static CHAINRULE_INLINE Abreast of(Make make) {
        Abreast result;
#pragma GCC unroll 8
        for (int i = 0; i < n; ++i) {
            result.part[i] = make(i);
        }
        return result;
    }
    template <class Real>
    static CHAINRULE_INLINE Abreast all(Real x) {
        const V value = V::all(x);
        return of([&](int) { return value; });
    }
    static CHAINRULE_INLINE Abreast all(V value) {
        return of([&](int) { return value; });
    }
};

template <class V, int n>
CHAINRULE_INLINE Abreast<V, n> operator+(const Abreast<V, n>& a, const Abreast<V, n>& b) {
    return Abreast<V, n>::of([&](int i) { return a.part[i] + b.part[i]; });
}
template <class V, int n>
CHAINRULE_INLINE Abreast<V, n> operator-(const Abreast<V, n>& a, const Abreast<V, n>& b) {
    return Abreast<V, n>::of([&](int i) { return a.part[i] - b.part[i]; });
}
template <class V, int n>
CHAINRULE_INLINE Abreast<V, n> operator*(const Abreast<V, n>& a, const Abreast<V, n>& b) {
    return Abreast<V, n>::of([&](int i) { return a.part[i] * b.part[i]; });
}
template <class V, int n>
CHAINRULE_INLINE Abreast<V, n> operator/(const Abreast<V, n>& a, const Abreast<V, n>& b) {
    return Abreast<V, n>::of([&](int i) { return a.part[i] / b.part[i]; });
}
template <class V, int n>
CHAINRULE_INLINE Abreast<V, n> multiply_add(const Abreast<V, n>& a, const Abreast<V, n>& b,
                                            const Abreast<V, n>& c) {
    return Abreast<V, n>::of([&](int i) { return multiply_add(a.part[i], b.part[i], c.part[i]); });
}
template <class V, int n>
CHAINRULE_INLINE Abreast<V, n> square_root(const Abreast<V, n>& a) {
    return Abreast<V, n>::of([&](int i) { return square_root(a.part[i]); });
}
template <class V, int n>
CHAINRULE_INLINE Abreast<V, n> root_guess(const Abreast<V, n>& a) {
    return Abreast<V, n>::of([&](int i) { return root_guess(a.part[i]); });
}
template <class V, int n>
CHAINRULE_INLINE Abreast<V, n> reciprocal_guess(const Abreast<V, n>& a) {
    return Abreast<V, n>::of([&](int i) { return reciprocal_guess(a.part[i]); });
}

// Whether every lane is below the bound; NaN is not.
template <class V, int n, class Real>
CHAINRULE_INLINE bool all_below(const Abreast<V, n>& a, Real bound) {
    int below = 0;
    for (int i = 0; i < n; ++i) {
        below += count(less(a.part[i], V::all(bound)));
    }
    return below == n * V::lanes;
}

}  // namespace chainrule::CHAINRULE_NAMESPACE
