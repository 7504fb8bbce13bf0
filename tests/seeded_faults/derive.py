"""Seeded faults of the symbolic room."""

from seeded_faults.fault import Fault

_TERMS = "chainrule.derive.term_grammar"
_TOKENS = "chainrule.derive.tokens"
_SUBSCRIPTS = "chainrule.derive.subscripts"
_CLAIMS = "chainrule.derive.claim_grammar"
_LATEX = "chainrule.derive.latex_input"
_ELEMENTWISE = "chainrule.derive.elementwise"
_LIMITS = "chainrule.derive.limits"
_GRAMMAR_TESTS = "tests/derive/test_grammar.py"
_CLAIM_TESTS = "tests/derive/test_grammar_claims.py"
_INPUT_TESTS = "tests/derive/test_grammar_input.py"
_REFUSAL_TESTS = "tests/derive/test_grammar_refusals.py"
_NAME_TESTS = "tests/derive/test_name_check.py"

FAULTS = {
    "powers are taken from the left": Fault(
        _TERMS,
        "    return Power(base, _exponent(cursor))\n",
        "    power = Power(base, _primary(cursor))\n"
        '    while cursor.accept("^"):\n'
        "        power = Power(power, _primary(cursor))\n"
        "    return power\n",
        _GRAMMAR_TESTS,
    ),
    "a minus sign binds before a power": Fault(
        _TERMS, "    factor = _power(cursor)\n", "    factor = _primary(cursor)\n", _GRAMMAR_TESTS
    ),
    "a sum takes one factor": Fault(
        _TERMS,
        "over(below, read_product(cursor), cursor",
        "over(below, _power(cursor), cursor",
        _GRAMMAR_TESTS,
    ),
    "a product behind a quotient belongs to the denominator": Fault(
        _TERMS,
        "Divide(numerator, _signed_power(cursor))",
        "Divide(numerator, read_product(cursor))",
        _GRAMMAR_TESTS,
    ),
    "the minus sign of a term is lost": Fault(
        _TERMS, "_negative(term, cursor.tokens[start]) if negative else term", "term", _GRAMMAR_TESTS
    ),
    "brackets count from 1": Fault(
        _SUBSCRIPTS, "_position(item, 1, token, source)", "_position(item, 0, token, source)", _GRAMMAR_TESTS
    ),
    "digits are always a layer": Fault(
        _SUBSCRIPTS,
        "if not token.digits or (token.subscript is None and token.brackets is None):",
        "if not token.digits:",
        _GRAMMAR_TESTS,
    ),
    "two digits of a weight are one position": Fault(
        _SUBSCRIPTS, "        items = list(items[0])\n", "        pass\n", _GRAMMAR_TESTS
    ),
    "a bare T is a target": Fault(
        _SUBSCRIPTS, '    if word == "T" and bare:\n', '    if word == "T" and not bare:\n', _GRAMMAR_TESTS
    ),
    "a subscript takes the letter of the next word": Fault(
        _TOKENS,
        'return run[:-1] if following == "_" and len(run) > 1 else run',
        "return run",
        _GRAMMAR_TESTS,
    ),
    "a second derivative is a product": Fault(
        "chainrule.derive.derivative_grammar",
        "while len(found) < order or (grouped and cursor.at(DIFFERENTIAL)):",
        "while not found:",
        _GRAMMAR_TESTS,
    ),
    "a decimal forgets how it was typed": Fault(
        _TERMS, "None if token.text.isdigit() else token.text", "None", _GRAMMAR_TESTS
    ),
    "a sum captures the index of a vector": Fault(
        _ELEMENTWISE,
        "    return fresh_letter(frozenset(bound) | taken, ",
        "    return fresh_letter(taken, ",
        _GRAMMAR_TESTS,
    ),
    "a transposed matrix is not turned": Fault(
        _ELEMENTWISE,
        "indices = (i, letters.features) if turned else (letters.classes, i)",
        "indices = (letters.classes, i)",
        _GRAMMAR_TESTS,
    ),
    "a line that begins with an equals sign is a part of its own": Fault(
        _CLAIMS,
        'return first.text in ("=", "+", "*", "/", "^") or',
        'return first.text in ("+", "*", "/", "^") or',
        _CLAIM_TESTS,
    ),
    "a condition takes the part behind it": Fault(
        _CLAIMS, "            cursor.place = behind\n            break\n", "            break\n", _CLAIM_TESTS
    ),
    "an unequal index is read as an equal one": Fault(
        "chainrule.derive.conditions", 'sign == "="', "True", _CLAIM_TESTS
    ),
    "places count in the rewritten text": Fault(
        _TOKENS,
        "text.places[at], text.places[end - 1] + 1, digits",
        "at, end, digits",
        _CLAIM_TESTS,
    ),
    "a fraction is not enclosed": Fault(
        _LATEX,
        '    writer.write("(", at)\n    _enclosed(source, above, above_end, writer, depth)\n',
        '    writer.write("(", at)\n    translate(source, above, above_end, writer, depth + 1)\n',
        _INPUT_TESTS,
    ),
    "the order of a pasted derivative is lost": Fault(
        _LATEX, 'f" d^{order}" if order else " d"', '" d"', _INPUT_TESTS
    ),
    "a power of numbers is not bounded": Fault(
        _LIMITS, "if any(_explodes(node) for node in nodes(expression)):", "if False:", _REFUSAL_TESTS
    ),
    "exponents within exponents are not bounded": Fault(
        _LIMITS, "if _tower(expression) > TALLEST_TOWER:", "if False:", _REFUSAL_TESTS
    ),
    "parentheses are not bounded": Fault(
        "chainrule.derive.cursor", "if self._depth > DEEPEST_NESTING:", "if False:", _REFUSAL_TESTS
    ),
    "layers that do not exist pass": Fault(
        "chainrule.derive.name_check", "if not 1 <= entry.layer <= last:", "if entry.layer < 1:", _NAME_TESTS
    ),
    "positions of units are held to the classes": Fault(
        "chainrule.derive.name_check", "axis == context.layers and isinstance", "isinstance", _NAME_TESTS
    ),
}
