"""The compiled kernels as handlers of XLA's foreign function interface (``native/xla.cpp``).

Only there where JAX was at hand when the package was built.
"""

def handlers() -> dict[str, object]:
    """Return the handler of each target, as a capsule for ``jax.ffi.register_ffi_target``."""
