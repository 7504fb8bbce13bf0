"""binary_cross_entropy and squared_error: by hand, against mpmath, slopes, edges, refusals."""

import numpy as np
import pytest

import chainrule as cr
import oracle
import tolerance
from chainrule.errors import ArgumentError, ArgumentTypeError

DTYPES = (np.float32, np.float64)
FUNCTIONS = [
    (cr.binary_cross_entropy, cr.binary_cross_entropy_with_gradient),
    (cr.squared_error, cr.squared_error_with_gradient),
]
inf, nan = np.inf, np.nan


def test_a_confident_output_costs_what_it_costs():
    loss, gradient = cr.binary_cross_entropy_with_gradient([40.0], [1.0])
    assert loss == 4.248354255291589e-18
    assert gradient[0] == -4.248354255291589e-18


def test_squared_error_is_half_the_sum_of_squares_averaged_over_examples():
    loss, gradient = cr.squared_error_with_gradient([[1.0, 2.0], [0.0, 4.0]], [[0.0, 0.0], [0.0, 1.0]])
    assert loss == (2.5 + 4.5) / 2
    np.testing.assert_array_equal(gradient, [[0.5, 1.0], [0.0, 1.5]])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("target", [0.0, 1.0, 0.25, 1e-6])
def test_binary_cross_entropy_is_within_a_few_ulp_of_the_truth(target, dtype):
    bound = tolerance.ELEMENTWISE * tolerance.unit_roundoff(dtype)
    target = dtype(target)
    for logit in (-80.0, -40.0, -3.7, -1e-3, 0.0, 1e-6, 0.7, 5.0, 40.0, 80.0):
        logit = dtype(logit)
        loss, gradient = cr.binary_cross_entropy_with_gradient([logit], [target], reduction="none")
        assert oracle.relative_error(loss[0], oracle.binary_cross_entropy(logit, target)) <= bound
        truth = oracle.binary_cross_entropy_gradient(logit, target)
        p, y = oracle.sigmoid(logit), float(target)
        assert oracle.absolute_error(gradient[0], truth) <= bound * (p * (1 - y) + y * (1 - p))


def test_the_binary_loss_is_the_softmax_loss_of_two_classes():
    z = np.linspace(-30, 30, 13)
    two = np.stack([np.zeros_like(z), z], axis=1)
    np.testing.assert_allclose(
        cr.binary_cross_entropy(z, np.ones_like(z), reduction="none"),
        cr.cross_entropy(two, np.ones(13, int), reduction="none"),
        rtol=1e-14,
    )


@pytest.mark.parametrize(("loss", "with_gradient"), FUNCTIONS)
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_the_gradient_is_the_slope_of_the_loss_by_the_order_of_the_error(loss, with_gradient, reduction):
    generator = np.random.default_rng(0)
    z, direction = generator.normal(size=(2, 4, 3))
    y = generator.random((4, 3))
    weight = [1, 2, 0.5, 0]

    def at(step):
        return np.sum(loss(z + step * direction, y, sample_weight=weight, reduction=reduction))

    slope = (with_gradient(z, y, sample_weight=weight, reduction=reduction)[1] * direction).sum()
    errors = [abs((at(h) - at(-h)) / (2 * h) - slope) for h in (0.2, 0.1)]
    if loss is cr.squared_error:  # a quadratic: the central difference has no error but rounding
        assert max(errors) < 1e-13
    else:
        assert np.log2(errors[0] / errors[1]) == pytest.approx(2.0, abs=0.05)


@pytest.mark.parametrize("dtype", DTYPES)
def test_infinite_logits_give_the_limit_and_nan_stays_in_its_row(dtype):
    z = np.array([inf, inf, -inf, -inf, inf, nan, 0], dtype)
    y = np.array([1, 0, 1, 0, 0.5, 1, 1], dtype)
    loss, gradient = cr.binary_cross_entropy_with_gradient(z, y, reduction="none")
    np.testing.assert_array_equal(loss, np.array([0, inf, inf, 0, inf, nan, np.log(dtype(2))], dtype))
    np.testing.assert_array_equal(gradient, np.array([0, 1, -1, 0, 0.5, nan, -0.5], dtype))


@pytest.mark.parametrize(("loss", "with_gradient"), FUNCTIONS)
def test_weight_zero_hides_nan_and_nothing_to_average_gives_zero(loss, with_gradient):
    value, gradient = with_gradient([[nan], [1.0]], [[0.0], [0.0]], sample_weight=[0, 1])
    assert value == loss([[1.0]], [[0.0]])
    assert gradient[0, 0] == 0
    assert loss(np.zeros((0, 2)), np.zeros((0, 2))) == 0.0
    value, gradient = with_gradient([[nan]], [[0.0]], sample_weight=[0])
    assert value == 0.0
    assert (gradient == 0).all()


@pytest.mark.parametrize(("loss", "with_gradient"), FUNCTIONS)
def test_arguments_outside_their_domain_are_refused(loss, with_gradient):
    for function in (loss, with_gradient):
        with pytest.raises(
            ArgumentError, match=r"targets have the shape of the .*, \(2,\); got shape \(3,\)"
        ):
            function([0.0, 1.0], [0, 1, 1])
        with pytest.raises(ArgumentError, match=r"targets\[1\] = nan"):
            function([0.0, 1.0], [0, nan])
        with pytest.raises(
            ArgumentError, match=r"\(examples,\) or \(examples, outputs\); got shape \(1, 1, 1\)"
        ):
            function([[[0.0]]], [[[0]]])
        with pytest.raises(ArgumentError, match="reduction is"):
            function([0.0], [0.0], reduction="average")
        with pytest.raises(ArgumentTypeError, match="targets are numbers"):
            function([0.0, 1.0], ["1", "2"])
    with pytest.raises(ArgumentError, match=r"from 0 to 1; got targets\[0\] = 1.5"):
        cr.binary_cross_entropy([0.0], [1.5])


def test_what_overflows_is_infinite_without_a_warning():
    assert cr.squared_error([1e200], [0.0]) == inf
    assert cr.squared_error(np.float16([60000]), [0], reduction="none")[0] == inf
    assert cr.binary_cross_entropy([[1.7e308, 1.7e308]], [[0, 0]]) == inf
    np.testing.assert_array_equal(cr.squared_error(np.array([3.0], ">f8"), [1e-300]), 4.5)
    with np.errstate(all="raise"):
        cr.binary_cross_entropy([800.0], [1.0])


def test_a_sum_that_its_weight_keeps_finite_is_finite():
    logits, targets = np.array([[1.5e308, 1.5e308]]), np.zeros((1, 2))
    loss = cr.binary_cross_entropy(logits, targets, sample_weight=[1e-30], reduction="sum")
    assert loss == pytest.approx(3e278, rel=1e-14)
