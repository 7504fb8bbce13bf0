"""What each letter of a network is defined as, in terms of the letters before it.

(DF.1)  softmax                 O_k = exp(Z_k/T) / sum_j exp(Z_j/T)
(DF.2)  log-softmax             O_k = Z_k/T - ln(sum_j exp(Z_j/T))
(DF.3)  sigmoid                 O_k = 1 / (1 + exp(-Z_k))
(DF.4)  cross-entropy           E = -sum_i q_i ln(O_i),  q_i = w_i ((1 - eps) Y_i + eps/K)
(DF.5)  binary cross-entropy    E = -sum_i (Y_i ln(O_i) + (1 - Y_i) ln(1 - O_i))
(DF.6)  squared error           E = 1/2 sum_i (O_i - Y_i)^2
(DF.7)  affine layer            U_k = sum_j W_kj A_j + b_k, the logits Z_k in the last layer
(DF.8)  batch                   E = sum_n E_n, divided by N for the mean, or by sum_n sum_i w_i Y_ni with class weights

Sources: Bishop2006, sections 4.3.4 and 5.2; weighted means as PyTorch's cross_entropy defines them.
"""

from fractions import Fraction

from chainrule.derive.context import Context
from chainrule.derive.expressions import (
    ONE,
    Add,
    Call,
    Entry,
    Expression,
    Index,
    Number,
    Power,
    Sum,
    Symbol,
    add,
    divide,
    fresh_letter,
    multiply,
    negate,
    nodes,
    number,
    subtract,
)

FEATURES, EXAMPLES = 0, -1
"""The axis of the features; that of the examples. Units of layer l are axis l, the classes that of the last layer."""
ROW_VARIABLES = "XUAZOY"
"""Letters that have a value for every example of a batch."""

ASKED = {"E": 1000, "O": 999, "Z": 998}


def stage(entry: Entry, context: Context) -> int:
    """Return where an entry stands on the way from features to loss: later entries depend on earlier ones alone.

    Targets, class weights and upstream numbers depend on nothing.

    Examples
    --------
    >>> stage(Entry("O", None, ("k",)), Context()) > stage(Entry("Z", None, ("k",)), Context())
    True
    """
    del context
    if entry.name in ASKED:
        return ASKED[entry.name]
    layer = entry.layer or 0
    places = {"X": 0, "U": 4 * layer - 1, "A": 4 * layer, "W": 4 * layer - 2, "b": 4 * layer - 2}
    if entry.name in ("W", "b") and entry.layer is None:
        return ASKED["Z"] - 1
    return places.get(entry.name, -1)


def depends_on(expression: Expression, entry: Entry, context: Context) -> bool:
    """Return whether any number in an expression changes with an entry.

    Two entries of one kind depend on each other only if their indices can be the same.

    Examples
    --------
    >>> depends_on(Entry("Y", None, ("i",)), Entry("Z", None, ("k",)), Context())
    False
    """
    place = stage(entry, context)
    for node in nodes(expression):
        if not isinstance(node, Entry):
            continue
        if (node.name, node.layer) == (entry.name, entry.layer):
            if all(
                a == b or not (isinstance(a, int) and isinstance(b, int))
                for a, b in zip(node.indices, entry.indices, strict=False)
            ):
                return True
        elif stage(node, context) > place and not _elsewhere(node, entry, context):
            return True
    return False


def _elsewhere(node: Entry, entry: Entry, context: Context) -> bool:
    """Return whether a later entry stands beside the way from this one; from targets it leads to the loss alone."""
    del context
    return node.name in ("W", "b", "Y", "w", "V") or (entry.name in ("Y", "w", "V") and node.name != "E")


def axes(entry: Entry, context: Context) -> tuple[int, ...]:
    """Return the axis of each index of an entry.

    Examples
    --------
    >>> axes(Entry("W", None, ("k", "j")), Context()), axes(Entry("O", None, ("n", "k")), Context())
    ((1, 0), (-1, 1))
    """
    last = context.layers
    layer = last if entry.layer is None else entry.layer
    own: tuple[int, ...]
    match entry.name:
        case "E":
            own = ()
        case "X":
            own = (FEATURES,)
        case "W":
            own = (layer, layer - 1)
        case "b" | "U" | "A":
            own = (layer,)
        case _:
            own = (last,)
    return (EXAMPLES, *own) if len(entry.indices) > len(own) else own


def previous(layer: int, index: Index, row: tuple[Index, ...]) -> Entry:
    """Return what enters an affine layer: features or activations.

    Examples
    --------
    >>> print(previous(2, "j", ()))
    A1_j
    """
    return Entry("X", None, (*row, index)) if layer == 1 else Entry("A", layer - 1, (*row, index))


def temperature(context: Context) -> Expression:
    """Return the temperature as an expression.

    Examples
    --------
    >>> print(temperature(Context(temperature="T")))
    T
    """
    return _option(context.temperature, ONE)


def _option(value: Fraction | str | None, absent: Expression) -> Expression:
    return absent if value is None else Symbol(value) if isinstance(value, str) else Number(value)


