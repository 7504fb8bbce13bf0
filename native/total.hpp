// The total of per-row numbers in an order that only their count fixes: blocks of 64 rows, then a binary
// tree.
#pragma once

#include <stdint.h>

namespace chainrule {

inline constexpr int64_t rows_to_a_block = 64;
constexpr int64_t blocks_of(int64_t n) { return (n + rows_to_a_block - 1) / rows_to_a_block; }

// In two steps, of which the first can be shared out: the total of each block, then of all of them.
void block_totals(const double* values, int64_t n, double* totals);
double total_of_blocks(const double* totals, int64_t n_blocks);

// Both at once.
double fixed_order_total(const double* values, int64_t n);

}  // namespace chainrule
