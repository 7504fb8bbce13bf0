"""Where a tensor is computed, and whether the call is being traced rather than computed."""

import torch
from torch import Tensor


def has_kernels(tensor: Tensor) -> bool:
    """Tell whether the NumPy functions can read the tensor; others get PyTorch's own operations."""
    return tensor.device.type == "cpu"


def is_traced(tensor: Tensor) -> bool:
    """Tell whether the call is being compiled or exported, so that an operator has to stand for it.

    Besides torch.compile these are tensors without data of their own that record what is done to them.
    """
    if torch.compiler.is_compiling():
        return True
    return type(tensor).__torch_dispatch__ is not Tensor.__torch_dispatch__
