"""Derivations as text, LaTeX, MathML, HTML and JSON: the same steps in each."""

import json
import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from markupsafe import Markup

from chainrule.derive import derive
from chainrule.derive.context import context_of
from chainrule.derive.derivation import Derivation
from chainrule.derive.expressions import LOSS, Derivative, Entry
from chainrule.derive.typeset import (
    context_words,
    derivation_html,
    equation_latex,
    quantity_words,
    text_lines,
    wrapped_formula,
)
from derive.handmade import EXAMPLE, QUANTITY, O, Z, flagship

MATH = "{http://www.w3.org/1998/Math/MathML}"
WHOLE = """\
The derivative of the loss E by the logit Z_k
  where softmax output; cross-entropy loss; one-hot targets; any number of classes K

From the loss to the logits

rule: definition of the cross-entropy
dE/dZ_k = d(-sum_i Y_i*ln(O_i))/dZ_k
  because E is a sum

rule: sum rule
dE/dZ_k = -sum_i d(Y_i*ln(O_i))/dZ_k
  because the derivative of a sum is the sum of the derivatives

rule: constant factor
dE/dZ_k = -sum_i Y_i*d(ln(O_i))/dZ_k
  because Y_i has no Z_k in it

rule: chain rule
dE/dZ_k = -sum_i Y_i*(1/O_i)*dO_i/dZ_k
  needs O_i > 0

rule: splitting a sum
dE/dZ_k = -Y_k*(1/O_k)*O_k*(1 - O_k) - sum_{i != k} (-Y_i*(1/O_i)*O_i*O_k)
  because the slope has two cases

rule: targets sum to 1
dE/dZ_k = O_k - Y_k
  needs sum(Y) = 1

The derivative of the softmax

beginning:
dO_i/dZ_k = d(exp(Z_i)/(sum_j exp(Z_j)))/dZ_k

rule: quotient rule
dO_i/dZ_k = O_k*(1 - O_k) if i = k

rule: quotient rule
dO_i/dZ_k = -O_i*O_k if i != k

result:
dE/dZ_k = O_k - Y_k"""
BRIEF = """\
The derivative of the loss E by the logit Z_k
  where softmax output; cross-entropy loss; one-hot targets; any number of classes K

result:
dE/dZ_k = O_k - Y_k

rules used:
  definition of the cross-entropy
  sum rule
  constant factor
  chain rule
  splitting a sum
  targets sum to 1
  quotient rule
  needs O_i > 0
  needs sum(Y) = 1"""


def test_the_text_has_a_rule_over_each_line() -> None:
    assert flagship().text() == WHOLE
    assert str(flagship()) == WHOLE


def test_brief_is_the_result_and_the_rules() -> None:
    assert flagship().text(brief=True) == BRIEF


def test_detail_shows_every_rewriting() -> None:
    text = flagship().text(detail=True)
    assert text.count("rule: sum rule") == 2
    assert "  rewriting d(ln(O_i))/dZ_k = 1/O_i*dO_i/dZ_k" in text.splitlines()
    assert text.count("\n  rewriting ") == len(flagship().steps)


def test_lines_at_the_margin_are_formulas_or_end_in_a_colon_or_have_no_equals_sign() -> None:
    for derivation in (flagship(), flagship(**EXAMPLE)):
        for line in derivation.text(detail=True).splitlines():
            formula = line.startswith(("dE/dZ_k = ", "dO_i/dZ_k = "))
            assert formula or line.startswith("  ") or "=" not in line


def test_an_example_puts_numbers_beside_each_line() -> None:
    text = flagship(**EXAMPLE).text()
    assert (
        "  in numbers, k = 1: -(1*(1/0.2)*0.16 + 0*(1/0.6)*(-0.12) + 0*(1/0.2)*(-0.04)) = -0.8"
        in text.splitlines()
    )
    assert text.splitlines()[-3:] == [
        "  in numbers, k = 1: 0.2 - 1 = -0.8",
        "  in numbers, k = 2: 0.6 - 0 = 0.6",
        "  in numbers, k = 3: 0.2 - 0 = 0.2",
    ]


@pytest.mark.parametrize("width", [30, 40, 60, 80])
def test_lines_are_wrapped_at_operators(width: int) -> None:
    wrapped = flagship(**EXAMPLE).text(detail=True, width=width).splitlines()
    assert max(map(len, wrapped)) <= max(width, 45)  # the derivative of a quotient is not broken
    whole = flagship(**EXAMPLE).text(detail=True)
    assert "".join(" ".join(wrapped).split()) == "".join(whole.split())


