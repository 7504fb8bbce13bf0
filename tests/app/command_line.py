"""Run the command line as a person would: in a process of its own, or faster in this one."""

import io
import json
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chainrule.app.commands import main


@dataclass(frozen=True)
class Result:
    """What a command printed, and its exit status."""

    exit_code: int
    stdout: str
    stderr: str


def run(*arguments: object) -> Result:
    """Run in this process."""
    streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2)]
    with redirect_stdout(streams[0]), redirect_stderr(streams[1]):
        status = main([str(argument) for argument in arguments])
    printed = [stream.buffer.getvalue().decode() for stream in streams]  # type: ignore[attr-defined]
    return Result(status, *printed)


def run_process(*arguments: object, folder: Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run in a process of its own, in a folder."""
    command = [sys.executable, "-m", "chainrule", *map(str, arguments)]
    return subprocess.run(
        command, **{"cwd": folder, "capture_output": True, "text": True, "check": False, **options}
    )


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
