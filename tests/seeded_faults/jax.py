"""Seeded faults of the functions for JAX."""

from seeded_faults.fault import Fault

_JAX = "chainrule.functions.jax"
_JAX_VALUES = "tests/functions/jax/test_values.py"
_JAX_DERIVATIVES = "tests/functions/jax/test_derivatives.py"

FAULTS = {
    "JAX: rows of weight zero reach a derivative": Fault(
        f"{_JAX}.formula_loss",
        "return ((weight == 0) & undefined)[:, None]",
        "return (weight < 0)[:, None]",
        f"{_JAX_VALUES}::test_a_row_of_weight_zero_or_ignored_contributes_nothing_even_if_it_is_nan",
    ),
    "JAX: the sum of the others of a row by subtraction": Fault(
        f"{_JAX}.rows",
        "others = blocked_sum(jnp.where(is_top, 0, exponentials))[..., None]",
        "others = blocked_sum(exponentials)[..., None] - 1",
        f"{_JAX_VALUES}::test_a_confident_row_costs_what_it_costs_in_every_mode",
    ),
    "JAX: the second derivative without its cross terms": Fault(
        f"{_JAX}.rows",
        "return p * centred(p, direction)",
        "return p * direction",
        f"{_JAX_DERIVATIVES}::test_the_second_derivative_keeps_its_digits_on_a_confident_row",
    ),
    "JAX: the rule of the weights at weight zero": Fault(
        f"{_JAX}.weights",
        "used = jnp.where((weight == 0) & ~jnp.isfinite(losses), 0, losses)",
        "used = jnp.where(weight == 0, 0, losses)",
        f"{_JAX_DERIVATIVES}::test_all_first_derivatives_are_those_of_the_plain_formula",
    ),
    "JAX: the batch of vmap on the wrong axis": Fault(
        f"{_JAX}.derivatives",
        "else jnp.moveaxis(leaf, axis, 0)",
        "else leaf",
        f"{_JAX_DERIVATIVES}::test_vmap_over_any_axes_gives_what_one_call_for_each_gives",
    ),
    "JAX: wrong targets pass under jit": Fault(
        f"{_JAX}.formula_loss",
        "return jnp.where(is_class[:, None], one_hot, jnp.nan)",
        "return one_hot",
        f"{_JAX_VALUES}::test_wrong_values_under_jit_make_their_row_nan",
    ),
    "JAX: the last block of rows counts its filling": Fault(
        f"{_JAX}.linear_blocks",
        "by_row = jax.lax.scan(body, sums, _blocks(head, arrays))",
        "by_row = jax.lax.scan(body, sums, jax.tree.map(lambda a: a[:-1], _blocks(head, arrays)))",
        "tests/functions/jax/test_linear.py",
    ),
}
