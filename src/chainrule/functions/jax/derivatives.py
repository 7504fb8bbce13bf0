"""Functions with derivatives of their own under every transformation of JAX.

``jax.custom_jvp`` does not serve: inside ``lax.scan`` and its relatives JAX forgets such a rule when it splits the
program for reverse mode, so that a second derivative goes through the function itself, which cancels, or is a kernel
and has none. A primitive keeps its rule. Tangents of arguments that stand still are None: 0 times an infinite
derivative would be NaN.
"""

from collections.abc import Callable
from functools import partial, update_wrapper
from typing import Any, Generic, ParamSpec, TypeAlias, TypeVar, cast

import jax
import jax.numpy as jnp
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
Tangent: TypeAlias = jax.Array | None
Pair: TypeAlias = tuple[jax.Array, jax.Array]
TangentPair: TypeAlias = tuple[Tangent, Tangent]


class Differentiable(Generic[Arguments, Result]):
    """A function of arrays (in any nested containers) and of static arguments, whose derivative is a rule.

    Parameters
    ----------
    function : callable
        Returns an array or a pair of arrays.
    static : tuple of int
        Positions of the arguments that are not arrays; they are hashable.
    """

    def __init__(self, function: Callable[Arguments, Result], static: tuple[int, ...] = ()) -> None:
        self._function, self._static = function, static
        self._primitive = primitive = Primitive(f"chainrule_{function.__name__.strip('_')}")
        primitive.multiple_results = True
        names = ("tree", "static", "n_batches")
        primitive.def_impl(jax.jit(self._outputs, static_argnames=names))
        primitive.def_abstract_eval(self._abstract_outputs)
        mlir.register_lowering(primitive, mlir.lower_fun(self._outputs, multiple_results=True))
        batching.primitive_batchers[primitive] = self._batched
        update_wrapper(self, function)

    def defjvp(self, rule: Callable[..., tuple[Any, Any]]) -> Callable[..., tuple[Any, Any]]:
        """Take rule(*static, primals, tangents) -> (values, tangents of the values) as the derivative."""
        ad.primitive_jvps[self._primitive] = partial(self._derivative, rule)
        return rule

    def __call__(self, *args: Arguments.args, **options: Arguments.kwargs) -> Result:
        """Return the value for positional arguments."""
        assert not options
        static = tuple(args[i] for i in self._static)
        leaves, tree = jax.tree.flatten([arg for i, arg in enumerate(args) if i not in self._static])
        outputs: Any = self._primitive.bind(*leaves, tree=tree, static=static, n_batches=0)
        return cast("Result", tuple(outputs) if len(outputs) > 1 else outputs[0])

    def _outputs(self, *leaves: jax.Array, tree: Any, static: tuple[Any, ...], n_batches: int) -> list[Any]:
        def unbatched(*leaves: jax.Array) -> list[Any]:
            args = list(jax.tree.unflatten(tree, leaves))
            for position, value in zip(self._static, static, strict=True):
                args.insert(position, value)
            return jax.tree.leaves(self._function(*args))  # type: ignore[call-arg]  # as in __call__

        return _batch_of(unbatched, n_batches)(*leaves)

    def _abstract_outputs(self, *leaves: Any, **parameters: Any) -> list[Any]:
        shapes = [jax.ShapeDtypeStruct(leaf.shape, leaf.dtype) for leaf in leaves]
        outputs = jax.eval_shape(partial(self._outputs, **parameters), *shapes)
        return [jax.core.ShapedArray(output.shape, output.dtype) for output in outputs]

    def _batched(self, leaves: Any, axes: Any, *, n_batches: int, **parameters: Any) -> Any:
        size = next(leaf.shape[axis] for leaf, axis in zip(leaves, axes, strict=True) if axis is not None)

        def first(leaf: jax.Array, axis: int | None) -> jax.Array:
            return (
                jnp.broadcast_to(leaf, (size, *leaf.shape)) if axis is None else jnp.moveaxis(leaf, axis, 0)
            )

        moved = map(first, leaves, axes)
        outputs = self._primitive.bind(*moved, n_batches=n_batches + 1, **parameters)
        return outputs, [0] * len(outputs)

    def _derivative(
        self,
        rule: Callable[..., tuple[Any, Any]],
        primals: Any,
        tangents: Any,
        *,
        tree: Any,
        static: tuple[Any, ...],
        n_batches: int,
    ) -> tuple[list[jax.Array], list[jax.Array]]:
        moving = [i for i, tangent in enumerate(tangents) if type(tangent) is not ad.Zero]

        def unbatched(primals: Any, directions: Any) -> tuple[list[jax.Array], list[jax.Array]]:
            known = dict(zip(moving, directions, strict=True))
            of_all = [known.get(i) for i in range(len(primals))]
            arguments = tuple(jax.tree.unflatten(tree, primals)), tuple(jax.tree.unflatten(tree, of_all))
            values, slopes = rule(*static, *arguments)
            return jax.tree.leaves(values), jax.tree.leaves(slopes)

        return _batch_of(unbatched, n_batches)(list(primals), [tangents[i] for i in moving])


def differentiable(
    *static: int,
) -> Callable[[Callable[Arguments, Result]], Differentiable[Arguments, Result]]:
    """Return a decorator that makes a function :class:`Differentiable`.

    Examples
    --------
    >>> @differentiable()
    ... def square(x):
    ...     return x * x
    >>> @square.defjvp
    ... def _(primals, tangents):
    ...     return square(primals[0]), 2 * primals[0] * tangents[0]
    >>> float(jax.grad(square)(3.0))
    6.0
    """
    return partial(Differentiable, static=static)


def sum_of_moving(
    like: jax.Array, tangents: TangentPair, *derivatives: Callable[[jax.Array], jax.Array]
) -> jax.Array:
    """Return the sum of derivative(tangent) over the tangents that move, in the shape of ``like``.

    Examples
    --------
    >>> float(sum_of_moving(jnp.ones(()), (None, jnp.ones(())), lambda t: t * jnp.inf, lambda t: 2 * t))
    2.0
    """
    terms = [
        derivative(tangent)
        for derivative, tangent in zip(derivatives, tangents, strict=True)
        if tangent is not None
    ]
    return sum(terms[1:], terms[0]) if terms else jnp.zeros_like(like)


def _batch_of(function: Callable[..., Any], n_batches: int) -> Callable[..., Any]:
    for _ in range(n_batches):
        function = jax.vmap(function)
    return function
