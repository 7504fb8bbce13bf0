// Memory for large results: that of the last one dropped is used again.
//
// The operating system fills fresh memory with zeros, which takes as long as computing a gradient that is
// then written over them (1,024 x 32,000 float32: 8 of 21 ms). Here the memory of one dropped result is kept
// and the system told that it may have it back whenever it wants (MADV_FREE): then it is fresh again.
#pragma once

#include <stddef.h>

namespace chainrule {

// Memory from malloc() is used again as it is up to this size.
inline constexpr size_t smallest_kept = size_t{32} << 20;
inline constexpr size_t largest_kept = size_t{1} << 30;

struct MemoryBlock {
    void* start;
    size_t bytes;
    bool used_before;
};

// Null where there is none, or where this system's way is not known. Its content is arbitrary.
MemoryBlock* take_memory(size_t bytes);
// Any thread may call it.
void drop_memory(MemoryBlock* block) noexcept;

}  // namespace chainrule
