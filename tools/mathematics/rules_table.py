"""The table of rules and the sources it names, for the page about them."""

import re
from itertools import groupby
from pathlib import Path

from chainrule.derive import RULES, Rule, read_expression
from mathematics.blocks import claim, derived

ROOT = Path(__file__).resolve().parent.parent.parent
BY_THE_ENGINE = {
    "result above": ("sum_k dE/dZ_k", {}),
    "index put in": ("dE/dZ_2", {}),
}
"""Rules that need what was derived before: their example is the first such step of a derivation."""


STATEMENTS = re.compile(r", (?=log to|sum_|Y_2|exp)")
"""Where the statement of a rule that says two things is parted."""


def rules_table() -> str:
    """Return a table of all rules: what each says, when, who says so, and an example that was proven."""
    head = ["| rule | what it says | needs | source | for example |", "|---|---|---|---|---|"]
    return "\n".join([*head, *(_row(rule) for rule in RULES)])


def _row(rule: Rule) -> str:
    statement = "<br>".join(_code(part) for part in STATEMENTS.split(rule.statement))
    needs = "" if rule.condition is None else _needs(rule.condition)
    return f"| {rule.name} | {statement} | {needs} | [{rule.source}] | {_example(rule)} |"


def _code(text: str) -> str:
    """Return a formula as code, and the words behind it as words."""
    formula, word, rest = re.fullmatch(r"(.*?)(?: (for a|holds|was)(.*))?", text).groups()
    if "=" not in formula:
        return text
    return f"`{formula}`" + (f" {word}{rest}" if word else "")


def _needs(condition: str) -> str:
    return f"`{condition}`" if re.search(r"[=<>]", condition) else condition


def _example(rule: Rule) -> str:
    if rule.name in BY_THE_ENGINE:
        quantity, options = BY_THE_ENGINE[rule.name]
        step = next(step for step in derived(quantity, **options).steps if step.rule == rule.name)
        return f"`{step.part_before}` is `{step.part_after}`"
    before, after = rule.example
    same = str(read_expression(before)) == str(read_expression(after))
    assert not same, f"{rule.name}: the example shows nothing"
    return claim(f"{before} = {after}", **rule.options) + _context(rule.options)


def _context(options: dict[str, object]) -> str:
    words = []
    for name, value in options.items():
        shown = ", ".join(map(str, value)) if isinstance(value, list | tuple) else value
        words.append(name.replace("_", " ") if value is True else f"{name.replace('_', ' ')} {shown}")
    return f" ({'; '.join(words)})" if words else ""


def sources() -> str:
    """Return the sources that the rules name, as docs/sources.bib has them."""
    bibliography = (ROOT / "docs/sources.bib").read_text()
    keys = [key for key, _ in groupby(sorted(rule.source for rule in RULES))]
    return "\n".join(f"- [{key}]: {_reference(bibliography, key)}" for key in keys)


def _reference(bibliography: str, key: str) -> str:
    found = re.search(rf"^@\w+\{{{key},(.*?)^\}}", bibliography, flags=re.MULTILINE | re.DOTALL)
    assert found is not None, f"{key} is not in docs/sources.bib"
    fields = dict(re.findall(r"(\w+) = \{((?:[^{}]|\{[^{}]*\})*)\}", found.group(1)))
    edition = f", edition {fields['edition']}" if "edition" in fields else ""
    title = re.sub(r"\s+", " ", fields["title"])
    return f"{fields['author'].replace(' and ', '; ')}: *{title}*{edition}, {fields['publisher']}, {fields['year']}."
