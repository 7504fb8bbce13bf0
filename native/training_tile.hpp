// The register tile of a training step: a few rows of A, in runs along the inner index, times one panel of B,
// left on the stack for what follows the product.
#pragma once

#include "dense_tile.hpp"
#include "training_tasks.hpp"

namespace chainrule::CHAINRULE_NAMESPACE {

template <class Real>
struct RunTask {
    const Real* a;
    int64_t a_row_stride;
    int64_t a_inner_stride;
    int64_t run;         // inner indices that are a_inner_stride apart; divides chain_steps
    int64_t run_stride;  // from the first of a run to the first of the next
    const Real* b;
    int64_t n_inner;
    Real* c;
};

// In chains, as every dense product: a run is a whole share of a chain, or a whole chain.
template <class Real, int rows, int vectors>
void multiply_runs(const RunTask<Real>& task) {
    const TileTask<Real> whole{task.a, 0, 0, task.b, task.n_inner, task.c, vectors * Vector<Real>::lanes,
                               false,  {}};
    Tile<Real, rows, vectors> tile;
    const Real* b = task.b;
    const Real* first = task.a;
    bool add = false;
    int64_t rest = task.n_inner;
    do {
        tile.clear();
        const int64_t chain = rest < chain_steps ? rest : chain_steps;
        for (int64_t k = 0; k < chain; k += task.run, first += task.run_stride) {
            const int64_t steps = chain - k < task.run ? chain - k : task.run;
            const Real* a = first;
#pragma GCC unroll 4
            for (int64_t i = 0; i < steps; ++i) {
                tile.step(a, task.a_row_stride, b);
                a += task.a_inner_stride;
                b += panel_columns<Real>;
            }
        }
        add ? tile.template deliver<true>(whole) : tile.template deliver<false>(whole);
        add = true;
        rest -= chain;
    } while (rest > 0);
}

template <class Real>
using RunFunction = void (*)(const RunTask<Real>&);

template <class Real, int vectors, int rows>
RunFunction<Real> run_function(int wanted_rows) {
    if constexpr (rows > 1) {
        if (wanted_rows < rows) {
            return run_function<Real, vectors, rows - 1>(wanted_rows);
        }
    }
    return multiply_runs<Real, rows, vectors>;
}

// The widest tile that is no wider than wanted.
template <class Real>
RunFunction<Real> run_function(int rows, int vectors) {
    if constexpr (tile_vectors > 1) {
        if (vectors > 1) {
            return run_function<Real, 2, tile_rows>(rows);
        }
    }
    return run_function<Real, 1, tile_rows>(rows);
}

template <class Real>
inline constexpr int lanes_of_panel = Vector<Real>::lanes;

// Compute `rows` rows, at most largest_tile_rows, of the product with one panel, of whose columns the first
// `count` are wanted, and call use(r, j, c) for each vector c of row r that starts at column j of the panel.
template <class Real, class Use>
CHAINRULE_INLINE void for_tiles(RunTask<Real> task, int64_t rows, int64_t count, Use use) {
    constexpr int lanes = Vector<Real>::lanes;
    alignas(64) Real scratch[tile_rows * tile_vectors * lanes];
    const Real* const a = task.a;
    const Real* const b = task.b;
    task.c = scratch;
    for (int64_t row = 0; row < rows; row += tile_rows) {
        const int height = static_cast<int>(rows - row < tile_rows ? rows - row : tile_rows);
        task.a = a + row * task.a_row_stride;
        for (int64_t j = 0; j < count; j += tile_vectors * lanes) {
            const int vectors = count - j > lanes ? tile_vectors : 1;
            task.b = b + j;
            run_function<Real>(height, vectors)(task);
            for (int r = 0; r < height; ++r) {
                for (int v = 0; v < vectors; ++v) {
                    const Real* const c = scratch + (r * vectors + v) * lanes;
                    use(row + r, j + v * lanes, load(c, Whole{}, 0));
                }
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

}  // namespace chainrule::CHAINRULE_NAMESPACE
