"""Training on rows that come in portions: a run on a stream is the run on what it brings, and can be broken off."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from chainrule.errors import ArgumentError, CheckpointError
from chainrule.kernels import Purpose, permutation
from chainrule.network import Network
from chainrule.training import SGD, AdamW, ConstantSchedule, Examples, RowStream, train

RANDOM = np.random.default_rng(0)
N_ROWS = 700
X = RANDOM.normal(size=(N_ROWS, 6)).astype(np.float32)
Y = (X @ RANDOM.normal(size=(6, 3)) + RANDOM.gumbel(size=(N_ROWS, 3))).argmax(axis=1)
WEIGHTS = RANDOM.uniform(0.5, 2.0, N_ROWS)


@dataclass
class Portions:
    """The rows in portions of 150, whose order another epoch changes; it counts what it was asked for."""

    features: np.ndarray = field(default_factory=lambda: X)
    targets: np.ndarray = field(default_factory=lambda: Y)
    weights: np.ndarray | None = None
    fingerprint: str = "rows"
    asked: list = field(default_factory=list)

    @property
    def sample(self):
        return self._examples(np.arange(N_ROWS))

    @property
    def n_rows(self):
        return N_ROWS

    @property
    def class_mass(self):
        return np.bincount(self.targets, self.weights, minlength=3).astype(float)

    def portion_rows(self, epoch):
        return [len(rows) for rows in self._rows(epoch)]

    def portions(self, epoch, first):
        self.asked.append((epoch, first))
        for rows in self._rows(epoch)[first:]:
            yield self._examples(rows)

    def _rows(self, epoch):
        order = permutation(N_ROWS, Purpose.SHUFFLE, 99, epoch)
        return [order[first : first + 150] for first in range(0, N_ROWS, 150)]

    def _examples(self, rows):
        weights = None if self.weights is None else self.weights[rows]
        return Examples(self.features[rows], self.targets[rows], weights)


class Fixed(Portions):
    """The same portions in every epoch."""

    def __init__(self, rows, **given):
        super().__init__(**given)
        self._fixed = rows

    def _rows(self, _):
        return self._fixed


def network(dtype=np.float64):
    return Network((6, 8, 3), "tanh", dtype=dtype, random_state=1)


def options(**more):
    return {"batch_size": 32, "max_epochs": 3, "solver": SGD(ConstantSchedule(0.1), momentum=0.0), **more}


def by_hand(net, stream, *, epochs, batch_size, rate, alpha, class_weight):
    """Plain steps of gradient descent on (TR.5), by the network's own loss and gradient."""
    weights = np.ones(N_ROWS) if stream.weights is None else stream.weights
    mass = float((weights * class_weight[stream.targets]).sum()) / N_ROWS
    losses = []
    for epoch in range(1, epochs + 1):
        total = 0.0
        for index, portion in enumerate(stream.portions(epoch, 0)):
            count = -(-len(portion) // batch_size)
            order = permutation(len(portion), Purpose.SHUFFLE, 5, epoch, index + 1)
            for batch in range(count):
                rows = order[batch * len(portion) // count : (batch + 1) * len(portion) // count]
                loss, gradient = net.loss_and_gradient(
                    portion.X[rows], portion.y[rows], reduction="sum", class_weight=class_weight,
                    sample_weight=None if portion.sample_weight is None else portion.sample_weight[rows],
                )  # fmt: skip
                gradient = gradient / (len(rows) * mass)
                for place in net.weight_slices:
                    gradient[place] += alpha * net.parameters[place]
                net.parameters = net.parameters - rate * gradient
                total += float(loss)
        squares = sum(float((net.parameters[place] ** 2).sum()) for place in net.weight_slices)
        losses.append(total / (mass * N_ROWS) + 0.5 * alpha * squares)
    return losses


def test_a_stream_is_what_the_protocol_asks_for():
    assert isinstance(Portions(), RowStream)


@pytest.mark.parametrize("weighted", [False, True])
def test_steps_are_those_of_the_portions_one_after_the_other(weighted):
    stream = Portions(weights=WEIGHTS if weighted else None)
    class_weight = np.array([1.0, 0.5, 2.0]) if weighted else np.ones(3)
    found, expected = network(), network()
    outcome = train(
        found,
        stream,
        alpha=0.01,
        random_state=5,
        class_weight=class_weight if weighted else None,
        **options(),
    )
    scale = np.exp2(np.round(np.log2(class_weight.max())))  # class weights are brought near 1
    losses = by_hand(
        expected, stream, epochs=3, batch_size=32, rate=0.1, alpha=0.01, class_weight=class_weight / scale
    )
    assert outcome.loss_curve == pytest.approx(losses, rel=1e-10)
    kept = outcome.best_epoch
    assert kept == 3
    np.testing.assert_allclose(found.parameters, expected.parameters, rtol=1e-9, atol=1e-12)


@pytest.mark.usefixtures("path")
def test_a_portion_that_holds_all_rows_is_an_epoch():
    whole = Fixed([np.arange(N_ROWS)])
    found = network(np.float32)
    outcome = train(found, whole, solver=AdamW(0.01), batch_size=64, max_epochs=20)
    assert outcome.loss < 0.8 * np.log(3)
    assert len(outcome.loss_curve) == 20


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_threads_change_no_bit(threads):
    found, expected = network(np.float32), network(np.float32)
    train(found, Portions(), **options(dropout=0.2), n_threads=threads)
    train(expected, Portions(), **options(dropout=0.2), n_threads=1)
    assert found.parameters.tobytes() == expected.parameters.tobytes()


def test_dropout_draws_other_units_in_every_portion():
    """Portions of one row many times: with the same masks their losses would be the same, in whatever order."""
    alike = {"features": np.repeat(X[:1], N_ROWS, axis=0), "targets": np.zeros(N_ROWS, np.int64)}
    twice, once = (Fixed([np.arange(64)] * times, **alike) for times in (2, 1))
    still = SGD(ConstantSchedule(1e-30), momentum=0.0)
    settings = {"batch_size": 64, "max_epochs": 1, "solver": still, "dropout": 0.5, "alpha": 0.0}
    both, single = train(network(), twice, **settings), train(network(), once, **settings)
    assert both.loss_curve[0] != pytest.approx(2 * single.loss_curve[0], rel=1e-6)
    first, second = train(network(), twice, **settings), train(network(), twice, **settings)
    assert first.loss_curve == second.loss_curve


class BreakError(Exception):
    """Ends a run at a moment of the test's choosing."""


@pytest.mark.parametrize("steps", [3, 12, 23, 24, 30])
def test_a_run_goes_on_in_the_middle_of_an_epoch_with_the_same_bytes(tmp_path, steps):
    settings = options(solver=AdamW(0.01), dropout=0.1, checkpoint_every=0.0)
    whole = network(np.float32)
    train(whole, Portions(), **settings)

    class Failing(Portions):
        def portions(self, epoch, first):
            for number, portion in enumerate(super().portions(epoch, first), first):
                if (epoch - 1) * 5 + number >= steps // 5:
                    raise BreakError
                yield portion

    broken = network(np.float32)
    with pytest.raises(BreakError):
        train(broken, Failing(), **settings, checkpoint=tmp_path / "run.checkpoint")
    resumed, stream = network(np.float32), Portions()
    train(resumed, stream, **settings, checkpoint=tmp_path / "run.checkpoint")
    assert resumed.parameters.tobytes() == whole.parameters.tobytes()
    first = steps // 5
    assert stream.asked[0] in {((first - 1) // 5 + 1, (first - 1) % 5), (first // 5 + 1, first % 5)}


def test_a_checkpoint_of_other_rows_is_refused_by_name(tmp_path):
    settings = options(checkpoint=tmp_path / "run.checkpoint")
    train(network(), Portions(), **{**settings, "max_epochs": 1})
    with pytest.raises(CheckpointError, match=r"stream \(was 'rows', is 'others'\)"):
        train(network(), Portions(fingerprint="others"), **{**settings, "max_epochs": 1})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": Y}, "a stream of rows brings y itself; got y beside one"),
        ({"sample_weight": WEIGHTS}, "a stream of rows brings sample_weight itself"),
        ({"solver": "lbfgs"}, "a stream of rows goes with a minibatch solver; got 'lbfgs'"),
    ],
)
def test_what_a_stream_does_not_go_with(change, message):
    with pytest.raises(ArgumentError, match=f"^train: {message}"):
        train(network(), Portions(), **{**options(), **change})


def test_a_stream_without_hidden_layers_takes_minibatches():
    linear = Network((6, 3), dtype=np.float32)
    assert train(linear, Portions(), max_epochs=2).solver == "adamw"


def test_a_loss_that_is_not_finite_ends_the_run():
    diverging = replace(Portions(), features=X * np.float32(1e18))
    outcome = train(network(np.float32), diverging, **options(solver=SGD(ConstantSchedule(1e12))))
    assert outcome.reason.name == "DIVERGED"
