// Handlers that have a file of their own.
#pragma once

#include "xla/ffi/api/ffi.h"

namespace chainrule {

XLA_FFI_Handler* linear_cross_entropy_handler();

}  // namespace chainrule
