"""Seeded faults of typesetting, and of the command that shows derivations."""

from seeded_faults.fault import Fault

FAULTS = {
    "a sum takes the factors behind it": Fault(
        "chainrule.derive.typeset.arrangement",
        "(not last and _takes_more(factor))",
        "False",
        "tests/derive/test_typeset_formulas.py",
    ),
    "a second derivative has the order of a first": Fault(
        "chainrule.derive.typeset.arrangement",
        "order = None if len(by) == 1 else",
        "order = None if by else",
        "tests/derive/test_typeset_formulas.py",
    ),
    "what a sum leaves out is drawn as what it takes": Fault(
        "chainrule.derive.typeset.arrangement",
        '        under += [Operator("!="), _index(other)]',
        '        under += [Operator("="), _index(other)]',
        "tests/derive/test_typeset_formulas.py",
    ),
    "the minus sign of a product is lost": Fault(
        "chainrule.derive.typeset.arrangement",
        'return Row((Operator("-", prefix=True), _within_terms(rest)))',
        "return _within_terms(rest)",
        "tests/derive/test_typeset_formulas.py",
    ),
    "words of a derivation are taken for markup": Fault(
        "chainrule.derive.typeset.html",
        "autoescape=True",
        "autoescape=False",
        "tests/derive/test_typeset_derivations.py",
    ),
    "a formula with numbers leaves nothing out of a sum": Fault(
        "chainrule.derive.typeset.numbers",
        "if place not in excluded]",
        "]",
        "tests/derive/test_typeset_numbers.py",
    ),
    "a case chooses the positions of the other case": Fault(
        "chainrule.derive.typeset.numbers",
        "(first == second) is case.equal",
        "(first != second) is case.equal",
        "tests/derive/test_typeset_numbers.py",
    ),
    "numbers are shown that nothing given determines": Fault(
        "chainrule.derive.typeset.given_numbers",
        'letters |= {"Y"} if context.target_row is not None else set()',
        'letters |= {"Y"}',
        "tests/derive/test_typeset_numbers.py",
    ),
    "steps of one rule are one though their case differs": Fault(
        "chainrule.derive.typeset.shown",
        "(step.rule, step.quantity, step.case)",
        "(step.rule, step.quantity)",
        "tests/derive/test_typeset_derivations.py",
    ),
    "a step shows the line above": Fault(
        "chainrule.derive.typeset.shown",
        "        last.after,\n        first.case",
        "        first.before,\n        first.case",
        "tests/derive/test_typeset_derivations.py",
    ),
    "a line loses its case": Fault(
        "chainrule.derive.typeset.plain",
        "{'' if case is None else f' if {case}'}\"",
        '"',
        "tests/derive/test_typeset_derivations.py",
    ),
    "a wrapped line loses a character": Fault(
        "chainrule.derive.typeset.plain",
        "rest[place:].lstrip(), CONTINUED",
        "rest[place + 1 :].lstrip(), CONTINUED",
        "tests/derive/test_typeset_derivations.py",
    ),
    "a formula with a leading minus is an option": Fault(
        "chainrule.app.leading_minus",
        "(kept if is_value or not _is_formula(argument) else apart)",
        "kept",
        "tests/app/test_derive.py",
    ),
    "a formula is wrapped where there is no terminal": Fault(
        "chainrule.app.derive",
        "if not sys.stdout.isatty():",
        "if False:",
        "tests/app/test_derive.py",
    ),
}
