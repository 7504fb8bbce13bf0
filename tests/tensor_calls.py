"""The public functions as the tests of NumPy arrays call them, computed by way of PyTorch's tensors."""

from typing import Any

import numpy as np
import torch

from chainrule.functions import pytorch


def by_way_of_tensors(name: str) -> Any:
    """Return a function that takes and gives what the NumPy function of that name does."""
    function = getattr(pytorch, name)

    def call(array: Any, *others: Any, out: Any = None, **options: Any) -> Any:
        if out is not None:
            options["out"] = _tensor(out)
        result = function(_tensor(array), *(_other(other) for other in others), **options)
        parts = result if isinstance(result, tuple) else (result,)
        arrays = [_array(part) for part in parts]
        return tuple(arrays) if isinstance(result, tuple) else arrays[0]

    return call


def _tensor(values: Any) -> torch.Tensor:
    """Return a tensor on the memory of an array, or of a copy where PyTorch cannot have it."""
    array = np.asarray(values)
    ordinary = array.dtype.isnative and array.flags.aligned and array.flags.writeable
    strided = all(stride >= 0 and stride % array.itemsize == 0 for stride in array.strides)
    return torch.from_numpy(array if ordinary and strided else array.astype(array.dtype.newbyteorder("=")))


def _other(values: Any) -> Any:
    return _tensor(values) if isinstance(values, np.ndarray) and values.dtype != np.uint64 else values


def _array(tensor: torch.Tensor) -> Any:
    array = tensor.detach().numpy()
    return array if array.ndim else array[()]
