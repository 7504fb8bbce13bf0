"""Run the command line as a person would: in a process of its own, or faster in this one."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from chainrule.app.main import app


def run(*arguments: object) -> Result:
    """Run in this process."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)


def run_process(*arguments: object, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run in a process of its own, in a folder."""
    command = [sys.executable, "-m", "chainrule", *map(str, arguments)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def run_json(*arguments: object) -> dict[str, Any]:
    """Run with ``--json`` and return the object, which is all that was printed."""
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.count("\n") == 1
    value: dict[str, Any] = json.loads(result.stdout)
    return value


def refusal(*arguments: object) -> str:
    """Run what is refused with exit status 2 and one message, and return it."""
    result = run(*arguments)
    assert result.exit_code == 2, (result.stdout, result.stderr)
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1, result.stderr
    assert "Traceback" not in result.stderr
    return result.stderr.rstrip("\n")
