"""Seeded faults: each is a mistake put into one module, and names the tests that must then fail.

``python tests/faults.py`` runs each fault in a process of its own, where an import hook (installed by conftest.py)
compiles the faulty text in place of the module's. A fault that no test notices is an error. Faults of the compiled
kernels are built into a module of their own, in a folder where the right ones were built before.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from types import ModuleType

from seeded_faults import FAULTS, KERNEL_FAULTS, Fault, KernelTree

ROOT = Path(__file__).resolve().parent.parent
VARIABLE = "CHAINRULE_SEEDED_FAULT"
KERNELS_VARIABLE = "CHAINRULE_FAULTY_KERNELS"


class _FaultyModule(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds one module, and loads the faulty text in place of its own."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault

    def find_spec(
        self, name: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != self.fault.module:
            return None
        return importlib.util.spec_from_file_location(name, self.fault.source, loader=self)

    def create_module(self, _spec: importlib.machinery.ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self.fault.faulty_text(), str(self.fault.source), "exec"), module.__dict__)


class _FaultyKernels(importlib.abc.MetaPathFinder):
    """Finds the compiled module, and names another file."""

    def __init__(self, path: str) -> None:
        self.path = path

    def find_spec(
        self, name: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        known = name == "chainrule.kernels._native"
        return importlib.util.spec_from_file_location(name, self.path) if known else None


def install() -> None:
    """Seed the fault that the environment names, if any; before the package is imported."""
    if name := os.environ.get(VARIABLE):
        sys.meta_path.insert(0, _FaultyModule(FAULTS[name]))
    if path := os.environ.get(KERNELS_VARIABLE):
        sys.meta_path.insert(0, _FaultyKernels(path))


def _is_noticed(name: str, trees: SimpleQueue[KernelTree]) -> bool:
    if name in FAULTS:
        return _fails(name, FAULTS[name].tests, {VARIABLE: name})
    fault, tree = KERNEL_FAULTS[name], trees.get()
    try:
        return _fails(name, fault.tests, {KERNELS_VARIABLE: str(tree.build(fault))})
    finally:
        trees.put(tree)


def _fails(name: str, tests: str, seeded: dict[str, str]) -> bool:
    """Run the tests that a fault names; pytest's status 1 says that some failed."""
    environment = {**os.environ, **seeded}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", *tests.split()]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    print(f"{'noticed' if done.returncode == 1 else 'NOT NOTICED'}: {name}", flush=True)
    if done.returncode not in (0, 1):
        print(done.stdout[-2000:], done.stderr[-2000:])
    return done.returncode == 1


def main() -> int:
    """Run every fault, two at a time."""
    names = sys.argv[1:] or [*KERNEL_FAULTS, *FAULTS]
    workers = os.cpu_count() or 1
    trees: SimpleQueue[KernelTree] = SimpleQueue()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(workers) as pool:
        for worker in range(workers):
            trees.put(KernelTree(Path(folder) / str(worker)))
        noticed = list(pool.map(lambda name: _is_noticed(name, trees), names))
    print(f"{sum(noticed)} passed, {len(noticed) - sum(noticed)} failed")
    return not all(noticed)


if __name__ == "__main__":
    sys.exit(main())
