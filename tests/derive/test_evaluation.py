"""Expressions as numbers, against mpmath's own functions and against arrays."""

import numpy as np
import pytest
from mpmath import mp, mpf

from chainrule.derive import context_of, read_expression
from chainrule.derive.evaluation import ARITHMETIC, State, Undefined, value_of
from chainrule.derive.points import given_point, random_point


def at(text: str, state: State, **letters: int) -> mpf:
    """Return an expression's value."""
    return value_of(read_expression(text), state, letters)


@pytest.fixture
def state() -> State:
    return State(random_point(context_of(targets="soft"), 3, classes=4, features=3))


def test_a_softmax_is_that_of_its_logits(state: State) -> None:
    with mp.workdps(60):
        logits = [at("Z_k", state, k=k) for k in range(1, 5)]
        total = sum(mp.exp(logit) for logit in logits)
        for k in range(1, 5):
            assert abs(at("O_k", state, k=k) - mp.exp(logits[k - 1]) / total) < mpf(10) ** -55


def test_a_derivative_of_exp_is_right_to_fifty_digits(state: State) -> None:
    with mp.workdps(60):
        for k in range(1, 5):
            value, truth = at("d(exp(Z_k))/dZ_k", state, k=k), mp.exp(at("Z_k", state, k=k))
            assert abs(value / truth - 1) < mpf(10) ** -50


def test_a_second_derivative_is_right_to_fifty_digits(state: State) -> None:
    with mp.workdps(60):
        value, truth = at("d(d(exp(2*Z_k))/dZ_k)/dZ_k", state, k=1), 4 * mp.exp(2 * at("Z_k", state, k=1))
        assert abs(value / truth - 1) < mpf(10) ** -50


def test_an_affine_layer_is_a_matrix_product(state: State) -> None:
    W = np.array([[float(at("W_kj", state, k=k, j=j)) for j in (1, 2, 3)] for k in (1, 2, 3, 4)])
    x = np.array([float(at("X_j", state, j=j)) for j in (1, 2, 3)])
    b = np.array([float(at("b_k", state, k=k)) for k in (1, 2, 3, 4)])
    z = np.array([float(at("Z_k", state, k=k)) for k in (1, 2, 3, 4)])
    np.testing.assert_allclose(W @ x + b, z, rtol=1e-15)


def test_the_derivative_by_an_output_holds_the_other_outputs_fixed(state: State) -> None:
    assert at("dO_2/dO_1", state) == 0
    assert abs(at("dE/dO_1 + Y_1/O_1", state)) < mpf(10) ** -50


def test_given_probabilities_are_met() -> None:
    context = context_of(probabilities=[0.2, 0.6, 0.2], targets=[1, 0, 0], temperature=3)
    state = State(given_point(context, 0))
    assert ARITHMETIC.nstr(at("O_2", state), 20) == "0.6"
    assert ARITHMETIC.nstr(at("E", state), 5) == "1.6094"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1/(O_1 - O_1)", "division by 0"),
        ("ln(O_1 - O_1)", "ln of 0"),
        ("ln(-O_1)", "ln of a negative number"),
        ("sqrt(-O_1)", "sqrt of a negative number"),
        ("O_9", "no position 9"),
        ("T", "T has no value"),
        ("exp(exp(K*K))", "too large"),
        ("(0 - O_1)^(1/2)", "no real value"),
    ],
)
def test_what_has_no_value_says_why(text: str, message: str, state: State) -> None:
    with pytest.raises(Undefined, match=message):
        at(text, state)


def test_the_precision_of_mpmaths_users_is_left_alone(state: State) -> None:
    before = mp.dps
    at("d2E/dZ_1 dZ_2", state)
    assert mp.dps == before
