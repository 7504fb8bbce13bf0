// The total of per-row numbers in an order that only their count fixes: blocks of 1,024 rows, then a binary
// tree.
#pragma once

#include <stdint.h>

namespace chainrule {

inline constexpr int64_t rows_to_a_block = 1024;

double fixed_order_total(const double* values, int64_t n);

}  // namespace chainrule
