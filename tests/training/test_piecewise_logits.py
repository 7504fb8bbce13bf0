"""Logits that are made anew in pieces lead where logits that are held lead."""

import numpy as np
import pytest

from chainrule.network import InputScaling, Network
from chainrule.training import NewtonCG, StopReason, piecewise_logits, train
from chainrule.training.piecewise_logits import PiecewiseLogits, pieces

RANDOM = np.random.default_rng(11)
X = RANDOM.normal(size=(5000, 6)).astype(np.float32) * [1, 1, 3, 1, 1, 0.1]
X = X.astype(np.float32)
Y = (X @ RANDOM.normal(size=(6, 4)) + RANDOM.gumbel(size=(5000, 4))).argmax(axis=1)
SOFT = RANDOM.dirichlet(np.ones(4), 5000)
WEIGHTS = RANDOM.integers(1, 4, 5000).astype(float)


@pytest.fixture
def in_pieces(monkeypatch):
    def switch():
        monkeypatch.setattr(piecewise_logits, "MANY_BYTES", 0)
        monkeypatch.setattr(piecewise_logits, "SHARE", 0.0)
        monkeypatch.setattr(piecewise_logits, "PIECE_BYTES", 8 * 4 * 2048)

    return switch


def logits_at(weight, bias, dtype=np.float64):
    return PiecewiseLogits(X, weight, bias, dtype)


@pytest.mark.parametrize(
    ("n_rows", "bytes_of_row", "n_outputs", "too_many"),
    [
        (1_000_000, 400, 10, True),
        (800_000, 400, 10, False),
        (1_000_000, 800, 10, False),
        (900_000, 799, 10, True),
    ],
)
def test_logits_are_held_unless_they_take_64_mb_and_a_tenth_of_the_features(
    n_rows, bytes_of_row, n_outputs, too_many
):
    assert piecewise_logits.are_too_many(n_rows, bytes_of_row, n_outputs) is too_many


def test_pieces_are_the_rows_of_the_whole_and_arithmetic_is_that_of_arrays(in_pieces):
    in_pieces()
    first, second = RANDOM.normal(size=(4, 7)), RANDOM.normal(size=(4, 7))
    whole = [X.astype(np.float64) @ both[:, :6].T + both[:, 6] for both in (first, second)]
    shift = np.array([1.0, 0.0, -2.0, 0.5])
    found = logits_at(first[:, :6], first[:, 6]) + np.float64(0.25) * (
        logits_at(second[:, :6], second[:, 6]) - logits_at(first[:, :6], first[:, 6])
    )
    expected = 0.75 * whole[0] + 0.25 * whole[1] + shift
    parts = list(pieces(found + shift))
    assert [len(part) for _, part in parts] == [2048, 2048, 904]
    np.testing.assert_allclose(np.concatenate([part for _, part in parts]), expected, rtol=1e-12, atol=1e-12)
    assert len(found) == 5000


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize("y", [Y, SOFT], ids=["labels", "probabilities"])
@pytest.mark.parametrize("options", [{}, {"sample_weight": WEIGHTS, "class_weight": [1.0, 2.0, 0.5, 1.0]}])
@pytest.mark.parametrize("scaling", [None, InputScaling(np.full(6, 0.5), np.full(6, 2.0), 3.0)])
@pytest.mark.parametrize("offset", [0.0, 300.0])
def test_newtons_method_finds_the_same_minimum(y, options, scaling, offset, in_pieces):
    results = []
    for switch in (lambda: None, in_pieces):
        switch()
        network = Network((6, 4))
        network.input_scaling = scaling
        outcome = train(
            network, X + np.float32(offset), y, solver=NewtonCG(), tol=1e-12, alpha=1e-3, **options
        )
        assert outcome.reason is StopReason.CONVERGED
        results.append((network.predict_proba(X + np.float32(offset)), outcome.loss))
    np.testing.assert_allclose(results[1][0], results[0][0], atol=2e-5)
    assert results[1][1] == pytest.approx(results[0][1], rel=1e-6)  # float32 on the way


def test_a_line_search_from_far_away_works_without_logits_that_are_held(in_pieces):
    """A start of large weights, whose full steps go too far."""
    results = []
    for switch in (lambda: None, in_pieces):
        switch()
        network = Network((6, 4), dtype=np.float64)
        network.parameters = 8.0 * np.random.default_rng(2).normal(size=28)
        outcome = train(network, X, Y, solver="newton-cg", tol=1e-12, alpha=1e-4)
        assert outcome.reason is StopReason.CONVERGED
        results.append(network.predict_proba(X))
    np.testing.assert_allclose(results[1], results[0], atol=1e-5)


@pytest.mark.parametrize("n_threads", [2, 3])
def test_no_bit_depends_on_the_threads(n_threads, in_pieces):
    in_pieces()
    results = []
    for threads in (1, n_threads):
        network = Network((6, 4))
        train(network, X, Y, solver="newton-cg", tol=1e-10, n_threads=threads)
        results.append(network.parameters.tobytes())
    assert results[0] == results[1]
