"""A run that goes on from any of its checkpoints ends with the same bits; what is refused, and what fails."""

import contextlib
import dataclasses
import errno
import inspect
import json
import os
import resource
import signal
import warnings

import numpy as np
import pytest
import safetensors.numpy
from scipy.sparse import csr_array

import chainrule as cr
from chainrule.errors import (
    ArgumentError,
    ArgumentTypeError,
    CheckpointError,
    CheckpointWarning,
    ModelFileError,
    OutputError,
)
from chainrule.network import InputScaling, Network
from chainrule.training import SGD, SOLVERS, Checkpoint, MinibatchSolver, StopReason, read_checkpoint, train
from chainrule.training import checkpoint as checkpoint_module
from chainrule.training.compiled_step import CompiledSteps

RANDOM = np.random.default_rng(0)
X, Y = RANDOM.normal(size=(150, 6)), RANDOM.integers(0, 3, 150)
HELD_OUT = RANDOM.normal(size=(50, 6)), RANDOM.integers(0, 3, 50)
LINEAR = ("newton-cg", "newton-cholesky", "lbfgs-diagonal")
SPARSE = ("lazy-adam", "lbfgs-diagonal")


class Killed(BaseException):
    """What ends a run in the middle, as a kill would."""


def fitted(solver="adamw", dtype=np.float32, data=(X, Y), **options):
    network = Network((6, 3) if solver in LINEAR else (6, 5, 3), "tanh", random_state=1, dtype=dtype)
    chosen = {"alpha": 0.01, "batch_size": 32, "max_epochs": 6, "validation": HELD_OUT, **options}
    rows, targets = data
    outcome = train(network, csr_array(rows) if solver in SPARSE else rows, targets, solver=solver, **chosen)
    return network.parameters.tobytes(), outcome


@pytest.fixture
def killed_after(monkeypatch):
    """Return a function that lets the given number of checkpoints be written, and then kills."""
    whole = checkpoint_module.write_checkpoint

    def arm(count):
        written = 0

        def write(*arguments):
            nonlocal written
            whole(*arguments)
            written += 1
            if written == count:
                raise Killed

        monkeypatch.setattr(checkpoint_module, "write_checkpoint", write if count else whole)

    return arm


def interrupted(killed_after, count, path, **options):
    """Kill a run after some checkpoints, and go on with it."""
    killed_after(count)
    with pytest.raises(Killed):
        fitted(checkpoint=path, checkpoint_every=0, **options)
    killed_after(None)
    return fitted(checkpoint=path, checkpoint_every=0, **options)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("solver", list(SOLVERS))