@pytest.mark.parametrize("width", range(24, 90, 7))
def test_a_wrapped_formula_is_the_formula(width: int) -> None:
    formula = "dE/dZ_k = -Y_k*(1/O_k)*O_k*(1 - O_k) - sum_{i != k} (-Y_i*(1/O_i)*O_i*O_k)"
    lines = wrapped_formula(formula, width)
    assert "".join(lines).replace(" ", "") == formula.replace(" ", "")
    assert all(len(line) <= width for line in lines)
    assert all(line.startswith("    ") for line in lines[1:])


def test_a_formula_without_an_operator_is_not_broken() -> None:
    assert wrapped_formula("x" * 50, 30) == ["x" * 50]


def test_every_line_has_a_kind() -> None:
    kinds = {line.text.split(" ")[0]: line.kind for line in text_lines(flagship())}
    assert (kinds["rule:"], kinds["dE/dZ_k"], kinds["result:"], kinds["The"]) == (
        "rule",
        "formula",
        "rule",
        "heading",
    )


def test_latex_has_every_line_with_its_reading() -> None:
    text = flagship().latex()
    readings = re.findall(r"^% (.*)$", text, flags=re.MULTILINE)
    assert readings == [line for line in WHOLE.splitlines() if line.startswith("d")]
    assert text.count(r"\begin{align*}") == text.count(r"\end{align*}") == 3
    assert r"\text{chain rule; needs O\_i > 0}" in text
    assert r"\text{if}\ i \neq k" in text
    assert r"\text{in numbers}, k = 1\colon\ 0.2 - 1 = -0.8" in flagship(**EXAMPLE).latex()


def test_latex_is_a_display_in_a_notebook() -> None:
    text = flagship()._repr_latex_()
    assert text.startswith("$$\n\\begin{aligned}")
    assert text.endswith("\\end{aligned}\n$$")
    assert text.count("{") - text.count("\\{") == text.count("}") - text.count("\\}")
    assert "\n\n" not in text


def test_mathml_is_one_table_with_its_reading() -> None:
    found = ElementTree.fromstring(flagship().mathml())
    rows = found.findall(f".//{MATH}mtr")
    assert (found.get("alttext") or "").split("; ") == [
        line for line in WHOLE.splitlines() if line.startswith("d")
    ]
    assert len(rows) == len((found.get("alttext") or "").split("; "))
    assert "".join(rows[-1].itertext()) == "∂E∂Zk=Ok\N{MINUS SIGN}Ykresult"


def test_html_has_every_line_as_mathml_with_its_reading() -> None:
    found = ElementTree.fromstring(flagship().html())
    readings = [element.get("alttext") for element in found.iter(f"{MATH}math")]
    assert readings == [line for line in WHOLE.splitlines() if line.startswith("d")]
    words = "".join(found.itertext())
    for rule in ("definition of the cross-entropy", "quotient rule", "Needs sum(Y) = 1.", "From the loss"):
        assert rule in words
    assert isinstance(flagship().html(), Markup)
    assert flagship()._repr_html_() == flagship().html()


def test_html_shows_brief_detail_and_numbers() -> None:
    brief, detail = flagship().html(brief=True), flagship().html(detail=True)
    assert brief.count("<math") == 1
    assert "Rules used" in brief
    assert detail.count("<math") == 2 * len(flagship().steps) + 2
    numbers = ElementTree.fromstring(flagship(**EXAMPLE).html())
    assert "0.2 - 1 = -0.8" in [element.get("alttext") for element in numbers.iter(f"{MATH}math")]


def test_html_can_leave_out_style_and_head_and_choose_the_level() -> None:
    text = flagship().html(style=False, head=False, heading_level=5)
    assert "<style>" not in text
    assert "where softmax" not in text
    assert "<h5 " in text


def test_html_escapes_words() -> None:
    derivation = flagship()
    section = derivation.sections[0]
    step = replace(section.steps[0], rule="<script>", reason='"&', condition="O_i > 0 <b>")
    hostile = Derivation(
        QUANTITY, derivation.context, (replace(section, title="<i>", steps=(step,)),), derivation.result
    )
    text = hostile.html()
    assert "<script>" not in text
    assert "<b>" not in text
    assert "<i>" not in text
    ElementTree.fromstring(text)


def test_html_has_the_style_alone_that_speaks_of_it() -> None:
    style = re.search(r"<style>(.*)</style>", derivation_html(flagship()), flags=re.DOTALL)
    assert style is not None
    selectors = re.findall(r"([^{}@;]+)\{", re.sub(r"@media[^{]*\{", "", style[1]))
    assert selectors
    for selector in ",".join(selectors).split(","):
        assert selector.strip().startswith(".chainrule-derivation")


