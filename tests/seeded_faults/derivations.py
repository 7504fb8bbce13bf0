"""Seeded faults of derivations: wrong rules, wrong definitions, and proofs that look away."""

from seeded_faults.fault import Fault

_CALCULUS = "chainrule.derive.differentiation"
_SUMS = "chainrule.derive.sums"
_NETWORKS = "chainrule.derive.network_rules"
_ALGEBRA = "chainrule.derive.algebra"
_DEFINITIONS = "chainrule.derive.definitions"
_EVALUATION = "chainrule.derive.evaluation"
_PROOF = "chainrule.derive.proof"
_ENGINE = "chainrule.derive.engine"
_RULE_TESTS = "tests/derive/test_rules.py"
_ENGINE_TESTS = "tests/derive/test_engine.py::test_the_result_is_the_one_of_the_text_books"
_EVALUATION_TESTS = "tests/derive/test_evaluation.py"
_ALGEBRA_TESTS = "tests/derive/test_algebra.py"

FAULTS = {
    "the product rule forgets a factor": Fault(
        _CALCULUS,
        "add(multiply(_d(first, pair[1]), rest), multiply(first, _d(rest, pair[1])))",
        "add(multiply(_d(first, pair[1]), rest), _d(rest, pair[1]))",
        _RULE_TESTS,
    ),
    "the quotient rule has its terms the other way round": Fault(
        _CALCULUS,
        "subtract(multiply(_d(u, by), v), multiply(u, _d(v, by)))",
        "subtract(multiply(u, _d(v, by)), multiply(_d(u, by), v))",
        _RULE_TESTS,
    ),
    "the chain rule forgets the inner derivative": Fault(
        _CALCULUS,
        "Rewriting(multiply(_d(of, u), _d(u, by)), reason)",
        "Rewriting(_d(of, u), reason)",
        _RULE_TESTS,
    ),
    "different variables depend on each other": Fault(
        _CALCULUS, "            factors.append(Delta(first, second))\n", "            pass\n", _RULE_TESTS
    ),
    "the other targets sum to 1": Fault(
        _SUMS, "subtract(ONE, missing[0]) if missing else ONE", "ONE", _RULE_TESTS
    ),
    "targets of any sum are taken to sum to 1": Fault(
        _SUMS, "        return scene.context.targets_sum_to_one\n", "        return True\n", _ENGINE_TESTS
    ),
    "a contracted sum keeps its own index": Fault(
        _SUMS, "taken.append(rename(other, expression.index, partner))", "taken.append(other)", _RULE_TESTS
    ),
    "the softmax derivative of another logit has no minus sign": Fault(
        _NETWORKS,
        "after = negate(divide(negate(after), temperature(scene.context)))",
        "after = divide(negate(after), temperature(scene.context))",
        _RULE_TESTS,
    ),
    "like terms are not added": Fault(
        _ALGEBRA,
        "totals[key] = totals.get(key, Fraction(0)) + coefficient",
        "totals[key] = coefficient",
        _ALGEBRA_TESTS,
    ),
    "cancelling forgets a sign": Fault(
        _ALGEBRA,
        "    return Fraction(-1), {_sorted_sum(",
        "    return Fraction(1), {_sorted_sum(",
        _ALGEBRA_TESTS,
    ),
    "the squared error has no half": Fault(
        _DEFINITIONS, "multiply(number(Fraction(1, 2)), Sum(", "multiply(number(1), Sum(", _ENGINE_TESTS
    ),
    "a difference is divided by half of its width": Fault(
        _EVALUATION,
        "return *self.beside[name], 2 * step",
        "return *self.beside[name], step",
        _EVALUATION_TESTS,
    ),
    "a proof takes every line for true": Fault(
        _PROOF,
        "    return bool(abs(first - second) <= scale * ARITHMETIC.mpf(10) ** -digits)\n",
        "    return True\n",
        _RULE_TESTS,
    ),
    "a derivation is returned unproven": Fault(
        _ENGINE,
        "if derivation.steps and not proof and not derivation.stuck:",
        "if derivation.steps and not proof and derivation.stuck:",
        _RULE_TESTS,
    ),
}