def test_a_run_resumed_at_any_step_ends_with_the_same_bits(solver, dtype, killed_after, tmp_path):
    whole = fitted(solver, dtype)
    assert fitted(solver, dtype, checkpoint=tmp_path / "0", checkpoint_every=0) == whole
    steps = 30 if solver in ("sgd", "adam", "adamw", "lazy-adam") else whole[1].epochs
    for count in {1, min(2, steps), min(3, steps), steps // 2, steps - 1, steps} - {0}:
        path = tmp_path / f"{count}"
        assert interrupted(killed_after, count, path, solver=solver, dtype=dtype) == whole, count


@pytest.mark.parametrize(
    "options",
    [
        {"patience": 2, "max_epochs": 40, "solver": "sgd"},
        {"dropout": 0.3, "max_gradient_norm": 0.5, "calibrate": True},
        {"patience": None, "label_smoothing": 0.1, "class_weight": [1, 2, 3]},
        {"validation": None, "sample_weight": np.arange(150) % 3},
        {"validation": None, "solver": SGD(1e3), "alpha": 1.0},
        {"validation": None, "solver": "lbfgs", "max_epochs": 500},
    ],
)
def test_stopping_weights_and_divergence_survive_a_break(options, killed_after, tmp_path):
    whole = fitted(**options)
    for count in (1, 4, 9):
        assert interrupted(killed_after, count, tmp_path / f"{count}", **options) == whole


@pytest.mark.filterwarnings("ignore::chainrule.errors.CheckpointWarning")  # the last kill is after the end
def test_a_run_killed_again_and_again_ends_with_the_same_bits(killed_after, tmp_path):
    whole, kills = fitted(), 0
    while kills < 40:
        killed_after(2)  # the first one is where the run goes on, the second a step later
        try:
            assert fitted(checkpoint=tmp_path / "a", checkpoint_every=0) == whole
            break
        except Killed:
            kills += 1
    assert kills == 30


def test_the_parameters_a_network_has_when_it_resumes_do_not_count(killed_after, tmp_path):
    whole = fitted()
    killed_after(7)
    with pytest.raises(Killed):
        fitted(checkpoint=tmp_path / "a", checkpoint_every=0)
    killed_after(None)
    network = Network((6, 5, 3), "tanh", random_state=99)
    outcome = train(
        network, X, Y, solver="adamw", alpha=0.01, batch_size=32, max_epochs=6, validation=HELD_OUT,
        checkpoint=tmp_path / "a",
    )  # fmt: skip
    assert (network.parameters.tobytes(), outcome) == whole


@pytest.mark.parametrize("solver", ["adamw", "lbfgs"])
def test_ctrl_c_writes_a_checkpoint_at_the_step_it_met(solver, tmp_path):
    def press(progress):
        if progress.epoch == 3:
            os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        _, outcome = fitted(solver, checkpoint=tmp_path / "a", checkpoint_every=1e6, callback=press)
    finally:
        signal.signal(signal.SIGINT, before)
    assert outcome.reason is StopReason.INTERRUPTED
    assert read_checkpoint(tmp_path / "a", "test").packed["epochs"] == 3
    assert fitted(solver, checkpoint=tmp_path / "a") == fitted(solver)


def test_a_complete_run_gives_its_result_and_says_so(tmp_path):
    whole = fitted(checkpoint=tmp_path / "a")
    seen = []
    with pytest.warns(CheckpointWarning, match="is complete; its result is given, and nothing was trained"):
        assert fitted(checkpoint=tmp_path / "a", callback=seen.append) == whole
    assert not seen


def test_callbacks_see_the_epochs_that_are_left(killed_after, tmp_path):
    killed_after(12)  # the first batches of the third epoch
    with pytest.raises(Killed):
        fitted(checkpoint=tmp_path / "a", checkpoint_every=0)
    killed_after(None)
    seen = []
    fitted(checkpoint=tmp_path / "a", callback=lambda progress: seen.append((progress.epoch, progress.step)))
    assert seen == [(epoch, 5 * epoch) for epoch in (3, 4, 5, 6)]


def test_seconds_between_checkpoints_are_kept(monkeypatch, tmp_path):
    clock, written = iter(range(10**6)), []
    monkeypatch.setattr(
        CompiledSteps, "steps_of_a_call", lambda *_, **__: 1
    )  # the clock ticks when it is read
    monkeypatch.setattr(checkpoint_module.time, "monotonic", lambda: float(next(clock)))
    monkeypatch.setattr(checkpoint_module, "write_checkpoint", lambda *_: written.append(next(clock)))
    fitted(checkpoint=tmp_path / "a", checkpoint_every=10)
    gaps = np.diff(written[:-1])  # the last one is that of the complete run
    assert len(gaps) >= 3
    assert gaps.min() >= 10


# what is refused


CHANGES = {
    "alpha": {"alpha": 0.02},
    "batch_size": {"batch_size": 16},
    "max_epochs": {"max_epochs": 7},
    "tol": {"tol": 1e-3},
    "patience": {"patience": 3},
    "random_state": {"random_state": 1},
    "label_smoothing": {"label_smoothing": 0.1},
    "dropout": {"dropout": 0.2},
    "max_gradient_norm": {"max_gradient_norm": 1.0},
    "calibrate": {"calibrate": False},
    "class_weight": {"class_weight": [1, 1, 2]},
    "solver": {"solver": "adam"},
    "X": {"data": (X + 1e-6, Y)},
    "y": {"data": (X, (Y + 1) % 3)},
    "sample_weight": {"sample_weight": np.arange(150.0)},
    "validation X": {"validation": (HELD_OUT[0] * 2, HELD_OUT[1])},
    "validation y": {"validation": None},
}


@pytest.mark.parametrize("name", list(CHANGES))
def test_a_changed_setting_or_array_is_refused_by_name(name, killed_after, tmp_path):
    killed_after(3)
    with pytest.raises(Killed):
        fitted(checkpoint=tmp_path / "a", checkpoint_every=0)
    killed_after(None)
    content = (tmp_path / "a").read_bytes()
    with pytest.raises(
        CheckpointError, match=rf"settings and data are those of the checkpoint.*{name} \(was .*, is .*\)"
    ):
        fitted(checkpoint=tmp_path / "a", **CHANGES[name])
    assert (tmp_path / "a").read_bytes() == content


def test_what_was_and_what_is_are_told(tmp_path):
    fitted(checkpoint=tmp_path / "a")
    with pytest.raises(CheckpointError) as refused:
        fitted(checkpoint=tmp_path / "a", alpha=0.5, max_epochs=7)
    assert "got alpha (was 0.01, is 0.5), max_epochs (was 6, is 7). Train with the same" in str(refused.value)


def test_another_network_is_refused_and_left_as_it_is(tmp_path):
    fitted(checkpoint=tmp_path / "a")
    options = {"solver": "adamw", "alpha": 0.01, "batch_size": 32, "max_epochs": 6, "validation": HELD_OUT}
    for network in (Network((6, 4, 3), "tanh"), Network((6, 5, 3), "relu")):
        before = network.parameters.copy()
        with pytest.raises(CheckpointError, match=r"network \(was"):
            train(network, X, Y, **options, checkpoint=tmp_path / "a")
        np.testing.assert_array_equal(network.parameters, before)
    network = Network((6, 5, 3), "tanh", random_state=1)
    network.input_scaling = InputScaling(np.zeros(6), np.full(6, 2.0))
    with pytest.raises(CheckpointError, match=r"input_scaling \(was None"):
        train(network, X, Y, **options, checkpoint=tmp_path / "a")


def test_every_argument_that_can_change_a_bit_is_in_the_fingerprint(tmp_path):
    fitted(checkpoint=tmp_path / "a")
    header = read_checkpoint(tmp_path / "a", "test").header
    told = {*header.settings, *header.data, "validation"}
    no_bit = {"callback", "n_threads", "checkpoint", "checkpoint_every", "log"}
    assert set(inspect.signature(train).parameters) - no_bit <= told


def test_other_versions_are_told(monkeypatch, killed_after, tmp_path):
    killed_after(3)
    with pytest.raises(Killed):
        fitted(checkpoint=tmp_path / "a", checkpoint_every=0)
    killed_after(None)
    monkeypatch.setattr(cr, "__version__", "99")
    with pytest.warns(CheckpointWarning, match=r"other versions, chainrule \(was '.*', is '99'\)"):
        fitted(checkpoint=tmp_path / "a")


@pytest.mark.parametrize("complete", [False, True])
def test_every_truncation_and_flipped_byte_is_refused(complete, killed_after, tmp_path):
    killed_after(None if complete else 3)
    with contextlib.suppress(Killed):
        fitted(checkpoint=tmp_path / "a", checkpoint_every=0)
    killed_after(None)
    content = bytearray((tmp_path / "a").read_bytes())
    for length in (*range(0, len(content), 97), len(content) - 1):
        (tmp_path / "b").write_bytes(content[:length])
        with pytest.raises(CheckpointError):
            fitted(checkpoint=tmp_path / "b")
    for position in range(0, len(content), 41):
        content[position] ^= 4
        (tmp_path / "b").write_bytes(content)
        with pytest.raises(CheckpointError):
            fitted(checkpoint=tmp_path / "b")
        content[position] ^= 4


def test_other_files_are_refused(tmp_path):
    (tmp_path / "text").write_text("epoch,loss\n1,0.5\n")
    Network((6, 3)).save(tmp_path / "network")
    for name, came in (("text", "a file of another kind"), ("network", "got a model")):
        before = (tmp_path / name).read_bytes()
        with pytest.raises(CheckpointError, match=f"is a checkpoint of chainrule; .*{came}"):
            fitted(checkpoint=tmp_path / name)
        assert (tmp_path / name).read_bytes() == before
    fitted(checkpoint=tmp_path / "a")
    for load in (cr.load, Network.load):
        with pytest.raises(ModelFileError, match="the checkpoint of a training"):
            load(tmp_path / "a")


def test_a_newer_format_is_refused_by_number(tmp_path):
    metadata = {"chainrule": json.dumps({"format": 2, "checkpoint": {}})}
    (tmp_path / "a").write_bytes(safetensors.numpy.save({"x": np.zeros(1)}, metadata=metadata))
    with pytest.raises(CheckpointError, match=r"has format 1 or older; got format 2\. Upgrade chainrule"):
        fitted(checkpoint=tmp_path / "a")


def test_a_checkpoint_has_one_metadata_key(tmp_path):
    fitted(checkpoint=tmp_path / "a")
    content = (tmp_path / "a").read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    assert list(header["__metadata__"]) == ["chainrule"]


def test_a_folder_that_does_not_exist_is_refused_before_the_first_step(tmp_path):
    seen = []
    with pytest.raises(OutputError, match="can be written; got 'No such file or directory'"):
        fitted(checkpoint=tmp_path / "no" / "a", callback=seen.append)
    assert not seen


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"checkpoint": 3}, ArgumentTypeError, "checkpoint is the name of a file"),
        (
            {"checkpoint": "a", "checkpoint_every": -1},
            ArgumentError,
            "checkpoint_every is finite and at least",
        ),
        ({"checkpoint": "a", "checkpoint_every": "5"}, ArgumentTypeError, "checkpoint_every is a number"),
    ],
)
def test_wrong_arguments_are_refused(options, error, message, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        fitted(**options)


def test_a_checkpoint_begun_anew_replaces_the_old_one(tmp_path):
    fitted(checkpoint=tmp_path / "a")
    other = fitted(checkpoint=Checkpoint(tmp_path / "a", resume=False), alpha=0.5)
    assert other == fitted(alpha=0.5)
    assert read_checkpoint(tmp_path / "a", "test").header.settings["alpha"] == 0.5


class Signed(MinibatchSolver):
    """A solver of one's own, with a state of one's own."""

    name = "signed"

    @dataclasses.dataclass(frozen=True)
    class State:
        velocity: np.ndarray
        counts: tuple[int, ...]
        ending: StopReason | None = None

    @property
    def schedule(self):
        return SGD(0.01).schedule

    def start(self, parameters, weight_slices) -> State:  # noqa: ARG002
        return self.State(np.zeros_like(parameters), ())

    def step(self, parameters, gradient, state, learning_rate):
        velocity = 0.9 * state.velocity + np.sign(gradient)
        parameters -= learning_rate * velocity
        return parameters, self.State(velocity, (*state.counts, len(state.counts)))


class Untold(Signed):
    def start(self, parameters, weight_slices):
        return super().start(parameters, weight_slices)


def test_a_solver_of_ones_own_is_resumed(killed_after, tmp_path):
    assert interrupted(killed_after, 9, tmp_path / "a", solver=Signed()) == fitted(solver=Signed())


def test_a_solver_that_does_not_say_what_its_state_is_is_refused(tmp_path):
    with pytest.raises(ArgumentTypeError, match="says by the annotation of start what its state is"):
        fitted(solver=Untold(), checkpoint=tmp_path / "a")


# writes that fail


def test_a_full_disk_keeps_the_last_good_checkpoint_and_the_fit_goes_on(monkeypatch, tmp_path):
    whole, real, calls = fitted(), os.fsync, 0

    def full(number):
        nonlocal calls
        calls += 1
        if calls > 20:  # two for each checkpoint: of the file and of its folder
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(number)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.warns(CheckpointWarning) as told:
        assert fitted(checkpoint=tmp_path / "a", checkpoint_every=0) == whole
    monkeypatch.undo()
    assert len(told) == 1
    assert "could not be written ('No space left on device'); the last good one stays" in str(told[0].message)
    assert [entry.name for entry in tmp_path.iterdir()] == ["a"]
    assert read_checkpoint(tmp_path / "a", "test").packed["epochs"] == 1
    assert fitted(checkpoint=tmp_path / "a") == whole


def test_a_limit_on_the_size_of_files_keeps_the_fit(tmp_path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (512, before[1]))
    try:
        with pytest.warns(CheckpointWarning, match="File too large"):
            result = fitted(checkpoint=tmp_path / "a", checkpoint_every=0)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert result == fitted()
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_has_room_again_is_written_to_again(monkeypatch, tmp_path):
    real, calls = os.fsync, 0

    def flaky(number):
        nonlocal calls
        calls += 1
        if 10 < calls < 15:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        real(number)

    monkeypatch.setattr(os, "fsync", flaky)
    with pytest.warns(CheckpointWarning, match="Input/output error"):
        whole = fitted(checkpoint=tmp_path / "a", checkpoint_every=0)
    stored = read_checkpoint(tmp_path / "a", "test")
    assert stored.finished == whole[1]


def test_halves_that_killed_writers_left_are_removed(tmp_path):
    for name in (".a.0123abcd.part", ".b.0123abcd.part", "a.part"):
        (tmp_path / name).write_bytes(b"half")
    fitted(checkpoint=tmp_path / "a")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [".b.0123abcd.part", "a", "a.part"]


def test_checkpoints_do_not_touch_the_outcome_or_warn(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert fitted(checkpoint=tmp_path / "a") == fitted()
