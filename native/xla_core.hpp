// The core that the handlers for XLA work with.
#pragma once

#include "core_table.hpp"

namespace chainrule {

// Work with this core from now on; false if it comes from another build. Once, before anything else.
bool use_core(const CoreTable* table);

}  // namespace chainrule
