"""The inputs at which a function is judged: small round numbers first, then the edges.

Sizes have N != K and N = K, N = 1 and N > 1, K = 2 and K > 2, because a mistake may hide in each special case. There
are few shapes: a library that compiles takes half a second for every new one.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from chainrule._types import Array
from chainrule.check.options import NO_OPTIONS, Options


@dataclass(frozen=True)
class Probe:
    """One input, and what follows from it.

    Parameters
    ----------
    name : str
        What is special about it, in words.
    logits : ndarray of float64, shape (examples, classes)
        Z; for a linear head the logits that features, weight and bias give.
    targets : ndarray of int64, shape (examples,)
        Class indices; may hold the ignored index.
    options : Options
    soft : ndarray or None, shape (examples, classes)
        Rows of probabilities that take the place of ``targets``.
    features, weight, bias : ndarray or None
        (examples, features), (classes, features), (classes,), for a linear head.
    upstream : ndarray or None, shape (examples, classes)
        The derivative by the output, for a backward function.
    """

    name: str
    logits: Array
    targets: Array
    options: Options = NO_OPTIONS
    soft: Array | None = None
    features: Array | None = None
    weight: Array | None = None
    bias: Array | None = None
    upstream: Array | None = None

    @property
    def examples(self) -> int:
        """N."""
        return self.logits.shape[0]

    @property
    def classes(self) -> int:
        """K."""
        return self.logits.shape[1]

    @cached_property
    def kept(self) -> Array:
        """1 for rows that count, 0 for ignored ones."""
        return (self.targets != self.options.ignore_index).astype(float)

    @cached_property
    def safe_targets(self) -> Array:
        """Class indices with 0 where a row is ignored."""
        return np.where(self.kept > 0, self.targets, 0)

    @cached_property
    def one_hot(self) -> Array:
        """Y before smoothing; rows of zeros for ignored rows."""
        if self.soft is not None:
            return self.soft
        return np.eye(self.classes)[self.safe_targets] * self.kept[:, None]

    @cached_property
    def class_weights(self) -> Array:
        """The weight of each class; ones where none are given."""
        return self.options.weights_for(self.classes)

    @cached_property
    def row_weights(self) -> Array:
        """The weight of each row's own class: what a weighted mean divides by."""
        return self.one_hot @ self.class_weights

    @cached_property
    def smoothed(self) -> Array:
        """The target after smoothing, before class weights."""
        e = self.options.label_smoothing or 0.0
        return ((1 - e) * self.one_hot + e / self.classes) * self.kept[:, None]

    @property
    def temperature(self) -> float:
        """T; 1 where none is given."""
        return self.options.temperature or 1.0

    @cached_property
    def scaled(self) -> Array:
        """Z / T."""
        return self.logits / self.temperature

    @cached_property
    def log_p(self) -> Array:
        """Ln p, (examples, classes)."""
        shifted = self.scaled - self.scaled.max(axis=1, keepdims=True)
        return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))

    @cached_property
    def p(self) -> Array:
        """softmax(Z / T), (examples, classes)."""
        return np.exp(self.log_p)

    @cached_property
    def target_p(self) -> Array:
        """p_c of each row, (examples, 1)."""
        return (self.p * self.one_hot).sum(axis=1, keepdims=True)

    @property
    def size(self) -> int:
        """How many logits there are."""
        return self.logits.size


_SMALL = (
    ("one example", [[0.5, 2.0, -1.0]], [2]),
    ("another example", [[-1.5, 0.75, 1.0]], [0]),
    ("2 examples, 3 classes", [[1.0, 2.0, 0.5], [-0.5, 0.25, 1.5]], [2, 0]),
    ("4 examples, 2 classes", [[1.0, -0.5], [0.25, 2.0], [-1.5, 0.5], [0.75, 0.5]], [1, 0, 0, 1]),
    ("as many examples as classes", [[1.5, 0.25, -1.0], [0.5, 2.5, 1.0], [-0.75, 0.0, 1.25]], [2, 0, 2]),
    ("2 examples, 3 classes, far apart", [[3.0, -2.0, 0.5], [-4.0, 1.25, 2.0]], [1, 1]),
    ("all logits 0", [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]], [1, 2]),
)
_WIDE = (
    "2 examples, 5 classes",
    [[0.5, -1.0, 2.0, 0.25, 1.5], [-0.25, 1.0, 0.75, -2.0, 0.5]],
    [3, 1],
)
_EDGES = (
    ("large logits", [[1000.0, 999.0, 998.5]], [1]),
    ("large negative logits", [[-1000.0, -1001.0, -999.0]], [1]),
    ("logits (800, 1000)", [[800.0, 1000.0, 799.0]], [0]),
    ("one row far below the others", [[1000.0, 999.0, 998.0], [0.5, 1.0, -0.5]], [1, 2]),
    ("an unlikely target", [[0.0, 30.0, 1.0]], [0]),
    ("a very unlikely target", [[0.0, 100.0, 1.0]], [0]),
    ("a target whose probability underflows", [[0.0, 800.0, 3.0]], [0]),
    ("a certain target beside probabilities that underflow", [[0.0, 800.0, 3.0]], [1]),
    ("a confident row", [[0.0, 40.0, 1.0]], [1]),
    ("logits thousands apart", [[0.0, 3000.0, 3.0]], [1]),
)
LARGE = tuple(name for name, _, _ in _EDGES[:3])
FAR_BELOW = _EDGES[3][0]
UNLIKELY = (_EDGES[4][0], _EDGES[5][0])
UNDERFLOWING = _EDGES[6][0]
CERTAIN = _EDGES[7][0]
CONFIDENT = _EDGES[8][0]
THOUSANDS_APART = _EDGES[9][0]
_FEATURES_OF = {1: 4, 2: 4, 4: 3, 3: 2}  # of N: the numbers of features differ from N, and mostly from K


