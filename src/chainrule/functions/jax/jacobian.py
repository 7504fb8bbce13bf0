"""Products with the softmax's Jacobian (SM.2) and with the second derivative (CE.4) by the kernels, on a CPU.

On other devices, and for the derivatives of the products, the formulas serve.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from chainrule.functions.jax import rows
from chainrule.functions.jax.derivatives import derivative_along, differentiable
from chainrule.functions.jax.foreign import Path, call_kernel
from chainrule.functions.jax.formula_loss import (
    LossArrays,
    LossOptions,
    formula_hvp,
    weighted_rows,
    weights_and_divisor,
)

_Arguments = tuple[LossArrays, jax.Array]
_Product = tuple[jax.Array, jax.Array]  # logits and direction


def softmax_product(path: Path, logits: jax.Array, direction: jax.Array) -> jax.Array:
    """Return (diag(p) - p p^T) direction of each row."""
    product = logits, direction
    return _kernel_softmax_product(path, product) if path.compiled else _formula_softmax_product(product)


def hvp_of(options: LossOptions, arrays: LossArrays, direction: jax.Array) -> jax.Array:
    """Return the second derivative of the loss by the logits times a direction."""
    arguments = arrays, direction
    return _kernel_hvp(options, arguments) if options.path.compiled else _formula_hvp(options, arguments)


@differentiable(0)
def _kernel_softmax_product(path: Path, product: _Product) -> jax.Array:
    def compiled(product: _Product) -> jax.Array:
        return _call(path, 1.0, *product, None)

    return jax.lax.platform_dependent(product, cpu=compiled, default=_formula_softmax_product)


@_kernel_softmax_product.defjvp
def _kernel_softmax_product_jvp(path: Path, primals: tuple[_Product], tangents: tuple[Any]) -> Any:
    value = _kernel_softmax_product(path, primals[0])
    derivative = derivative_along(_formula_softmax_product, primals[0], tangents[0])
    return value, jnp.zeros_like(value) if derivative is None else derivative


def _formula_softmax_product(product: _Product) -> jax.Array:
    logits, direction = product
    p = rows.probabilities(logits, 1.0)
    return rows.jacobian_product(p, rows.from_top(p, direction))


@differentiable(0)
def _kernel_hvp(options: LossOptions, arguments: _Arguments) -> jax.Array:
    compiled, formula = partial(_compiled_hvp, options), partial(_formula_hvp, options)
    return jax.lax.platform_dependent(arguments, cpu=compiled, default=formula)


@_kernel_hvp.defjvp
def _kernel_hvp_jvp(options: LossOptions, primals: tuple[_Arguments], tangents: tuple[Any]) -> Any:
    value = _kernel_hvp(options, primals[0])
    derivative = derivative_along(partial(_formula_hvp, options), primals[0], tangents[0])
    return value, jnp.zeros_like(value) if derivative is None else derivative


def _formula_hvp(options: LossOptions, arguments: _Arguments) -> jax.Array:
    return formula_hvp(options, *arguments)


def _compiled_hvp(options: LossOptions, arguments: _Arguments) -> jax.Array:
    arrays, direction = arguments
    logits = arrays.logits
    weight, divisor = weights_and_divisor(options, arrays, len(logits), logits.dtype)
    factor = jnp.where(divisor == 0, 0, weight / jnp.where(divisor == 0, 1, divisor))
    mass = _masses(options, arrays)
    # Rows in use whose targets have no mass are 0, or NaN where they are NaN with any mass.
    massless = (factor != 0) & (mass == 0)
    of_rows = jnp.where(factor == 0, 0, factor * jnp.where(massless, 1, mass))
    product = _call(options.path, options.temperature, logits, direction, of_rows)
    if _have_mass_one(arrays):
        return product
    return jnp.where(massless[:, None] & ~jnp.isnan(product), 0, product)


def _have_mass_one(arrays: LossArrays) -> bool:
    return arrays.indices is not None and arrays.class_weight is None


def _masses(options: LossOptions, arrays: LossArrays) -> jax.Array:
    """Return sum_k q'_k of each row, NaN where a target is none."""
    if arrays.indices is None or not _have_mass_one(arrays):
        return weighted_rows(options, arrays).masses.sum(-1)
    is_class = (arrays.indices >= 0) & (arrays.indices < arrays.logits.shape[1])
    return jnp.where(is_class, jnp.ones((), arrays.logits.dtype), jnp.nan)


def _call(
    path: Path, temperature: float, logits: jax.Array, direction: jax.Array, weight: jax.Array | None
) -> jax.Array:
    result = jax.ShapeDtypeStruct(logits.shape, logits.dtype)
    arguments = [logits, direction] if weight is None else [logits, direction, weight]
    product: jax.Array = call_kernel(
        "chainrule_softmax_jacobian",
        result,
        arguments,
        temperature=np.float64(temperature),
        weighted=weight is not None,
        n_threads=np.int64(path.n_threads),
    )
    return product
