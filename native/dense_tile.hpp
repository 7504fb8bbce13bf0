// The register tile of dense products: a few rows of A times one panel of B, kept in registers over the inner
// index.
#pragma once

#include "dense.hpp"
#include "vector.hpp"

namespace chainrule::CHAINRULE_NAMESPACE {

// Accumulators, the vectors of B and one element of A fill the registers: 24 + 2 + 1 of 32 on AVX-512; on
// AVX2, where a virtual vector is two registers, 12 + 2 + 1 of 16; 16 + 4 + 1 of 32 on ARM.
#if defined(__AVX512F__)
inline constexpr int tile_rows = 12;
inline constexpr int tile_vectors = 2;
#elif defined(__AVX2__)
inline constexpr int tile_rows = 6;
inline constexpr int tile_vectors = 1;
#else
inline constexpr int tile_rows = 4;
inline constexpr int tile_vectors = 1;
#endif
static_assert(largest_tile_rows % tile_rows == 0);

inline constexpr int64_t cache_line = 64;

// Memory that is needed next: two cache lines are asked for in every eight steps, then two a stride further.
struct Ahead {
    const char* lines;
    int64_t stride;  // bytes
};
inline constexpr int64_t steps_to_two_lines = 8;

CHAINRULE_INLINE void bring_near(const void* line) { __builtin_prefetch(line, 0, 2); }
CHAINRULE_INLINE void bring_near_to_write(const void* line) { __builtin_prefetch(line, 1, 3); }

// c_rj = a_r0 b_0j + a_r1 b_1j + ... for `rows` rows and `vectors` vectors, added to c or in its place.
template <class Real>
struct TileTask {
    const Real* a;
    int64_t a_row_stride;
    int64_t a_inner_stride;
    const Real* b;  // lines of a panel
    int64_t n_inner;
    Real* c;
    int64_t c_stride;
    bool continued;
    Ahead ahead;
};

template <class Real, int rows, int vectors>
struct Tile {
    using V = Vector<Real>;
    V c[rows][vectors];

    CHAINRULE_INLINE void clear() {
#pragma GCC unroll 16
        for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 2
            for (int v = 0; v < vectors; ++v) {
                c[r][v] = V::all(0);
            }
        }
    }

    CHAINRULE_INLINE void step(const Real* a, int64_t a_row_stride, const Real* b) {
        V line[vectors];
#pragma GCC unroll 2
        for (int v = 0; v < vectors; ++v) {
            line[v] = load(b + v * V::lanes, Whole{}, 0);
        }
#pragma GCC unroll 16
        for (int r = 0; r < rows; ++r) {
            const V factor = V::all(a[r * a_row_stride]);
#pragma GCC unroll 2
            for (int v = 0; v < vectors; ++v) {
                c[r][v] = multiply_add(factor, line[v], c[r][v]);
            }
        }
    }

    template <bool add>
    CHAINRULE_INLINE void deliver(const TileTask<Real>& task) const {
#pragma GCC unroll 16
        for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 2
            for (int v = 0; v < vectors; ++v) {
                Real* const place = task.c + r * task.c_stride + v * V::lanes;
                store(place, add ? load(place, Whole{}, 0) + c[r][v] : c[r][v], Whole{});
            }
        }
    }
};

template <class Real, int rows, int vectors>
void multiply_tile(const TileTask<Real>& task) {
    Tile<Real, rows, vectors> tile;
    const Real* a = task.a;
    const Real* b = task.b;
    const char* ahead = task.ahead.lines;
    const auto steps = [&](int64_t n) __attribute__((always_inline)) {
#pragma GCC unroll 4
        for (int64_t i = 0; i < n; ++i) {
            tile.step(a, task.a_row_stride, b);
            a += task.a_inner_stride;
            b += panel_columns<Real>;
        }
    };
    bool add = task.continued;
    int64_t rest = task.n_inner;
    do {
        tile.clear();
        int64_t k = rest < chain_steps ? rest : chain_steps;
        rest -= k;
        for (; k >= steps_to_two_lines; k -= steps_to_two_lines) {
            bring_near(ahead);
            steps(steps_to_two_lines / 2);
            bring_near(ahead + cache_line);
            steps(steps_to_two_lines / 2);
            ahead += task.ahead.stride;
        }
        steps(k);
        add ? tile.template deliver<true>(task) : tile.template deliver<false>(task);
        add = true;
    } while (rest > 0);
}

// The tile for 1 to `tile_rows` rows and 1 to `tile_vectors` vectors.
template <class Real>
using TileFunction = void (*)(const TileTask<Real>&);

template <class Real, int vectors, int rows>
TileFunction<Real> tile_function(int wanted_rows) {
    if constexpr (rows > 1) {
        if (wanted_rows < rows) {
            return tile_function<Real, vectors, rows - 1>(wanted_rows);
        }
    }
    return multiply_tile<Real, rows, vectors>;
}

template <class Real>
TileFunction<Real> tile_function(int rows, int vectors) {
    if constexpr (tile_vectors > 1) {
        if (vectors > 1) {
            return tile_function<Real, 2, tile_rows>(rows);
        }
    }
    return tile_function<Real, 1, tile_rows>(rows);
}

}  // namespace chainrule::CHAINRULE_NAMESPACE
