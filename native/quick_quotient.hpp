// Square roots and reciprocals of float32 from a guess and Newton's and Halley's iterations: the processor's
// own take 36 cycles for 16 parameters, which was a quarter of a step of Adam. Multiply-adds alone, so the
// bits are the same on every instruction set.
#pragma once

#include "vector.hpp"

namespace chainrule::CHAINRULE_NAMESPACE {

// sqrt(a) to 2 units in the last place, 0 of 0, for a up to 2^100; below 2^-126 some number up to 2^-60.
template <class V>
CHAINRULE_INLINE V quick_root(const V& a) {
    const V guess = root_guess(a);
    const V h = a * guess * guess;
    const V factor = multiply_add(h, multiply_add(h, V::all(0.375F), V::all(-1.25F)), V::all(1.875F));
    const V y = guess * factor;
    const V root = a * y;
    return root * multiply_add(root * y, V::all(-0.5F), V::all(1.5F));
}

// -1 / a to 1 unit in the last place, for a from 2^-100 to 2^100.
template <class V>
CHAINRULE_INLINE V quick_negative_reciprocal(const V& a) {
    const V one = V::all(1.0F);
    const V guess = reciprocal_guess(a);
    const V e = multiply_add(a, guess, one);
    const V y = multiply_add(guess, multiply_add(e, e, e), guess);
    return multiply_add(y, multiply_add(a, y, one), y);
}

}  // namespace chainrule::CHAINRULE_NAMESPACE
