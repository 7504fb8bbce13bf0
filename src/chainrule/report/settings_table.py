"""Settings as lines of a table: what lies inside of another setting has the names of both."""

import json
from collections.abc import Iterator, Mapping

from chainrule.report.words import number

MOST_SETTINGS = 200


def settings_lines(settings: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return the name and the value of each setting, in the order of the names.

    Examples
    --------
    >>> settings_lines({"solver": {"name": "adam", "learning_rate": 0.001}, "hidden": [8, 4], "tol": None})
    [('hidden', '8, 4'), ('solver', 'adam'), ('solver: learning_rate', '0.001'), ('tol', 'none')]
    """
    return list(_lines("", settings))[:MOST_SETTINGS]


def _lines(within: str, settings: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for key in sorted(settings, key=lambda name: (name != "name", name)):
        value = settings[key]
        name = (within if key == "name" else f"{within}: {key}") if within else str(key)
        if isinstance(value, Mapping):
            yield from _lines(name, value)
        else:
            yield name, value_text(value)


def value_text(value: object) -> str:
    """Return a plain value in the words of the page.

    Examples
    --------
    >>> value_text(True), value_text([["a", 2.0]]), value_text([])
    ('yes', '["a", 2.0]', 'none')
    """
    if value is None or value == []:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return number(value, 6)
    if isinstance(value, list):
        return ", ".join(
            json.dumps(item, ensure_ascii=False) if isinstance(item, list) else str(item) for item in value
        )
    return str(value)
