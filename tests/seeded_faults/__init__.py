"""The seeded faults, by the room whose file they are put into."""

from seeded_faults import (
    app,
    check,
    claims,
    data,
    derivations,
    derive,
    estimators,
    explain,
    files,
    functions,
    jax,
    kernels,
    network,
    pytorch,
    report,
    training,
    typesetting,
)
from seeded_faults.fault import Fault, KernelFault, KernelTree, copy_of_sources

__all__ = ["FAULTS", "KERNEL_FAULTS", "Fault", "KernelFault", "KernelTree", "copy_of_sources"]

FAULTS: dict[str, Fault] = {
    **app.FAULTS,
    **check.FAULTS,
    **claims.FAULTS,
    **data.FAULTS,
    **derivations.FAULTS,
    **derive.FAULTS,
    **estimators.FAULTS,
    **explain.FAULTS,
    **files.FAULTS,
    **functions.FAULTS,
    **jax.FAULTS,
    **network.FAULTS,
    **pytorch.FAULTS,
    **report.FAULTS,
    **training.FAULTS,
    **typesetting.FAULTS,
}
KERNEL_FAULTS: dict[str, KernelFault] = kernels.FAULTS
