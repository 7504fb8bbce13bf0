// What every binding needs: rows shared out among threads, and the kernels of a dtype.
#pragma once

#include <nanobind/nanobind.h>

#include <algorithm>
#include <string>

#include "instruction_set.hpp"
#include "interpreter_lock.hpp"
#include "processors.hpp"
#include "python_array.hpp"
#include "thread_pool.hpp"
#include "total.hpp"

namespace nb = nanobind;

namespace chainrule {

// Rough times of one core, for sharing out rows; they decide about threads only, never about a bit of a
// result.
inline constexpr double row_nanoseconds = 10.0;
inline constexpr double byte_nanoseconds = 0.1;
inline constexpr double index_nanoseconds = 0.5;  // to look at one target
inline constexpr double worthwhile_nanoseconds =
    40e3;  // below this, waking a thread costs more than it brings
inline constexpr double chunk_nanoseconds = 5e3;
inline constexpr int64_t chunks_per_thread = 8;

inline double nanoseconds_of_row(int64_t row_bytes) {
    return row_nanoseconds + byte_nanoseconds * static_cast<double>(row_bytes);
}

// Of a result this large little is left in the cache when it is read again.
inline constexpr int64_t beyond_cache_bytes = 64 << 20;
template <class Real>
bool is_beyond_cache(int64_t n_rows, int64_t n_classes) {
    return n_rows * n_classes >= beyond_cache_bytes / static_cast<int64_t>(sizeof(Real));
}

// Rows in chunks for threads. Chunks begin at multiples of a block of the total where they are longer than
// that: their totals can then be taken chunk by chunk, and kernels that take rows in groups meet no part of
// a group, which takes as long as a whole one.
struct RowChunks {
    int64_t n_rows;
    int64_t n_chunks;
    int threads;

    RowChunks(int64_t rows, double nanoseconds, int requested_threads) : n_rows(rows) {
        const double total = static_cast<double>(rows) * nanoseconds;
        threads = total < worthwhile_nanoseconds ? 1 : thread_count(requested_threads);
        const int64_t most = std::min<int64_t>(rows, threads == 1 ? 1 : chunks_per_thread * threads);
        const auto wanted = static_cast<int64_t>(total / chunk_nanoseconds);
        n_chunks = std::clamp<int64_t>(wanted / threads * threads, 1, std::max<int64_t>(most, 1));
    }
    bool in_blocks() const { return n_rows / n_chunks >= rows_to_a_block; }
    int64_t first(int64_t chunk) const {
        const int64_t together = in_blocks() ? rows_to_a_block : 1;
        return chunk == n_chunks ? n_rows : n_rows * chunk / n_chunks / together * together;
    }
    template <class Rows>
    void share(const Rows& rows) const {
        run_chunks(n_chunks, threads, [&](int64_t chunk) { rows(first(chunk), first(chunk + 1)); });
    }
};

template <class Rows>
void share_rows(int64_t n_rows, double nanoseconds, int requested_threads, const Rows& rows) {
    RowChunks(n_rows, nanoseconds, requested_threads).share(rows);
}

// use(Real{}) for a kind that is float32 or float64.
template <class Use>
auto with_kind(Kind kind, Use use) {
    return kind == Kind::float32 ? use(float{}) : use(double{});
}

// use(Real{}) for the dtype of the logits.
template <class Use>
auto with_dtype(const PythonArray& logits, const char* call, Use use) {
    switch (logits.kind()) {
        case Kind::float32:
            return use(float{});
        case Kind::float64:
            return use(double{});
        default:
            throw nb::type_error((std::string(call) + ": logits are float32 or float64; got another dtype. "
                                                      "Convert them.")
                                     .c_str());
    }
}

inline void require_classes(const PythonArray& logits, const char* call) {
    if (logits.extent(1) < 1) {
        throw nb::value_error((std::string(call) + ": logits have at least one class; got none. "
                                                   "Pass shape (N, K) with K >= 1.")
                                  .c_str());
    }
}

// Each adds its functions to the module.
void bind_softmax(nb::module_& m);
void bind_cross_entropy(nb::module_& m);
void bind_softmax_jacobian(nb::module_& m);
void bind_calls(nb::module_& m);
void bind_dense(nb::module_& m);
void bind_linear_cross_entropy(nb::module_& m);
void bind_linear_passes(nb::module_& m);
void bind_sparse(nb::module_& m);
void bind_sparse_passes(nb::module_& m);
void bind_long_vectors(nb::module_& m);
void bind_training(nb::module_& m);
void bind_random(nb::module_& m);

}  // namespace chainrule