def test_json_has_every_rewriting_as_text_and_latex() -> None:
    derivation = flagship(**EXAMPLE)
    line = derivation.to_json()
    assert "\n" not in line
    value = json.loads(line)
    assert (value["quantity"], value["result"]) == ("dE/dZ_k", "O_k - Y_k")
    assert value["quantity_latex"] == r"\frac{\partial E}{\partial Z_{k}}"
    assert value["context"].startswith("softmax output; cross-entropy loss; targets 1, 0, 0; 3 classes")
    assert len(value["steps"]) == len(derivation.steps)
    step = value["steps"][4]
    assert (step["rule"], step["condition"], step["case"]) == ("chain rule", "O_i > 0", None)
    assert step["part_before"] == "d(ln(O_i))/dZ_k"
    assert step["after"] == "-sum_i Y_i*(1/O_i)*dO_i/dZ_k"
    assert [step["case"] for step in value["steps"][-2:]] == ["i = k", "i != k"]
    assert value["numbers"][0] == {
        "positions": {"k": 1}, "formula": "0.2 - 1", "formula_latex": "0.2 - 1", "value": "-0.8",
    }  # fmt: skip


def test_quantities_are_said_in_words() -> None:
    assert quantity_words(QUANTITY) == "the derivative of the loss E by the logit Z_k"
    assert quantity_words(Derivative(LOSS, (Z("k"), Z("j")))) == (
        "the second derivative of the loss E by the logit Z_k and the logit Z_j"
    )
    assert quantity_words(Derivative(O("i"), (Entry("W", 2, ("k", "j")),))) == (
        "the derivative of the output O_i by the weight W2_kj"
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"output": "log-softmax"}, "log-softmax output; no loss; any number of classes K"),
        ({"temperature": "T"}, "temperature T"),
        ({"temperature": 2, "classes": 4}, "4 classes; temperature 2"),
        ({"label_smoothing": 0.1}, "label smoothing 0.1"),
        ({"log_base": 2}, "logarithm to base 2"),
        ({"class_weight": True}, "class weights w_k"),
        ({"reduction": "mean"}, "mean over a batch of N examples"),
        ({"hidden": ["relu", "tanh"]}, "hidden layers: relu, tanh"),
        ({"logits": [1, 2]}, "logits 1, 2"),
    ],
)
def test_contexts_are_said_in_words(options: dict[str, object], words: str) -> None:
    assert context_words(context_of(**options)).endswith(words)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("quantity", "options"),
    [
        ("dE/dZ_k", {"targets": "any", "temperature": "T", "label_smoothing": "eps", "class_weight": True}),
        ("dE/dZ_k", {"log_base": 2, "targets": "soft", "reduction": "sum"}),
        ("dE/dZ_k", {"reduction": "mean"}),
        ("dE/dZ_k", {"output": "sigmoid"}),
        ("dE/dZ_k", {"output": "identity", "probabilities": [1, 2], "targets": [0, 1]}),
        ("dE/dZ_k", {"loss": "squared-error", "logits": [1, -2, 0.5], "targets": [0, 1, 0]}),
        ("d2E/dZ_k dZ_j", {}),
        ("d2E/dZ_k^2", {}),
        ("dO_i/dZ_k", {"output": "log-softmax"}),
        ("sum_i V_i*dO_i/dZ_k", {"loss": "none"}),
        ("dE/dX_j", {}),
        ("dE/dW1_kj", {"hidden": ["relu", "tanh"]}),
        ("dE/dW2[3,1]", {"hidden": ["sigmoid"]}),
    ],
    ids=str,
)
def test_every_scope_is_written_in_every_format(quantity: str, options: dict[str, object]) -> None:
    derivation = derive(quantity, **options)  # type: ignore[arg-type]
    lines = [line.text for line in text_lines(derivation) if line.kind == "formula"]
    found = ElementTree.fromstring(derivation.html())
    assert [
        element.get("alttext") for element in found.iter(f"{MATH}math") if element.get("display")
    ] == lines
    assert ElementTree.fromstring(derivation.mathml()).get("alttext") == "; ".join(lines)
    assert re.findall(r"^% (d.*|sum.*)$", derivation.latex(), flags=re.MULTILINE) == lines
    assert json.loads(derivation.to_json())["result"] == lines[-1].removeprefix(f"{derivation.quantity} = ")
    mathtext = pytest.importorskip("matplotlib.mathtext", reason="matplotlib is not installed")
    for step in derivation.steps:
        mathtext.MathTextParser("path").parse(f"${equation_latex(step.quantity, step.after, step.case)}$")


def test_a_derivation_that_could_not_go_on_says_so() -> None:
    stuck = replace(flagship(), result=Derivative(O("k"), (Z("k"),)))
    words = "no rule applies to dO_k/dZ_k"
    assert stuck.text().splitlines()[-1] == f"  stuck: {words}"
    assert json.loads(stuck.to_json())["stuck"] == words
    assert f"Stuck: {words}." in stuck.html()
    assert stuck.latex().splitlines()[-1] == r"Stuck: no rule applies to dO\_k/dZ\_k."
    assert json.loads(flagship().to_json())["stuck"] is None
    assert "stuck" not in flagship().text() + flagship().html().lower()
