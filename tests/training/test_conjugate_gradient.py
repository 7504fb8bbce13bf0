"""Conjugate gradients against the direct solution, and where they end."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.training.conjugate_gradient import conjugate_gradient


def problem(size, seed):
    random = np.random.default_rng(seed)
    root = random.normal(size=(size, size))
    return root @ root.T + np.eye(size), random.normal(size=size)


@given(st.integers(1, 12), st.integers(0, 10**6), st.booleans())
def test_the_direction_solves_the_linear_system(size, seed, preconditioned):
    matrix, gradient = problem(size, seed)
    inverse = 1.0 / matrix.diagonal()
    found = conjugate_gradient(
        lambda v: matrix @ v, gradient, (lambda r: inverse * r) if preconditioned else None, 1e-12, 10 * size
    )
    np.testing.assert_allclose(matrix @ found.direction, -gradient, atol=1e-7 * abs(gradient).max())


def test_every_number_of_products_gives_a_direction_of_descent_that_the_model_likes():
    matrix, gradient = problem(10, 1)
    values = []
    for most in range(1, 11):
        d = conjugate_gradient(lambda v: matrix @ v, gradient, None, 0.0, most).direction
        values.append(0.5 * d @ matrix @ d + gradient @ d)
    assert all(later < earlier for earlier, later in zip([0.0, *values], values, strict=False))


def test_the_inverse_as_preconditioner_needs_one_product():
    matrix, gradient = problem(8, 2)
    inverse = np.linalg.inv(matrix)
    found = conjugate_gradient(lambda v: matrix @ v, gradient, lambda r: inverse @ r, 1e-8, 100)
    assert found.iterations == 1


def test_it_ends_where_a_product_lowers_the_model_by_little_of_what_products_did():
    matrix, gradient = np.diag([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 1.0, 1e-9, 1e-9])
    decreases = [0.0]
    for most in range(1, 5):
        d = conjugate_gradient(lambda v: matrix @ v, gradient, None, 0.0, most).direction
        decreases.append(-(0.5 * d @ matrix @ d + gradient @ d))
    for worthwhile in (0.1, 0.3, 0.9):
        found = conjugate_gradient(lambda v: matrix @ v, gradient, None, 0.0, 4, worthwhile)
        expected = next(
            n for n in range(1, 5) if n * (decreases[n] - decreases[n - 1]) <= worthwhile * decreases[n]
        )
        assert found.iterations == expected


@pytest.mark.parametrize("curved", [0.0, -1.0, np.nan, np.inf])
def test_a_curvature_that_is_no_positive_number_ends_it(curved):
    found = conjugate_gradient(lambda v: curved * v, np.ones(3), None, 1e-8, 100)
    assert found.iterations == 0
    assert not found.direction.any()
