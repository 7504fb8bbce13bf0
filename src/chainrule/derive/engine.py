"""Derivations: which rules are applied to a quantity, and in which order a reader meets them."""

from collections.abc import Callable, Sequence

from chainrule.derive.context import Context, context_of
from chainrule.derive.derivation import Derivation, Section
from chainrule.derive.expressions import (
    LETTERS,
    LOSS,
    TRUE_CLASS,
    Derivative,
    Entry,
    Expression,
    Index,
    Sum,
    all_letters,
    fresh_letter,
    map_indices,
    nodes,
    parts,
    rename,
    with_parts,
)
from chainrule.derive.name_check import check_names, unset_options
from chainrule.derive.proof import Proof, prove
from chainrule.derive.rewriting import Relation
from chainrule.derive.rules import (
    ACTIVATIONS_BACKWARDS,
    BACKWARDS,
    CANCEL,
    COLLECT,
    CONTRACTION,
    GIVEN,
    INDEX,
    JACOBIAN,
    JACOBIAN_BY_CASES,
    KRONECKER,
    LAYER_CHAIN,
    LAYERS,
    LEAVES_SUM,
    LOSSES,
    ONE_HOT,
    OUTPUT_FUNCTIONS,
    PROBABILITIES,
    RESULT_ABOVE,
    SECOND,
    SPLIT,
    SUMS,
    TARGETS,
    TRUE_WEIGHT,
    TWO_CLASSES,
    WITHIN,
)
from chainrule.derive.working import Working
from chainrule.errors import ArgumentError


def derive(
    quantity: str | Expression,
    *,
    output: str = "softmax",
    loss: str | None = None,
    targets: str | Sequence[float] = "one-hot",
    classes: int | None = None,
    probabilities: Sequence[float] | None = None,
    logits: Sequence[float] | None = None,
    reduction: str | None = None,
    temperature: float | str | None = None,
    label_smoothing: float | str | None = None,
    log_base: float | str | None = None,
    class_weight: bool | Sequence[float] | None = None,
    hidden: Sequence[str] = (),
) -> Derivation:
    """Derive a gradient of a network, step by step, each step a named rule.

    Parameters
    ----------
    quantity : str
        What is asked for: ``"dE/dZ_k"``, ``"dE/dW2_kj"``, ``"d2E/dZ_k dZ_j"``, ``"dO_i/dZ_k"``, ``"E"``, or an
        expression with derivatives such as ``"sum_i V_i*dO_i/dZ_k"``.
    output, loss, targets, classes, probabilities, logits, reduction, temperature, label_smoothing, log_base, \
class_weight, hidden
        What the letters mean: see ``chainrule.derive.context_of``.

    Returns
    -------
    Derivation
        The steps, the result, and their proof.

    Raises
    ------
    ArgumentError
        If the quantity cannot be read, does not exist in this network, or an option is outside its domain.

    Examples
    --------
    >>> print(derive("dE/dZ_k").result)
    O_k - Y_k
    """
    call = "derive"
    context = context_of(
        output=output, loss=loss, targets=targets, classes=classes, probabilities=probabilities, logits=logits,
        reduction=reduction, temperature=temperature, label_smoothing=label_smoothing, log_base=log_base,
        class_weight=class_weight, hidden=hidden, call=call,
    )  # fmt: skip
    if isinstance(quantity, str):
        from chainrule.derive.grammar import read_quantity

        quantity = read_quantity(quantity, call)
    quantity = check_names(quantity, context, call)
    if unset := unset_options(quantity, context):
        rule = "a quantity speaks of what the options set"
        raise ArgumentError(call, rule, f"no {', '.join(unset)}", "Set it, or leave it out of the quantity.")
    _check_scope(quantity, context, call)
    derivation = Engine(context).derivation(quantity)
    proof = prove(derivation, points=1)
    if derivation.steps and not proof and not derivation.stuck:
        _refuse_unproven(derivation, proof, call)
    return derivation


def _refuse_unproven(derivation: Derivation, proof: Proof, call: str) -> None:
    """Say that a quantity has no value anywhere; a step that fails is a mistake of ours, and is never shown."""
    if all(each.failure is None for each in proof.steps):
        step = next(each.step for each in proof.steps if not each)
        rule = "a quantity has a value somewhere"
        raise ArgumentError(
            call, rule, f"{step.after}, undefined at every point tried", "Ask for another quantity."
        )
    raise AssertionError(f"derive({derivation.quantity}): {proof}")


