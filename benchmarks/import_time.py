"""Time of ``import chainrule`` beyond NumPy's: fresh processes in turn."""

import subprocess
import sys
from collections.abc import Callable
from statistics import median

from frame import Timing, Verdict, main_local

MOST_SECONDS = 0.05
PROGRAMS = {
    "import numpy": "import numpy",
    "import chainrule": "import chainrule",
    "and one softmax": "import chainrule as cr; cr.softmax([1.0, 2.0])",
}


def fresh_process(program: str) -> Callable[[], None]:
    """Return a function that runs a program in an interpreter of its own."""

    def call() -> None:
        subprocess.run([sys.executable, "-c", program], check=True)

    return call


def judge(timings: dict[str, Timing]) -> list[Verdict]:
    """Hold the median of the differences between neighbours in time to the target."""
    base, verdicts = timings["import numpy"].seconds, []
    for name in list(PROGRAMS)[1:]:
        beyond = median(full - part for full, part in zip(timings[name].seconds, base, strict=True))
        judged = name == "import chainrule"
        target, met = (f"< {MOST_SECONDS} s", beyond < MOST_SECONDS) if judged else ("none", None)
        verdicts.append(Verdict(f"{name}, beyond numpy", target, f"{beyond:.4f} s", met))
    return verdicts


if __name__ == "__main__":
    calls = {name: fresh_process(program) for name, program in PROGRAMS.items()}
    main_local("import_time", "Time to import", "fresh processes", calls, judge)
