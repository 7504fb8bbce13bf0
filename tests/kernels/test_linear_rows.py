"""The kernels of the linear head: the same bits for every number of threads, and refusals before a byte is read."""

import numpy as np
import pytest

from kernels.row_calls import each_instruction_set

SHAPES = [(1, 1, 1), (7, 3, 2), (700, 65, 10), (205, 70, 3000), (97, 2100, 33)]


def _results(compiled, shape, dtype, n_threads):
    """Loss, gradients and Gauss-Newton products, with rows left out here and there."""
    n_rows, n_features, n_classes = shape
    generator = np.random.default_rng(shape)
    sizes = [
        (n_rows, n_features),
        (n_classes, n_features),
        (n_classes,),
        (n_classes, n_features),
        (n_classes,),
    ]
    x, w, b, v, v_b = (generator.normal(size=size).astype(dtype) for size in sizes)
    y = generator.integers(n_classes, size=n_rows)
    row_weight = generator.random(n_rows) * (generator.random(n_rows) < 0.8)
    results = []
    for weights, classes in ((None, None), (row_weight, None), (row_weight, generator.random(n_classes))):
        losses, outputs = np.empty(n_rows), [np.empty_like(a) for a in (x, w, b)]
        total = compiled.linear_cross_entropy_rows(
            x,
            w,
            b,
            None,
            y,
            classes,
            0.0 if classes is None else 0.1,
            weights,
            1.3,
            0.7,
            losses,
            *outputs,
            n_threads,
        )
        results += [np.float64(total), losses, *outputs]
    products = [np.empty_like(w), np.empty_like(b)]
    compiled.linear_gauss_newton_rows(x, w, b, v, v_b, row_weight, 1.3, 0.7, *products, n_threads)
    return [result.tobytes() for result in results + products]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_threads_and_instruction_sets_change_no_bit(many_threads, dtype, shape):
    of_set = {}
    for name in each_instruction_set(many_threads):
        of_set[name] = _results(many_threads, shape, dtype, 1)
        for n_threads in (2, 3, 5):
            assert _results(many_threads, shape, dtype, n_threads) == of_set[name], (name, n_threads)
    if {"avx2", "avx512"} <= of_set.keys():
        assert of_set["avx2"] == of_set["avx512"]


def _arguments(**changes):
    given = {
        "features": np.zeros((4, 2)), "weight": np.zeros((3, 2)), "bias": None, "targets": None,
        "indices": np.zeros(4, np.int64), "class_weight": None, "label_smoothing": 0.0, "row_weight": None,
        "temperature": 1.0, "gradient_scale": 1.0, "losses": None, "features_gradient": None,
        "weight_gradient": None, "bias_gradient": None, "n_threads": 1,
    }  # fmt: skip
    return {**given, **changes}


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"weight": np.zeros((3, 5))}, ValueError, r"weight has shape \(3, 2\); got shape \(3, 5\)"),
        ({"weight": np.zeros((0, 2))}, ValueError, "weight has at least one class; got none"),
        ({"weight": np.zeros((3, 2), np.float32)}, TypeError, "weight is float64; got float32"),
        ({"bias": np.zeros(2)}, ValueError, r"bias has shape \(3\); got shape \(2\)"),
        ({"indices": np.zeros(3, np.int64)}, ValueError, r"indices has shape \(4\); got shape \(3\)"),
        ({"indices": None}, ValueError, "exactly one of targets and indices is given"),
        ({"row_weight": np.zeros(3)}, ValueError, r"row_weight has shape \(4\); got shape \(3\)"),
        ({"weight_gradient": np.zeros((2, 3))}, ValueError, r"weight_gradient has shape \(3, 2\)"),
        ({"features_gradient": np.zeros((4, 2), np.float32)}, TypeError, "features_gradient is float64"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(compiled, changes, error, message):
    with pytest.raises(error, match="linear_cross_entropy_rows: " + message):
        compiled.linear_cross_entropy_rows(**_arguments(**changes))


def test_outputs_that_overlap_anything_are_refused(compiled):
    shared = np.zeros((4, 2))
    with pytest.raises(ValueError, match="features_gradient shares no memory with features"):
        compiled.linear_cross_entropy_rows(**_arguments(features=shared, features_gradient=shared))
    flat = np.zeros(6)
    with pytest.raises(ValueError, match="bias_gradient shares no memory with weight_gradient"):
        compiled.linear_cross_entropy_rows(
            **_arguments(weight_gradient=flat.reshape(3, 2), bias_gradient=flat[:3])
        )


def test_an_index_outside_the_classes_is_an_undefined_row_and_no_bad_read(compiled):
    for _ in each_instruction_set(compiled):
        losses = np.empty(4)
        indices = np.array([0, 3, -1, 2**62])
        compiled.linear_cross_entropy_rows(**_arguments(indices=indices, losses=losses))
        np.testing.assert_array_equal(np.isnan(losses), [False, True, True, True])