BY = "OZWbUAX"
"""Letters by which derivatives are taken."""


def _check_scope(quantity: Expression, context: Context, call: str) -> None:
    """Refuse quantities that no derivation is made for."""
    if context.loss == "none" and LOSS in nodes(quantity):
        remedy = "Name a loss, or ask for dO_i/dZ_k."
        raise ArgumentError(call, "E is there where there is a loss", "loss none", remedy)
    for node in nodes(quantity):
        if not isinstance(node, Derivative):
            continue
        if not all(entry.name in BY for entry in node.by):
            rule = f"a derivative is taken by one of {', '.join(BY)}"
            raise ArgumentError(
                call, rule, str(node), "Ask for dE/dZ_k, dE/dO_k, dE/dW_kj, dE/db_k or dE/dX_j."
            )
        if len(node.by) > 2 or (len(node.by) == 2 and any(entry.name != "Z" for entry in node.by)):
            rule = "a second derivative is taken by two logits, and none is taken a third time"
            raise ArgumentError(call, rule, str(node), "Ask for d2E/dZ_k dZ_j.")


class Engine:
    """Derives quantities in one context; what was derived is used again."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.sections: list[Section] = []
        self.results: list[tuple[Expression, Expression]] = []
        self.lemmas: set[str] = set()

    def derivation(self, quantity: Expression) -> Derivation:
        """Return the derivation of a quantity."""
        general, put = _generalised(quantity)
        result = self._result(general)
        if put:
            result = self._specialised(quantity, general, result, put)
        else:
            result = self._with_given_targets(quantity, result)
        return Derivation(
            quantity, self.context, tuple(section for section in self.sections if section.steps), result
        )

    def _result(self, quantity: Expression) -> Expression:
        if isinstance(quantity, Derivative) and quantity.of == LOSS and len(quantity.by) == 1:
            return self._loss_by_entry(quantity)
        return self._expression(quantity)

    def _loss_by_entry(self, quantity: Derivative) -> Expression:
        (by,) = quantity.by
        result = self._loss_by(by)
        if by.name in ("Z", "O", "Y"):
            return result
        return self._put_together(quantity)

    def _loss_by(self, by: Entry) -> Expression:
        """Derive dE/dby, those of later layers before it; the result speaks of the derivative that comes next."""
        quantity = Derivative(LOSS, (by,))
        known = self._known(quantity)
        if known is not None:
            return known
        work = Working(quantity, self.context)
        if by.name in ("Z", "O", "Y"):
            self._from_definition(work)
        else:
            self._from_next_layer(work)
        self.results.append((quantity, work.current))
        return work.current

    def _known(self, quantity: Derivative) -> Expression | None:
        """Return a result for a quantity that differs from a derived one in its letters alone."""
        for known, result in self.results:
            letters = _matched(known, quantity)
            if letters is not None:
                return _renamed(result, letters)
        return None

    def _from_definition(self, work: Working) -> None:
        """Derive the loss by an output or a logit."""
        work.apply(*LOSSES)
        work.exhaust(*WITHIN)
        title = f"The loss: {work.quantity}"
        if self.context.loss == "squared-error":
            work.exhaust(LEAVES_SUM)
            work.apply(CANCEL)
        if work.left("O"):
            self.sections.append(work.section(title))
            self._jacobian(work)
            title = f"Back to {work.quantity}"
        self._finish(work)
        self.sections.append(work.section(title))

    def _finish(self, work: Working) -> None:
        work.finish()
        if self.context.class_weight:
            work.exhaust(ONE_HOT)
            work.apply(TRUE_WEIGHT)
            work.finish()

    def _jacobian(self, work: Working, *, by_cases: bool = True) -> None:
        """Put in the outputs' derivatives by the logits: by cases where a sum can be split, else in one formula."""
        if by_cases and work.apply(SPLIT):
            undone = work.steps.pop()
            work.current = undone.before
            self._softmax_lemmas()
            work.exhaust(SPLIT)
            work.exhaust(*JACOBIAN_BY_CASES)
        if work.left("O"):
            self._lemma()
            work.exhaust(*JACOBIAN, *WITHIN)

    def _lemma(self) -> None:
        """Derive dO_i/dZ_k for the output function of the context."""
        if self.context.output == "softmax":
            self._softmax_lemmas()
            return
        if self.context.output != "identity":
            self._case("i", None, f"The derivative of {self.context.output}: dO_i/dZ_k")

    def _softmax_lemmas(self) -> None:
        self._case("k", None, "The derivative of softmax, its own logit: dO_k/dZ_k")
        self._case(
            "i", Relation("i", "k", equal=False), "The derivative of softmax, another logit: dO_i/dZ_k"
        )

    def _case(self, letter: str, case: Relation | None, title: str) -> None:
        if title in self.lemmas:
            return
        self.lemmas.add(title)
        quantity = Derivative(Entry("O", None, (letter,)), (Entry("Z", None, ("k",)),))
        work = Working(quantity, self.context, case)
        work.apply(*OUTPUT_FUNCTIONS)
        work.exhaust(*(rule for rule in WITHIN if rule not in LAYERS))
        work.exhaust(CONTRACTION)
        work.apply(COLLECT)
        work.apply(*BACKWARDS)
        work.finish()
        self.sections.append(work.section(title))

    def _from_next_layer(self, work: Working) -> None:
        """Derive the loss by a number of an earlier layer, through the next one."""
        scratch = Working(work.quantity, self.context)
        if not scratch.apply(LAYER_CHAIN):
            return
        for inner in scratch.left("E"):
            self._loss_by(_generic(inner.by[0]))
        work.apply(LAYER_CHAIN)
        work.exhaust(*WITHIN)
        work.exhaust(*ACTIVATIONS_BACKWARDS)
        work.exhaust(*SUMS)
        work.apply(CANCEL)
        self.sections.append(work.section(f"One layer back: {work.quantity}"))

    def _put_together(self, quantity: Derivative) -> Expression:
        """Put the results of all layers into one formula."""
        work = Working(quantity, self.context)
        while work.left("E"):
            inner = work.left("E")[0]
            known = self._known(inner)
            if known in (None, inner):
                break
            taken = all_letters(work.current) | all_letters(quantity)
            work.put(RESULT_ABOVE, inner, _with_fresh_sums(known, taken), f"{inner} was derived above.")
        work.apply(CANCEL)
        self.sections.append(work.section(f"All layers together: {quantity}"))
        return work.current

    def _expression(self, quantity: Expression) -> Expression:
        """Derive an expression that holds derivatives, or a letter itself."""
        plain = not any(isinstance(node, Derivative) for node in nodes(quantity))
        work = Working(quantity, self.context, opened=plain)
        title = f"The quantity: {quantity}"
        if plain:
            work.apply(TARGETS, PROBABILITIES, *LOSSES, *OUTPUT_FUNCTIONS, *WITHIN)
            work.exhaust(ONE_HOT)
            self.sections.append(work.section(f"The definition: {quantity}"))
            return work.current
        second = work.apply(SECOND)
        work.exhaust(SECOND)
        self._put_losses(work)
        work.exhaust(*WITHIN)
        self._put_losses(work)  # those that the rules have laid bare
        if work.left("O"):
            if work.steps:
                self.sections.append(work.section(f"The quantity: {quantity}"))
            self._jacobian(work, by_cases=not second)
            title = f"Back to {quantity}" if self.sections else f"The quantity: {quantity}"
        self._finish(work)
        self.sections.append(work.section(title))
        return work.current

    def _put_losses(self, work: Working) -> None:
        """Put the results for derivatives of the loss in their place."""
        for inner in dict.fromkeys(work.left("E")):
            if self._known(inner) is None:
                self._loss_by(_generic(inner.by[0]))
                if inner.by[0].name not in ("Z", "O"):
                    general = Derivative(LOSS, (_generic(inner.by[0]),))
                    self.results.insert(0, (general, self._put_together(general)))
            work.put(RESULT_ABOVE, inner, self._inserted(inner, work), f"{inner} was derived above.")

    def _inserted(self, inner: Derivative, work: Working) -> Expression:
        known = self._known(inner)
        assert known is not None
        return _with_fresh_sums(known, all_letters(work.current))

    def _specialised(
        self, quantity: Expression, general: Expression, result: Expression, put: dict[str, Index]
    ) -> Expression:
        """Put positions, or the true class, in place of letters."""
        work = Working(quantity, self.context)
        self.results.append((general, result))
        special = result
        for letter, index in put.items():
            special = rename(special, letter, index)
        where = ", ".join(f"{letter} = {index}" for letter, index in put.items())
        work.put(INDEX, quantity, special, f"The result holds for {where}.")
        work.exhaust(GIVEN, ONE_HOT, KRONECKER, CONTRACTION)
        work.finish()
        names = {str(node) for node in nodes(work.current) if isinstance(node, Entry) and node.name == "O"}
        if "O_2" in names <= {"O_1", "O_2"}:
            work.exhaust(TWO_CLASSES)
            work.finish()
        self.sections.append(work.section(f"For {where}"))
        return work.current

    def _with_given_targets(self, quantity: Expression, result: Expression) -> Expression:
        work = Working(quantity, self.context, start=result)
        work.exhaust(GIVEN)
        if work.steps:
            work.finish()
            work.apply(COLLECT)
            self.sections.append(work.section("With the targets' numbers"))
        return work.current


