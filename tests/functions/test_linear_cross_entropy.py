"""The linear head: by hand, laws, slopes, against explicit logits, edges, memory, refusals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import chainrule as cr
import tolerance
from chainrule.errors import ArgumentError, ArgumentTypeError
from kernels.fresh_process import run

pytestmark = pytest.mark.usefixtures("path")
DTYPES = (np.float32, np.float64)
# The last takes several blocks of rows.
SIZES = [(1, 1, 1), (3, 1, 2), (5, 2, 1), (7, 17, 3), (33, 12, 40), (97, 33, 7), (200, 5, 2), (205, 3, 2800)]
inf, nan = np.inf, np.nan


def _problem(dtype, n_rows, n_features, n_classes, seed=0):
    """Numbers on a grid: the logits are exact, so that "the logits as computed" are known."""
    generator = np.random.default_rng([seed, n_rows, n_features, n_classes])
    shapes = ((n_rows, n_features), (n_classes, n_features), (n_classes,))
    features, weight, bias = ((generator.integers(-8, 9, size=shape) / 4).astype(dtype) for shape in shapes)
    return features, weight, bias, generator.integers(n_classes, size=n_rows)


def _explicit(features, weight, bias, targets, **options):
    """Loss, and gradients with their bounds: a product of n terms rounds n times."""
    dtype, u = features.dtype, tolerance.unit_roundoff(features.dtype)
    x, w = features.astype(np.float64), weight.astype(np.float64)
    logits = (x @ w.T + (0 if bias is None else bias)).astype(dtype)
    loss, g = cr.cross_entropy_with_gradient(logits, targets, **options)
    g = g.astype(np.float64)
    size_x, size_w, size = np.abs(x), np.abs(w), np.abs(g)
    truth = {"features": g @ w, "weight": g.T @ x, "bias": g.sum(0)}
    bounds = {
        "features": (len(w) + 2) * u * (size @ size_w),
        "weight": (len(x) + 2) * u * (size.T @ size_x),
        "bias": (2 * u + 2 * len(x) * 2.0**-53) * size.sum(0),  # totals are float64 for every dtype
    }
    return loss, {name: (truth[name], bounds[name]) for name in truth}


OPTIONS = {
    "plain": {},
    "smoothed": {"label_smoothing": 0.1, "temperature": 2.5},
    "class weights": {"class_weight": "random", "sample_weight": "random"},
    "everything": {
        "class_weight": "random", "sample_weight": "random", "label_smoothing": 0.2, "temperature": 0.7,
        "reduction": "sum",
    },
}  # fmt: skip


def _options(name, n_rows, n_classes):
    generator = np.random.default_rng(7)
    sizes = {"class_weight": n_classes, "sample_weight": n_rows}
    return {k: generator.random(sizes[k]) + 0.1 if v == "random" else v for k, v in OPTIONS[name].items()}


def test_a_confident_row_costs_what_it_costs():
    features, weight = [[2.0, 1.0]], [[20.0, 0.0], [0.0, 0.0]]
    assert cr.linear_cross_entropy(features, weight, [0]) == 4.248354255291589e-18
    loss, gradients = cr.linear_cross_entropy_with_gradient(features, weight, [0])
    assert loss == 4.248354255291589e-18
    small = 4.248354255291589e-18
    np.testing.assert_array_equal(gradients["weight"], [[-2 * small, -small], [2 * small, small]])
    np.testing.assert_array_equal(gradients["features"], [[-20 * small, 0]])


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("targets", ["index", "soft"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_loss_and_gradients_are_those_of_explicit_logits(dtype, targets, options):
    for n_rows, n_features, n_classes in SIZES:
        features, weight, bias, y = _problem(dtype, n_rows, n_features, n_classes)
        given = np.random.default_rng(1).random((n_rows, n_classes)).astype(dtype) if targets == "soft" else y
        chosen = _options(options, n_rows, n_classes)
        for b in (bias, None):
            loss, gradients = cr.linear_cross_entropy_with_gradient(features, weight, given, bias=b, **chosen)
            expected, truths = _explicit(features, weight, b, given, **chosen)
            assert loss == pytest.approx(expected, rel=1e-14)
            for name, gradient in gradients.items():
                truth, bound = truths[name]
                assert (np.abs(gradient - truth) <= bound + tolerance.smallest_normal(dtype)).all(), name
            assert gradients.keys() == ({"features", "weight", "bias"} - ({"bias"} if b is None else set()))


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_choice_of_gradients_gives_the_bits_of_all(dtype):
    features, weight, bias, y = _problem(dtype, 130, 9, 11)
    loss, all_three = cr.linear_cross_entropy_with_gradient(features, weight, y, bias=bias)
    assert cr.linear_cross_entropy(features, weight, y, bias=bias) == loss
    for wrt in ("features", "weight", "bias", ("weight", "bias"), ["features", "bias"], ()):
        some_loss, some = cr.linear_cross_entropy_with_gradient(features, weight, y, bias=bias, wrt=wrt)
        assert some_loss == loss
        assert set(some) == ({wrt} if isinstance(wrt, str) else set(wrt))
        for name, gradient in some.items():
            np.testing.assert_array_equal(gradient, all_three[name])


@given(st.integers(0, 2**32 - 1))
def test_permuting_the_classes_permutes_the_gradients(seed):
    features, weight, bias, y = _problem(np.float64, 6, 3, 5, seed)
    order = np.random.default_rng(seed).permutation(5)
    loss, plain = cr.linear_cross_entropy_with_gradient(features, weight, y, bias=bias)
    place = np.argsort(order)
    moved_loss, moved = cr.linear_cross_entropy_with_gradient(
        features, weight[order], place[y], bias=bias[order]
    )
    assert moved_loss == pytest.approx(loss, rel=1e-13)
    np.testing.assert_allclose(moved["features"], plain["features"], rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(moved["weight"], plain["weight"][order], rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(moved["bias"], plain["bias"][order], rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_weight_two_equals_the_row_twice(reduction):
    features, weight, bias, y = _problem(np.float64, 3, 4, 5)
    twice = [0, 1, 1, 2]
    loss, gradients = cr.linear_cross_entropy_with_gradient(
        features, weight, y, bias=bias, sample_weight=[1, 2, 1], reduction=reduction
    )
    repeated, others = cr.linear_cross_entropy_with_gradient(
        features[twice], weight, y[twice], bias=bias, reduction=reduction
    )
    assert loss == pytest.approx(repeated, rel=1e-14)
    for name in ("weight", "bias"):
        np.testing.assert_allclose(gradients[name], others[name], rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(gradients["features"][1], others["features"][1:3].sum(0), rtol=1e-12)


@pytest.mark.parametrize("targets", ["index", "soft"])
def test_the_gradients_are_slopes_by_the_order_of_the_error(targets):
    features, weight, bias, y = _problem(np.float64, 6, 4, 5)
    generator = np.random.default_rng(2)
    given = y if targets == "index" else generator.random((6, 5))
    along = [generator.normal(size=array.shape) for array in (features, weight, bias)]
    options = {"sample_weight": [1, 2, 0.5, 0, 1, 3], "label_smoothing": 0.1, "temperature": 1.7}

    def loss(step):
        x, w, b = (a + step * v for a, v in zip((features, weight, bias), along, strict=True))
        return cr.linear_cross_entropy(x, w, given, bias=b, **options)

    _, gradients = cr.linear_cross_entropy_with_gradient(features, weight, given, bias=bias, **options)
    slope = sum((gradients[n] * v).sum() for n, v in zip(("features", "weight", "bias"), along, strict=True))
    errors = [abs((loss(h) - loss(-h)) / (2 * h) - slope) for h in (0.02, 0.01)]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize("dtype", DTYPES)
def test_rows_ignored_or_of_weight_zero_reach_nothing_even_if_they_are_nan(dtype):
    features, weight, bias, y = _problem(dtype, 250, 6, 4)
    left_out = np.random.default_rng(0).random(250) < 0.4
    left_out[0] = left_out[-1] = True
    kept = ~left_out
    expected, truth = cr.linear_cross_entropy_with_gradient(features[kept], weight, y[kept], bias=bias)
    features[left_out] = nan
    marked = np.where(left_out, -100, y)
    for targets, options in ((marked, {"ignore_index": -100}), (y, {"sample_weight": kept.astype(float)})):
        loss, gradients = cr.linear_cross_entropy_with_gradient(
            features, weight, targets, bias=bias, **options
        )
        assert loss == pytest.approx(expected, rel=1e-6 if dtype == np.float32 else 1e-14)
        assert (gradients["features"][left_out] == 0).all()
        np.testing.assert_allclose(gradients["features"][kept], truth["features"], rtol=1e-5, atol=1e-8)
        for name in ("weight", "bias"):
            np.testing.assert_allclose(gradients[name], truth[name], rtol=1e-5, atol=1e-8)


def test_a_row_that_is_nan_is_nan_and_spoils_only_the_sums_over_rows():
    features, weight, bias, y = _problem(np.float64, 4, 3, 5)
    features[2, 1] = nan
    losses, gradients = cr.linear_cross_entropy_with_gradient(
        features, weight, y, bias=bias, reduction="none"
    )
    np.testing.assert_array_equal(np.isnan(losses), [False, False, True, False])
    np.testing.assert_array_equal(np.isnan(gradients["features"]).all(axis=1), [False, False, True, False])
    assert np.isnan(gradients["weight"]).all()
    assert np.isnan(gradients["bias"]).all()


def test_a_class_with_bias_minus_infinity_is_masked():
    features, weight, bias, _ = _problem(np.float64, 5, 3, 4)
    y = np.array([0, 1, 3, 3, 0])
    masked = np.where(np.arange(4) == 2, -inf, bias)
    loss, gradients = cr.linear_cross_entropy_with_gradient(
        features, weight, y, bias=masked, label_smoothing=0.2
    )
    keep = [0, 1, 3]
    expected, others = cr.linear_cross_entropy_with_gradient(
        features, weight[keep], np.array([0, 1, 2, 2, 0]), bias=bias[keep], label_smoothing=0.2
    )
    assert loss == pytest.approx(expected, rel=1e-14)
    assert (gradients["weight"][2] == 0).all()
    np.testing.assert_allclose(gradients["weight"][keep], others["weight"], rtol=1e-12, atol=1e-16)


@pytest.mark.parametrize(
    ("n_rows", "options"),
    [(0, {}), (2, {"sample_weight": [0, 0]}), (2, {"ignore_index": 1}), (2, {"class_weight": [0, 0]})],
)
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_nothing_to_sum_gives_zeros(n_rows, options, reduction):
    loss, gradients = cr.linear_cross_entropy_with_gradient(
        np.ones((n_rows, 3)),
        np.ones((2, 3)),
        np.ones(n_rows, int),
        bias=np.ones(2),
        reduction=reduction,
        **options,
    )
    assert loss == 0.0
    assert {name: g.shape for name, g in gradients.items()} == {
        "features": (n_rows, 3), "weight": (2, 3), "bias": (2,),
    }  # fmt: skip
    assert all((g == 0).all() for g in gradients.values())


def test_no_features_leave_the_bias_alone():
    loss = cr.linear_cross_entropy(np.zeros((2, 0)), np.zeros((2, 0)), [0, 1], bias=np.zeros(2))
    assert loss == np.log(2)


def test_leading_shapes_strides_and_16_bit_dtypes_are_served():
    features, weight, bias, y = _problem(np.float64, 6, 4, 5)
    expected, truth = cr.linear_cross_entropy_with_gradient(features, weight, y, bias=bias, reduction="none")
    losses, gradients = cr.linear_cross_entropy_with_gradient(
        features.reshape(2, 3, 4), np.asfortranarray(weight), y.reshape(2, 3), bias=bias, reduction="none"
    )
    np.testing.assert_array_equal(losses.ravel(), expected)
    assert gradients["features"].shape == (2, 3, 4)
    np.testing.assert_array_equal(gradients["weight"], truth["weight"])
    half = [a.astype(np.float16) for a in (features, weight, bias)]
    wide = [a.astype(np.float32) for a in half]
    loss, gradients = cr.linear_cross_entropy_with_gradient(*half[:2], y, bias=half[2])
    same, others = cr.linear_cross_entropy_with_gradient(*wide[:2], y, bias=wide[2])
    assert loss == same
    np.testing.assert_array_equal(gradients["weight"], others["weight"].astype(np.float16))
    one = cr.linear_cross_entropy(features[0], weight, int(y[0]), bias=bias, reduction="none")
    assert one == pytest.approx(expected[0], rel=1e-14)  # a BLAS may sum one row in another order


def test_inputs_are_never_written():
    arrays = _problem(np.float32, 20, 5, 6)
    for array in arrays:
        array.flags.writeable = False
    cr.linear_cross_entropy_with_gradient(arrays[0], arrays[1], arrays[3], bias=arrays[2])


def test_the_logits_never_exist_as_a_whole(path):
    program = f"""
    import json, resource
    import numpy as np
    from chainrule.kernels import native
    import chainrule as cr
    if {path!r} != "numpy":
        native().use_instruction_set({path!r})
    N, D, K = 2048, 32, 12000
    x, w = np.ones((N, D), np.float32), np.ones((K, D), np.float32)
    y = np.arange(N) % K
    cr.linear_cross_entropy_with_gradient(x[:2], w[:5], y[:2] % 5)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outputs = (x.nbytes + w.nbytes) / 1024
    cr.linear_cross_entropy_with_gradient(x, w, y)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps((after - before - outputs) / (N * K * 4 / 1024)))
    """
    environment = {"CHAINRULE_INSTRUCTION_SET": "numpy"} if path == "numpy" else {}
    assert run(program, environment) < (0.6 if path == "numpy" else 0.055)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"weight": np.zeros((3, 5))},
            r"weight has shape \(classes, 4\) for features of shape \(2, 4\).*\(3, 5\)",
        ),
        ({"weight": np.zeros((0, 4))}, r"one class or more; got shape \(0, 4\)"),
        ({"weight": np.zeros(4)}, r"weight has shape .*; got shape \(4,\)"),
        ({"bias": np.zeros(2)}, r"bias has shape \(3,\); got shape \(2,\)"),
        ({"features": np.float64(1.0)}, "features have a feature axis; got a scalar"),
        ({"targets": [0, 3]}, r"class indices from 0 to 2; got targets\[1\] = 3"),
        ({"targets": [0, 1, 1]}, r"targets have shape \(2,\) .* or \(2, 3\)"),
        ({"wrt": "logits"}, "wrt holds names among 'features', 'weight', 'bias'; got 'logits'"),
        ({"wrt": ("weight", "biases")}, "wrt holds names .*; got 'biases'"),
        ({"wrt": None}, "wrt holds names .*; got 'None'"),
        ({"sample_weight": [1, -1]}, r"sample_weight\[1\] = -1"),
        ({"temperature": 0.0}, "temperature is a positive normal number; got 0.0"),
        ({"reduction": "avg"}, "reduction is 'mean', 'sum' or 'none'; got 'avg'"),
    ],
)
def test_arguments_outside_their_domain_are_refused(change, message):
    given = {"features": np.zeros((2, 4)), "weight": np.zeros((3, 4)), "targets": [0, 1], **change}
    with pytest.raises(ArgumentError, match="linear_cross_entropy_with_gradient: .*" + message):
        cr.linear_cross_entropy_with_gradient(**given)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"features": np.zeros((2, 4), int)}, "features has dtype float16, .*; got dtype int64"),
        (
            {"weight": np.zeros((3, 4), np.float32)},
            "weight has the dtype of the features, float64; got dtype float32",
        ),
        ({"bias": np.zeros(3, np.float32)}, "bias has the dtype of the features, float64"),
    ],
)
def test_arguments_of_another_type_are_refused(change, message):
    given = {"features": np.zeros((2, 4)), "weight": np.zeros((3, 4)), "targets": [0, 1], **change}
    with pytest.raises(ArgumentTypeError, match="linear_cross_entropy_with_gradient: " + message):
        cr.linear_cross_entropy_with_gradient(**given)
