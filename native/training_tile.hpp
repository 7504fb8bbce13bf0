// Products of a training step: rows of A, in panels, times one panel of B, block by block in the first cache.
#pragma once

#include "dense_tile.hpp"
#include "training_tasks.hpp"

namespace chainrule::CHAINRULE_NAMESPACE {

// How A lies in panels: its inner index along the line of a panel, or from line to line.
enum class Inner { along_line, line_by_line };

template <class Real, Inner inner>
struct StridesOfA {
    static constexpr int64_t w = panel_columns<Real>;
    static constexpr int64_t row = inner == Inner::along_line ? w : 1;
    static constexpr int64_t step = inner == Inner::along_line ? 1 : w;
    // Inner indices that are `step` apart: a share of a chain, or all of it.
    static constexpr int64_t run = inner == Inner::along_line ? w : chain_steps;
    static_assert(chain_steps % run == 0);
};

// Some lines of memory to be brought near in every eight steps.
struct LinesAhead {
    const char* first;
    int64_t to_eight_steps;
};

// One chain of a tile, added to C or in its place; rows of C are lines of a panel.
template <class Real>
struct ChainTask {
    const Real* a;
    int64_t run_stride;  // from the first of a run to the first of the next
    const Real* b;
    int64_t steps;
    Real* c;
    bool add;
    LinesAhead ahead;
};

// Strides are constants: a register for the place of each row would be spilled.
template <class Real, Inner inner, int rows, int vectors>
void multiply_chain(const ChainTask<Real>& task) {
    using Strides = StridesOfA<Real, inner>;
    Tile<Real, rows, vectors> tile;
    tile.clear();
    const Real* b = task.b;
    const Real* first = task.a;
    const char* ahead = task.ahead.first;
    for (int64_t k = 0; k < task.steps; k += Strides::run, first += task.run_stride) {
        const int64_t count = task.steps - k < Strides::run ? task.steps - k : Strides::run;
        const Real* a = first;
        const auto steps = [&](int64_t n) __attribute__((always_inline)) {
#pragma GCC unroll 4
            for (int64_t i = 0; i < n; ++i) {
                tile.step(a, Strides::row, b);
                a += Strides::step;
                b += panel_columns<Real>;
            }
        };
        int64_t rest = count;
        for (; rest >= 8; rest -= 8) {
            for (int64_t line = 0; line < task.ahead.to_eight_steps; ++line, ahead += cache_line) {
                bring_near(ahead);
            }
            steps(8);
        }
        steps(rest);
    }
    const TileTask<Real> whole{task.a, 0, 0, task.b, task.steps, task.c, panel_columns<Real>, task.add, {}};
    task.add ? tile.template deliver<true>(whole) : tile.template deliver<false>(whole);
}

template <class Real>
using ChainFunction = void (*)(const ChainTask<Real>&);

template <class Real, Inner inner, int vectors, int rows>
ChainFunction<Real> chain_function(int64_t wanted_rows) {
    if constexpr (rows > 1) {
        if (wanted_rows < rows) {
            return chain_function<Real, inner, vectors, rows - 1>(wanted_rows);
        }
    }
    return multiply_chain<Real, inner, rows, vectors>;
}

// The widest tile that is no wider than wanted.
template <class Real, Inner inner>
ChainFunction<Real> chain_function(int64_t rows, int64_t vectors) {
    if constexpr (tile_vectors > 1) {
        if (vectors > 1) {
            return chain_function<Real, inner, 2, tile_rows>(rows);
        }
    }
    return chain_function<Real, inner, 1, tile_rows>(rows);
}

// Rows of A times the first `columns` columns of a panel, into lines of a panel.
template <class Real>
struct BlockTask {
    const Real* a;
    int64_t run_stride;
    const Real* b;
    int64_t n_inner;
    Real* c;
    int64_t rows;
    int64_t columns;
    const char* ahead[3];  // what is needed next: `lines_ahead` lines each; or null
    int64_t lines_ahead;
    bool add = false;  // to what C holds
};

// The lines of one of the places ahead that go with a tile of so many steps: tiles take turns.
template <class Real>
CHAINRULE_INLINE LinesAhead lines_ahead(const BlockTask<Real>& task, int64_t tile, int64_t steps) {
    if (tile >= 3 || !task.ahead[tile] || steps < 8) {
        return {nullptr, 0};
    }
    const int64_t groups = steps / 8;
    return {task.ahead[tile], (task.lines_ahead + groups - 1) / groups};
}

// The lines of the next chain of B, which are the next in memory, shared by the tiles of this one.
template <class Real>
CHAINRULE_INLINE LinesAhead next_chain_ahead(const Real* b, int64_t tile, int64_t heights, int64_t steps) {
    constexpr int64_t w = panel_columns<Real>;
    if (steps < 8) {
        return {nullptr, 0};
    }
    const int64_t lines = steps * w * static_cast<int64_t>(sizeof(Real)) / cache_line;
    const int64_t groups = steps / 8;
    const int64_t to_eight_steps = (lines + groups * heights - 1) / (groups * heights);
    const int64_t first = tile * groups * to_eight_steps;
    if (first >= lines) {
        return {nullptr, 0};
    }
    return {reinterpret_cast<const char*>(b + steps * w) + first * cache_line, to_eight_steps};
}

// The tiles of one chain of every row: B is then read from the first cache, and use(first, rows) called for
// the rows of each tile when they are whole.
template <Inner inner, class Real, class Use>
CHAINRULE_INLINE void multiply_block(const BlockTask<Real>& task, Use use) {
    constexpr int64_t w = panel_columns<Real>;
    constexpr int64_t lanes = Vector<Real>::lanes;
    const int64_t heights = (task.rows + tile_rows - 1) / tile_rows;
    for (int64_t k = 0; k < task.n_inner; k += chain_steps) {
        const int64_t steps = task.n_inner - k < chain_steps ? task.n_inner - k : chain_steps;
        const Real* const a = task.a + k / StridesOfA<Real, inner>::run * task.run_stride;
        for (int64_t tile = 0; tile < heights; ++tile) {
            const int64_t row = task.rows * tile / heights;
            const int64_t height = task.rows * (tile + 1) / heights - row;
            LinesAhead ahead{nullptr, 0};
            if (inner == Inner::along_line) {
                ahead = next_chain_ahead(task.b + k * w, tile, heights, steps);
            } else if (k == 0) {
                ahead = lines_ahead(task, tile, steps);
            }
            for (int64_t j = 0; j < task.columns; j += tile_vectors * lanes) {
                const ChainTask<Real> chain{a + row * StridesOfA<Real, inner>::row,
                                            task.run_stride,
                                            task.b + k * w + j,
                                            steps,
                                            task.c + row * w + j,
                                            task.add || k > 0,
                                            ahead};
                chain_function<Real, inner>(height, task.columns - j > lanes ? tile_vectors : 1)(chain);
            }
            if (k + steps == task.n_inner) {
                use(row, height);
            }
        }
    }
}

// Vectors of a panel that hold any of n_columns columns, counted in columns.
template <class Real>
CHAINRULE_INLINE int64_t columns_in_panel(int64_t panel, int64_t n_columns) {
    const int64_t rest = n_columns - panel * panel_columns<Real>;
    return rest < panel_columns<Real> ? rest : panel_columns<Real>;
}

// use(place) for the vectors of `rows` lines of a panel that hold any of its first `columns` columns.
template <class Real, class Use>
CHAINRULE_INLINE void for_vectors(int64_t rows, int64_t columns, Use use) {
    for (int64_t r = 0; r < rows; ++r) {
        for (int64_t j = 0; j < columns; j += Vector<Real>::lanes) {
            use(r * panel_columns<Real> + j);
        }
    }
}

}  // namespace chainrule::CHAINRULE_NAMESPACE
