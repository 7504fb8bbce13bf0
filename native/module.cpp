// The module that Python sees. Only this file, binding.hpp, the bind_*.cpp beside it and python_array.cpp
// know Python: they check arrays, share out rows and let go of the interpreter lock.
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "binding.hpp"
#include "core_table.hpp"
#include "total.hpp"

// For threadpoolctl, which looks them up by name.
extern "C" __attribute__((visibility("default"))) int chainrule_get_num_threads() {
    return chainrule::available_threads();
}
extern "C" __attribute__((visibility("default"))) void chainrule_set_num_threads(int threads) {
    chainrule::limit_threads(threads);
}

namespace chainrule {
namespace {

std::vector<std::string> instruction_set_names() {
    const std::vector<std::string_view> names = instruction_sets();
    return {names.begin(), names.end()};
}

void use_named_instruction_set(const std::string& name) {
    if (!use_instruction_set(name)) {
        throw nb::value_error(("use_instruction_set: name is one of instruction_sets(); got '" + name +
                               "'. Choose one of those.")
                                  .c_str());
    }
}

nb::capsule core_table() {
    static constexpr CoreTable table{sizeof(Kernels),
                                     kernels,
                                     run_chunks,
                                     thread_count,
                                     fixed_order_total,
                                     linear_cross_entropy<float>,
                                     linear_cross_entropy<double>};
    return nb::capsule(&table, core_table_name);
}

}  // namespace
}  // namespace chainrule

NB_MODULE(_native, m) {
    using namespace chainrule;
    bind_softmax(m);
    bind_cross_entropy(m);
    bind_softmax_jacobian(m);
    bind_calls(m);
    bind_dense(m);
    bind_linear_cross_entropy(m);
    bind_linear_passes(m);
    bind_sparse(m);
    bind_sparse_passes(m);
    bind_long_vectors(m);
    bind_training(m);
    bind_random(m);
    m.def("core_table", core_table);
    m.def("thread_count", thread_count, nb::arg("n_threads"));
    m.def("available_threads", available_threads);
    m.def("oversubscribe", oversubscribe, nb::arg("allowed"));
    m.def("cgroup_quota", cgroup_quota, nb::arg("membership"), nb::arg("mount"));
    m.def("instruction_sets", instruction_set_names);
    m.def("instruction_set", [] { return std::string(instruction_set_in_use()); });
    m.def("use_instruction_set", use_named_instruction_set, nb::arg("name"));
}
