"""A fit that is looked at once, in a process of its own: its highest memory, its time, and what it reached."""

import time
import traceback
from dataclasses import asdict
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

import peers
from frame.memory import growth_of
from problems import LargeFit


def looked_at_once(peer: str, problem: LargeFit) -> dict[str, Any] | None:
    """Return name, version, seconds, loss and bytes beyond the arrays that are given; None if it has no such fit."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, peer, asdict(problem)), daemon=True)
    process.start()
    theirs.close()
    try:
        found = ours.recv()
    except EOFError:
        found = {"name": peers.load(peer).NAME, "failure": "its process ended"}
    process.join()
    return found


def _serve(connection: Connection, peer: str, sizes: dict[str, Any]) -> None:
    module, problem = peers.load(peer), LargeFit(**sizes)
    try:
        connection.send(_look(module, problem))
    except Exception:  # a peer that fails is a result, and the others go on
        connection.send({"name": module.NAME, "failure": traceback.format_exc().strip().splitlines()[-1]})


def _look(module: Any, problem: LargeFit) -> dict[str, Any] | None:
    small = module.prepare(problem.tiny)
    if small is None:
        return None
    small()()  # loads libraries and starts threads
    call = module.prepare(problem)
    assert len(problem.arrays[0]) == problem.n_examples  # made now
    begin = time.perf_counter()
    loss, growth = growth_of(call)
    seconds = time.perf_counter() - begin
    given = sum(array.nbytes for array in problem.arrays)
    return {
        "name": module.NAME,
        "version": module.version(),
        "seconds": [seconds],
        "median": seconds,
        "spread": 0.0,
        "loss": loss(),
        "extra_bytes": growth or 0,
        "extra_share": (growth or 0) / problem.arrays[0].nbytes,
        "peak_bytes": None if growth is None else growth + given,
    }
