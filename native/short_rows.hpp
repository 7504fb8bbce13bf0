// Rows of few classes, one row to a lane: 16 rows of float32 or 8 of float64 at a time.
//
// A row of 10 float32 fills 10 of 16 lanes, and then its maximum, its sum and its logarithm wait for one
// another. With a row to a lane every lane works and all of those are done for 16 rows at once. No lane looks
// at another, so a row has the same bits wherever it stands in a batch.
#pragma once

#include <utility>

#include "row.hpp"

namespace chainrule::CHAINRULE_NAMESPACE {

// At 32 classes a row takes 20 ns so, and 61 ns at 33 with classes across lanes, one row after another
// (float32, AVX-512). Whether more than 32 would pay has not been measured.
template <class Real>
inline constexpr int64_t longest_short_row = 32;

// A group of rows: as many as a vector has lanes.
template <class Real>
inline constexpr int64_t rows_to_a_group = Vector<Real>::lanes;

// Lane i of columns[k] is rows[i * n + k]. The last run of a row starts where it ends with the row, and so
// meets some columns twice: nothing outside the rows is read.
template <class Real>
CHAINRULE_INLINE void load_columns(const Real* rows, int64_t n, Vector<Real>* columns) {
    constexpr int run = elements_to_a_run<Real>;
    if (n < run) {
        Real buffer[run * rows_to_a_group<Real>];
        for (int64_t k = 0; k < n; ++k) {
            for (int64_t i = 0; i < rows_to_a_group<Real>; ++i) {
                buffer[k * rows_to_a_group<Real> + i] = rows[i * n + k];
            }
            columns[k] = load(buffer + k * rows_to_a_group<Real>, Whole{}, 0);
        }
        return;
    }
    int64_t k = 0;
    for (; k + run <= n; k += run) {
        load_runs(rows + k, n, columns + k);
    }
    if (k < n) {
        load_runs(rows + n - run, n, columns + n - run);
    }
}

template <class Real>
CHAINRULE_INLINE void store_columns(Real* rows, int64_t n, const Vector<Real>* columns) {
    constexpr int run = elements_to_a_run<Real>;
    if (n < run) {
        Real buffer[run * rows_to_a_group<Real>];
        for (int64_t k = 0; k < n; ++k) {
            store(buffer + k * rows_to_a_group<Real>, columns[k], Whole{});
            for (int64_t i = 0; i < rows_to_a_group<Real>; ++i) {
                rows[i * n + k] = buffer[k * rows_to_a_group<Real> + i];
            }
        }
        return;
    }
    int64_t k = 0;
    for (; k + run <= n; k += run) {
        store_runs(rows + k, n, columns + k);
    }
    if (k < n) {
        store_runs(rows + n - run, n, columns + n - run);
    }
}

// body(0), body(1), ..., body(n - 1), without a loop.
template <class Body, int64_t... k>
CHAINRULE_INLINE void each_of(std::integer_sequence<int64_t, k...>, const Body& body) {
    (body(k), ...);
}
template <int64_t n, class Body>
CHAINRULE_INLINE void each(const Body& body) {
    each_of(std::make_integer_sequence<int64_t, n>(), body);
}

// The same for a number of classes that the compiler knows: then columns stay in registers, and the places of
// the rows in memory need none.
template <int64_t n, class Real>
CHAINRULE_INLINE void load_known_columns(const Real* rows, Vector<Real>* columns) {
    constexpr int64_t run = elements_to_a_run<Real>;
    if constexpr (n < run) {
        load_columns(rows, n, columns);
    } else {
        each<n / run>([&](int64_t i)
                          CHAINRULE_INLINE_LAMBDA { load_runs(rows + i * run, n, columns + i * run); });
        if constexpr (n % run != 0) {
            load_runs(rows + n - run, n, columns + n - run);
        }
    }
}

template <int64_t n, class Real>
CHAINRULE_INLINE void store_known_columns(Real* rows, const Vector<Real>* columns) {
    constexpr int64_t run = elements_to_a_run<Real>;
    if constexpr (n < run) {
        store_columns(rows, n, columns);
    } else {
        each<n / run>([&](int64_t i)
                          CHAINRULE_INLINE_LAMBDA { store_runs(rows + i * run, n, columns + i * run); });
        if constexpr (n % run != 0) {
            store_runs(rows + n - run, n, columns + n - run);
        }
    }
}

// A vector as Float64 halves: two of a Float32, one of a Float64.
template <class Real>
inline constexpr int halves = static_cast<int>(Vector<Real>::lanes / Float64::lanes);
CHAINRULE_INLINE Float64 half(Float32 a, int i) { return i == 0 ? lower(a) : upper(a); }
CHAINRULE_INLINE Float64 half(Float64 a, int) { return a; }

template <class Real>
struct Halves {
    Float64 part[halves<Real>];
    CHAINRULE_INLINE Vector<Real> joined() const {
        if constexpr (halves<Real> == 2) {
            return join(part[0], part[1]);
        } else {
            return part[0];
        }
    }
};

// make(i) for each half.
template <class Real, class Make>
CHAINRULE_INLINE Halves<Real> by_half(Make make) {
    if constexpr (halves<Real> == 2) {
        return {{make(0), make(1)}};
    } else {
        return {{make(0)}};
    }
}

template <class Real>
CHAINRULE_INLINE Vector<Real> largest_of_columns(const Vector<Real>* columns, int64_t n) {
    using V = Vector<Real>;
    V a = V::all(static_cast<Real>(-infinity));
    V b = a;
    int64_t k = 0;
    for (; k + 2 <= n; k += 2) {
        a = maximum(columns[k], a);
        b = maximum(columns[k + 1], b);
    }
    return maximum(k < n ? maximum(columns[k], a) : a, b);
}

// Lane by lane the largest of numbers >= 0 and the sum of the others, as SumWithoutLargest.
template <class Real>
struct LanesWithoutLargest {
    Vector<Real> largest = Vector<Real>::all(0);
    Vector<Real> rest = Vector<Real>::all(0);
    CHAINRULE_INLINE void add(Vector<Real> a) {
        rest = rest + minimum(largest, a);
        largest = maximum(a, largest);
    }
};

struct LargestAndRestOfLanes {
    Float64 largest;
    Float64 rest;
    CHAINRULE_INLINE LargestAndRestOfLanes with(LargestAndRestOfLanes other) const {
        return {maximum(largest, other.largest), (rest + other.rest) + minimum(largest, other.largest)};
    }
};

// Four chains into one.
template <class Real>
CHAINRULE_INLINE Halves<Real> rest_of_chains(const LanesWithoutLargest<Real> (&chain)[4]) {
    return by_half<Real>([&](int i) {
        const auto part = [&](int c) {
            return LargestAndRestOfLanes{half(chain[c].largest, i), half(chain[c].rest, i)};
        };
        return part(0).with(part(2)).with(part(1).with(part(3))).rest;
    });
}

// term(k) for every class, in order; the sums of all but the largest of them, in units of the terms. Four
// chains, of classes k mod 4, because one would wait for itself and would round up to 31 times.
template <class Real, class Term>
CHAINRULE_INLINE Halves<Real> sum_without_largest(int64_t n, Term term) {
    LanesWithoutLargest<Real> chain[4];
    int64_t k = 0;
    for (; k + 4 <= n; k += 4) {
        chain[0].add(term(k));
        chain[1].add(term(k + 1));
        chain[2].add(term(k + 2));
        chain[3].add(term(k + 3));
    }
    for (; k < n; ++k) {
        chain[0].add(term(k));
    }
    return rest_of_chains<Real>(chain);
}

// The same bits for a number of classes that the compiler knows.
template <int64_t n, class Real, class Term>
CHAINRULE_INLINE Halves<Real> known_sum_without_largest(const Term& term) {
    LanesWithoutLargest<Real> chain[4];
    each<n>([&](int64_t k) CHAINRULE_INLINE_LAMBDA { chain[k < n / 4 * 4 ? k % 4 : 0].add(term(k)); });
    return rest_of_chains<Real>(chain);
}

// use(shift) with the cheapest shift that is right for all lanes; both give ordinary rows the same bits.
template <class Real, class Use>
CHAINRULE_INLINE auto with_shift_of_lanes(Vector<Real> largest, InverseTemperature<Real> inverse, Use use) {
    const Vector<Real> unbounded = Vector<Real>::all(static_cast<Real>(infinity));
    if (inverse.is_one && count(less(largest, unbounded)) == Vector<Real>::lanes) {
        return use(PlainShift<Real>{largest});
    }
    return use(GeneralShift<Real>{largest, inverse});
}

// checked_rest() lane by lane.
CHAINRULE_INLINE Float64 checked_rest(Float64 largest, Float64 rest) {
    const Float64 undefined = Float64::all(not_a_number);
    const Float64 of_infinite = select(equal(rest, Float64::all(0.0)), rest, undefined);
    rest = select(equal(largest, Float64::all(infinity)), of_infinite, rest);
    return select(equal(largest, Float64::all(-infinity)), undefined, rest);
}

// whole(first) for every group of rows; the rest of them through part(first, count).
template <class Real, class WholeGroup, class PartOfGroup>
CHAINRULE_INLINE void for_each_group(int64_t first, int64_t last, WholeGroup whole, PartOfGroup part) {
    constexpr int64_t group = rows_to_a_group<Real>;
    for (; first + group <= last; first += group) {
        whole(first);
    }
    if (first < last) {
        part(first, last - first);
    }
}

}  // namespace chainrule::CHAINRULE_NAMESPACE
