"""The Gauss-Newton product of the linear head: by hand, laws, slopes, against explicit logits, refusals."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import ArgumentError, ArgumentTypeError

pytestmark = pytest.mark.usefixtures("path")
SIZES = [
    (1, 1, 2),
    (3, 1, 1),
    (7, 17, 3),
    (130, 6, 5),
    (33, 5, 40),
    (130, 3, 3000),
]  # the last in several blocks


def _problem(n_rows, n_features, n_classes, dtype=np.float64):
    generator = np.random.default_rng([n_rows, n_features, n_classes])
    shapes = (
        (n_rows, n_features),
        (n_classes, n_features),
        (n_classes,),
        (n_classes, n_features),
        (n_classes,),
    )
    arrays = [generator.normal(size=shape).astype(dtype) for shape in shapes]
    return (*arrays, generator.integers(n_classes, size=n_rows))


def test_two_classes_at_even_odds_curve_by_a_quarter():
    result = cr.linear_cross_entropy_gauss_newton([[1.0, 2.0]], np.zeros((2, 2)), [[1.0, 0.0], [0.0, 0.0]])
    np.testing.assert_allclose(result["weight"], [[0.25, 0.5], [-0.25, -0.5]], rtol=1e-15)
    assert "bias" not in result


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"temperature": 1.7, "reduction": "sum"},
        {"label_smoothing": 0.2, "class_weight": True, "sample_weight": True},
    ],
)
@pytest.mark.parametrize("targets", ["none", "index", "soft"])
def test_it_is_the_second_derivative_by_explicit_logits(targets, options, dtype):
    for size in SIZES:
        x, w, b, v, v_b, y = _problem(*size, dtype)
        generator = np.random.default_rng(5)
        weights = {
            "class_weight": generator.random(size[2]) + 0.1,
            "sample_weight": generator.random(size[0]),
        }
        chosen = {name: weights.get(name, value) for name, value in options.items()}
        given = {"none": None, "index": y, "soft": generator.random((size[0], size[2])).astype(dtype)}[
            targets
        ]
        if given is None:
            chosen.pop("class_weight", None)
        result = cr.linear_cross_entropy_gauss_newton(x, w, v, given, bias=b, bias_direction=v_b, **chosen)
        wide = [a.astype(np.float64) for a in (x, w, b, v, v_b)]
        change = wide[0] @ wide[3].T + wide[4]
        curved = cr.cross_entropy_hvp(wide[0] @ wide[1].T + wide[2], change, given, **chosen)
        rtol = 1e-12 if dtype == np.float64 else 1e-4
        scale = np.abs(curved).max() * size[0]
        np.testing.assert_allclose(result["weight"], curved.T @ wide[0], rtol=rtol, atol=rtol * scale)
        np.testing.assert_allclose(result["bias"], curved.sum(0), rtol=rtol, atol=rtol * scale)


def test_it_is_the_slope_of_the_gradient_by_the_order_of_the_error():
    x, w, b, v, v_b, y = _problem(6, 4, 5)
    options = {"sample_weight": [1, 2, 0.5, 0, 1, 3], "label_smoothing": 0.1, "temperature": 1.7}

    def gradients(step):
        return cr.linear_cross_entropy_with_gradient(x, w + step * v, y, bias=b + step * v_b, **options)[1]

    product = cr.linear_cross_entropy_gauss_newton(x, w, v, y, bias=b, bias_direction=v_b, **options)
    for name in ("weight", "bias"):
        errors = [
            np.abs((gradients(h)[name] - gradients(-h)[name]) / (2 * h) - product[name]).max()
            for h in (0.02, 0.01)
        ]
        assert np.log2(errors[0] / errors[1]) == pytest.approx(2.0, abs=0.1)


def test_a_bias_without_a_direction_does_not_change():
    x, w, b, v, v_b, y = _problem(5, 3, 4)
    still = cr.linear_cross_entropy_gauss_newton(x, w, v, y, bias=b)
    zero = cr.linear_cross_entropy_gauss_newton(x, w, v, y, bias=b, bias_direction=0 * v_b)
    np.testing.assert_array_equal(still["weight"], zero["weight"])
    np.testing.assert_array_equal(still["bias"], zero["bias"])


def test_rows_of_weight_zero_reach_nothing_even_if_they_are_nan():
    x, w, b, v, _, y = _problem(9, 3, 4)
    used = np.arange(9) % 3 > 0
    expected = cr.linear_cross_entropy_gauss_newton(x[used], w, v, y[used], bias=b)
    x[~used] = np.nan
    for options in ({"sample_weight": used.astype(float)}, {"ignore_index": -1}):
        targets = np.where(used, y, -1) if "ignore_index" in options else y
        result = cr.linear_cross_entropy_gauss_newton(x, w, v, targets, bias=b, **options)
        np.testing.assert_allclose(result["weight"], expected["weight"], rtol=1e-12, atol=1e-16)


def test_a_masked_class_takes_no_part_in_smoothing():
    x, w, b, v, _, _ = _problem(5, 3, 4)
    y, classes, keep = np.array([0, 1, 3, 3, 0]), np.array([1.0, 2, 9, 3]), [0, 1, 3]
    masked = np.where(np.arange(4) == 2, -np.inf, b)
    options = {"label_smoothing": 0.3}
    result = cr.linear_cross_entropy_gauss_newton(x, w, v, y, bias=masked, class_weight=classes, **options)
    others = cr.linear_cross_entropy_gauss_newton(
        x, w[keep], v[keep], np.array([0, 1, 2, 2, 0]), bias=b[keep], class_weight=classes[keep], **options
    )
    np.testing.assert_allclose(result["weight"][keep], others["weight"], rtol=1e-12, atol=1e-16)
    assert (result["weight"][2] == 0).all()


@pytest.mark.parametrize(("n_rows", "options"), [(0, {}), (2, {"sample_weight": [0, 0]})])
def test_nothing_to_sum_gives_zeros(n_rows, options):
    result = cr.linear_cross_entropy_gauss_newton(
        np.ones((n_rows, 3)), np.ones((2, 3)), np.ones((2, 3)), bias=np.ones(2), **options
    )
    assert (result["weight"] == np.zeros((2, 3))).all()
    assert (result["bias"] == np.zeros(2)).all()


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"direction": np.zeros((4, 3))}, ArgumentError, r"direction has the shape of the weight, \(3, 4\)"),
        (
            {"direction": np.zeros((3, 4), np.float32)},
            ArgumentTypeError,
            "direction has the dtype of the features",
        ),
        ({"bias_direction": np.zeros(3)}, ArgumentError, "bias_direction goes with a bias"),
        (
            {"bias": np.zeros(3), "bias_direction": np.zeros(2)},
            ArgumentError,
            "bias_direction has the shape of the bias",
        ),
        ({"class_weight": np.ones(3)}, ArgumentError, "class_weight goes with targets"),
        ({"ignore_index": 1}, ArgumentError, "ignore_index goes with targets"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(change, error, message):
    given = {
        "features": np.zeros((2, 4)),
        "weight": np.zeros((3, 4)),
        "direction": np.zeros((3, 4)),
        **change,
    }
    with pytest.raises(error, match="linear_cross_entropy_gauss_newton: " + message):
        cr.linear_cross_entropy_gauss_newton(**given)


@pytest.mark.parametrize("by", ["index", "probability"])
def test_a_row_without_mass_is_nan_where_its_logits_are_and_else_counts_nothing(by):
    w, b, v = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]), np.zeros(3), np.ones((3, 2)) * [[1], [2], [4]]
    given = {"class_weight": [1, 0, 1], "targets": np.array([0, 1])}
    if by == "probability":
        given = {"targets": np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])}
    for last, options in ((np.nan, {}), (3.0, {}), (np.nan, {"sample_weight": [1, 0]})):
        x = np.array([[1.0, 2.0], [last, np.inf if np.isnan(last) else 4.0]])
        arguments = {**given, **options}
        product = cr.linear_cross_entropy_gauss_newton(x, w, v, bias=b, reduction="sum", **arguments)
        alone = cr.linear_cross_entropy_gauss_newton(x[:1], w, v, bias=b, reduction="sum")
        for name, wanted in alone.items():
            meaningless = np.isnan(last) and not options
            expected = np.full_like(wanted, np.nan) if meaningless else wanted
            np.testing.assert_allclose(product[name], expected, rtol=1e-12)
