"""Finds the compiled kernels, or says why they are absent and lets NumPy serve; and the one source of randomness.

The environment variable ``CHAINRULE_INSTRUCTION_SET`` chooses: ``avx512``, ``avx2`` or ``generic`` for the kernels
compiled for it, ``numpy`` for no compiled kernels at all. Without it the fastest that this processor runs is used.
"""

from chainrule.kernels.compiled import native, unavailable_reason
from chainrule.kernels.random import Purpose, permutation, random_bits, row_words, uniform
from chainrule.kernels.threads import thread_count

__all__ = [
    "Purpose",
    "native",
    "permutation",
    "random_bits",
    "row_words",
    "thread_count",
    "unavailable_reason",
    "uniform",
]
