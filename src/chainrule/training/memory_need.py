"""What a fit will take of memory, by what it is for: said before anything is allocated.

The numbers are counts of arrays in the code that makes them; tests hold their sum to what a process was seen to take.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from chainrule.errors import InsufficientMemoryError
from chainrule.functions import SparseFeatures
from chainrule.network import Network
from chainrule.training.available_memory import available_memory
from chainrule.training.calibration import MOST_LOGITS
from chainrule.training.choice import Solver
from chainrule.training.diagonal_lbfgs import DiagonalLBFGS
from chainrule.training.hessian_preconditioner import MOST_PARAMETERS
from chainrule.training.lbfgs import LBFGS
from chainrule.training.mostly_zeros import bytes_without_zeros
from chainrule.training.newton_cg import NewtonCG
from chainrule.training.newton_cholesky import NewtonCholesky
from chainrule.training.objective import Examples
from chainrule.training.piecewise_logits import PIECE_BYTES, are_too_many
from chainrule.training.row_blocks import rows_of_block
from chainrule.training.selected_rows import SelectedRows
from chainrule.training.sgd import SGD
from chainrule.training.solver import MinibatchSolver

BYTES_OF_ROW = 48
"""Labels as class indices, numbers of rows in the order of the epoch, and what sorting them takes."""
BYTES_KEPT_OF_ROW = 16
"""What of it stays with a full-batch solver."""
MATRICES = 3
"""The matrix of second derivatives, the one it is made in, and its factor."""
PANEL_BYTES = 128
"""Compiled steps fill the units of a layer up to a multiple of so many bytes."""
PLAIN_VECTORS = 7
"""The network's parameters, the first and the best ones, two moments, and copies on the way."""
COMPILED_VECTORS = 5
"""Parameters, moments, gradient, and the other side of the weights, as the kernels read them."""
FULL_BATCH_VECTORS = 12
"""In float64: parameters, gradient, direction, and those of a line search or of conjugate gradients."""
LOGITS_ARRAYS = 4.5
"""Arrays of float64 of the size of all logits that newton-cg holds at its highest."""
PROBABILITIES_ARRAYS = 0.5
"""The same where it holds no logits: probabilities in float32."""
VECTORS_OF_ROWS = 3
"""In float64, the curvature of each row, sorted and summed."""
SPARSE_ENTRY_BYTES = 88
"""An entry sorted by columns, with a run of its own, in float32 and float64, and its square."""
HESSIAN_PRECONDITIONER = 4
"""Matrices of float64 that the preconditioner of few parameters makes of their second derivatives."""
LANES = 8
"""Numbers of float64 that classes are filled up to in passes over sparse rows."""
STRETCH = 1 << 22
"""Numbers by the logits of sparse rows that are there at a time."""
WITHOUT_ZEROS = 3
"""The entries that are not 0, in the other precision too, and those of some rows."""
NEGLIGIBLE = 16_000_000
"""Bytes up to which nobody looks at what there is: looking takes as long as a small step of training."""
FLOAT64 = 8
COPY, LOGITS, CURVATURE = "a copy of the features", "logits of all rows", "the matrix of second derivatives"
TARGETS = "probabilities of the rows as the kernels read them"
VECTORS, BLOCKS, ROWS = "parameters and the solver's state", "blocks of rows", "labels and the order of rows"
REMEDIES = {
    COPY: "Pass X as a C-ordered array of float32 or float64, which is read where it lies.",
    TARGETS: "Pass labels, or probabilities of the dtype of X.",
    LOGITS: "Use solver='adamw', which holds no logits of all rows, or fewer rows.",
    CURVATURE: "Use solver='newton-cg', or 'adamw'.",
    VECTORS: "Use fewer hidden units, or fewer columns.",
    BLOCKS: "Use a smaller batch_size, or fewer hidden units.",
    ROWS: "Use fewer rows, or partial_fit on a portion at a time.",
}


