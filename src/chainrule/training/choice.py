"""What "auto" stands for: solver, batch size and epochs by the network and the number of rows."""

from collections.abc import Callable

from chainrule.errors import ArgumentError, ArgumentTypeError
from chainrule.network import Network
from chainrule.training.adam import Adam
from chainrule.training.adamw import AdamW
from chainrule.training.batches import number_of_batches
from chainrule.training.diagonal_lbfgs import DiagonalLBFGS
from chainrule.training.lazy_adam import LazyAdam
from chainrule.training.lbfgs import LBFGS
from chainrule.training.newton_cg import NewtonCG
from chainrule.training.newton_cholesky import NewtonCholesky
from chainrule.training.sgd import SGD
from chainrule.training.solver import FullBatchSolver, MinibatchSolver

Solver = MinibatchSolver | FullBatchSolver

SOLVERS: dict[str, Callable[..., Solver]] = {
    kind.name: kind for kind in (SGD, Adam, AdamW, LazyAdam, LBFGS, DiagonalLBFGS, NewtonCG, NewtonCholesky)
}
"""Every solver by its name, with its default settings."""

NEWTON_PARAMETERS = 1000
"""The most parameters for which an exact Newton step is chosen: a matrix of 8 MB, factorised in some 20 ms."""
NEWTON_OPERATIONS = 1e9
"""The most multiplications N P^2 of one exact Newton step: a few hundredths of a second."""

MANY_CLASSES = 4096
"""Up to so many classes the probabilities of all rows are held, in some form, by the solvers of the full batch."""
MANY_PROBABILITIES = 2**28
"""So are up to so many probabilities, of however many classes: 1 GB."""

_OF_LINEAR_SOFTMAX = (NewtonCholesky, NewtonCG, DiagonalLBFGS)

FEW_ROWS = 500
"""Below this, rows held back to stop by are missed more in training than a better stop brings: training is short, and
weights decay ten times faster. Measured; docs/decisions/defaults.md has the table."""
FEW_ROWS_WEIGHT_DECAY = 1.0


def choose_solver(
    solver: str | Solver,
    network: Network,
    n_rows: int,
    call: str,
    *,
    sparse: bool = False,
    streamed: bool = False,
) -> Solver:
    """Return the solver that a name stands for, or the one given.

    "auto" is AdamW for networks with hidden layers, with a weight decay of 1 where rows are few; without hidden layers
    it is Newton's method for a softmax head, with a Cholesky factorisation where parameters and rows are few and with
    conjugate gradients where they are many, and L-BFGS for other heads. Streams of rows have AdamW throughout, and so
    do rows of thousands of classes whose probabilities would take more than 1 GB. With
    sparse features lazy Adam takes the place of AdamW, and L-BFGS in the metric of the curvature's diagonal that of
    conjugate gradients.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        If there is no such solver, or it cannot serve this network.
    """
    if isinstance(solver, MinibatchSolver | FullBatchSolver):
        chosen = solver
    elif not isinstance(solver, str):
        remedy = "Pass a name, or a value such as AdamW(learning_rate=0.001)."
        raise ArgumentTypeError(call, "solver is a name or a solver", type(solver).__name__, remedy)
    elif solver == "auto":
        return _automatic(network, n_rows, sparse, streamed)
    elif solver in SOLVERS:
        chosen = SOLVERS[solver]()
    else:
        names = ", ".join(["auto", *SOLVERS])
        raise ArgumentError(
            call, f"solver is one of {names}", repr(solver), "Check the spelling, or use 'auto'."
        )
    if isinstance(chosen, DiagonalLBFGS | LazyAdam) and not sparse:
        rule = f"solver {chosen.name!r} goes with sparse features"
        instead = "'newton-cg', or 'lbfgs'" if isinstance(chosen, DiagonalLBFGS) else "'adam'"
        raise ArgumentError(call, rule, "a dense array", f"Use {instead}, or pass a scipy.sparse matrix.")
    if streamed and not isinstance(chosen, MinibatchSolver):
        rule = "a stream of rows goes with a minibatch solver"
        remedy = "Use 'auto', 'adamw' or 'sgd', or have all rows in memory."
        raise ArgumentError(call, rule, repr(chosen.name), remedy)
    if isinstance(chosen, _OF_LINEAR_SOFTMAX) and not _newton_serves(network):
        came = f"a {network.head} head and {len(network.layer_sizes) - 2} hidden layers"
        rule = f"solver {chosen.name!r} serves a softmax head without hidden layers"
        raise ArgumentError(call, rule, came, "Use 'lbfgs' for the full batch, or 'adamw'.")
    return chosen


def choose_batch_size(n_rows: int) -> int:
    """Return a batch size: a power of two near a fiftieth of the rows, 32 to 256.

    Examples
    --------
    >>> [choose_batch_size(n) for n in (100, 1_500, 5_000, 1_000_000)]
    [32, 32, 128, 256]
    """
    size = 32
    while size < 256 and size * 50 < n_rows:
        size *= 2
    return size


def choose_max_epochs(solver: Solver, n_rows: int, batch_size: int) -> int:
    """Return how many epochs to run: about 3,000 minibatch steps, in 20 to 200 epochs; with few rows 300, in 100.

    Full-batch solvers end by their tolerance; for them it is a limit that is hardly ever met.
    """
    if isinstance(solver, NewtonCholesky | NewtonCG):
        return 200
    if isinstance(solver, FullBatchSolver):
        return 2000
    steps, most = (300, 100) if n_rows < FEW_ROWS else (3000, 200)
    return min(max(-(-steps // number_of_batches(n_rows, batch_size)), 20), most)


def _newton_serves(network: Network) -> bool:
    return network.head == "softmax" and len(network.layer_sizes) == 2


def _automatic(network: Network, n_rows: int, sparse: bool, streamed: bool) -> Solver:
    many = network.n_outputs > MANY_CLASSES and n_rows * network.n_outputs > MANY_PROBABILITIES
    by_minibatches = streamed or many or len(network.layer_sizes) > 2
    if by_minibatches and sparse:
        return LazyAdam()
    if by_minibatches:
        return AdamW(weight_decay=FEW_ROWS_WEIGHT_DECAY) if n_rows < FEW_ROWS else AdamW()
    size = network.parameters.size
    if not _newton_serves(network):
        return LBFGS()
    if size <= NEWTON_PARAMETERS and n_rows * size**2 <= NEWTON_OPERATIONS:
        return NewtonCholesky()
    return DiagonalLBFGS() if sparse else NewtonCG()
