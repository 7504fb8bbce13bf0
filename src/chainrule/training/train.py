"""Train a network: the public call, its checks, and the outcome it returns."""

import math
import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np

from chainrule._types import ArrayLike
from chainrule.errors import ArgumentError, ArgumentTypeError
from chainrule.functions import SparseFeatures, check_weights, near_one
from chainrule.network import Dropout, Network, check_dropout
from chainrule.training.checkpoint import EVERY, Checkpoint, check_checkpoint
from chainrule.training.checks import (
    check_calibrate,
    check_count,
    check_examples,
    check_gradient_norm,
    check_head_options,
    check_minibatch_options,
    check_number,
)
from chainrule.training.choice import Solver, choose_batch_size, choose_max_epochs, choose_solver
from chainrule.training.conducting import Run, conduct
from chainrule.training.log import TrainingLog
from chainrule.training.memory_need import FitShape, memory_of_examples, memory_of_fit, require_memory
from chainrule.training.objective import Examples, Loss, Objective
from chainrule.training.outcome import Outcome, StopReason
from chainrule.training.progress import Callback
from chainrule.training.row_stream import RowStream, stream_weight
from chainrule.training.solver import MinibatchSolver
from chainrule.training.watching import Watch


def train(
    network: Network,
    X: Any,
    y: ArrayLike | None = None,
    *,
    solver: str | Solver = "auto",
    sample_weight: ArrayLike | None = None,
    class_weight: ArrayLike | None = None,
    label_smoothing: float = 0.0,
    alpha: float = 1e-4,
    dropout: float | Sequence[float] = 0.0,
    max_gradient_norm: float | None = None,
    batch_size: int | str = "auto",
    max_epochs: int | str = "auto",
    tol: float = 1e-4,
    validation: Sequence[ArrayLike] | None = None,
    patience: int | None = 20,
    calibrate: bool | str = "auto",
    callback: Callback | None = None,
    random_state: int = 0,
    n_threads: int | None = None,
    checkpoint: str | os.PathLike[str] | Checkpoint | None = None,
    checkpoint_every: float = EVERY,
    log: str | os.PathLike[str] | None = None,
) -> Outcome:
    """Minimise the objective (TR.1) of a network in place.

    Parameters
    ----------
    network : Network
        Any head and any number of layers; its parameters are the start, and are replaced by the best ones found.
    X : array_like, scipy.sparse or RowStream, shape (examples, features)
        Finite numbers, also in the network's dtype after its input scaling. A sparse matrix or array of any format is
        never made dense. A :class:`~chainrule.training.RowStream` brings the rows in portions, with their targets and
        weights: minibatch solvers alone serve ("auto" is "adamw" then), and ``Outcome.loss`` is that of its sample.
    y : array_like
        None with a stream. Softmax head: class indices (examples,) or probabilities (examples, outputs). Other heads:
        (examples, outputs), or (examples,) where there is one output; in 0..1 for a sigmoid head.
    solver : str or Solver
        "auto", a name ("sgd", "adam", "adamw", "lbfgs", "newton-cg", "newton-cholesky"; with sparse features also
        "lazy-adam" and "lbfgs-diagonal"), or a value such as ``AdamW(learning_rate=0.001)``. "auto": "adamw" with
        hidden layers ("lazy-adam" with sparse features); else, for a softmax head, "newton-cholesky" where rows and
        parameters are few, or "newton-cg" ("lbfgs-diagonal" with sparse features), and "lbfgs" for other heads.
    sample_weight : array_like or None, shape (examples,)
        A finite weight >= 0 for each row, not all zero. Only their ratios count.
    class_weight : array_like or None, shape (outputs,)
        A finite weight >= 0 for each class, inside the target; softmax head only.
    label_smoothing : float
        In 0..1; softmax head only.
    alpha : float
        Strength of the L2 penalty on the weights, >= 0; biases are free.
    dropout : float or sequence of float
        Share of the units of hidden layers that each minibatch leaves out, in [0, 1): one for all layers, or one for
        each. Prediction leaves nothing out.
    max_gradient_norm : float or None
        Minibatch gradients that are longer are scaled to this length, > 0; None: none is.
    batch_size : int or "auto"
        The most rows of a minibatch; not used by full-batch solvers.
    max_epochs : int or "auto"
        The most epochs, or iterations of a full-batch solver. Schedules of minibatch solvers spread over it.
    tol : float
        "newton-cg" and "lbfgs-diagonal" end when (TR.1) is certainly at most this much above its minimum, see
        ``Outcome.gap``; without a penalty, when a step promised to lower it by less. "lbfgs" ends when the Euclidean
        norm of the gradient of (TR.1) is at most this. "newton-cholesky" is exact whatever it is, and minibatch solvers
        run their schedule to its end.
    validation : sequence or None
        (X, y) or (X, y, sample_weight) the network does not train on.
    patience : int or None
        Epochs without a lower validation loss after which to stop, the best epoch's parameters being kept. None:
        the validation loss is only recorded. Not used without validation.
    calibrate : bool or "auto"
        Whether ``network.temperature`` is fitted to the validation rows when the run is over; softmax head only. It
        divides the logits in predictions and is in ``Outcome.temperature``. "auto": with hidden layers, where the
        validation loss decides. Where it is not fitted, the network keeps the temperature it has.
    callback : callable or None
        Called with a :class:`~chainrule.training.Progress` after every epoch; returning True ends the run.
    random_state : int
        Seed of the order of the rows, 0..2**64 - 1. Equal arguments give equal bits.
    n_threads : int or None
        At most this many threads in the loss; None: as many as the process may use. Changes no bit.
    checkpoint : str, path, Checkpoint or None
        A file the run is written down in, and goes on from if it is there: the same call after a kill at any moment
        ends with the same bits as a run without a break, whatever parameters the network has when it is called. A
        file of other data or settings is refused with the names of what changed; that of a complete run gives its
        result. A :class:`~chainrule.training.Checkpoint` can say more.
    checkpoint_every : float
        Seconds between checkpoints, also in the middle of an epoch; 0 writes one before every step.
    log : str, path or None
        A file to append JSON lines to: one for every epoch, and one every ten seconds inside a long one, with step,
        epoch, loss, validation loss, gradient norm, rows per second and learning rate.

    Returns
    -------
    Outcome
        Why the run ended, with advice, and its curves. An interrupted run (Ctrl-C) returns normally with the best
        parameters so far, at the end of the step it was in; a second Ctrl-C does not wait for that. A run that
        diverges, or ends with a higher loss than it began, leaves the network as it was.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        If an argument is outside its domain; the network is then unchanged.
    InsufficientMemoryError
        If the run would take more memory than there is, as far as that can be known; nothing is changed.
    CheckpointError
        If the checkpoint is damaged, newer, or of other data or settings; nothing is changed.
    OutputError
        If a checkpoint or log cannot be written at all.

    Warns
    -----
    CheckpointWarning
        If a checkpoint cannot be written (the last good one stays, and the run goes on), or its run is complete.

    Notes
    -----
    The linear-algebra libraries run on one thread meanwhile, for their threads could change the last bits.
    Without validation the best epoch is the one with the lowest entry of ``loss_curve``. No argument but the network
    is written to.

    Examples
    --------
    >>> network = Network((1, 2), dtype=np.float64)
    >>> outcome = train(network, [[-1.0], [-2.0], [1.0], [2.0]], [0, 0, 1, 1], alpha=0.1)
    >>> outcome.reason.name, network.predict_proba([[0.0]]).round(6)
    ('CONVERGED', array([[0.5, 0.5]]))
    """
    call = "train"
    _check_network(call, network)
    stream = X if isinstance(X, RowStream) else None
    examples = _check_rows(call, network, X, y, sample_weight)
    loss = _check_loss(call, network, class_weight, label_smoothing, n_threads)
    strength = check_number(call, "alpha", alpha, 0.0, math.inf, "Try 1e-4, or 0 for no penalty.")
    tolerance = check_number(call, "tol", tol, 0.0, math.inf, "Try 1e-4.")
    seed = check_count(call, "random_state", random_state, "Pass a seed such as 0.", low=0, high=2**64 - 1)
    rates = check_dropout(call, dropout, len(network.layer_sizes) - 2)
    n_rows = len(examples) if stream is None else stream.n_rows
    objective = Objective(
        network, examples, loss, strength, Dropout(rates, seed) if any(rates) else None,
        check_gradient_norm(call, max_gradient_norm),
        None if stream is None else stream_weight(stream, loss) / n_rows,
    )  # fmt: skip
    _check_total_weight(call, objective, "")
    sparse = isinstance(examples.X, SparseFeatures)
    chosen = choose_solver(solver, network, n_rows, call, sparse=sparse, streamed=stream is not None)
    check_minibatch_options(call, objective, chosen)
    size, epochs = _plan(call, chosen, batch_size, max_epochs, n_rows)
    # Validation rows are judged as they are: without the smoothing of the targets, with the weights of the classes.
    plain = replace(objective.loss, label_smoothing=0.0)
    rows = _check_validation(call, network, validation, plain)
    watch = Watch(
        network, n_rows, epochs, rows, plain, _check_patience(call, patience), _check_callback(call, callback),
        TrainingLog(log, call), StopReason.COMPLETED if isinstance(chosen, MinibatchSolver) else StopReason.MAX_EPOCHS,
    )  # fmt: skip
    if stream is None:  # whose portions are small
        _require_memory(call, objective, chosen, size, 0 if rows is None else len(rows))
    calibrates = check_calibrate(call, calibrate, network, watch.selects, rows is not None)
    run = Run(objective, chosen, watch, size, tolerance, seed, calibrates, stream)
    return conduct(run, check_checkpoint(call, checkpoint, checkpoint_every), call)


