// Shares out the tiles of dense products among threads. Nothing here decides about a bit of a result.
#pragma once

#include <algorithm>

#include "dense.hpp"
#include "thread_pool.hpp"

namespace chainrule {

// Threads for a product: one where waking others would cost more than it brings.
inline int threads_for(int64_t n_rows, int64_t n_columns, int64_t n_inner, int n_threads) {
    constexpr double worthwhile_products = 2e6;  // some 30 microseconds of one core
    const double products =
        static_cast<double>(n_rows) * static_cast<double>(n_columns) * static_cast<double>(n_inner);
    return products < worthwhile_products ? 1 : n_threads;
}

inline constexpr int64_t pieces_per_thread = 8;

// Call part(first, last) for pieces of 0..n - 1, a few for every thread.
template <class Part>
void share_units(int64_t n, int threads, const Part& part) {
    const int64_t pieces = std::min<int64_t>(n, threads == 1 ? 1 : threads * pieces_per_thread);
    run_chunks(pieces, threads, [&](int64_t piece) { part(n * piece / pieces, n * (piece + 1) / pieces); });
}

template <class Real, class Part>
void share_panels(int64_t n_columns, int threads, const Part& part) {
    share_units(panel_count<Real>(n_columns), threads, part);
}

struct TileRange {
    int64_t first_row;
    int64_t last_row;
    int64_t first_panel;
    int64_t last_panel;
};

// Pieces of the rows of a product, in whole tiles, over all panels; of the panels where the rows are few.
template <class Real, class Part>
void share_tiles(int64_t n_rows, int64_t n_columns, int threads, const Part& part) {
    const int64_t tiles = (n_rows + largest_tile_rows - 1) / largest_tile_rows;
    const int64_t panels = panel_count<Real>(n_columns);
    if (tiles >= pieces_per_thread * threads || tiles >= panels) {
        share_units(tiles, threads, [&](int64_t first, int64_t last) {
            part(TileRange{first * largest_tile_rows, std::min(last * largest_tile_rows, n_rows), 0, panels});
        });
    } else {
        share_units(panels, threads,
                    [&](int64_t first, int64_t last) { part(TileRange{0, n_rows, first, last}); });
    }
}

}  // namespace chainrule
