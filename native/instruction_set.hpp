// The instruction sets the kernels were compiled for, and the one in use.
#pragma once

#include <string_view>
#include <vector>

#include "kernels.hpp"

namespace chainrule {

// Names of those that were compiled and that this processor and operating system run, the fastest first.
std::vector<std::string_view> instruction_sets();

// Take the kernels of one of instruction_sets() from now on; false when the name is not among them.
bool use_instruction_set(std::string_view name);

std::string_view instruction_set_in_use();
const Kernels& kernels();

// The kernels in use for float or double.
template <class Real>
const KernelsOf<Real>& kernels_of();
template <>
inline const KernelsOf<float>& kernels_of<float>() {
    return kernels().float32;
}
template <>
inline const KernelsOf<double>& kernels_of<double>() {
    return kernels().float64;
}

}  // namespace chainrule
