"""The compiled steps against the plain network, loop and solvers, which say what they have to be."""

from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np
import pytest

from chainrule import kernels
from chainrule.network import Dropout, InputScaling, Network
from chainrule.training import SGD, Adam, AdamW, CosineSchedule, StopReason, train
from chainrule.training import compiled_step as compiled_step_module
from chainrule.training import conducting as conducting_module
from chainrule.training.batches import shuffled_batches
from chainrule.training.compiled_step import CompiledMinibatchMethod, CompiledSteps, compiled
from chainrule.training.interruption import DeferredInterrupt
from chainrule.training.loop import MinibatchMethod
from chainrule.training.objective import Examples, Loss, Objective
from chainrule.training.pauses import Pauses

pytestmark = pytest.mark.skipif(kernels.native() is None, reason="there are no kernels to compare")

SOLVERS = {
    "sgd": SGD(CosineSchedule(0.02)),
    "heavy ball": SGD(0.02, nesterov=False),
    "plain descent": SGD(0.05, momentum=0.0),
    "adam": Adam(CosineSchedule(0.003)),
    "adamw": AdamW(0.003, weight_decay=0.5),
}
NETWORKS = {
    "linear": ((5, 3), ()),
    "relu": ((7, 33, 2), "relu"),
    "tanh": ((9, 20, 4), "tanh"),
    "sigmoid": ((6, 17, 3), "sigmoid"),
    "deep": ((5, 18, 40, 1, 3), ("identity", "tanh", "relu")),
}
OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "penalty and clipping": {"alpha": 0.05, "max_norm": 0.3},
    "sample weights": {"sample_weight": True},
    "input scaling": {"scaling": 2.0, "data": np.float32},
    "unclipped scaling of other data": {"scaling": 1e9, "data": np.float64},
    "dropout": {"dropout": 0.3},
}
SOFTMAX_OPTIONS: dict[str, dict[str, Any]] = {
    "class weights": {"class_weight": True},
    "smoothing": {"smoothing": 0.1},
    "all weights and smoothing": {"class_weight": True, "sample_weight": True, "smoothing": 0.2},
    "probabilities": {"probabilities": True},
    "weighted probabilities": {"probabilities": True, "class_weight": True, "smoothing": 0.1},
}
EPOCHS = 13


@pytest.fixture(params=kernels.native().instruction_sets() if kernels.native() else [])
def every_instruction_set(request):
    """Run a test on the kernels of every instruction set of this machine."""
    module = kernels.native()
    before = module.instruction_set()
    module.use_instruction_set(request.param)
    yield
    module.use_instruction_set(before)


@dataclass
class Problem:
    sizes: tuple[int, ...] = (5, 3)
    activation: Any = ()
    head: str = "softmax"
    solver: Any = field(default_factory=lambda: SOLVERS["sgd"])
    dtype: Any = np.float64
    rows: int = 61
    batch_size: int = 8
    epochs: int = EPOCHS
    alpha: float = 0.0
    max_norm: float | None = None
    dropout: float = 0.0
    scaling: float | None = None
    smoothing: float = 0.0
    sample_weight: bool = False
    class_weight: bool = False
    probabilities: bool = False
    data: Any = None
    n_threads: int = 1

    def method(self) -> MinibatchMethod:
        """A method on a network of its own: equal problems have equal ones."""
        random = np.random.default_rng(1)
        network = Network(self.sizes, self.activation or "relu", self.head, dtype=self.dtype, random_state=3)
        network.parameters = network.parameters + 0.1 * random.normal(size=network.parameters.size)
        X = random.normal(size=(self.rows, self.sizes[0])).astype(self.data or self.dtype)
        if self.scaling is not None:
            center, scale = random.normal(size=self.sizes[0]), random.uniform(0.5, 2.0, self.sizes[0])
            network.input_scaling = InputScaling(center, scale, None if self.scaling > 1e8 else self.scaling)
        weight = random.uniform(0.0, 2.0, self.rows).round(1) if self.sample_weight else None
        classes = random.uniform(0.5, 2.0, self.sizes[-1]) if self.class_weight else None
        rates = (self.dropout,) * (len(self.sizes) - 2)
        objective = Objective(
            network, Examples(X, self._targets(random), weight), Loss(classes, self.smoothing, self.n_threads),
            self.alpha, Dropout(rates, 5) if any(rates) else None, self.max_norm,
        )  # fmt: skip
        return MinibatchMethod(objective, self.solver, self.batch_size, self.epochs, seed=11)

    def _targets(self, random: np.random.Generator) -> Any:
        shape = (self.rows, self.sizes[-1])
        if self.head == "softmax" and not self.probabilities:
            return random.integers(0, self.sizes[-1], self.rows)
        if self.head == "softmax":
            return random.dirichlet(np.ones(self.sizes[-1]), self.rows).astype(self.dtype)
        return (random.normal(size=shape) if self.head == "identity" else random.uniform(size=shape)).astype(
            self.dtype
        )


