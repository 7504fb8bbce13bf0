"""Runs a program in a fresh Python process, with a limit on its time."""

import json
import os
import subprocess
import sys
import textwrap
from typing import Any

SECONDS = 60


def run(program: str, environment: dict[str, str] | None = None, seconds: float = SECONDS) -> Any:
    """Return the JSON value that the program prints on its last line."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
        env={**_without_our_variables(), **(environment or {})},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def _without_our_variables() -> dict[str, str]:
    ours = ("OMP_NUM_THREADS", "CHAINRULE_INSTRUCTION_SET")
    return {name: value for name, value in os.environ.items() if name not in ours}
