"""Memory of a fit: no copy of the features, and what is predicted is what is taken."""

import sys

import numpy as np
import pytest
from measured_fit import measured

from chainrule.kernels import native

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or native() is None, reason="memory of a process and of compiled steps, by Linux"
)


@pytest.mark.parametrize(
    "options",
    [
        {"hidden_layer_sizes": [16], "max_epochs": 1, "random_state": 0},
        {"hidden_layer_sizes": [16], "max_epochs": 1, "random_state": 0, "scaling": "standard", "dropout": 0.1},
        {"max_epochs": 3},
        {"solver": "lbfgs", "max_epochs": 2},
    ],
    ids=["network", "standardised", "newton-cg", "lbfgs"],
)
def test_a_fit_makes_no_copy_of_float32_features(options):
    """A copy, or one of the rows that are held back for validation, or their scaled values, would take 200 MB."""
    found = measured(options, 125_000, 400, 5)
    one_of_logits = 125_000 * 5 * 4
    assert found["given"] > 200e6
    assert found["peak"] < 1.2 * (found["given"] + one_of_logits) + 20 * found["parameters"]


@pytest.mark.parametrize(
    ("options", "sizes"),
    [
        ({"hidden_layer_sizes": [16], "max_epochs": 1, "random_state": 0}, (100_000, 100, 5)),
        ({"hidden_layer_sizes": [2048, 2048], "max_epochs": 1, "random_state": 0}, (600, 50, 2)),
        ({"hidden_layer_sizes": [2048], "max_epochs": 1, "random_state": 0, "batch_size": 8192}, (9000, 500, 9)),
        ({}, (100_000, 20, 50)),
        ({"solver": "lbfgs", "max_epochs": 30}, (2000, 4000, 50)),
        ({"solver": "newton-cholesky", "max_epochs": 3}, (3000, 90, 20)),
        ({"max_epochs": 2, "hidden_layer_sizes": [8]}, (50_000, 100, 5, "float16")),
    ],
    ids=["rows", "parameters", "minibatch", "newton-cg", "lbfgs", "newton-cholesky", "copy"],
)
def test_the_prediction_is_what_a_fit_takes_to_a_quarter(options, sizes):
    found = measured(options, *sizes)
    assert found["given"] + found["predicted"] == pytest.approx(found["peak"], rel=0.25)