def run(method, epochs=EPOCHS):
    """Return the parameters, the state, and what each epoch reported."""
    state, pauses, reports = method.start(), Pauses(DeferredInterrupt()), []
    for number in range(1, epochs + 1):
        state, report = method.epoch(state, number, pauses)
        reports.append((report.loss, report.learning_rate, report.steps, report.batch_gradient_norm))
    return method.objective.network.parameters, state, np.array(reports, dtype=float)


def vectors(state):
    velocity = getattr(state, "velocity", None)
    adam = getattr(state, "adam", state)
    return [velocity] if velocity is not None else [adam.first_moment, adam.second_moment]


def assert_same_trajectory(problem, apart=1e-8):
    plain, native = problem.method(), compiled(problem.method())
    assert isinstance(native, CompiledMinibatchMethod)
    expected, expected_state, expected_reports = run(plain, problem.epochs)
    found, state, reports = run(native, problem.epochs)
    np.testing.assert_allclose(found, expected, rtol=apart, atol=apart)
    np.testing.assert_allclose(reports, expected_reports, rtol=apart, atol=apart)
    for mine, theirs in zip(vectors(state.solver), vectors(expected_state.solver), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=apart, atol=apart)
    assert getattr(state.solver, "steps", 0) == getattr(expected_state.solver, "steps", 0)


def options_of(head):
    return {**OPTIONS, **(SOFTMAX_OPTIONS if head == "softmax" else {})}


CASES = [
    pytest.param(network, head, option, id=f"{network}, {head}, {option}")
    for network, head in product(NETWORKS, ("softmax", "sigmoid", "identity"))
    for option in options_of(head)
    if not (option == "dropout" and network == "linear")
]


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize(("network", "head", "option"), CASES)
def test_a_trajectory_of_100_steps_in_float64_is_that_of_numpy(network, head, option, solver):
    sizes, activation = NETWORKS[network]
    assert_same_trajectory(Problem(sizes, activation, head, SOLVERS[solver], **options_of(head)[option]))


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize(("network", "head", "option"), CASES)
def test_each_of_100_steps_from_the_same_state_agrees_in_float32(network, head, option, solver):
    """Gradients to 2^-17 of their largest entry, seen in the solver's vectors; parameters as these vectors say."""
    sizes, activation = NETWORKS[network]
    chosen = SOLVERS[solver]
    options = options_of(head)[option]
    plain = Problem(sizes, activation, head, chosen, np.float32, **options).method()
    objective, native = plain.objective, compiled(plain)
    parameters, state, number = objective.network.parameters, plain.start().solver, 0
    for epoch in range(1, EPOCHS + 1):
        batches = list(shuffled_batches(61, 8, 11, epoch))
        for place, rows in enumerate(batches):
            rates = np.array([chosen.schedule.at(number, 8 * EPOCHS)])
            native.steps.load(parameters, state)
            _, total, _ = native.steps.run(np.concatenate(batches), 8, place, rates, state, 0, epoch, 0.0)
            mine, after = parameters.copy(), chosen.start(parameters, objective.weight_slices)
            native.steps.store(mine, after, 0)
            before = parameters.copy()
            loss, gradient = objective.batch(rows, epoch, place)
            parameters, state = chosen.step(parameters, gradient, state, rates[0])
            assert total == pytest.approx(loss, rel=2.0**-18)
            assert_close_vectors(vectors(after), vectors(state), np.abs(gradient).max())
            allowed = step_bound(chosen, rates[0], gradient, state, vectors(after))
            assert (np.abs(mine - parameters) <= allowed + 2.0**-21 * np.abs(before)).all()
            number += 1


def assert_close_vectors(mine, theirs, largest):
    np.testing.assert_allclose(mine[0], theirs[0], rtol=2.0**-20, atol=2.0**-17 * largest)
    if len(mine) == 2:
        np.testing.assert_allclose(mine[1], theirs[1], rtol=2.0**-16, atol=2.0**-17 * largest**2)


