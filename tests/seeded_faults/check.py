"""Seeded faults of what judges implementations; those of claims are in claims.py."""

from seeded_faults.fault import Fault

CORPUS = "tests/check/test_implementations.py"
OTHERS = "tests/check/test_other_formulas.py"
FAULTS = {
    "a right formula is not looked for first": Fault(
        "chainrule.check.judgement",
        "    if found:\n        return True, found[0], None\n    finding = name_loss(",
        "    if len(found) > 9:\n        return True, found[0], None\n    finding = name_loss(",
        CORPUS,
    ),
    "one agreeing probe is enough for a name": Fault(
        "chainrule.check.mistakes.hypothesis",
        "        if expected is None or not precision.allows(observed, expected, probe):\n            return False\n",
        "        if expected is None or not precision.allows(observed, expected, probe):\n            continue\n",
        CORPUS,
    ),
    "a mean and a sum pass for each other": Fault(
        "chainrule.check.judgement",
        'table = {"sum": MEAN_FOR_SUM, "mean": SUM_FOR_MEAN}',
        'table = {"sum": (), "mean": ()}',
        CORPUS,
    ),
    "large logits are not tried": Fault(
        "chainrule.check.edges",
        "    for look in (_large, _far_below,",
        "    for look in (_far_below,",
        CORPUS,
    ),
    "what is written to the arguments goes unseen": Fault(
        "chainrule.check.reply", "            changed.append(role)", "            pass", CORPUS
    ),
    "the slope of the own loss has half the step": Fault(
        "chainrule.check.quotient", "total / (12 * step)", "total / (6 * step)", CORPUS
    ),
    "one-hot rows are never tried": Fault(
        "chainrule.check.choosing", 'FORMS = ("index", "rows", "column")', 'FORMS = ("index",)', CORPUS
    ),
    "one example at a time is never tried": Fault(
        "chainrule.check.choosing", "    for single in (False, True):", "    for single in (False,):", CORPUS
    ),
    "float32 is held to float64": Fault(
        "chainrule.check.mistakes.hypothesis",
        'SINGLE = Precision("float32", 1e-6, 2e-5)',
        'SINGLE = Precision("float32", 1e-9, 1e-9)',
        CORPUS,
    ),
    "a special case is never found": Fault(
        "chainrule.check.conditions",
        "if inside and outside and all(inside) and not all(outside):",
        "if inside and outside and not all(inside) and not all(outside):",
        CORPUS,
    ),
    "a penalty's derivative lacks its 2": Fault(
        "chainrule.check.penalty",
        "return 2 * self.factor * self.share(probe)",
        "return self.factor * self.share(probe)",
        CORPUS,
    ),
    "all that a function prints is kept": Fault(
        "chainrule.check.calling", "str(text)[:room]", "str(text)", "tests/check/test_calling.py"
    ),
    "the caller's alarm is lost": Fault(
        "chainrule.check.calling",
        "        if left:\n",
        "        if left < 0:\n",
        "tests/check/test_calling.py",
    ),
    "what ends the interpreter is taken for the import": Fault(
        "chainrule.check.isolated_run",
        "began = any(CHECKING in line for line in lines)",
        "began = False",
        "tests/check/test_isolated_run.py",
    ),
    "a conditional verdict passes an assertion": Fault(
        "chainrule.testing", 'else ("right",)', 'else ("right", "conditional")', "tests/test_testing.py"
    ),
    "the target of a row of the ignored class stays": Fault(
        "chainrule.check.probes",
        "    targets[rows] = (targets[rows] + 1) % probe.classes\n",
        "",
        OTHERS,
    ),
    "the search for a temperature takes no step": Fault(
        "chainrule.check.mistakes.fitted", "        best -= step\n", "        best -= 0\n", OTHERS
    ),
    "targets need not be the same at every input": Fault(
        "chainrule.check.mistakes.fitted",
        "known = found.setdefault(probe.classes, entries)",
        "known = entries",
        OTHERS,
    ),
    "only linear heads have a bias to leave out": Fault(
        "chainrule.check.other_formulas", "logits=probe.logits - probe.bias", "logits=probe.logits", OTHERS
    ),
}
