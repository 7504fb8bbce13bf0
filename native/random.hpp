// Random words, and their stable sorting order, which is a random permutation.
#pragma once

#include "philox.hpp"

namespace chainrule {

// The first n words of the stream of a key behind the block `start`, whose first word counts the blocks.
void random_words(const PhiloxKey& key, const PhiloxBlock& start, uint64_t* words, int64_t n, int n_threads);

// order[0..n - 1] such that words[order[i]] ascend, equal ones in the order that they have. Words that are
// spread evenly take time proportional to n < 2^32.
void stable_order(const uint64_t* words, int64_t n, int64_t* order, int n_threads);

}  // namespace chainrule
