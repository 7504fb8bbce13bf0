"""Tables on the terminal, JSON and a plot in benchmarks/results."""

import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

import peers

RESULTS = Path(__file__).resolve().parent.parent / "results"
WIDTH = 150  # where the output is no terminal


def write_json(path: Path, found: dict[str, Any]) -> None:
    """Write the results, making the folder if need be."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(found, indent=1) + "\n")


def show(found: dict[str, Any]) -> None:
    """Print the tables of every case that was measured."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH)
    console.print(f"\n[bold]{found['title']}[/bold]")
    console.print(", ".join(f"{name} {value}" for name, value in found["environment"].items()))
    versions = {
        side.get("version", "") for case in found["cases"].values() for side in case["sides"].values()
    }
    console.print("; ".join(sorted(versions - {""})))
    errors = []
    for group in found["groups"]:
        cases = {name: case for name, case in found["cases"].items() if group in name}
        if cases:
            console.print(_times(group, cases, found.get("reference")))
            errors.append(_errors(group, cases))
    for table in (*errors, _memory(found["cases"]), _verdicts(found["cases"])):
        if table.row_count:
            console.print(table)
    for line in _remarks(found["cases"]):
        console.print(line)


def in_words(seconds: float) -> str:
    """Return seconds with a unit, three digits."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def _reference(sides: dict[str, dict[str, Any]], first: str | None = None) -> dict[str, Any] | None:
    """Return the side that the others are compared with, if it was measured."""
    for name in (first, peers.OURS, "ours"):
        if name is not None and "median" in sides.get(name, {}):
            return sides[name]
    return None


def _names(cases: dict[str, Any]) -> dict[str, str]:
    return {key: side["name"] for case in cases.values() for key, side in case["sides"].items()}


def _times(group: str, cases: dict[str, Any], reference: str | None) -> Table:
    table = Table(
        title=f"{group}: median, half the distance of the quartiles, multiple of the first line",
        title_justify="left",
    )
    table.add_column("")
    for case in cases:
        table.add_column(case.removesuffix(f"-{group}"), justify="right")
    for key, name in _names(cases).items():
        table.add_row(name, *(_time(key, case["sides"], reference) for case in cases.values()))
    return table


def _time(key: str, sides: dict[str, dict[str, Any]], reference: str | None) -> str:
    side, ours = sides.get(key), _reference(sides, reference)
    if side is None:
        return ""
    if "median" not in side:
        return "failed" if side.get("failure") else "wrong"
    ratio = f"{side['median'] / ours['median']:.2f}x" if ours else ""
    return f"{in_words(side['median'])} ±{side['spread']:.0%} {ratio:>6}"


def _errors(group: str, cases: dict[str, Any]) -> Table:
    table = Table(title=f"{group}: worst error on the same data, units of roundoff", title_justify="left")
    table.add_column("")
    for case in cases:
        table.add_column(case.removesuffix(f"-{group}"), justify="right")
    for key, name in _names(cases).items():
        if key not in peers.BOUNDS and any(
            "worst_error" in case["sides"].get(key, {}) for case in cases.values()
        ):
            errors = (case["sides"].get(key, {}).get("worst_error") for case in cases.values())
            table.add_row(name, *("" if error is None else f"{error:.3g}" for error in errors))
    return table


def _memory(cases: dict[str, Any]) -> Table:
    title = "memory beyond inputs and outputs at its highest, MB, and as a share of one N x K array"
    table = Table("", title=title, title_justify="left")
    cases = {name: case for name, case in cases.items()
             if any("extra_share" in side for side in case["sides"].values())}  # fmt: skip
    for case in cases:
        table.add_column(case, justify="right")
    for key, name in _names(cases).items():
        if key not in peers.BOUNDS:
            sides = [case["sides"].get(key, {}) for case in cases.values()]
            cells = [f"{side['extra_bytes'] / 1e6:.1f}  {side['extra_share']:.1%}" if "extra_share" in side else ""
                     for side in sides]  # fmt: skip
            table.add_row(name, *cells)
    return table


def _verdicts(cases: dict[str, Any]) -> Table:
    table = Table("case", "what", "target", "measured", "met", title="targets", title_justify="left")
    for case, found in cases.items():
        for verdict in found["verdicts"]:
            met = {True: "yes", False: "[bold]no[/bold]", None: ""}[verdict["met"]]
            table.add_row(case, verdict["what"], verdict["target"], verdict["measured"], met)
    return table


def _remarks(cases: dict[str, Any]) -> list[str]:
    timed = [(side["order_effect"], side["name"], case) for case, found in cases.items()
             for side in found["sides"].values() if "order_effect" in side]  # fmt: skip
    lines = []
    if timed:
        effect, name, case = max(timed)
        middle = sorted(effect for effect, _, _ in timed)[len(timed) // 2]
        lines.append(
            f"forward and backward visits differ by {middle:.0%} (median), at most {effect:.0%} ({name}, {case})"
        )
    lines += [f"{case}: {side['name']}: {side['failure']}" for case, found in cases.items()
              for side in found["sides"].values() if side.get("failure")]  # fmt: skip
    return lines


def plot(path: Path, found: dict[str, Any]) -> None:
    """Draw the time of every side with its spread, case by case, where matplotlib is installed."""
    try:
        import matplotlib.figure as mf
    except ImportError:
        return
    used = [group for group in found["groups"] if any(group in case for case in found["cases"])]
    figure = mf.Figure(figsize=(12, 4.5 * len(used)), layout="constrained")
    figure.suptitle(found["title"])
    for axes, group in zip(figure.subplots(len(used), squeeze=False)[:, 0], used, strict=True):
        _points(axes, {name: case for name, case in found["cases"].items() if group in name})
        axes.set_title(group)
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=110)


def _points(axes: Any, cases: dict[str, Any]) -> None:
    names = _names(cases)
    for number, (key, name) in enumerate(names.items()):
        sides = [case["sides"].get(key, {}) for case in cases.values()]
        medians = [side.get("median", float("nan")) for side in sides]
        spreads = [side.get("spread", 0) * median for side, median in zip(sides, medians, strict=True)]
        places = [place + 0.7 * number / len(names) for place in range(len(cases))]
        marker = "_" if key in peers.BOUNDS else "o"
        axes.errorbar(places, medians, spreads, fmt=marker, markersize=9, capsize=3, label=name)
    axes.set_yscale("log")
    axes.set_ylabel("seconds")
    axes.set_xticks([place + 0.35 for place in range(len(cases))], list(cases))
    axes.grid(axis="y", alpha=0.3)
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize="small")
