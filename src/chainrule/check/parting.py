"""Where a claim leaves the derivation: the first step of a rule that the mistake concerns."""

from chainrule.derive import Derivation, Step

RULES = {
    "sign": ("definition of the cross-entropy", "definition of", "sum rule"),
    "target-index": ("targets sum to 1", "leaves the sum", "definition of the cross-entropy", "Kronecker"),
    "index-slip": ("splitting", "derivative of softmax", "Kronecker", "contraction"),
    "diagonal-only": ("splitting", "derivative of softmax, i != k", "derivative of softmax"),
    "missing-cross-term": ("splitting", "derivative of softmax, i != k", "derivative of softmax"),
    "missing-outer-derivative": ("chain rule", "derivative of ln", "derivative of log"),
    "output-for-input": ("chain rule",),
    "input-for-output": ("derivative of ln", "derivative of log", "definition of"),
    "no-log": ("derivative of ln", "derivative of log"),
    "log-base": ("derivative of log", "derivative of ln"),
    "targets-do-not-sum-to-one": ("leaves the sum", "sum", "splitting"),
    "extra-activation-derivative": ("cancel", "Equal factors", "derivative of sigmoid", "collecting"),
    "missing-activation-derivative": ("chain rule", "derivative of"),
    "temperature": ("definition of softmax", "derivative of exp", "derivative of softmax"),
    "smoothing-mass": ("definition of the cross-entropy", "leaves the sum"),
    "smoothing-convention": ("definition of the cross-entropy",),
    "batch-mean": ("definition of", "constant factor"),
    "batch-sum": ("definition of", "constant factor"),
    "per-class-mean": ("definition of",),
    "squared-error-for-cross-entropy": ("definition of",),
    "bernoulli-for-categorical": ("definition of",),
    "softmax-twice": ("definition of softmax", "definition of"),
    "transposed": ("affine", "chain rule"),
    "wrong-variable": ("chain rule",),
    "single-output": ("sum over an index", "chain rule"),
    "scalar-bias": ("Kronecker", "affine"),
    "unsummed-bias": ("sum over an index", "chain rule"),
    "hessian-bound": ("derivative of softmax", "product rule"),
    "weights-inside-softmax": ("definition of the cross-entropy",),
    "factor": ("constant factor", "derivative of a power", "definition of"),
    "wrong-axis": ("definition of softmax",),
    "global-sum": ("definition of softmax",),
}
"""For a mistake: beginnings or pieces of the names of the rules where it is made, the most telling first."""


def line_of(name: str, derivation: Derivation | None) -> Step | None:
    """Return the step of a derivation at which somebody with this mistake goes another way, or None."""
    if derivation is None or not derivation.steps:
        return None
    for piece in RULES.get(name, ()):
        for step in derivation.steps:
            if piece in step.rule:
                return step
    return None


def line_text(step: Step, *, hint: bool) -> str:
    """Return a line for the reader; a hint names the rule and the quantity, and not what follows.

    Examples
    --------
    >>> from chainrule.derive import LOSS, ONE
    >>> line_text(Step("chain rule", LOSS, LOSS, ONE, LOSS, ONE), hint=True)
    'chain rule, in the derivation of E'
    """
    if hint:
        return f"{step.rule}, in the derivation of {step.quantity}"
    return f"{step.rule}: {step.part_before} = {step.part_after}"