def _generalised(quantity: Expression) -> tuple[Expression, dict[str, Index]]:
    """Return the quantity with letters in place of positions and of the true class, and what stood there."""
    put: dict[str, Index] = {}
    taken = all_letters(quantity)
    entries = [entry for node in nodes(quantity) if isinstance(node, Derivative) for entry in node.by]
    general = quantity
    for index in dict.fromkeys(index for entry in entries for index in entry.indices):
        if isinstance(index, int) or index == TRUE_CLASS:
            letter = fresh_letter(taken, "kjilmn")
            taken |= {letter}
            put[letter] = index
            general = map_indices(general, _put_in(index, letter))
    return general, put


def _put_in(old: Index, new: Index) -> Callable[[Index], Index]:
    return lambda index: new if index == old else index


GENERIC = {1: ("k",), 2: ("k", "j")}


def _generic(entry: Entry) -> Entry:
    """Return an entry with the letters that sections use: k for what comes next, j for one layer before."""
    own = 2 if entry.name == "W" else 1
    example = ("n",) if len(entry.indices) > own else ()
    return Entry(entry.name, entry.layer, (*example, *GENERIC[own]))


def _matched(known: Expression, asked: Derivative) -> dict[str, Index] | None:
    """Return what each letter of a known quantity is in the one asked for, or None if they differ otherwise."""
    if not isinstance(known, Derivative) or known.of != asked.of or len(known.by) != len(asked.by):
        return None
    letters: dict[str, Index] = {}
    for one, other in zip(known.by, asked.by, strict=True):
        if (one.name, one.layer, len(one.indices)) != (other.name, other.layer, len(other.indices)):
            return None
        for index, wanted in zip(one.indices, other.indices, strict=True):
            if not isinstance(index, str) or letters.setdefault(index, wanted) != wanted:
                return None
    return letters


def _renamed(expression: Expression, letters: dict[str, Index]) -> Expression:
    """Rename several letters at once."""
    taken = all_letters(expression) | {str(index) for index in letters.values()} | set(letters)
    between = {}
    for letter in letters:
        between[letter] = fresh_letter(taken, LETTERS)
        taken |= {between[letter]}
        expression = rename(expression, letter, between[letter])
    for letter, index in letters.items():
        expression = rename(expression, between[letter], index)
    return expression


def _with_fresh_sums(expression: Expression, taken: frozenset[str]) -> Expression:
    """Return an expression whose sums use letters that are not taken."""
    if isinstance(expression, Sum) and expression.index in taken:
        other = fresh_letter(taken | all_letters(expression))
        expression = Sum(other, rename(expression.body, expression.index, other), expression.excluding)
    if isinstance(expression, Sum):
        taken |= {expression.index}
    inner = parts(expression)
    return (
        with_parts(expression, tuple(_with_fresh_sums(part, taken) for part in inner))
        if inner
        else expression
    )