def _check_rows(call: str, network: Network, X: Any, y: Any, sample_weight: Any) -> Examples:
    """Return the rows to train on, of a stream those of its sample."""
    if isinstance(X, RowStream):
        return _check_stream(call, network, X, y, sample_weight)
    if y is None:
        remedy = "Pass a class index for each row, or probabilities."
        raise ArgumentTypeError(call, "y holds a target for each row of X", "None", remedy)
    return check_examples(call, network, X, y, sample_weight)


def _check_loss(
    call: str, network: Network, class_weight: Any, label_smoothing: float, n_threads: int | None
) -> Loss:
    """Return what the loss takes beside examples."""
    check_head_options(call, network, class_weight, label_smoothing)
    weights = check_weights(call, "class_weight", class_weight, (network.n_outputs,))
    smoothing = check_number(call, "label_smoothing", label_smoothing, 0.0, 1.0, "0 is none, 0.1 is usual.")
    threads = (
        None if n_threads is None else check_count(call, "n_threads", n_threads, "Pass None to use them all.")
    )
    return Loss(None if weights is None else near_one(weights), smoothing, threads)


def _check_stream(call: str, network: Network, stream: RowStream, y: Any, sample_weight: Any) -> Examples:
    """Return the sample of a stream, which brings targets and weights itself."""
    for name, given in (("y", y), ("sample_weight", sample_weight)):
        if given is not None:
            rule = f"a stream of rows brings {name} itself"
            raise ArgumentError(call, rule, f"{name} beside one", "Leave it out.")
    if network.head != "softmax":
        rule = "a stream of rows goes with a softmax head"
        raise ArgumentError(call, rule, f"head={network.head!r}", "Pass arrays.")
    sample = stream.sample
    return check_examples(call, network, sample.X, sample.y, sample.sample_weight)


