#include "total.hpp"

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

// Blocks pairwise, then pairs of pairs, ...: a node of the tree splits at the largest power of two below its
// size.
double tree_total(const double* values, int64_t n) {
    if (n <= rows_to_a_block) {
        return block_total(values, n);
    }
    int64_t left = rows_to_a_block;
    while (2 * left < n) {
        left *= 2;
    }
    return tree_total(values, left) + tree_total(values + left, n - left);
}

}  // namespace

double fixed_order_total(const double* values, int64_t n) { return n > 0 ? tree_total(values, n) : 0.0; }

}  // namespace chainrule
