"""The values of a forward pass and the derivatives of a backward one, as an explanation lists them."""

from chainrule.explain.array_evaluation import ArrayEvaluation, Name
from chainrule.explain.derived_numbers import DerivedNumbers
from chainrule.explain.example import Example
from chainrule.explain.explanation import Vector

OUTPUTS = {"softmax": "probabilities", "sigmoid": "outputs, sigmoid", "identity": "outputs"}


def forward_vectors(values: ArrayEvaluation, example: Example) -> tuple[Vector, ...]:
    """Return all values of an example, from X to E, with words for each."""
    names: list[tuple[Name, str]] = [(("X", None), "the encoded input")]
    if ("S", None) in values.arrays:
        names.append((("S", None), "the input after the network's own scaling"))
    for layer, kind in enumerate(example.context.hidden, start=1):
        names.append((("U", layer), f"pre-activations of layer {layer}"))
        names.append((("A", layer), f"activations of layer {layer}, {kind}"))
    names += [(("Z", None), "logits"), (("O", None), OUTPUTS[example.network.head])]
    names += [(("Y", None), "targets"), (("E", None), "the loss")]
    return tuple(Vector(_text(name), values.arrays[name], words) for name, words in names)


def backward_vectors(derived: DerivedNumbers) -> tuple[Vector, ...]:
    """Return the derivatives that a derivation goes through, from the logits down."""
    return tuple(
        Vector(f"dE/d{_text(name)}", found.values, f"derivatives by {_text(name)}")
        for name, found in derived.vectors.items()
    )


def _text(name: Name) -> str:
    return f"{name[0]}{name[1] or ''}"
