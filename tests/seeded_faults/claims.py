"""Seeded faults of what judges claims."""

from seeded_faults.fault import Fault

CLAIMS = "tests/check/test_claims.py"
BOUNDS = "tests/check/test_claim_bounds.py"
CONDITIONS = "tests/check/test_claim_conditions.py"
DUAL_NUMBERS = "tests/check/test_dual_numbers.py"
FAULTS = {
    "fifty digits are not asked": Fault(
        "chainrule.check.equality",
        "    if _one_is_wrong_to_50_digits(equation, right, costs):\n",
        "    if False:\n",
        CLAIMS,
    ),
    "a decimal is exact": Fault(
        "chainrule.check.equality",
        "    return units[0] if len(units) == 1 else None\n",
        "    return None\n",
        CLAIMS,
    ),
    "the first condition that suffices is taken": Fault(
        "chainrule.check.claim_conditions",
        "[each for each in enough if not any(met[each] < met[other] for other in enough)]",
        "list(enough)",
        CONDITIONS,
    ),
    "the true class is always the first": Fault(
        "chainrule.check.cases",
        "range(1, classes + 1) if classes <= MOST_TRUE_CLASSES else sorted(told_apart)",
        "(1,)",
        CLAIMS,
    ),
    "c is the class of one row in a whole batch": Fault(
        "chainrule.check.doubles",
        "classes = self.state.point.classes_of if over_examples else ()",
        "classes = ()",
        CLAIMS,
    ),
    "a belief that makes both sides 0 explains a claim": Fault(
        "chainrule.check.claim_mistakes.search",
        "        and not _vanishes(attempt, equation, cases, sample)\n",
        "",
        CLAIMS,
    ),
    "an index on two axes is tried where they are equally long alone": Fault(
        "chainrule.check.cases",
        "for size in (classes - 1, classes, classes + 1)",
        "for size in (classes,)",
        CLAIMS,
    ),
    "an attempt that says nothing explains everything": Fault(
        "chainrule.check.claim_mistakes.search",
        "        if abs(first - second) > CLOSE * max(abs(first), abs(second)):\n            return False\n",
        "        if abs(first - second) >= 0:\n            return False\n",
        CLAIMS,
    ),
    "an attempt is tried at one case alone": Fault(
        "chainrule.check.claim_mistakes.search",
        "everywhere(changed, cases, order, attempt.world)",
        "everywhere(changed, cases, order[:1], attempt.world)",
        CLAIMS,
    ),
    "a hint gives the answer": Fault(
        "chainrule.check.judging",
        "    if asked.hint:\n        told",
        "    if asked.hint and not truth.text:\n        told",
        CLAIMS,
    ),
    "unset letters are drawn at random": Fault(
        "chainrule.check.judging",
        "        *unset_names(equation),\n",
        "",
        CLAIMS,
    ),
    "a budget is never spent": Fault(
        "chainrule.check.doubles",
        "        self.left -= visits\n",
        "        self.left -= 0\n",
        f"{BOUNDS}::test_a_budget_that_is_spent_ends_an_evaluation",
    ),
    "a quotient's rate has the wrong sign": Fault(
        "chainrule.check.dual_numbers",
        "plus(rate, times(-1.0, times(quotient, other_rate)))",
        "plus(rate, times(quotient, other_rate))",
        DUAL_NUMBERS,
    ),
    "what cancels is not 0": Fault(
        "chainrule.check.dual_numbers",
        "CANCELLED = 4e-14",
        "CANCELLED = 0.0",
        DUAL_NUMBERS,
    ),
    "the worst part does not count": Fault(
        "chainrule.check.claim_verdict",
        "    return max(verdicts, key=FROM_BEST.index)\n",
        "    return min(verdicts, key=FROM_BEST.index)\n",
        CLAIMS,
    ),
}
