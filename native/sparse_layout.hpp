// How passes over sparse rows lay out their operands (sparse_passes.hpp): W^T in padded rows, and totals
// back.
#pragma once

#include <algorithm>
#include <vector>

#include "dense_threads.hpp"
#include "instruction_set.hpp"
#include "sparse_matrix.hpp"
#include "sparse_space.hpp"
#include "sparse_tasks.hpp"

namespace chainrule {

// Columns of X that are brought into another layout at a time.
inline constexpr int64_t sparse_strip_columns = 64;

// The cache lines of the next strip of a row: rows lie too far apart for the processor to guess them.
template <class Real>
void ask_for_strip(const Real* row) {
    for (int64_t j = 0; j < sparse_strip_columns; j += sparse_lanes<Real>) {
        __builtin_prefetch(row + j, 1, 2);
    }
}

// W^T, one padded row for each feature.
template <class Stored, class Real>
void transpose_weight(const Stored* weight, int64_t n_classes, int64_t n_features, Real* out, int threads) {
    const int64_t padded = sparse_padded<Real>(n_classes);
    const int64_t strips = (n_features + sparse_strip_columns - 1) / sparse_strip_columns;
    share_units(strips, threads, [&](int64_t first, int64_t last) {
        for (int64_t strip = first; strip < last; ++strip) {
            const int64_t begin = strip * sparse_strip_columns;
            const int64_t end = std::min(begin + sparse_strip_columns, n_features);
            for (int64_t k = 0; k < n_classes; ++k) {
                if (end + sparse_strip_columns <= n_features) {
                    ask_for_strip(weight + k * n_features + end);
                }
                for (int64_t j = begin; j < end; ++j) {
                    out[j * padded + k] = static_cast<Real>(weight[k * n_features + j]);
                }
            }
            for (int64_t j = begin; j < end; ++j) {
                std::fill(out + j * padded + n_classes, out + (j + 1) * padded, Real{0});
            }
        }
    });
}

// Some columns of the totals, (features, padded classes), to (classes, features).
inline void deliver_totals(const double* totals, int64_t padded, int64_t n_classes, int64_t n_features,
                           int64_t first, int64_t last, double* out) {
    for (int64_t begin = first; begin < last; begin += sparse_strip_columns) {
        const int64_t end = std::min(begin + sparse_strip_columns, last);
        for (int64_t k = 0; k < n_classes; ++k) {
            if (end + sparse_strip_columns <= n_features) {
                ask_for_strip(out + k * n_features + end);
            }
            for (int64_t j = begin; j < end; ++j) {
                out[k * n_features + j] = totals[j * padded + k];
            }
        }
    }
}

template <class Real, class Stored>
std::vector<Real> padded_vector(const Stored* values, int64_t n) {
    std::vector<Real> padded(static_cast<size_t>(sparse_padded<Real>(n)));
    std::transform(values, values + n, padded.begin(), [](Stored value) { return static_cast<Real>(value); });
    return padded;
}

// Some rows of n_classes numbers one after the other, in the place of padded ones: each to its own place.
template <class Real>
void spread_rows(Real* rows, int64_t n, int64_t n_classes) {
    const int64_t padded = sparse_padded<Real>(n_classes);
    for (int64_t i = n - 1; i >= 0 && padded != n_classes; --i) {
        std::copy_backward(rows + i * n_classes, rows + (i + 1) * n_classes, rows + i * padded + n_classes);
        std::fill(rows + i * padded + n_classes, rows + (i + 1) * padded, Real{0});
    }
}

// Work in entries: an entry is read and multiplied, a row's logits are touched a few times.
template <class Real>
int threads_of(const SparseMatrix<Real>& matrix, int64_t n_classes, int n_threads) {
    constexpr int64_t products_of_a_logit = 8;
    return threads_for(matrix.n_entries() + products_of_a_logit * matrix.n_rows, n_classes, 1, n_threads);
}

}  // namespace chainrule