def definition(entry: Entry, context: Context) -> Expression | None:
    """Return what an entry is defined as, or None for what is given: features, weights, biases, targets.

    Examples
    --------
    >>> print(definition(Entry("O", None, ("k",)), Context()))
    exp(Z_k)/(sum_j exp(Z_j))
    >>> print(definition(Entry("E"), Context()))
    -sum_i Y_i*ln(O_i)
    """
    match entry.name:
        case "E":
            return batch_loss(context)
        case "O":
            return output_of(entry.indices[:-1], entry.indices[-1], context)
        case "Z":
            return affine(context.layers, entry.indices[:-1], entry.indices[-1], context)
        case "U":
            return affine(entry.layer or 0, entry.indices[:-1], entry.indices[-1], context)
        case "A":
            layer = entry.layer or 0
            return activation(context.hidden[layer - 1], Entry("U", layer, entry.indices))
    return None


def output_of(row: tuple[Index, ...], k: Index, context: Context) -> Expression:
    """Return the definition of one output, (DF.1) to (DF.3).

    Examples
    --------
    >>> print(output_of((), "k", Context(output="sigmoid")))
    1/(1 + exp(-Z_k))
    """

    def logit(index: Index) -> Expression:
        return divide(Entry("Z", None, (*row, index)), temperature(context))

    j = fresh_letter(frozenset(str(index) for index in (*row, k)), "ji")
    total = Sum(j, Call("exp", (logit(j),)))
    match context.output:
        case "softmax":
            return divide(Call("exp", (logit(k),)), total)
        case "log-softmax":
            return subtract(logit(k), Call("ln", (total,)))
        case "sigmoid":
            return divide(ONE, add(ONE, Call("exp", (negate(logit(k)),))))
    return logit(k)


def activation(name: str, u: Expression) -> Expression:
    """Return the activation of a hidden layer at u.

    Examples
    --------
    >>> print(activation("tanh", Entry("U", 1, ("j",))))
    tanh(U1_j)
    """
    return u if name == "identity" else Call(name, (u,))


def affine(layer: int, row: tuple[Index, ...], k: Index, context: Context) -> Expression:
    """Return the definition (DF.7) of a pre-activation, or of a logit in the last layer.

    Examples
    --------
    >>> print(affine(1, (), "k", Context()))
    sum_j W_kj*X_j + b_k
    """
    named = layer if context.hidden else None
    j = fresh_letter(frozenset(str(index) for index in (*row, k)), "jim")
    weighted = multiply(Entry("W", named, (k, j)), previous(layer, j, row))
    return Add((Sum(j, weighted), Entry("b", named, (k,))))


def target_of(index: Index, row: tuple[Index, ...], context: Context) -> Expression:
    """Return q_i of (DF.4): a target, smoothed and weighted where the context says so.

    Examples
    --------
    >>> print(target_of("i", (), Context(label_smoothing="eps")))
    (1 - eps)*Y_i + eps/K
    """
    target: Expression = Entry("Y", None, (*row, index))
    if context.label_smoothing is not None:
        eps = _option(context.label_smoothing, ONE)
        target = add(multiply(subtract(ONE, eps), target), divide(eps, Symbol("K")))
    return multiply(Entry("w", None, (index,)), target) if context.class_weight else target


def logarithm(argument: Expression, context: Context) -> Expression:
    """Return the loss's logarithm: ln, or log where the context names a base.

    Examples
    --------
    >>> print(logarithm(Symbol("K"), Context()))
    ln(K)
    """
    return Call("ln" if context.log_base is None else "log", (argument,))


def row_loss(row: tuple[Index, ...], context: Context) -> Expression:
    """Return the loss of one example, (DF.4) to (DF.6).

    Examples
    --------
    >>> print(row_loss((), Context(loss="squared-error")))
    1/2*sum_i (O_i - Y_i)^2
    """
    i = fresh_letter(frozenset(str(index) for index in row), "ij")
    output, target = Entry("O", None, (*row, i)), Entry("Y", None, (*row, i))
    match context.loss:
        case "cross-entropy":
            return negate(Sum(i, multiply(target_of(i, row, context), logarithm(output, context))))
        case "binary-cross-entropy":
            hit = multiply(target, logarithm(output, context))
            miss = multiply(subtract(ONE, target), logarithm(subtract(ONE, output), context))
            return negate(Sum(i, add(hit, miss)))
        case "squared-error":
            return multiply(number(Fraction(1, 2)), Sum(i, Power(subtract(output, target), number(2))))
    raise AssertionError("no loss in this context")


def batch_divisor(context: Context) -> Expression:
    """Return what the losses of a batch are divided by, (DF.8).

    Examples
    --------
    >>> print(batch_divisor(Context(reduction="mean")))
    N
    """
    if context.reduction != "mean":
        return ONE
    if not context.class_weight:
        return Symbol("N")
    weighted = multiply(Entry("w", None, ("i",)), Entry("Y", None, ("m", "i")))
    return Sum("m", Sum("i", weighted))


def batch_loss(context: Context) -> Expression | None:
    """Return the definition of E, or None where the context has no loss.

    Examples
    --------
    >>> print(batch_loss(Context(reduction="mean")))
    1/N*sum_n (-sum_i Y_ni*ln(O_ni))
    """
    if context.loss == "none":
        return None
    if context.reduction == "none":
        return row_loss((), context)
    return multiply(divide(ONE, batch_divisor(context)), Sum("n", row_loss(("n",), context)))
