#include "instruction_set.hpp"

#include <atomic>

namespace chainrule {

// Defined by the kernel files, once per instruction set that was compiled.
#define CHAINRULE_DECLARE(name)                           \
    namespace name {                                      \
    void add_softmax(Kernels& kernels);                   \
    void add_cross_entropy_index(Kernels& kernels);       \
    void add_cross_entropy_probability(Kernels& kernels); \
    void add_softmax_jacobian(Kernels& kernels);          \
    void add_dense(Kernels& kernels);                     \
    void add_output_loss(Kernels& kernels);               \
    void add_training_layers(Kernels& kernels);           \
    void add_training_update(Kernels& kernels);           \
    void add_linear_blocks(Kernels& kernels);             \
    void add_sparse(Kernels& kernels);                    \
    void add_long_vectors(Kernels& kernels);              \
    }
CHAINRULE_DECLARE(generic)
#if defined(CHAINRULE_X86)
CHAINRULE_DECLARE(avx2)
CHAINRULE_DECLARE(avx512)
#endif
#undef CHAINRULE_DECLARE

namespace {

struct InstructionSet {
    std::string_view name;
    bool runs_here;
    Kernels kernels;
};

template <class... Parts>
Kernels table_of(Parts... add) {
    Kernels kernels{};
    (add(kernels), ...);
    return kernels;
}

#define CHAINRULE_TABLE(name)                                                                               \
    table_of(name::add_softmax, name::add_cross_entropy_index, name::add_cross_entropy_probability,         \
             name::add_softmax_jacobian, name::add_dense, name::add_output_loss, name::add_training_layers, \
             name::add_training_update, name::add_linear_blocks, name::add_sparse, name::add_long_vectors)

#if defined(CHAINRULE_X86)
// __builtin_cpu_supports also asks whether the operating system saves the registers.
bool runs_avx512() {
    __builtin_cpu_init();  // this runs while the library is being loaded, maybe before the compiler's own
                           // call
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("fma");
}
bool runs_avx2() {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
#endif

// Never destroyed: threads of the program may still compute while the process ends.
const std::vector<InstructionSet>& compiled_sets() {
    static const auto& sets = *new std::vector<InstructionSet>{
#if defined(CHAINRULE_X86)
        {"avx512", runs_avx512(), CHAINRULE_TABLE(avx512)},
        {"avx2", runs_avx2(), CHAINRULE_TABLE(avx2)},
#endif
        {"generic", true, CHAINRULE_TABLE(generic)},
    };
    return sets;
}

const InstructionSet* fastest_set() {
    for (const InstructionSet& set : compiled_sets()) {
        if (set.runs_here) {
            return &set;
        }
    }
    return &compiled_sets().back();
}

std::atomic<const InstructionSet*> in_use{fastest_set()};

}  // namespace

std::vector<std::string_view> instruction_sets() {
    std::vector<std::string_view> names;
    for (const InstructionSet& set : compiled_sets()) {
        if (set.runs_here) {
            names.push_back(set.name);
        }
    }
    return names;
}

bool use_instruction_set(std::string_view name) {
    for (const InstructionSet& set : compiled_sets()) {
        if (set.runs_here && set.name == name) {
            in_use.store(&set);
            return true;
        }
    }
    return false;
}

std::string_view instruction_set_in_use() { return in_use.load()->name; }

const Kernels& kernels() { return in_use.load(std::memory_order_relaxed)->kernels; }

}  // namespace chainrule