def _plan(
    call: str, solver: Solver, batch_size: int | str, max_epochs: int | str, n_rows: int
) -> tuple[int, int]:
    """Return batch size and number of epochs."""
    size = _count_or_auto(call, "batch_size", batch_size) or choose_batch_size(n_rows)
    epochs = _count_or_auto(call, "max_epochs", max_epochs) or choose_max_epochs(solver, n_rows, size)
    return min(size, n_rows), epochs


def _require_memory(
    call: str, objective: Objective, solver: Solver, batch_size: int, n_held_back: int
) -> None:
    """Refuse a run that would not fit into memory."""
    network, examples = objective.network, objective.examples
    copied, targets = memory_of_examples(examples, network, solver)
    derivatives = objective.dropout is not None or not {"relu", "identity"}.issuperset(network.activations)
    shape = FitShape(
        len(examples), n_held_back, network.layer_sizes, network.dtype.itemsize, solver, batch_size,
        network.input_scaling is not None, derivatives, copied, targets,
        isinstance(examples.X, SparseFeatures),
    )  # fmt: skip
    require_memory(call, memory_of_fit(shape))


def _count_or_auto(call: str, name: str, value: int | str) -> int | None:
    if isinstance(value, str) and value == "auto":
        return None
    return check_count(call, name, value, "Pass a positive integer, or 'auto'.")


def _check_network(call: str, network: Network) -> None:
    if not isinstance(network, Network):
        raise ArgumentTypeError(
            call, "network is a Network", type(network).__name__, "Build one: Network((4, 3))."
        )
    if not np.isfinite(network.parameters).all():
        remedy = "Start from a new Network, or from a saved one."
        raise ArgumentError(call, "the network's parameters are finite", "NaN or infinite ones", remedy)


def _check_total_weight(call: str, objective: Objective, name: str) -> None:
    if not (objective.total_weight > 0.0 and math.isfinite(objective.total_weight)):
        rule = f"{name}sample_weight and class_weight leave at least one row a positive weight"
        raise ArgumentError(call, rule, f"a total of {objective.total_weight}", "Raise a weight above 0.")


def _check_validation(
    call: str, network: Network, validation: Sequence[ArrayLike] | None, loss: Loss
) -> Examples | None:
    if validation is None:
        return None
    if not isinstance(validation, tuple | list) or len(validation) not in (2, 3):
        rule = "validation is (X, y) or (X, y, sample_weight)"
        came = f"a {type(validation).__name__}"
        raise ArgumentError(call, rule, came, "Pass a tuple of two or three arrays.")
    X, y, sample_weight = cast("tuple[Any, Any, Any]", (*validation, None)[:3])
    examples = check_examples(call, network, X, y, sample_weight, "validation ")
    _check_total_weight(call, Objective(network, examples, loss, 0.0), "validation ")
    return examples


def _check_patience(call: str, patience: int | None) -> int | None:
    if patience is None:
        return None
    return check_count(call, "patience", patience, "Pass a number of epochs, or None to never stop early.")


def _check_callback(call: str, callback: Callback | None) -> Callback | None:
    if callback is not None and not callable(callback):
        rule = "callback is a function of one argument or None"
        raise ArgumentTypeError(call, rule, type(callback).__name__, "Pass a function that takes a Progress.")
    return callback