def step_bound(solver, rate, gradient, state, mine):
    """What a gradient's error may change in a step: to first order, where the step is smooth in the gradient."""
    error = 2.0**-17 * np.abs(gradient).max()
    if isinstance(solver, SGD):
        return 2 * rate * error
    first, second = vectors(state)
    steps = getattr(state, "adam", state).steps
    sizes = [
        m / (1 - 0.9**steps) / (np.sqrt(np.maximum(v, 0) / (1 - 0.999**steps)) + 1e-8)
        for m, v in ((first.astype(float), second.astype(float)), tuple(x.astype(float) for x in mine))
    ]
    return rate * (np.abs(sizes[0] - sizes[1]) + 2.0**-20 * np.abs(sizes[0]))


SECOND_MOMENTS = (0.0, 4e-39, 1e-30, 1e-16, 1.0, 1e16, 1e30, 2e30, 1e38, np.inf)


@pytest.mark.usefixtures("every_instruction_set")
@pytest.mark.parametrize("epsilon", [1e-8, 1e-30, 1e10])
@pytest.mark.parametrize("moments", [SECOND_MOMENTS, SECOND_MOMENTS[:7]])
def test_a_step_of_adam_is_right_to_rounding_for_second_moments_of_any_size(moments, epsilon):
    """Where the features are 0 the moments alone decide: x - r m / (sqrt(v) + epsilon), with bias corrections."""
    problem = Problem((64, 3), solver=Adam(0.25, epsilon=epsilon), dtype=np.float32, batch_size=61)
    method = compiled(problem.method())
    method.objective.examples.X[:] = 0.0
    parameters = method.objective.network.parameters
    parameters[:] = 0.0
    state = method.solver.start(parameters, ())
    random = np.random.default_rng(2)
    state.second_moment[:192] = random.choice(moments, 192)
    sizes = np.clip(np.sqrt(state.second_moment[:192]), 1e-8, 1e15)
    state.first_moment[:192] = random.normal(size=192) * sizes
    first, second = (a[:192].astype(float) for a in (state.first_moment, state.second_moment))
    method.steps.load(parameters, state)
    method.steps.run(np.arange(61), 1, 0, np.array([0.25]), state, 6, 1, 0.0)
    method.steps.store(parameters, state, 1)
    second[second < np.finfo(np.float32).tiny] = 0.0  # subnormal numbers count as zero
    root = np.sqrt(0.999 * second / (1 - 0.999**7))
    expected = -0.25 * 0.9 * first / (1 - 0.9**7) / (root + epsilon)
    np.testing.assert_allclose(parameters[:192], expected, rtol=2.0**-20, atol=1e-40)


AWKWARD = [
    Problem((1, 1, 2), "relu"),
    Problem((3, 33, 2), "relu", rows=200, batch_size=67, epochs=30),
    Problem((4, 5, 1000), "tanh", epochs=3),
    Problem((4, 2), (), batch_size=1, epochs=2),
    Problem((16, 16, 16), "relu", batch_size=61),
    Problem((17, 31, 32), "tanh", rows=10, batch_size=7),
    Problem((64, 64, 64), "relu", rows=1, batch_size=1),
    Problem((33, 1), (), "sigmoid", rows=5, batch_size=64),
    Problem((130, 70, 35, 3), "relu", batch_size=30, epochs=5),
]


# Minibatches with more values than twice the weights, and worth more than one thread: their rows are shared.
OF_SHARED_ROWS = [
    Problem((60, 50, 3), "relu", rows=1400, batch_size=700, epochs=3),
    Problem((60, 50, 3), "relu", rows=1399, batch_size=700, epochs=3, max_norm=0.1, alpha=0.01),
    Problem(
        (30, 33, 1, 20, 4), ("tanh", "identity", "relu"), rows=1210, batch_size=605, epochs=3, dropout=0.2
    ),
    Problem((70, 12), (), "sigmoid", rows=1300, batch_size=1300, epochs=5, sample_weight=True),
    Problem((90, 40, 9), "sigmoid", rows=900, batch_size=301, epochs=3, scaling=2.0, probabilities=True),
    Problem((60, 50, 3), "relu", rows=3, batch_size=700, epochs=5),
    Problem((50, 36, 35, 2), ("tanh", "sigmoid"), rows=1210, batch_size=605, epochs=3, dropout=0.2),
    Problem((100, 69, 8), "relu", rows=901, batch_size=450, epochs=3, max_norm=0.1),
    Problem((60_000, 1), (), "sigmoid", rows=29, batch_size=10, epochs=3),
    Problem((250_000, 1), (), "sigmoid", rows=5, batch_size=3, epochs=3),
]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("solver", ["sgd", "adamw"])
@pytest.mark.parametrize("problem", OF_SHARED_ROWS, ids=lambda problem: f"{problem.sizes}, {problem.rows}")
def test_steps_whose_rows_are_shared_agree(problem, solver, threads, dtype):
    changes = {"dtype": dtype, "n_threads": threads, "solver": SOLVERS[solver]}
    problem = Problem(**{**problem.__dict__, **changes})
    assert_same_trajectory(problem, 1e-8 if dtype == np.float64 else 2e-4)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("problem", AWKWARD, ids=lambda problem: f"{problem.sizes}, {problem.batch_size}")
