// Masks of dropout (DO.1), from Philox4x64-10 [Salmon2011] as chainrule.kernels.random_bits draws from it.
#pragma once

#include <stdint.h>

namespace chainrule {

// What a mask depends on; a unit is left out where its 16 bits are below `threshold`.
struct MaskKey {
    uint64_t seed;
    uint64_t epoch;
    uint64_t step;
    uint64_t layer;
    int threshold;
};

// Rows first..last - 1 of the mask of a layer, into panels (training_tasks.hpp).
template <class Real>
void draw_mask(const MaskKey& key, int64_t first, int64_t last, int64_t units, Real* out, int64_t out_stride);

}  // namespace chainrule
