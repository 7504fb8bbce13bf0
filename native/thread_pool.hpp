// A small thread pool: the caller works too, and never waits for a thread that has not begun.
#pragma once

#include <stdint.h>

namespace chainrule {

// The work of a region: chunks 0..n_chunks - 1, in any order, on any thread.
struct ChunkedWork {
    void (*run)(const void* context, int64_t chunk);
    const void* context;
    int64_t n_chunks;
};

// Run every chunk once on up to n_threads threads, the caller among them; return when all are done.
// While another thread's region is running, or when a thread cannot be started, fewer threads (down to the
// caller alone) do the same chunks. Safe after fork(): the child starts a pool of its own when it first needs
// one.
void run_chunks(const ChunkedWork& work, int n_threads);

// The same for a callable taking the number of the chunk.
template <class Function>
void run_chunks(int64_t n_chunks, int n_threads, const Function& function) {
    const auto call = [](const void* context, int64_t chunk) {
        (*static_cast<const Function*>(context))(chunk);
    };
    run_chunks(ChunkedWork{call, &function, n_chunks}, n_threads);
}

}  // namespace chainrule
