#include "total.hpp"

#include <algorithm>

namespace chainrule {
namespace {

// Row i of the block goes to lane i mod 8, in order; then ((0 + 4) + (2 + 6)) + ((1 + 5) + (3 + 7)). Eight
// chains, because one would take longer than the kernels of a small problem.
double block_total(const double* values, int64_t n) {
    double lanes[8] = {};
    int64_t i = 0;
    for (; i + 8 <= n; i += 8) {
        for (int64_t lane = 0; lane < 8; ++lane) {
            lanes[lane] += values[i + lane];
        }
    }
    for (int64_t lane = 0; i + lane < n; ++lane) {
        lanes[lane] += values[i + lane];
    }
    return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

// `leaf(block)` of every block, pairwise, then pairs of pairs, ...: a node of the tree splits at the
// largest power of two below its number of blocks.
template <class Leaf>
double tree_total(int64_t first, int64_t n_blocks, const Leaf& leaf) {
    if (n_blocks == 1) {
        return leaf(first);
    }
    int64_t left = 1;
    while (2 * left < n_blocks) {
        left *= 2;
    }
    return tree_total(first, left, leaf) + tree_total(first + left, n_blocks - left, leaf);
}

double block_total_of(const double* values, int64_t n, int64_t block) {
    const int64_t first = block * rows_to_a_block;
    return block_total(values + first, std::min(n - first, rows_to_a_block));
}

}  // namespace

void block_totals(const double* values, int64_t n, double* totals) {
    for (int64_t block = 0; block < blocks_of(n); ++block) {
        totals[block] = block_total_of(values, n, block);
    }
}

double total_of_blocks(const double* totals, int64_t n_blocks) {
    return n_blocks > 0 ? tree_total(0, n_blocks, [&](int64_t block) { return totals[block]; }) : 0.0;
}

double fixed_order_total(const double* values, int64_t n) {
    return n > 0
               ? tree_total(0, blocks_of(n), [&](int64_t block) { return block_total_of(values, n, block); })
               : 0.0;
}

}  // namespace chainrule
