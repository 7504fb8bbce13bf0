"""The call that explains one quantity of one example."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np

from chainrule._types import Array
from chainrule.derive import LOSS, Context, Derivation, Derivative, Engine, Entry, Expression, Index
from chainrule.errors import ArgumentError
from chainrule.explain.array_evaluation import ArrayEvaluation
from chainrule.explain.backward_numbers import BackwardNumbers, backward_numbers, backward_of
from chainrule.explain.central_difference import Difference, central_difference, mixed_difference
from chainrule.explain.derived_numbers import DerivedNumbers
from chainrule.explain.example import CALL, Example, example_of
from chainrule.explain.explanation import Explanation, Names, Value
from chainrule.explain.forward_values import forward_values
from chainrule.explain.kinks import kinks_of
from chainrule.explain.quantities import lengths_of, quantity_of
from chainrule.explain.rounding import rounding_at, rounding_of
from chainrule.explain.scaled_inputs import scaled_derivation
from chainrule.explain.steps import numbers_of
from chainrule.explain.vectors import backward_vectors, forward_vectors
from chainrule.network import Network

MOST_DIFFERENCES = 128
"""Of a table with more entries the first so many have a central difference; the others are not computed."""
AT_A_KINK = "the loss has no derivative here: a difference would cross a kink"
NOT_FOR_LOSS = "E is no derivative"


def explain(
    network: Network,
    x: Any,
    y: Any,
    of: str,
    *,
    classes: Sequence[object] | None = None,
    features: Sequence[object] | None = None,
    call: str = CALL,
) -> Explanation:
    """Explain one quantity of one example: its derivation with numbers, the backward pass, and a central difference.

    E is the example's own loss of the printed outputs: the temperature counts; penalties, weights of classes and
    examples, label smoothing and dropout do not. Everything is computed in float64.

    Parameters
    ----------
    network : Network
        With any head, any activations, any number of layers.
    x : array_like, shape (D,)
        The encoded input X, before any scaling inside the network.
    y : int or array_like, shape (K,)
        The class index, counted from 0, or one target for each output.
    of : str
        The quantity: ``"dE/dZ_3"``, ``"dE/dW2[3,1]"``, ``"dE/dX[5]"``, ``"d2E/dZ_k dZ_j"``, ``"E"``. Subscripts count
        from 1 and brackets from 0; c is the true class. A letter, as in ``"dE/dZ_k"``, asks for all positions.
    classes, features : sequence, optional
        What the classes and the encoded features are called.
    call : str
        What error messages call the caller.

    Returns
    -------
    Explanation
        ``derivation``, ``backward`` and ``central_difference`` are the same number up to the stated rounding, or
        ``agrees`` is False.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        If the quantity does not exist in this network, or x or y do not fit it.

    Examples
    --------
    >>> net = Network((2, 3), dtype="float64")
    >>> found = explain(net, [1.0, 2.0], 0, "dE/dW[1,1]")
    >>> found.quantity, round(found.derivation, 4), round(found.backward, 4), found.agrees
    ('dE/dW_22', 0.6667, 0.6667, True)
    """
    example = example_of(network, x, y, call)
    quantity = quantity_of(of, example, call)
    names = Names(
        _names("classes", classes, network.n_outputs, call),
        _names("features", features, network.n_features, call),
    )
    derivation = derivation_of(quantity, example)
    values = forward_values(example)
    derived = DerivedNumbers(values, derivation)
    passed = backward_numbers(example)
    lengths = lengths_of(quantity, example)
    found = _shaped(values.evaluate(derivation.result, {}).along(tuple(lengths)), lengths)
    rounding = rounding_of(example, values, passed)
    allowed = np.broadcast_to(rounding_at(quantity, example, rounding, values), found.shape)
    backward = backward_of(quantity, example, passed)
    differences = _differences(quantity, example, rounding.loss)
    crossed = {unit for each in differences.ravel() if each is not None for unit in each.kinks}
    return Explanation(
        str(quantity),
        _plain(found),
        None if isinstance(backward, str) else _plain(np.asarray(backward)),
        **_difference_fields(differences),
        rounding=_plain(np.array(allowed)),
        not_computed=_not_computed(quantity, backward, differences),
        kinks=kinks_of(quantity, crossed, example, values),
        forward=forward_vectors(values, example),
        backward_vectors=backward_vectors(derived),
        symbolic=derivation,
        numbers=numbers_of(values, quantity, example.context.layers if example.context.hidden else None),
        names=names,
        facts=_facts(quantity, example, passed, values),
    )


def derivation_of(quantity: Expression, example: Example) -> Derivation:
    """Return the derivation of a quantity for an example's network, its input scaling a layer of its own.

    Examples
    --------
    >>> example = example_of(Network((2, 3)), [1.0, 2.0], 0)
    >>> print(derivation_of(quantity_of("dE/dZ_2", example, "explain"), example).result)
    O_2 - Y_2
    """
    found = _derived(quantity, example.context)
    scaling = example.network.input_scaling
    return found if scaling is None else scaled_derivation(found, bounded=scaling.limit is not None)


@lru_cache(maxsize=64)
def _derived(quantity: Expression, context: Context) -> Derivation:
    """Derive a quantity once for all examples of networks of one kind."""
    return Engine(context).derivation(quantity)


def _names(name: str, given: Sequence[object] | None, count: int, call: str) -> tuple[str, ...]:
    if given is None:
        return ()
    names = tuple(str(each) for each in given)
    if len(names) != count:
        raise ArgumentError(call, f"{name} has {count} names", f"{len(names)}", "Pass one for each.")
    return names


def _shaped(found: Array, lengths: dict[str, int]) -> Array:
    """Return a number for each position of the open letters; no zero of them has a sign."""
    return np.array(np.broadcast_to(found, tuple(lengths.values())), dtype=np.float64) + 0.0


def _plain(value: Array) -> Value:
    return float(value) if value.ndim == 0 else value


def _differences(quantity: Expression, example: Example, noise: float) -> Array:
    """Return a Difference for each entry of the quantity, None past the first MOST_DIFFERENCES and for E."""
    lengths = lengths_of(quantity, example)
    found = np.full(tuple(lengths.values()), None, dtype=object)
    if not isinstance(quantity, Derivative):
        return found
    for count, places in enumerate(product(*map(range, lengths.values()))):
        if count == MOST_DIFFERENCES:
            break
        at: dict[Index, int] = {letter: place + 1 for letter, place in zip(lengths, places, strict=True)}
        entries = [_placed(entry, at, example) for entry in quantity.by]
        found[places] = _difference(entries, example, noise)
    return found


def _placed(entry: Entry, at: dict[Index, int], example: Example) -> Entry:
    known = at if example.true_class is None else {**at, "c": example.true_class}
    return Entry(entry.name, entry.layer, tuple(known.get(index, index) for index in entry.indices))


def _difference(entries: list[Entry], example: Example, noise: float) -> Difference:
    if len(entries) == 1:
        return central_difference(entries[0], example, noise)
    first, second = (int(entry.indices[0]) for entry in entries)
    return mixed_difference(first, second, example, noise)


def _difference_fields(differences: Array) -> dict[str, Value]:
    names = {
        "central_difference": "value",
        "central_difference_step": "step",
        "central_difference_rounding": "rounding",
    }
    computed = [each for each in differences.ravel() if each is not None and each.value is not None]
    if not computed:
        return dict.fromkeys(names)
    return {name: _plain(_field(differences, field)) for name, field in names.items()}


def _field(differences: Array, field: str) -> Array:
    values = [
        np.nan if each is None or each.value is None else getattr(each, field) for each in differences.ravel()
    ]
    return np.array(values, dtype=np.float64).reshape(differences.shape)


def _not_computed(quantity: Expression, backward: Array | str, differences: Array) -> dict[str, str]:
    found = {"backward": backward} if isinstance(backward, str) else {}
    missing = [each for each in differences.ravel() if each is None or each.value is None]
    if quantity == LOSS:
        found["central_difference"] = NOT_FOR_LOSS
    elif any(each is not None for each in missing):
        sides = next(each.sides for each in missing if each is not None)
        found["central_difference"] = (
            f"{AT_A_KINK}; the slope is {sides[0]:.4g} on the left, {sides[1]:.4g} on the right"
        )
    elif missing:
        found["central_difference"] = f"past the first {MOST_DIFFERENCES} entries"
    return found


def _facts(
    quantity: Expression, example: Example, passed: BackwardNumbers, values: ArrayEvaluation
) -> dict[str, Any]:
    return {
        "quantity": quantity,
        "layer_sizes": tuple(example.network.layer_sizes),
        "activations": tuple(example.context.hidden),
        "head": example.network.head,
        "temperature": example.temperature,
        "true_class": example.true_class,
        "loss": float(values.arrays["E", None]),
        "network_loss": passed.loss,
        "letters": tuple(lengths_of(quantity, example)),
        "logits_gradient": passed.passed.logits[0],
    }
