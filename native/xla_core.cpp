// Stands in for the core inside `_xla`: every call goes to the core that lives in `_native`.
#include "xla_core.hpp"

#include "core_table.hpp"
#include "instruction_set.hpp"
#include "processors.hpp"
#include "thread_pool.hpp"
#include "total.hpp"

namespace chainrule {
namespace {

const CoreTable* core = nullptr;

}  // namespace

bool use_core(const CoreTable* table) {
    if (table->kernels_size != sizeof(Kernels)) {
        return false;
    }
    core = table;
    return true;
}

const Kernels& kernels() { return core->kernels(); }
void run_chunks(const ChunkedWork& work, int n_threads) { core->run_chunks(work, n_threads); }
int thread_count(int requested) { return core->thread_count(requested); }
double fixed_order_total(const double* values, int64_t n) { return core->fixed_order_total(values, n); }

}  // namespace chainrule
