// Functions of one number, lane by lane: activations (AC.1) to (AC.4) with their derivatives.
//
// tanh and the sigmoid are computed in float64 for both dtypes: a float32 result is rounded once, a float64
// one has an error of a few u.
#pragma once

#include "exponential.hpp"
#include "training_tasks.hpp"
#include "vector.hpp"

namespace chainrule::CHAINRULE_NAMESPACE {

// f of both halves in float64.
template <class Function>
CHAINRULE_INLINE Float32 by_float64(Float32 u, Function f) {
    return join(f(lower(u)), f(upper(u)));
}
template <class Function>
CHAINRULE_INLINE Float64 by_float64(Float64 u, Function f) {
    return f(u);
}

CHAINRULE_INLINE Float64 absolute(Float64 u) { return maximum(u, Float64::all(0.0) - u); }
CHAINRULE_INLINE Float64 exponential_below(Float64 u) {  // exp(u) for u <= 0
    return exponential(u) * Float64::all(exponential_unit<double>);
}

// sigmoid(u), and sigmoid(-u) in `other`.
CHAINRULE_INLINE Float64 sigmoid_of(Float64 u, Float64& other) {
    const Float64 one = Float64::all(1.0);
    const Float64 e = exponential_below(Float64::all(0.0) - absolute(u));
    const Float64 large = one / (one + e);
    const Float64 small = e / (one + e);
    const auto negative = less(u, Float64::all(0.0));
    other = select(negative, large, small);
    return select(negative, small, large);
}

// Below 1/2 the Pade approximant of order 7 and 6, whose relative error there is below 2^-54; else by the
// exponential, where 1 - exp(-2|u|) cancels less than half of a digit.
CHAINRULE_INLINE Float64 tanh_of(Float64 u) {
    const auto all = Float64::all;
    const Float64 x = absolute(u);
    const Float64 z = x * x;
    const Float64 above = multiply_add(z, multiply_add(z, z + all(378.0), all(17325.0)), all(135135.0));
    const Float64 below = multiply_add(
        z, multiply_add(z, multiply_add(z, all(28.0), all(3150.0)), all(62370.0)), all(135135.0));
    const Float64 e = exponential_below(all(-2.0) * x);
    const auto small = less(x, all(0.5));
    const Float64 size = select(small, x * above, all(1.0) - e) / select(small, below, all(1.0) + e);
    return select(less(u, all(0.0)), all(0.0) - size, size);
}

struct Identity {
    template <class V>
    CHAINRULE_INLINE V value(V u) const {
        return u;
    }
    template <class V>
    CHAINRULE_INLINE V derivative(V, V) const {
        return V::all(1);
    }
};
struct Relu {
    template <class V>
    CHAINRULE_INLINE V value(V u) const {
        return maximum(V::all(0), u);  // NaN stays NaN
    }
    template <class V>
    CHAINRULE_INLINE V derivative(V, V a) const {
        return select(less(V::all(0), a), V::all(1), V::all(0));
    }
};
struct Tanh {
    template <class V>
    CHAINRULE_INLINE V value(V u) const {
        return by_float64(u, [](Float64 x) { return tanh_of(x); });
    }
    template <class V>
    CHAINRULE_INLINE V derivative(V, V a) const {
        return V::all(1) - a * a;
    }
};
struct Sigmoid {
    template <class V>
    CHAINRULE_INLINE V value(V u) const {
        return by_float64(u, [](Float64 x) {
            Float64 other;
            return sigmoid_of(x, other);
        });
    }
    template <class V>
    CHAINRULE_INLINE V derivative(V u, V) const {
        return by_float64(u, [](Float64 x) {
            Float64 other;
            const Float64 value = sigmoid_of(x, other);
            return value * other;
        });
    }
};

template <class Use>
CHAINRULE_INLINE void with_activation(ActivationKind kind, Use use) {
    switch (kind) {
        case ActivationKind::identity:
            return use(Identity{});
        case ActivationKind::relu:
            return use(Relu{});
        case ActivationKind::tanh:
            return use(Tanh{});
        case ActivationKind::sigmoid:
            return use(Sigmoid{});
    }
}

}  // namespace chainrule::CHAINRULE_NAMESPACE
