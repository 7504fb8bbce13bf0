"""Seeded faults of explanations."""

from seeded_faults.fault import Fault

_NUMBERS = "tests/explain/test_three_numbers.py"
_KINKS = "tests/explain/test_kinks.py"
_SHOWN = "tests/explain/test_explanations.py"
_LINES = "tests/explain/test_lines.py"
_WHY = "tests/app/test_why.py"

FAULTS = {
    "the backward pass is that of logits without their temperature": Fault(
        "chainrule.explain.backward_numbers",
        "network.backward(forward, gradient / temperature)",
        "network.backward(forward, gradient)",
        _NUMBERS,
    ),
    "the network's backward pass leaves an activation's derivative out": Fault(
        "chainrule.network.backpropagation",
        "by_activation[0] * activation.derivative(pre_activations[hidden], received)",
        "by_activation[0] * 1",
        _NUMBERS,
    ),
    "the derivative by an input forgets the scaling": Fault(
        "chainrule.explain.scaled_inputs",
        "return divide(scale, Power(_square(_shifted(indices)), number(Fraction(3, 2)))) if bounded else scale",
        "return scale",
        _NUMBERS,
    ),
    "the network's own scaling has another slope": Fault(
        "chainrule.network.input_scaling",
        "np.sqrt(1.0 + np.square(z / self.limit)) ** 3",
        "np.sqrt(1.0 + np.square(z / self.limit))",
        _NUMBERS,
    ),
    "the temperature of the forward pass is left out": Fault(
        "chainrule.explain.forward_values",
        'logits = values.arrays["Z", None] / example.temperature',
        'logits = values.arrays["Z", None]',
        _NUMBERS,
    ),
    "a sum leaves out nothing": Fault(
        "chainrule.explain.array_evaluation",
        "for other in expression.excluding)",
        "for other in ())",
        _LINES,
    ),
    "positions count from 0": Fault(
        "chainrule.explain.array_evaluation",
        "part = array[tuple(index - 1 if",
        "part = array[tuple(index - 2 if",
        _NUMBERS,
    ),
    "no disagreement is ever found": Fault(
        "chainrule.explain.agreement",
        "~np.isnan(self.allowed) & ~(self.apart <= self.allowed)",
        "np.isnan(self.allowed) & (self.apart > 1e300)",
        _NUMBERS,
    ),
    "the difference is taken one-sided": Fault(
        "chainrule.explain.central_difference",
        "(losses[:STEPS] - losses[STEPS:]) / (2 * steps)",
        "(losses[:STEPS] - here.losses[0]) / steps",
        _NUMBERS,
    ),
    "no rounding is stated": Fault("chainrule.explain.rounding", "SAFETY = 8.0", "SAFETY = 0.0", _NUMBERS),
    "kinks are crossed": Fault(
        "chainrule.explain.central_difference",
        "if not crossed or step <= size * SMALLEST_STEP:",
        "if True:",
        _KINKS,
    ),
    "a kink before the quantity is reported": Fault(
        "chainrule.explain.kinks", "and layer >= min(first)", "or layer", _KINKS
    ),
    "lines are written for the first units alone": Fault(
        "chainrule.explain.steps", "found[letter] = (at,)", "found[letter] = (1,)", _SHOWN
    ),
    "positions past the end are taken": Fault(
        "chainrule.explain.quantities",
        "if isinstance(index, int) and not 1 <= index <= count:",
        "if False:",
        _SHOWN,
    ),
    "a disagreement ends well": Fault("chainrule.app.why", "if not found.agrees:", "if False:", _WHY),
    "the row after the one that was asked for is explained": Fault(
        "chainrule.app.why", "rows.read(row, 1, None, CALL)", "rows.read(row + 1, 1, None, CALL)", _WHY
    ),
}
