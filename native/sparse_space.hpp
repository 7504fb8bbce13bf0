// Memory that passes over sparse rows need while they last, kept from one to the next: the system fills fresh
// memory with zeros, which takes as long as half a pass.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <algorithm>
#include <mutex>
#include <new>
#include <vector>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace chainrule {

// At the beginning of a cache line; on large pages where it is large, for its rows are read in no order.
struct SpaceBlock {
    void* start;
    size_t bytes;

    static SpaceBlock allocate(size_t bytes) {
        const size_t unit = bytes < large_page ? size_t{64} : large_page;
        const size_t rounded = (bytes / unit + 1) * unit;
        void* const start = aligned_alloc(unit, rounded);
        if (!start) {
            throw std::bad_alloc();
        }
#if defined(__linux__)
        if (unit == large_page) {
            madvise(start, rounded, MADV_HUGEPAGE);  // no harm where it is refused
        }
#endif
        return {start, rounded};
    }

  private:
    static constexpr size_t large_page = size_t{1} << 21;
};

// Blocks that no pass uses; any thread may take one.
class SparseSpace {
  public:
    SparseSpace() { blocks_.reserve(most_blocks + 1); }
    SparseSpace(const SparseSpace&) = delete;
    SparseSpace& operator=(const SparseSpace&) = delete;
    ~SparseSpace() {
        for (const SpaceBlock& block : blocks_) {
            free(block.start);
        }
    }

    // The smallest block that is large enough, or a new one.
    SpaceBlock take(size_t bytes) {
        {
            const std::lock_guard<std::mutex> alone(changing_);
            auto best = blocks_.end();
            for (auto block = blocks_.begin(); block != blocks_.end(); ++block) {
                if (block->bytes >= bytes && (best == blocks_.end() || block->bytes < best->bytes)) {
                    best = block;
                }
            }
            if (best != blocks_.end()) {
                const SpaceBlock found = *best;
                blocks_.erase(best);
                return found;
            }
        }
        return SpaceBlock::allocate(bytes);
    }
    // The smallest is given up where there are more than a pass takes.
    void give_back(SpaceBlock block) noexcept {
        const std::lock_guard<std::mutex> alone(changing_);
        blocks_.push_back(block);
        if (blocks_.size() > most_blocks) {
            const auto smallest =
                std::min_element(blocks_.begin(), blocks_.end(),
                                 [](const SpaceBlock& a, const SpaceBlock& b) { return a.bytes < b.bytes; });
            free(smallest->start);
            blocks_.erase(smallest);
        }
    }

  private:
    static constexpr size_t most_blocks = 3;  // W^T, a stretch of G, totals

    std::mutex changing_;
    std::vector<SpaceBlock> blocks_;
};

// Memory of arbitrary content, from a space if there is one.
template <class Element>
class Aligned {
  public:
    Aligned(int64_t count, SparseSpace* space)
        : space_(space), block_(taken(static_cast<size_t>(count) * sizeof(Element), space)) {}
    Aligned(const Aligned&) = delete;
    Aligned& operator=(const Aligned&) = delete;
    ~Aligned() {
        if (space_) {
            space_->give_back(block_);
        } else {
            free(block_.start);
        }
    }
    Element* data() const { return static_cast<Element*>(block_.start); }

  private:
    static SpaceBlock taken(size_t bytes, SparseSpace* space) {
        return space ? space->take(bytes) : SpaceBlock::allocate(bytes);
    }

    SparseSpace* space_;
    SpaceBlock block_;
};

}  // namespace chainrule