def test_awkward_sizes_agree(problem, dtype):
    problem = Problem(
        **{**problem.__dict__, "dtype": dtype, "batch_size": min(problem.batch_size, problem.rows)}
    )
    assert_same_trajectory(problem, 1e-8 if dtype == np.float64 else 2e-4)


@pytest.fixture
def more_threads_than_processors():
    kernels.native().oversubscribe(True)
    yield
    kernels.native().oversubscribe(False)


LARGE = {
    "every option": {
        "dropout": 0.2,
        "max_norm": 0.5,
        "scaling": 3.0,
        "sample_weight": True,
        "smoothing": 0.1,
    },
    "none": {},
}


SHARED = {
    "units": ((100, 101, 37), 500, 64),
    "rows": ((50, 41, 7), 1300, 650),
    "rows, narrow panels": ((50, 36, 33, 3), 1300, 650),
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("options", LARGE)
@pytest.mark.parametrize("shared", SHARED)
@pytest.mark.usefixtures("more_threads_than_processors")
def test_no_bit_depends_on_threads_or_on_avx2_or_avx512(shared, options, dtype):
    module = kernels.native()
    before, results = module.instruction_set(), set()
    fused = [name for name in module.instruction_sets() if name != "generic"] or [before]
    sizes, rows, batch_size = SHARED[shared]
    for name, threads in product(fused, (1, 2, 3, 5)):
        module.use_instruction_set(name)
        problem = Problem(
            sizes, "tanh", solver=SOLVERS["adamw"], dtype=dtype, rows=rows, batch_size=batch_size, epochs=2,
            n_threads=threads, **LARGE[options],
        )  # fmt: skip
        parameters, state, reports = run(compiled(problem.method()), 2)
        results.add(b"".join(a.tobytes() for a in (parameters, *vectors(state.solver), reports)))
    module.use_instruction_set(before)
    assert len(results) == 1


@pytest.mark.parametrize("solver", ["sgd", "adamw"])
@pytest.mark.parametrize("max_norm", [None, 0.3])
@pytest.mark.parametrize("sizes", [{}, {"rows": 3000, "batch_size": 600, "epochs": 2}])
def test_no_bit_depends_on_how_many_steps_a_call_takes(monkeypatch, sizes, solver, max_norm):
    problem = Problem(
        (20, 33, 12),
        "relu",
        solver=SOLVERS[solver],
        dropout=0.2,
        max_norm=max_norm,
        dtype=np.float32,
        **sizes,
    )
    results = set()
    for pace in (1, 3, 1000):
        monkeypatch.setattr(CompiledSteps, "steps_of_a_call", lambda *a, pace=pace, **_: min(a[1], pace))
        parameters, state, _ = run(compiled(problem.method()), problem.epochs)
        results.add(b"".join(a.tobytes() for a in (parameters, *vectors(state.solver))))
    assert len(results) == 1


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("max_norm", [None, 0.3])
@pytest.mark.parametrize("batch_size", [64, 400])
def test_a_step_whose_loss_is_not_finite_is_not_taken(batch_size, threads, max_norm):
    rows = 10 * batch_size
    problem = Problem(
        (100, 100, 5), "relu", rows=rows, batch_size=batch_size, n_threads=threads, max_norm=max_norm
    )
    plain, native = problem.method(), compiled(problem.method())
    results = []
    for method in (plain, native):
        batches = enumerate(shuffled_batches(rows, batch_size, 11, 1))
        bad = next(rows for place, rows in batches if place == 4)[3]
        method.objective.examples.X[bad, 7] = np.nan
        with np.errstate(all="ignore"):
            state, report = method.epoch(method.start(), 1, Pauses(DeferredInterrupt()))
        assert not np.isfinite(report.loss)
        assert report.steps == 4
        results.append((method.objective.network.parameters, *vectors(state.solver)))
    for mine, theirs in zip(*results, strict=True):
        assert np.isfinite(mine).all()
        np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-12)


