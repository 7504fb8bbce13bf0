"""A derivation as JSON: every formula as text and as LaTeX, every step whole."""

import json
from typing import Any

from chainrule.derive.derivation import Derivation, Step
from chainrule.derive.expressions import Expression
from chainrule.derive.typeset.latex import latex
from chainrule.derive.typeset.numbers import Numbers
from chainrule.derive.typeset.shown import ShownNumbers, conditions_used, numbers_at, rules_used
from chainrule.derive.typeset.words import context_words


def derivation_json(derivation: Derivation, *, numbers: Numbers | None = None) -> str:
    """Return a derivation as one line of JSON."""
    return json.dumps(derivation_values(derivation, numbers=numbers), ensure_ascii=False, allow_nan=False)


def derivation_values(derivation: Derivation, *, numbers: Numbers | None = None) -> dict[str, Any]:
    """Return a derivation as plain values; a formula's LaTeX stands beside its text under the name with ``_latex``.

    ``steps`` has every rewriting, in the order in which they are read; ``section`` is the title each stands under.
    """
    titled = ((section.title, step) for section in derivation.sections for step in section.steps)
    return {
        **_formula("quantity", derivation.quantity),
        "context": context_words(derivation.context),
        **_formula("result", derivation.result),
        "numbers": [
            _numbers(found) for found in numbers_at(derivation.quantity, derivation.result, None, numbers)
        ],
        "stuck": derivation.stuck,
        "rules": list(rules_used(derivation)),
        "conditions": list(conditions_used(derivation)),
        "sections": [section.title for section in derivation.sections],
        "steps": [_step(title, step, numbers) for title, step in titled],
    }


def _step(title: str, step: Step, numbers: Numbers | None) -> dict[str, Any]:
    return {
        "section": title,
        "rule": step.rule,
        **_formula("quantity", step.quantity),
        **_formula("before", step.before),
        **_formula("after", step.after),
        **_formula("part_before", step.part_before),
        **_formula("part_after", step.part_after),
        "condition": step.condition,
        "case": None if step.case is None else str(step.case),
        "reason": step.reason,
        "numbers": [_numbers(found) for found in numbers_at(step.quantity, step.after, step.case, numbers)],
    }


def _formula(name: str, expression: Expression) -> dict[str, str]:
    return {name: str(expression), f"{name}_latex": latex(expression)}


def _numbers(found: ShownNumbers) -> dict[str, Any]:
    return {
        "positions": found.positions,
        **_formula("formula", found.formula),
        "value": None if found.value is None else str(found.value),
    }