def moderate_probes(kind: str, options: Options, *, few_shapes: bool) -> list[Probe]:
    """Return the probes at which every right function is right, the smallest first.

    Parameters
    ----------
    kind : str
        A kind of function.
    options : Options
    few_shapes : bool
        True leaves out what needs shapes of its own.

    Returns
    -------
    list of Probe

    Examples
    --------
    >>> [probe.logits.shape for probe in moderate_probes("loss", Options(), few_shapes=True)][:3]
    [(1, 3), (1, 3), (2, 3)]
    """
    rows = list(_SMALL) if few_shapes else [*_SMALL, _WIDE]
    probes = [Probe(name, np.array(logits), np.array(targets), options) for name, logits, targets in rows]
    if (classes := _fixed_classes(options)) is not None:
        probes = [_with_classes(probe, classes) for probe in probes]
    if options.ignore_index is not None:
        probes = [_with_ignored(_counting(probe), place) for place, probe in enumerate(probes)]
    return [_of_kind(probe, kind) for probe in probes]


def edge_probes(kind: str, options: Options) -> list[Probe]:
    """Return the probes at the edges: large logits, rows far apart, unlikely targets."""
    probes = [Probe(name, np.array(logits), np.array(targets), options) for name, logits, targets in _EDGES]
    if (classes := _fixed_classes(options)) is not None:
        probes = [_with_classes(probe, classes) for probe in probes]
    probes = [_counting(probe) for probe in probes]
    return [_embedded(probe) if kind == "linear-gradient" else _of_kind(probe, kind) for probe in probes]


def confirming_probe(case: str, kind: str, options: Options) -> Probe | None:
    """Return one more probe of a special case, of a size of its own; None for cases that need none."""
    if case == "K = 2":
        logits, targets = [[0.5, -1.0], [2.0, 0.25], [-0.75, 1.25]], [1, 0, 0]
    elif case == "N = 1" and _fixed_classes(options) is None:
        logits, targets = [[0.25, -0.75, 1.5, 1.0]], [3]
    else:
        return None
    return _of_kind(Probe("one more of this case", np.array(logits), np.array(targets), options), kind)


def soft_probe(options: Options) -> Probe:
    """Return a probe whose targets are rows of probabilities, none of them one-hot."""
    logits = np.array([[1.0, 2.0, 0.5], [-0.5, 0.25, 1.5]])
    soft = np.array([[0.5, 0.25, 0.25], [0.125, 0.25, 0.625]])
    return Probe("soft targets", logits, np.array([0, 2]), options, soft=soft)


def _fixed_classes(options: Options) -> int | None:
    return len(options.class_weight) if options.class_weight is not None else options.classes


def _with_classes(probe: Probe, classes: int) -> Probe:
    """Return a probe of the same rows with another number of classes."""
    columns = np.arange(classes) % probe.classes
    steps = 0.375 * (np.arange(classes) // probe.classes)
    return replace(probe, logits=probe.logits[:, columns] - steps, targets=probe.targets % classes)


def _counting(probe: Probe) -> Probe:
    """Return a probe whose rows all count: where the ignored index is a class, a row's classes move by one."""
    rows = np.flatnonzero(probe.targets == probe.options.ignore_index)
    logits, targets = probe.logits.copy(), probe.targets.copy()
    logits[rows] = np.roll(logits[rows], 1, axis=1)
    targets[rows] = (targets[rows] + 1) % probe.classes
    return replace(probe, logits=logits, targets=targets) if rows.size else probe


def _with_ignored(probe: Probe, place: int) -> Probe:
    if probe.examples == 1 or place % 2 == 0:
        return probe
    targets = probe.targets.copy()
    targets[-2] = probe.options.ignore_index
    return replace(probe, targets=targets, name=f"{probe.name}, one of them ignored")


def _of_kind(probe: Probe, kind: str) -> Probe:
    if kind == "linear-gradient":
        return _linear(probe)
    if kind.endswith("backward"):
        return replace(probe, upstream=_numbers(probe.logits.shape, 5) + 0.375)
    return probe


def _linear(probe: Probe) -> Probe:
    features = _numbers((probe.examples, _FEATURES_OF[probe.examples]), 3)
    weight = _numbers((probe.classes, features.shape[1]), 7)
    bias = _numbers((probe.classes,), 11)
    if probe.name.startswith(_SMALL[5][0]):
        weight = 1.5 * weight[::-1]
    if probe.name.startswith("all logits 0"):
        weight, bias = np.zeros_like(weight), np.zeros_like(bias)
    logits = features @ weight.T + bias
    return replace(probe, features=features, weight=weight, bias=bias, logits=logits)


def _embedded(probe: Probe) -> Probe:
    """Return features, weights and biases whose logits are the probe's."""
    features = np.eye(probe.examples, 4)
    weight = np.zeros((probe.classes, 4))
    weight[:, : probe.examples] = probe.logits.T
    return replace(probe, features=features, weight=weight, bias=np.zeros(probe.classes))


def _numbers(shape: tuple[int, ...], step: int) -> Array:
    """Return quarters from -1.5 to 1.5 in no order, the same on every run; none is 0."""
    places = np.arange(1, int(np.prod(shape)) + 1)
    values = ((places * step * 7 + places * places * 3) % 13 - 6) / 4
    return np.where(values == 0, 0.625, values).reshape(shape)
