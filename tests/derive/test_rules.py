"""The table of rules: each turns its example into what it says, is true at random points, and is caught if wrong."""

from dataclasses import replace

import pytest

from chainrule.derive import RULES, Rule, context_of, derive, read_expression
from chainrule.derive.derivation import Derivation, Section, Step
from chainrule.derive.expressions import Expression, all_letters, negate
from chainrule.derive.rewriting import Rewriting, Scene, apply_first

BY_THE_ENGINE = ("result above", "index put in")


def applied(rule: Rule) -> tuple[Expression, Expression]:
    """Return a rule's example before and after it."""
    expression = read_expression(rule.example[0])
    scene = Scene(context_of(**rule.options), taken=all_letters(expression))
    found = apply_first((rule,), expression, scene)
    assert found is not None, rule.name
    return expression, found.whole


def one_step(rule: Rule, before: Expression, after: Expression) -> Derivation:
    """Return a derivation of one step."""
    context = context_of(**rule.options)
    step = Step(rule.name, before, before, after, before, after)
    return Derivation(before, context, (Section(rule.name, (step,)),), after)


MECHANICAL = [rule for rule in RULES if rule.name not in BY_THE_ENGINE]


@pytest.mark.parametrize("rule", MECHANICAL, ids=lambda rule: rule.name)
def test_a_rule_makes_of_its_example_what_it_says(rule: Rule) -> None:
    assert str(applied(rule)[1]) == str(read_expression(rule.example[1]))


@pytest.mark.parametrize("rule", MECHANICAL, ids=lambda rule: rule.name)
def test_a_rules_example_is_true_at_random_points(rule: Rule) -> None:
    proof = one_step(rule, *applied(rule)).verify(points=4)
    assert proof, proof


@pytest.mark.parametrize("rule", MECHANICAL, ids=lambda rule: rule.name)
def test_a_rule_made_wrong_is_caught(rule: Rule) -> None:
    before, after = applied(rule)
    assert not one_step(rule, before, read_expression(f"({after}) + 1/7")).verify()


def test_a_derivation_with_a_wrong_rule_in_the_table_is_never_returned(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from chainrule.derive import engine, working
    from chainrule.derive.rules import TARGETS

    def wrong(expression: Expression, scene: Scene) -> Rewriting | None:
        found = TARGETS.apply(expression, scene)
        return None if found is None else Rewriting(negate(found.after))

    faulty = tuple(replace(rule, apply=wrong) if rule is TARGETS else rule for rule in working.SUMS)
    monkeypatch.setattr(working, "SUMS", faulty)
    with pytest.raises(AssertionError, match="does not hold: the targets sum to 1"):
        engine.derive("dE/dZ_k")


def test_the_names_of_the_rules_are_those_that_the_steps_are_headed_with() -> None:
    names = {rule.name for rule in RULES}
    assert {step.rule for step in derive("dE/dW1_ji", hidden=["tanh"]).steps} <= names


def test_every_rule_states_itself_and_names_its_source() -> None:
    for rule in RULES:
        assert rule.statement
        assert rule.source