RANDOM = np.random.default_rng(0)
X, Y = RANDOM.normal(size=(150, 6)), RANDOM.integers(0, 3, 150)


@pytest.mark.parametrize("solver", [SGD(1e30, nesterov=False), Adam(1e38)])
def test_a_run_that_diverges_says_so_and_leaves_the_network_as_it_was(solver):
    network = Network((6, 8, 3), random_state=1)
    before = network.parameters.copy()
    outcome = train(network, X, Y, solver=solver, batch_size=32, max_epochs=5)
    assert outcome.reason is StopReason.DIVERGED
    assert (network.parameters == before).all()


def test_an_interruption_inside_an_epoch_keeps_the_last_whole_one(monkeypatch):
    calls, plain = [], CompiledSteps.run

    def interrupted(self, *arguments):
        calls.append(arguments[6])
        if calls.count(2) == 2:  # the second call in epoch 2
            raise KeyboardInterrupt
        return plain(self, *arguments)

    networks = [Network((6, 8, 3), random_state=1) for _ in range(2)]
    monkeypatch.setattr(CompiledSteps, "steps_of_a_call", lambda *a, **_: min(a[1], 2))
    options = {"solver": "adamw", "batch_size": 32, "max_epochs": 6}
    train(networks[0], X, Y, callback=lambda progress: progress.epoch == 1, **options)
    monkeypatch.setattr(CompiledSteps, "run", interrupted)
    outcome = train(networks[1], X, Y, **options)
    assert outcome.reason is StopReason.INTERRUPTED
    assert outcome.epochs == 1
    assert networks[0].parameters.tobytes() == networks[1].parameters.tobytes()


def test_train_takes_the_compiled_steps_and_numpy_for_solvers_of_ones_own(monkeypatch):
    class Own(SGD):
        pass

    seen = []
    monkeypatch.setattr(
        conducting_module, "compiled", lambda method: seen.append(compiled(method)) or seen[-1]
    )
    for solver in ("sgd", "adam", "adamw", Own(0.01)):
        train(Network((6, 3)), X, Y, solver=solver, max_epochs=1)
    assert [type(method) is CompiledMinibatchMethod for method in seen] == [True, True, True, False]


def test_without_kernels_numpy_takes_the_steps(monkeypatch):
    monkeypatch.setattr(compiled_step_module, "native", lambda: None)
    assert type(compiled(Problem().method())) is MinibatchMethod


@pytest.mark.parametrize("layout", ["transposed", "strided", "half"])
def test_features_of_another_layout_or_of_half_precision_are_read_as_they_are(layout):
    method = Problem().method()
    features = method.objective.examples.X
    if layout == "transposed":
        other = np.asfortranarray(features)
    elif layout == "strided":
        other = np.repeat(features, 2, axis=1)[:, ::2]
    else:
        other = features.astype(np.float16)
        features[...] = other
    expected, _, _ = run(compiled(method))
    again = Problem().method()
    object.__setattr__(again.objective.examples, "X", other)
    found, _, _ = run(compiled(again))
    assert found.tobytes() == expected.tobytes()


def arguments_of_a_run():
    steps = compiled(Problem().method()).steps
    a = steps._arrays
    return steps._steps, {
        "data": a.features, "targets": a.targets, "row_weight": None, "class_weight": None, "label_smoothing": 0.0,
        "mean_weight": 1.0, "centre": None, "scale": None, "limit": 0.0, "order": np.arange(61), "n_batches": 8,
        "first_batch": 0, "rates": np.ones(2), "steps_before": 0, "seed": 0, "epoch": 1, "total": 0.0, "n_threads": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("data", np.zeros((61, 4)), "shape"),
        ("targets", np.full(61, 3), "index targets are classes"),
        ("targets", np.full(61, -1), "index targets are classes"),
        ("order", np.full(61, 61), "order holds numbers of rows"),
        ("order", np.arange(7), "batches lie inside"),
        ("n_batches", 7, "batches lie inside"),
        ("first_batch", 7, "batches lie inside"),
        ("rates", np.ones(0), "batches lie inside"),
        ("centre", np.zeros(5), "come together"),
        ("row_weight", np.zeros(60), "shape"),
        ("class_weight", np.zeros(2), "shape"),
    ],
)
def test_the_kernels_read_and_write_nothing_outside_of_their_arrays(name, value, message):
    steps, arguments = arguments_of_a_run()
    with pytest.raises(ValueError, match=message):
        steps.run(**{**arguments, name: value})
