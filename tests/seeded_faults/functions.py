"""Seeded faults of the functions."""

from seeded_faults.fault import Fault

_FORMULAS = "chainrule.functions.formulas"
_CROSS_ENTROPY = "tests/functions/test_cross_entropy.py"
_LINEAR = "tests/functions/test_linear_cross_entropy.py"

FAULTS = {
    "the sum of the others as sum minus one": Fault(
        _FORMULAS,
        "_put(exponentials, top, 0)\n    others = exponentials.sum(axis=1, keepdims=True, dtype=np.float64)",
        "_put(exponentials, top, 1)\n    others = exponentials.sum(axis=1, keepdims=True, dtype=np.float64) - 1",
        "tests/functions/test_softmax.py",
    ),
    "the top class is not the target where they tie": Fault(
        _FORMULAS,
        "statistics.top == y, -_take",
        "statistics.top == -1, -_take",
        _CROSS_ENTROPY,
    ),
    "the others of a class by subtraction alone": Fault(
        _FORMULAS, "_put(others, largest, others_of_largest)\n", "\n", _CROSS_ENTROPY
    ),
    "smoothing over masked classes too": Fault(
        _FORMULAS, "(logits != -np.inf) | (masses > 0)", "logits == logits", _CROSS_ENTROPY
    ),
    "zero times infinity": Fault(
        _FORMULAS, "terms[(q == 0) & ~np.isnan(statistics.others)] = 0", "pass", _CROSS_ENTROPY
    ),
    "a meaningless row is not NaN": Fault(
        _FORMULAS, "others[meaningless] = np.nan", "pass", "tests/functions/test_softmax.py"
    ),
    "temperature forgotten in the gradient": Fault(
        _FORMULAS,
        "_scale(derivative, weight, gradient_scale / temperature, gradient[rows])\n    return binary_tree_sum(totals)"
        "\n\n\ndef softmax_jacobian_rows",
        "_scale(derivative, weight, gradient_scale, gradient[rows])\n    return binary_tree_sum(totals)"
        "\n\n\ndef softmax_jacobian_rows",
        _CROSS_ENTROPY,
    ),
    "the mean counts ignored rows": Fault(
        "chainrule.functions.weighted_targets",
        "total = sum_of_weights(checked, weight, classes, None, len(rows.values), unit)",
        "total = sum_of_weights(checked, samples, classes, None, len(rows.values), unit)",
        _CROSS_ENTROPY,
    ),
    "out is not written to": Fault(
        "chainrule.functions.cross_entropy",
        "True, out, n_threads,",
        "True, None, n_threads,",
        "tests/functions/test_gradient_output.py",
    ),
    "class weights of smoothed targets in the mean": Fault(
        "chainrule.functions.weighted_targets",
        "np.where(mass > 0, (y * classes).sum(axis=1) / np.where(mass > 0, mass, 1), unit)",
        "(y * classes).sum(axis=1)",
        _CROSS_ENTROPY,
    ),
    "the Jacobian's distances from the largest class alone": Fault(
        _FORMULAS, "for _ in range(2):", "for _ in range(1):", "tests/functions/test_softmax_vjp.py"
    ),
    "the second derivative forgets the mass of the target": Fault(
        "chainrule.functions.curvature_weights",
        "of_rows = masses if weights is None else weights * masses",
        "of_rows = weights",
        "tests/functions/test_hvp.py",
    ),
    "a row without mass is zero even if it is NaN": Fault(
        "chainrule.functions.hvp",
        "np.where(np.isnan(out[massless]), np.nan, 0)",
        "0",
        "tests/functions/test_hvp.py",
    ),
    "a row with an infinite logit loses its limit": Fault(
        _FORMULAS,
        "_put(distance, top, 0)  # inf - inf",
        "pass  # inf - inf",
        "tests/functions/test_fuzz.py",
    ),
    "rows left out reach the gradients of the linear head": Fault(
        "chainrule.functions.linear_formulas",
        "np.arange(n_rows) if row_weight is None else np.flatnonzero(row_weight)",
        "np.arange(n_rows)",
        _LINEAR,
    ),
    "the bias is left out of the logits": Fault(
        "chainrule.functions.linear_formulas",
        "return logits if bias is None else logits + bias",
        "return logits",
        _LINEAR,
    ),
    "smoothing reaches masked classes in the Gauss-Newton product": Fault(
        "chainrule.functions.linear_gauss_newton",
        "np.flatnonzero(bias == -np.inf) if bias is not None else np.zeros(0, np.int64)",
        "np.zeros(0, np.int64)",
        "tests/functions/test_linear_gauss_newton.py",
    ),
    "binary gradient by subtraction": Fault(
        "chainrule.functions.binary_cross_entropy",
        "(1 - y) * sigmoid(z) - y * sigmoid(-z)",
        "sigmoid(z) - y",
        "tests/functions/test_outputs.py",
    ),
    "squared error without its half": Fault(
        "chainrule.functions.squared_error",
        "0.5 * np.square",
        "1.0 * np.square",
        "tests/functions/test_outputs.py",
    ),
    "a row of zeros does not count in the scale of the class weights": Fault(
        "chainrule.functions.weighted_targets",
        "initial=0.0 if has_mass.any(axis=1).all() else 1.0",
        "initial=0.0",
        "tests/functions/test_size_of_weights.py",
    ),
    "sparse rows are those that were taken last": Fault(
        "chainrule.functions.sparse_features",
        "if self._taken is None or self._taken[0] is not rows:",
        "if self._taken is None:",
        "tests/functions/test_sparse_features.py",
    ),
    "sparse entries that come twice count once": Fault(
        "chainrule.functions.sparse_features",
        "        rows.sum_duplicates()  # sorts as well\n",
        "        rows.sort_indices()\n",
        "tests/functions/test_sparse_features.py",
    ),
}
