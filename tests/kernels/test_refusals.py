"""The compiled calls check what they are given before they read or write a byte."""

import numpy as np
import pytest

from kernels.row_calls import by_index

N, K = 4, 3


def _index(compiled, **changes):
    arguments = {
        "logits": np.zeros((N, K)),
        "targets": np.zeros(N, dtype=np.int64),
        "row_weight": None,
        "temperature": 1.0,
        "gradient_scale": 1.0,
        "losses": np.empty(N),
        "gradient": np.empty((N, K)),
        "n_threads": 1,
    }
    return compiled.cross_entropy_index_rows(**{**arguments, **changes})


def _probability(compiled, **changes):
    arguments = {
        "logits": np.zeros((N, K)),
        "targets": np.zeros((N, K)),
        "indices": None,
        "class_weight": None,
        "label_smoothing": 0.0,
        "row_weight": None,
        "temperature": 1.0,
        "gradient_scale": 1.0,
        "losses": None,
        "gradient": None,
        "n_threads": 1,
    }
    return compiled.cross_entropy_probability_rows(**{**arguments, **changes})


def _read_only():
    values = np.zeros((N, K))
    values.flags.writeable = False
    return values


def _unaligned():
    return np.zeros(N * K * 8 + 1, dtype=np.uint8)[1:].view(np.float64).reshape(N, K)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"logits": np.zeros((N, K), dtype=np.int64)}, TypeError, "logits are float32 or float64"),
        (
            {"logits": np.zeros((N, 2 * K))[:, ::2]},
            TypeError,
            "logits is a C-contiguous array; got one that is not",
        ),
        (
            {"logits": [[0.0]]},
            TypeError,
            "logits is a C-contiguous array; got one that is not, of <class 'list'>",
        ),
        ({"logits": np.zeros(N)}, ValueError, r"logits is an aligned array with ndim 2; got shape \(4\)"),
        ({"logits": _unaligned()}, ValueError, r"ndim 2; got unaligned memory of shape \(4, 3\)"),
        ({"logits": np.zeros((N, 0)), "gradient": None}, ValueError, "at least one class; got none"),
        ({"logits": np.zeros((N, K), dtype=">f8")}, TypeError, "logits are float32 or float64"),
        ({"targets": np.zeros(N, dtype=np.int32)}, TypeError, "targets is int64; got int32"),
        (
            {"targets": np.zeros(N + 1, dtype=np.int64)},
            ValueError,
            r"targets has shape \(4\); got shape \(5\)",
        ),
        ({"targets": None}, TypeError, "targets are an array of int64; got None"),
        ({"row_weight": np.ones(N, dtype=np.float32)}, TypeError, "row_weight is float64; got float32"),
        ({"row_weight": np.ones(1)}, ValueError, r"row_weight has shape \(4\); got shape \(1\)"),
        ({"losses": np.empty(N - 1)}, ValueError, r"losses has shape \(4\); got shape \(3\)"),
        ({"gradient": np.empty((K, N))}, ValueError, r"gradient has shape \(4, 3\); got shape \(3, 4\)"),
        ({"gradient": np.empty((N, K), dtype=np.float32)}, TypeError, "gradient is float64; got float32"),
        ({"gradient": _read_only()}, TypeError, "gradient is a writable C-contiguous array"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(compiled, changes, error, message):
    with pytest.raises(error, match=r"cross_entropy_index_rows: .*" + message):
        _index(compiled, **changes)


def test_outputs_that_overlap_inputs_are_refused_unless_the_gradient_is_the_logits(compiled):
    memory = np.zeros(N * K + 1)
    logits, shifted = memory[:-1].reshape(N, K), memory[1:].reshape(N, K)
    _index(compiled, logits=logits, gradient=logits)
    with pytest.raises(ValueError, match="gradient shares no memory with logits; got arrays that overlap"):
        _index(compiled, logits=logits, gradient=shifted)
    with pytest.raises(ValueError, match="losses shares no memory with logits"):
        _index(compiled, logits=logits, losses=memory[:N])
    with pytest.raises(ValueError, match="losses shares no memory with row_weight"):
        _index(compiled, losses=memory[:N], row_weight=memory[:N])
    with pytest.raises(ValueError, match="gradient shares no memory with targets"):
        _probability(compiled, targets=logits, gradient=logits)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"indices": np.zeros(N, dtype=np.int64)}, ValueError, "exactly one of targets and indices is given"),
        ({"targets": None}, ValueError, "exactly one of targets and indices is given"),
        ({"targets": np.zeros((N, K), dtype=np.float32)}, TypeError, "targets is float64; got float32"),
        ({"targets": np.zeros((N, K + 1))}, ValueError, r"targets has shape \(4, 3\); got shape \(4, 4\)"),
        ({"class_weight": np.zeros(K + 1)}, ValueError, r"class_weight has shape \(3\); got shape \(4\)"),
    ],
)
def test_targets_that_do_not_fit_are_refused(compiled, changes, error, message):
    with pytest.raises(error, match=message):
        _probability(compiled, **changes)


def test_read_only_inputs_are_read(compiled):
    assert by_index(compiled, _read_only(), np.zeros(N))[0] == pytest.approx(N * np.log(K))


@pytest.mark.parametrize("wrong", [2**63, -(2**63) - 1, 10**30])
def test_an_ignored_index_outside_int64_is_refused(compiled, wrong):
    rule = rf"first_bad_index: ignore_index fits int64; got {wrong}\. Pass None"
    with pytest.raises(OverflowError, match=rule):
        compiled.first_bad_index(np.zeros(N, dtype=np.int64), K, wrong)


@pytest.mark.parametrize("wrong", ["1", 1.5])
def test_an_ignored_index_that_is_no_whole_number_is_refused(compiled, wrong):
    with pytest.raises(TypeError, match=r"ignore_index is a whole number or None; got .*Pass None"):
        compiled.first_bad_index(np.zeros(N, dtype=np.int64), K, wrong)


def test_an_ignored_index_may_be_a_numpy_integer(compiled):
    assert compiled.first_bad_index(np.full(N, -1), K, np.int64(-1)) == -1
