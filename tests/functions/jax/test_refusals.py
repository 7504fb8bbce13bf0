"""What the functions refuse of JAX arrays: as of NumPy arrays, at the call or while a program is traced."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import ArgumentError, ArgumentTypeError, ChainruleError
from chainrule.functions import jax as functions_for_jax
from chainrule.functions.jax import foreign

LOGITS = np.zeros((2, 3), np.float32)

ANYWHERE = [
    (cr.cross_entropy, (LOGITS, np.zeros(3, int)), {}),
    (cr.cross_entropy, (LOGITS, np.zeros(2)), {}),
    (cr.cross_entropy, (LOGITS, LOGITS), {"ignore_index": 0}),
    (cr.cross_entropy, (LOGITS, np.zeros(2, int)), {"sample_weight": np.ones(3)}),
    (cr.cross_entropy, (LOGITS, np.zeros(2, int)), {"class_weight": np.ones(2)}),
    (cr.cross_entropy, (LOGITS, np.zeros(2, int)), {"temperature": 0.0}),
    (cr.cross_entropy, (LOGITS, np.zeros(2, int)), {"temperature": 1e-308}),
    (cr.cross_entropy, (LOGITS, np.zeros(2, int)), {"label_smoothing": 2}),
    (cr.cross_entropy, (LOGITS, np.zeros(2, int)), {"reduction": "average"}),
    (cr.cross_entropy, (LOGITS.astype(np.int32), np.zeros(2, int)), {}),
    (cr.cross_entropy, (LOGITS[:, :0], np.zeros(2, int)), {}),
    (cr.cross_entropy_hvp, (LOGITS, LOGITS[:1]), {}),
    (cr.cross_entropy_hvp, (LOGITS, LOGITS), {"ignore_index": 0}),
    (cr.softmax, (LOGITS,), {"axis": 2}),
    (cr.softmax, (LOGITS,), {"n_threads": 0}),
    (cr.softmax, (LOGITS[0, 0],), {}),
    (cr.softmax_vjp, (LOGITS, LOGITS[0]), {}),
    (cr.squared_error, (LOGITS, LOGITS[0]), {}),
    (cr.binary_cross_entropy, (LOGITS[None], LOGITS[None]), {}),
]
AT_THE_CALL = [
    (cr.cross_entropy, (LOGITS, np.array([0, 3])), {}),
    (cr.cross_entropy, (LOGITS, np.array([-1, 0])), {"ignore_index": 5}),
    (cr.cross_entropy, (LOGITS, LOGITS - 1), {}),
    (cr.cross_entropy, (LOGITS, np.zeros(2, int)), {"sample_weight": np.array([1.0, -1.0])}),
    (cr.cross_entropy, (LOGITS, np.zeros(2, int)), {"class_weight": np.array([1.0, 2.0, np.nan])}),
    (cr.binary_cross_entropy, (LOGITS, LOGITS + 2), {}),
    (cr.squared_error, (LOGITS, LOGITS + np.nan), {}),
]


def _refusal(function, args, options):
    with pytest.raises(ChainruleError) as caught:
        function(*args, **options)
    return type(caught.value), str(caught.value)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(("function", "args", "options"), ANYWHERE + AT_THE_CALL)
def test_what_is_refused_of_numpy_arrays_is_refused_in_the_same_words(function, args, options):
    assert _refusal(function, tuple(map(jnp.array, args)), options) == _refusal(function, args, options)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(("function", "args", "options"), ANYWHERE)
def test_shapes_dtypes_and_options_are_refused_while_a_program_is_traced(function, args, options):
    static = {name: value for name, value in options.items() if not isinstance(value, np.ndarray)}
    arrays = {name: jnp.array(value) for name, value in options.items() if name not in static}
    traced = jax.jit(lambda args, arrays: function(*args, **arrays, **static))
    assert _refusal(traced, (tuple(map(jnp.array, args)), arrays), {}) == _refusal(function, args, options)


def test_an_ignored_index_beyond_32_bits_is_known_without_64():
    y = np.array([0, 2**40])
    assert cr.cross_entropy(jnp.zeros((2, 2)), y, ignore_index=2**40) == cr.cross_entropy(
        jnp.zeros((1, 2)), jnp.array([0])
    )


def test_an_output_is_refused_for_arrays_that_cannot_be_written_to():
    with pytest.raises(ArgumentError, match=r"out is None for JAX arrays.*donate_argnums"):
        cr.cross_entropy_with_gradient(jnp.zeros((1, 2)), jnp.array([0]), out=np.zeros((1, 2)))


def test_arrays_of_a_linear_head_that_do_not_fit_are_refused():
    x, weight, y = jnp.ones((2, 3)), jnp.ones((4, 3)), jnp.array([0, 1])
    with pytest.raises(ArgumentError, match=r"weight has shape \(classes, 3\) .*; got shape \(4, 2\)"):
        functions_for_jax.linear_cross_entropy(x, weight[:, :2], y)
    with pytest.raises(ArgumentError, match=r"bias has shape \(4,\); got shape \(3,\)"):
        functions_for_jax.linear_cross_entropy(x, weight, y, bias=jnp.ones(3))
    with pytest.raises(ArgumentError, match=r"wrt holds names among .*got 'logits'"):
        functions_for_jax.linear_cross_entropy_with_gradient(x, weight, y, wrt=["logits"])
    with pytest.raises(ArgumentTypeError, match="features has dtype float16"):
        functions_for_jax.linear_cross_entropy(x.astype(int), weight, y)
    with pytest.raises(
        ArgumentError, match=r"direction has the shape of the weight, \(4, 3\); got shape \(3, 3\)"
    ):
        functions_for_jax.linear_cross_entropy_gauss_newton(x, weight, jnp.ones((3, 3)))


def test_the_path_in_use_is_named_with_the_reason(monkeypatch):
    known = {"compiled kernels", "jax.numpy formulas"}
    assert functions_for_jax.path() in known
    assert (functions_for_jax.formulas_reason() is None) == (functions_for_jax.path() == "compiled kernels")
    monkeypatch.setattr(foreign, "native", lambda: None)
    monkeypatch.setattr(foreign, "unavailable_reason", lambda: "they were not wanted")
    assert functions_for_jax.path() == "jax.numpy formulas"
    assert functions_for_jax.formulas_reason() == "they were not wanted"