@dataclass(frozen=True)
class FitShape:
    """The sizes that decide what a fit takes.

    Parameters
    ----------
    n_rows, n_held_back : int
        Rows that are trained on, and validation rows among those given.
    layer_sizes : tuple of int
        Of the network.
    itemsize : int
        Bytes of a number of its dtype.
    solver : Solver
    batch_size : int
        Of a minibatch solver.
    scaled : bool
        Whether the network scales its features.
    derivatives : bool
        Whether minibatches keep what the derivatives of activations are made of beside their values.
    copied, targets : int
        Bytes of features that are copied, and of targets.
    sparse : bool
        Whether features are sparse: no block of them is made dense, but for small exact steps.
    """

    n_rows: int
    n_held_back: int
    layer_sizes: tuple[int, ...]
    itemsize: int
    solver: Solver
    batch_size: int
    scaled: bool = False
    derivatives: bool = False
    copied: int = 0
    targets: int = 0
    sparse: bool = False

    @property
    def n_parameters(self) -> int:
        """Weights and biases of all layers."""
        return sum(outputs * (inputs + 1) for inputs, outputs in pairwise(self.layer_sizes))

    @property
    def n_packed(self) -> int:
        """The same with the units of each layer filled up as compiled steps do."""
        fill = PANEL_BYTES // self.itemsize
        return sum(
            -(-outputs // fill) * fill * (inputs + 1) for inputs, outputs in pairwise(self.layer_sizes)
        )


def memory_of_fit(shape: FitShape) -> dict[str, int]:
    """Return the bytes that a fit takes beside what it is given, by what they are for.

    Examples
    --------
    >>> shape = FitShape(1_000_000, 0, (100, 10), 4, NewtonCG(), 256)
    >>> parts = memory_of_fit(shape)
    >>> max(parts, key=parts.get), in_words(sum(parts.values()))
    ('logits of all rows', '90.1 MB')
    """
    n_rows = shape.n_rows + shape.n_held_back
    parts = {COPY: shape.copied, TARGETS: shape.targets, ROWS: BYTES_OF_ROW * n_rows}
    widths = shape.layer_sizes[1:]
    dense = not shape.sparse or isinstance(shape.solver, NewtonCholesky)
    inputs = FLOAT64 * shape.layer_sizes[0] * (4 if shape.scaled else 1) if dense else 0
    at_once = min(rows_of_block(widths), n_rows)
    block = at_once * (inputs + 2 * shape.itemsize * sum(widths))
    if isinstance(shape.solver, MinibatchSolver):
        fewer = 1 if isinstance(shape.solver, SGD) else 0
        parts[VECTORS] = shape.itemsize * (
            (PLAIN_VECTORS - fewer) * shape.n_parameters + (COMPILED_VECTORS - fewer) * shape.n_packed
        )
        batch = min(shape.batch_size, shape.n_rows)
        kept = 3 if shape.derivatives else 2
        numbers = (0 if shape.sparse else shape.layer_sizes[0]) + kept * sum(widths[:-1]) + 3 * widths[-1]
        parts[BLOCKS] = block + batch * shape.itemsize * numbers
        logits = min(shape.n_held_back * widths[-1], MOST_LOGITS)  # of the temperature
        parts[LOGITS] = shape.itemsize * logits
        return parts
    more = 2 * shape.solver.memory if isinstance(shape.solver, LBFGS) else 0
    if isinstance(shape.solver, DiagonalLBFGS):
        more = shape.solver.memory + 2  # of float32
    parts[VECTORS] = FLOAT64 * (FULL_BATCH_VECTORS + more) * shape.n_parameters
    parts[BLOCKS] = 2 * block + at_once * 2 * FLOAT64 * sum(widths)
    if isinstance(shape.solver, NewtonCG):
        in_pieces = are_too_many(shape.n_rows, shape.layer_sizes[0] * shape.itemsize, widths[-1])
        arrays = PROBABILITIES_ARRAYS if in_pieces else LOGITS_ARRAYS
        parts[LOGITS] = int(FLOAT64 * n_rows * (arrays * widths[-1] + VECTORS_OF_ROWS))
        parts[BLOCKS] += PIECE_BYTES if in_pieces else 0
    if isinstance(shape.solver, DiagonalLBFGS):
        # What passes keep: W^T and totals for each feature, a stretch of rows; the classes fill whole cache lines.
        padded = -(-widths[-1] // LANES) * LANES
        parts[BLOCKS] += FLOAT64 * (2 * shape.layer_sizes[0] * padded + min(n_rows * padded, STRETCH))
        parts[LOGITS] = int(LOGITS_ARRAYS * FLOAT64 * n_rows * widths[-1])
        if shape.n_parameters <= MOST_PARAMETERS:
            parts[CURVATURE] = FLOAT64 * HESSIAN_PRECONDITIONER * shape.n_parameters**2
    if isinstance(shape.solver, NewtonCholesky):
        parts[CURVATURE] = FLOAT64 * MATRICES * shape.n_parameters**2
        parts[LOGITS] = FLOAT64 * n_rows * widths[-1]
    # Labels are sorted before there is anything else, and most of what that takes is given back.
    parts[ROWS] = max(BYTES_KEPT_OF_ROW * n_rows, parts[ROWS] - sum(parts.values()) + parts[ROWS])
    return parts


def memory_of_network(layer_sizes: tuple[int, ...], itemsize: int) -> dict[str, int]:
    """Return the bytes that any fit of a network takes, for its parameters alone.

    Examples
    --------
    >>> memory_of_network((99, 10), 4)
    {"parameters and the solver's state": 40000}
    """
    parameters = sum(outputs * (inputs + 1) for inputs, outputs in pairwise(layer_sizes))
    return {VECTORS: (PLAIN_VECTORS + COMPILED_VECTORS - 2) * itemsize * parameters}


def memory_of_examples(examples: Examples, network: Network, solver: Solver) -> tuple[int, int]:
    """Return the bytes of features and of targets that a fit copies: what it cannot read where it lies."""
    features, targets = examples.X, examples.y
    selected = isinstance(features, SelectedRows)
    base = features.base if isinstance(features, SelectedRows) else features
    if isinstance(base, SparseFeatures):
        # Sorted by columns, squared, and in the other precision: full-batch solvers keep all of these.
        return 0 if isinstance(solver, MinibatchSolver) else SPARSE_ENTRY_BYTES * len(base.values), 0
    if not isinstance(base, np.ndarray):
        return 0, 0
    itemsize = base.itemsize if base.itemsize > 2 else network.dtype.itemsize
    whole = isinstance(solver, MinibatchSolver)
    copied = 0
    if whole and not (base.flags.c_contiguous and base.itemsize > 2):
        copied = base.size * itemsize
    elif isinstance(solver, NewtonCG) and (selected or not base.flags.c_contiguous):
        copied = len(examples) * network.n_features * itemsize
    if isinstance(solver, NewtonCG) and network.input_scaling is None and base.dtype.kind == "f":
        copied += WITHOUT_ZEROS * bytes_without_zeros(base)
    if not (whole and targets.ndim == 2 and (selected or targets.dtype != network.dtype)):
        return copied, 0
    return copied, targets.nbytes * (
        len(base) // max(len(examples), 1)
    ) + targets.size * network.dtype.itemsize


def require_memory(call: str, parts: Mapping[str, int]) -> None:
    """Refuse what would not fit into the memory that is left, before any of it is asked for.

    Parameters
    ----------
    call : str
        Who refuses.
    parts : mapping of str to int
        From :func:`memory_of_fit`.

    Raises
    ------
    InsufficientMemoryError
        If they come to more than there is. Where nobody can tell what there is, nothing is refused.
    """
    needed = sum(parts.values())
    found = available_memory() if needed > NEGLIGIBLE else None
    if found is None or needed <= found[0]:
        return
    there, limit = found
    largest = sorted(parts, key=lambda name: parts[name], reverse=True)
    shown = ", ".join(f"{in_words(parts[name])} for {name}" for name in largest[:3] if parts[name])
    came = f"a need of {in_words(needed)} ({shown}), and {in_words(there)} left ({limit})"
    raise InsufficientMemoryError(
        call, "the memory that a fit takes is there before it begins", came, REMEDIES[largest[0]]
    )


def in_words(n_bytes: int) -> str:
    """Return a number of bytes with a unit.

    Examples
    --------
    >>> in_words(1_234_000_000), in_words(56_700_000)
    ('1.23 GB', '56.7 MB')
    """
    unit, size = ("GB", 1e9) if n_bytes >= 1e9 else ("MB", 1e6)
    return f"{n_bytes / size:,.3g} {unit}" if n_bytes < 1000 * size else f"{n_bytes / size:,.0f} {unit}"
