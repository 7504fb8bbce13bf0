"""Memory of a fit: no copy of the features, a prediction that holds, and a refusal before anything is allocated."""

import json
import pickle
import sys
import warnings

import numpy as np
import pytest

from chainrule.errors import InsufficientMemoryError
from chainrule.estimators import SoftmaxClassifier, fit_table
from chainrule.kernels import native
from chainrule.network import Network
from chainrule.training import memory_need, train
from kernels import fresh_process
from measured_fit import measured

LINUX = pytest.mark.skipif(
    sys.platform != "linux" or native() is None, reason="memory of a process and of compiled steps, by Linux"
)


@LINUX
@pytest.mark.parametrize(
    ("options", "share"),
    [
        ({"hidden_layer_sizes": [16], "max_epochs": 1, "random_state": 0}, 1.2),
        ({"hidden_layer_sizes": [16], "max_epochs": 1, "scaling": "standard", "dropout": 0.1}, 1.2),
        ({"max_epochs": 3}, 1.4),
        ({"solver": "lbfgs", "max_epochs": 2}, 1.4),
    ],
    ids=["network", "standardised", "newton-cg", "lbfgs"],
)
def test_a_fit_makes_no_copy_of_float32_features(options, share):
    """The features, their scaled values, or those of the rows that are trained on would take another 180 to 400 MB."""
    found = measured(options, 125_000, 400, 5)
    assert found["given"] > 200e6
    assert found["peak"] < share * found["given"]


@LINUX
@pytest.mark.parametrize(
    ("options", "sizes"),
    [
        ({"hidden_layer_sizes": [16], "max_epochs": 1, "random_state": 0}, (100_000, 100, 5)),
        ({"hidden_layer_sizes": [2048, 2048], "max_epochs": 1, "random_state": 0}, (600, 50, 2)),
        (
            {"hidden_layer_sizes": [2048], "max_epochs": 1, "random_state": 0, "batch_size": 8192},
            (9000, 500, 9),
        ),
        ({}, (100_000, 20, 50)),
        ({}, (200_000, 20, 50)),
        ({"solver": "lbfgs", "max_epochs": 30}, (2000, 4000, 50)),
        ({"solver": "newton-cholesky", "max_epochs": 3}, (3000, 90, 20)),
        ({"max_epochs": 2, "hidden_layer_sizes": [8]}, (50_000, 100, 5, "float16")),
    ],
    ids=["rows", "parameters", "minibatch", "newton-cg", "in pieces", "lbfgs", "newton-cholesky", "copy"],
)
def test_the_prediction_is_what_a_fit_takes_to_a_quarter(options, sizes):
    found = measured(options, *sizes)
    assert found["given"] + found["predicted"] == pytest.approx(found["peak"], rel=0.25)


REFUSED = """
    import json, resource
    import numpy as np
    from chainrule.errors import InsufficientMemoryError
    from chainrule.estimators import SoftmaxClassifier

    options, shape, dtype, room = json.loads({arguments!r})
    X, y = np.zeros(shape, dtype), np.arange(shape[0]) % 40
    SoftmaxClassifier(hidden_layer_sizes=(2,), max_epochs=1, n_threads=1, random_state=0).fit(X[:600, :2], y[:600])
    fields = dict(line.split(":", 1) for line in open("/proc/self/status").read().splitlines())
    used = int(fields["VmSize"].split()[0]) * 1024
    resource.setrlimit(resource.RLIMIT_AS, (used + room, resource.RLIM_INFINITY))
    try:
        SoftmaxClassifier(**options).fit(X, y)
        message = ""
    except InsufficientMemoryError as error:
        message = str(error)
    peak = int(dict(line.split(":", 1) for line in open("/proc/self/status").read().splitlines())["VmPeak"].split()[0])
    print(json.dumps([message, peak * 1024 - used]))
"""


@LINUX
@pytest.mark.parametrize(
    ("options", "shape", "dtype", "largest", "remedy"),
    [
        ({"hidden_layer_sizes": [20_000, 20_000]}, (2000, 10), "float32", "parameters and the solver's state",
         "Use fewer hidden units, or fewer columns."),
        ({}, (150_000, 2), "float32", "logits of all rows", "Use solver='adamw', which"),
        ({"hidden_layer_sizes": [4]}, (200_000, 200), "int8", "a copy of the features", "Pass X as a C-ordered array"),
    ],
    ids=["parameters", "logits", "copy"],
)  # fmt: skip
def test_a_limit_of_address_space_is_seen_before_anything_is_allocated(
    options, shape, dtype, largest, remedy
):
    room = 150_000_000
    arguments = json.dumps([{**options, "n_threads": 1, "random_state": 0}, shape, dtype, room])
    message, risen = fresh_process.run(REFUSED.replace("{arguments!r}", repr(arguments)))
    assert message.startswith(
        "SoftmaxClassifier.fit: the memory that a fit takes is there before it begins; got"
    )
    assert f"B for {largest}" in message.split(",")[0]
    assert "left (what the limit of address space (ulimit -v) leaves)" in message
    assert remedy in message
    assert risen < room


def limited_to(monkeypatch, n_bytes):
    monkeypatch.setattr(memory_need, "NEGLIGIBLE", 0)
    monkeypatch.setattr(memory_need, "available_memory", lambda: (n_bytes, "what is injected"))


X = np.random.default_rng(0).normal(size=(700, 6)).astype(np.float32)
Y = (X[:, 0] > 0).astype(int)


@pytest.mark.parametrize(
    "act",
    [
        lambda fitted: fitted.fit(X, Y),
        lambda fitted: fitted.set_params(hidden_layer_sizes=()).fit(X, Y),
        lambda fitted: fitted.fit(X.astype(np.int32), Y),
        lambda fitted: fitted.fit(X[:300], Y[:300], eval_set=(X, Y)),
    ],
)
def test_an_estimator_is_as_it_was_after_a_refusal(act, monkeypatch):
    fitted = SoftmaxClassifier((5,), max_epochs=2, random_state=0).fit(X, Y)
    before = {name: pickle.dumps(value) for name, value in vars(fitted).items() if name.endswith("_")}
    limited_to(monkeypatch, 10_000)
    with pytest.raises(
        InsufficientMemoryError, match=r"^SoftmaxClassifier\.fit: .* 0\.01 MB left \(what is inj"
    ):
        act(fitted)
    assert {name: pickle.dumps(value) for name, value in vars(fitted).items() if name.endswith("_")} == before


def test_every_way_to_train_is_refused_and_leaves_the_network(monkeypatch):
    network = Network((6, 3, 2))
    before = network.parameters.tobytes()
    limited_to(monkeypatch, 10_000)
    with pytest.raises(InsufficientMemoryError, match=r"^train: the memory"):
        train(network, X, Y)
    assert network.parameters.tobytes() == before
    with pytest.raises(InsufficientMemoryError, match=r"^fit_table: the memory"):
        fit_table({"a": X[:, 0], "b": X[:, 1], "y": Y}, "y", hidden=(50,))
    with pytest.raises(InsufficientMemoryError, match=r"^SoftmaxClassifier\.partial_fit: the memory"):
        SoftmaxClassifier((5000,)).partial_fit(X, Y, classes=[0, 1])


def test_what_nobody_knows_refuses_nothing(monkeypatch):
    monkeypatch.setattr(memory_need, "NEGLIGIBLE", 0)
    monkeypatch.setattr(memory_need, "available_memory", lambda: None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        SoftmaxClassifier((5,), max_epochs=1).fit(X, Y)
