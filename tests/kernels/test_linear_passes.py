"""The passes over the features of a linear head: the same bits for every number of threads, rows chosen and scaled on
the way, and refusals before a byte is read."""

import numpy as np
import pytest

from kernels.row_calls import each_instruction_set

SHAPES = [(1, 1, 1), (7, 3, 2), (2500, 16, 26), (1300, 65, 10), (205, 70, 300), (129, 33, 13), (600, 2, 60)]
DTYPES = [(stored, real) for stored in (np.float32, np.float64) for real in (np.float32, np.float64)]


def _arrays(shape, stored, real):
    n_rows, n_features, n_classes = shape
    random = np.random.default_rng(shape)
    x = random.normal(size=(n_rows, n_features)).astype(stored)
    weight = random.normal(size=(n_classes, n_features)).astype(real)
    bias = random.normal(size=n_classes).astype(real)
    p = random.dirichlet(np.ones(n_classes), size=n_rows).astype(real)
    row_weight = random.random(n_rows)
    positions = np.flatnonzero(random.random(n_rows) < 0.6)
    scaling = random.normal(size=n_features), random.uniform(0.5, 2.0, n_features), 3.0
    return x, weight, bias, p, row_weight, positions, scaling


def _results(compiled, arrays, n_threads):
    x, weight, bias, p, row_weight, positions, scaling = arrays
    results = []
    for centre, scale, limit in ((None, None, 0.0), (*scaling[:2], 0.0), scaling):
        logits = np.empty_like(p)
        compiled.linear_logits_rows(x, weight, bias, centre, scale, limit, logits, n_threads)
        results.append(logits)
        sums = np.empty(weight.shape), np.empty(len(bias))
        compiled.linear_cross_rows(x, p, centre, scale, limit, *sums, n_threads)
        results += sums
        for rows in (None, positions):
            sums = np.empty(weight.shape), np.empty(len(bias))
            compiled.linear_curvature_rows(
                x, rows, p, row_weight, weight, bias, centre, scale, limit, *sums, n_threads
            )
            results += sums
            if _is_small(x, bias):
                results.append(_hessian(compiled, (x, rows, p, row_weight, centre, scale, limit), n_threads))
    return results


def _is_small(x, bias):
    return len(bias) * (x.shape[1] + 1) <= 1000


def _hessian(compiled, given, n_threads):
    n_parameters = given[2].shape[1] * (given[0].shape[1] + 1)
    matrix = np.empty((n_parameters, n_parameters))
    compiled.linear_hessian_rows(*given, matrix, n_threads)
    return matrix


def _expected(arrays):
    x, weight, bias, p, row_weight, positions, (centre, scale, limit) = (
        [a.astype(np.float64) if getattr(a, "dtype", None) == np.float32 else a for a in arrays]
    )  # fmt: skip
    results = []
    scaled = (x - centre) * scale
    for inputs in (x, scaled, scaled / np.sqrt(1 + (scaled / limit) ** 2)):
        logits = inputs @ weight.T + bias
        results += [logits, p.T @ inputs, p.sum(axis=0)]
        curved = row_weight[:, None] * p * (logits - (p * logits).sum(axis=1, keepdims=True))
        for rows in (slice(None), positions):
            results += [curved[rows].T @ inputs[rows], curved[rows].sum(axis=0)]
            if _is_small(x, bias):
                results.append(_expected_hessian(inputs[rows], p[rows], row_weight[rows]))
    return results


def _expected_hessian(inputs, p, row_weight):
    """The sum over rows, class by class of the weights and then the biases."""
    n_classes, n_features = p.shape[1], inputs.shape[1]
    matrix = np.empty((n_classes, n_features + 1, n_classes, n_features + 1))
    x = np.column_stack([inputs, np.ones(len(inputs))])
    for k in range(n_classes):
        for other in range(n_classes):
            curvature = row_weight * p[:, k] * ((k == other) - p[:, other])
            matrix[k, :, other] = x.T @ (curvature[:, None] * x)
    order = [(k, j) for k in range(n_classes) for j in range(n_features)]
    k, j = np.transpose(order + [(k, n_features) for k in range(n_classes)])
    return matrix[k[:, None], j[:, None], k, j]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("stored", "real"), DTYPES)
def test_values_are_those_of_the_formulas_on_every_instruction_set(compiled, shape, stored, real):
    arrays = _arrays(shape, stored, real)
    expected = _expected(arrays)
    for name in each_instruction_set(compiled):
        for found, truth in zip(_results(compiled, arrays, 2), expected, strict=True):
            bound = 200 * np.finfo(real).eps * max(abs(truth).max(initial=0.0), shape[0] ** 0.5)
            np.testing.assert_allclose(found, truth, rtol=0, atol=bound, err_msg=name)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("stored", "real"), DTYPES)
def test_threads_and_instruction_sets_change_no_bit(many_threads, shape, stored, real):
    arrays, of_set = _arrays(shape, stored, real), {}
    for name in each_instruction_set(many_threads):
        of_set[name] = [result.tobytes() for result in _results(many_threads, arrays, 1)]
        for n_threads in (2, 3, 5):
            again = [result.tobytes() for result in _results(many_threads, arrays, n_threads)]
            assert again == of_set[name], (name, n_threads)
    if {"avx2", "avx512"} <= of_set.keys():
        assert of_set["avx2"] == of_set["avx512"]


def _refused(compiled, match, **changes):
    x = np.ones((3, 2))
    given = {
        "features": x, "positions": None, "probabilities": np.ones((3, 4)), "row_weight": None,
        "direction": np.ones((4, 2)), "bias_direction": np.ones(4), "centre": None, "scale": None, "limit": 0.0,
        "weight_product": np.ones((4, 2)), "bias_product": np.ones(4), "n_threads": 1,
    }  # fmt: skip
    with pytest.raises((TypeError, ValueError), match=match):
        compiled.linear_curvature_rows(**{**given, **changes})


def test_what_does_not_fit_is_refused_by_name(compiled):
    _refused(compiled, "positions are rows of features; got 3", positions=np.array([0, 3]))
    _refused(compiled, "positions are rows of features; got -1", positions=np.array([-1]))
    _refused(compiled, "centre and scale go together", centre=np.zeros(2))
    _refused(compiled, "scale", centre=np.zeros(2), scale=np.zeros(3))
    _refused(compiled, "probabilities", probabilities=np.ones((2, 4)))
    _refused(compiled, "probabilities", probabilities=np.ones((3, 4), np.float32))
    _refused(compiled, "row_weight", row_weight=np.ones(2))
    _refused(compiled, "weight_product", weight_product=np.ones((2, 4)))
    with pytest.raises(ValueError, match="linear_hessian_rows: out"):
        compiled.linear_hessian_rows(
            np.ones((3, 2)), None, np.ones((3, 4)), None, None, None, 0.0, np.ones((12, 8)), 1
        )
    shared = np.ones((4, 2))
    _refused(compiled, "weight_product", direction=shared, weight_product=shared)
