// What the module for XLA uses of the module `_native`: one pool of threads and one choice of an instruction
// set for both.
#pragma once

#include <stddef.h>

#include "kernels.hpp"
#include "thread_pool.hpp"

namespace chainrule {

struct CoreTable {
    size_t kernels_size;  // of struct Kernels: tells modules of different builds apart
    const Kernels& (*kernels)();
    void (*run_chunks)(const ChunkedWork& work, int n_threads);
    int (*thread_count)(int requested);
    double (*fixed_order_total)(const double* values, int64_t n);
};

inline constexpr const char* core_table_name = "chainrule.core_table";

}  // namespace chainrule
