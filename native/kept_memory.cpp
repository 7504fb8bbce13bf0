#include "kept_memory.hpp"

#include <atomic>
#include <memory>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace chainrule {

#if defined(__linux__)

namespace {

constexpr size_t huge_page = size_t{2} << 20;

// One block at most: who takes it out, has it.
std::atomic<MemoryBlock*> kept{nullptr};

void unmap(MemoryBlock* block) noexcept {
    if (block) {
        munmap(block->start, block->bytes);
        delete block;
    }
}

}  // namespace

MemoryBlock* take_memory(size_t bytes) {
    if (bytes < smallest_kept || bytes > largest_kept) {
        return nullptr;
    }
    const size_t rounded = (bytes + huge_page - 1) / huge_page * huge_page;
    MemoryBlock* const last = kept.exchange(nullptr);
    if (last && last->bytes == rounded) {
        last->used_before = true;
        return last;
    }
    unmap(last);
    std::unique_ptr<MemoryBlock> block(new (std::nothrow) MemoryBlock{nullptr, rounded, false});
    void* const start =
        block ? mmap(nullptr, rounded, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
              : MAP_FAILED;
    if (start == MAP_FAILED) {
        return nullptr;
    }
    madvise(start, rounded, MADV_HUGEPAGE);  // where it is refused, pages are small
    block->start = start;
    return block.release();
}

void drop_memory(MemoryBlock* block) noexcept {
    const bool returnable = madvise(block->start, block->bytes, MADV_FREE) == 0;
    unmap(returnable ? kept.exchange(block) : block);
}

#else

MemoryBlock* take_memory(size_t) { return nullptr; }
void drop_memory(MemoryBlock*) noexcept {}

#endif

}  // namespace chainrule
