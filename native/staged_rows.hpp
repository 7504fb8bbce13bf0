// Rows of X as products take them, and sums over rows that are shared out in parts: what the passes over X
// have in common.
#pragma once

#include <math.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <type_traits>

#include "dense.hpp"
#include "linear_passes.hpp"
#include "thread_pool.hpp"

namespace chainrule {

inline constexpr int64_t block_rows = chain_steps;  // a chain of the sums over rows

// Rows as the products take them: where they are, or in a copy.
template <class Stored, class Real>
class Staged {
  public:
    explicit Staged(const FeatureRows<Stored>& rows)
        : rows_(rows),
          direct_(std::is_same_v<Stored, Real> && !rows.positions && !rows.centre),
          copy_(direct_ ? nullptr : new Real[static_cast<size_t>(block_rows * rows.n_features)]) {}

    const Real* block(int64_t first, int64_t count) {
        if constexpr (std::is_same_v<Stored, Real>) {
            if (direct_) {
                return rows_.data + first * rows_.n_features;
            }
        }
        for (int64_t i = 0; i < count; ++i) {
            const int64_t position = rows_.positions ? rows_.positions[first + i] : first + i;
            copy_row(rows_.data + position * rows_.n_features, copy_.get() + i * rows_.n_features);
        }
        return copy_.get();
    }
    // What lies behind a block in memory, where the next one is.
    const Real* behind(int64_t first, int64_t count) const {
        if constexpr (std::is_same_v<Stored, Real>) {
            if (direct_ && first + count < rows_.n_rows) {
                return rows_.data + (first + count) * rows_.n_features;
            }
        }
        return nullptr;
    }

  private:
    void copy_row(const Stored* from, Real* to) const {
        if (!rows_.centre) {
            std::copy_n(from, rows_.n_features, to);
            return;
        }
        constexpr double largest = 1e150;  // its square is finite
        for (int64_t j = 0; j < rows_.n_features; ++j) {
            double z = (static_cast<double>(from[j]) - rows_.centre[j]) * rows_.scale[j];
            if (rows_.limit > 0.0) {
                z = std::clamp(z, -largest, largest);
                const double share = z / rows_.limit;
                z /= sqrt(1.0 + share * share);
            }
            to[j] = static_cast<Real>(z);
        }
    }

    const FeatureRows<Stored>& rows_;
    bool direct_;
    std::unique_ptr<Real[]> copy_;
};

// Every part on whichever thread is free; what a thread works in is made once.
template <class Work>
void for_each_part(int64_t n_parts, int n_threads, const Work& work) {
    std::atomic<int64_t> next{0};
    run_chunks(std::min<int64_t>(n_threads, n_parts), n_threads, [&](int64_t) {
        if (int64_t part = next++; part < n_parts) {
            auto place = work.place();
            for (; part < n_parts; part = next++) {
                work.run(part, place);
            }
        }
    });
}

// Neighbours first, as a binary tree; the result is in the first part.
inline void add_parts(double* parts, int64_t n_parts, int64_t size) {
    for (int64_t step = 1; step < n_parts; step *= 2) {
        for (int64_t part = 0; part + step < n_parts; part += 2 * step) {
            for (int64_t i = 0; i < size; ++i) {
                parts[part * size + i] += parts[(part + step) * size + i];
            }
        }
    }
}

}  // namespace chainrule
