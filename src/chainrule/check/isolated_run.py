"""A function in a file of the person's, judged in a fresh interpreter that can be stopped whatever it does.

The child answers on a pipe of its own, in lines of JSON: what it is about to do, and at last the verdict. Its stdout
and stderr lead nowhere, so that printing megabytes costs nothing; its memory is limited; when its time is over, it and
all its children are killed.
"""

import contextlib
import importlib.util
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from chainrule.check.implementation_verdict import UNDECIDED, ImplementationVerdict, verdict_of_json
from chainrule.errors import ArgumentError, MissingFileError

SECONDS = 8.5
MEMORY = 4 * 1024**3  # bytes of data a child may hold; PyTorch and JAX together need under 2
MOST_ANSWER = 4 * 1024**2  # bytes of an answer; a verdict has a few thousand
IMPORTING, CHECKING = "importing", "checking"


def check_file(
    place: str, *, kind: str | None = None, seconds: float = SECONDS, **options: Any
) -> ImplementationVerdict:
    """Judge a function in a file, in an interpreter of its own.

    Parameters
    ----------
    place : str
        "FILE.py:FUNCTION"; FUNCTION may be an attribute of an object in the file, "layer.backward".
    kind, **options
        As for :func:`chainrule.check.check_implementation`.
    seconds : float
        The time for everything, importing the file included.

    Returns
    -------
    ImplementationVerdict
        Undecided where the function ended or blocked the interpreter.

    Raises
    ------
    ArgumentError
        If ``place`` has not this form.
    MissingFileError
        If there is no such file.
    """
    path, name = split_place(place)
    request = {
        "path": str(path.resolve()),
        "name": name,
        "kind": kind,
        "seconds": seconds,
        "options": options,
    }
    return _judged_by_child(request, name, kind, seconds)


def split_place(place: str) -> tuple[Path, str]:
    """Return the file and the name of the function, or refuse.

    Examples
    --------
    >>> split_place("loss.py")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    chainrule.errors.ArgumentError: check: ...
    """
    file, separator, name = place.rpartition(":")
    if not separator or not file.endswith(".py") or not name.replace(".", "_").isidentifier():
        raise ArgumentError(
            "check",
            "an implementation is given as FILE.py:FUNCTION",
            repr(place),
            "Name the file and the function.",
        )
    path = Path(file)
    if not path.is_file():
        raise MissingFileError("check", "the file of an implementation exists", repr(file), "Check the path.")
    return path, name


def _judged_by_child(
    request: dict[str, Any], name: str, kind: str | None, seconds: float
) -> ImplementationVerdict:
    reading, writing = os.pipe()
    command = [sys.executable, "-m", "chainrule.check.isolated_run", str(writing)]
    end = time.monotonic() + seconds
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(writing,),
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": _search_path(), "PYTHONUNBUFFERED": "1"},
    ) as child:
        os.close(writing)
        assert child.stdin is not None, "the child reads its request"
        with contextlib.suppress(BrokenPipeError):
            child.stdin.write(json.dumps(request, default=list).encode())
            child.stdin.close()
        try:
            answer = _read(reading, end)
        finally:
            os.close(reading)
            _kill(child)
        status = child.wait()
    return _verdict_of_answer(answer, name, kind, status, time.monotonic() >= end)


def _search_path() -> str:
    """Return the path on which the child finds this package."""
    own = str(Path(__file__).resolve().parents[2])
    before = os.environ.get("PYTHONPATH")
    return own if not before else f"{own}{os.pathsep}{before}"


def _read(reading: int, end: float) -> bytes:
    """Read until the child closes its pipe, the time is over, or it says too much."""
    answer = b""
    while len(answer) < MOST_ANSWER:
        left = end - time.monotonic()
        if left <= 0 or not select.select([reading], [], [], left)[0]:
            break
        piece = os.read(reading, 65_536)
        if not piece:
            break
        answer += piece
        if b'"verdict"' in answer and answer.endswith(b"\n"):
            break
    return answer


def _kill(child: "subprocess.Popen[bytes]") -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)


def _verdict_of_answer(
    answer: bytes, name: str, kind: str | None, status: int, late: bool
) -> ImplementationVerdict:
    lines = answer.decode(errors="replace").splitlines()
    for line in lines:
        with contextlib.suppress(ValueError, TypeError, KeyError, AttributeError):
            if "verdict" in json.loads(line):
                return verdict_of_json(line)
    began = any(CHECKING in line for line in lines)
    if late:
        reason = "The function" if began else "The file"
        reason += " did not return in time, and could not be interrupted: the interpreter was stopped."
    elif began:
        reason = f"The function ended the interpreter (exit status {status}): nothing could be compared."
    else:
        reason = f"The file ended the interpreter while it was imported (exit status {status})."
    return ImplementationVerdict(
        UNDECIDED, kind, function=name, reason=reason, not_tested=("everything: no answer could be compared",)
    )


def main() -> None:
    """Judge the function that the request on stdin names, and write the verdict to the pipe."""
    import resource

    answers = int(sys.argv[1])
    os.set_inheritable(answers, False)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    request = json.loads(sys.stdin.buffer.read())
    begin = time.monotonic()
    _say(answers, {"now": IMPORTING})
    verdict = _loaded_and_judged(request, begin, answers)
    os.write(answers, verdict.to_json().encode() + b"\n")
    os._exit(0)  # threads and handlers of the person's are not waited for


def _loaded_and_judged(request: dict[str, Any], begin: float, answers: int) -> ImplementationVerdict:
    from chainrule.check.calling import call_within
    from chainrule.check.implementation import check_implementation

    limit = max(request["seconds"] - 1.0, 0.5)
    call = call_within(_load, [request["path"], request["name"]], {}, limit)
    if call.failure is not None:
        return ImplementationVerdict(
            UNDECIDED,
            request["kind"],
            function=request["name"],
            reason=f"{Path(request['path']).name}: importing it {call.failure}.",
            not_tested=("everything: no answer could be compared",),
        )
    _say(answers, {"now": CHECKING})
    left = max(request["seconds"] - (time.monotonic() - begin) - 1.0, 0.5)
    return check_implementation(call.value, kind=request["kind"], seconds=left, **request["options"])


def _load(path: str, name: str) -> Any:
    """Import the file as a module of its own and return the function in it."""
    sys.path.insert(0, str(Path(path).parent))
    spec = importlib.util.spec_from_file_location(Path(path).stem, path)
    assert spec is not None, "a path that ends in .py has a loader"
    assert spec.loader is not None, "a path that ends in .py has a loader"
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    found: Any = module
    for part in name.split("."):
        found = getattr(found, part)
    if not callable(found):
        raise TypeError(f"{name} is a {type(found).__name__}, not a function")
    return found


def _say(answers: int, line: dict[str, str]) -> None:
    os.write(answers, json.dumps(line).encode() + b"\n")


if __name__ == "__main__":
    main()
