// The stable sorting order of words, which for random words is a random permutation.
#pragma once

#include <stdint.h>

namespace chainrule {

// order[0..n - 1] such that words[order[i]] ascend, equal ones in the order that they have. Words that are
// spread evenly take time proportional to n < 2^32.
void stable_order(const uint64_t* words, int64_t n, int64_t* order);

}  // namespace chainrule
