"""Runs the tests of the compiled kernels under the address sanitizer, and shows that it notices.

``python tests/sanitize.py [TEST ...]`` builds the module into build/sanitize, runs the kernels' tests and the
functions' tests on the kernels (or the tests named), reads one element past the end of an array on every instruction
set, and seeds an index that is read without its range check; both must be reported.

GCC does not instrument the masked loads of AVX2 and AVX-512, only those of whole vectors; on the generic instruction
set, made from the same source, every access is.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import faults
from seeded_faults import KernelFault, copy_of_sources

BUILD = faults.ROOT / "build/sanitize"
SANITIZERS = "address,bounds,shift,signed-integer-overflow"
FRAMEWORKS = ("--ignore=tests/functions/jax", "--ignore-glob=*/test_pytorch*")  # the same kernels again
# A child forked while another thread allocates may wait for ever for a lock of the sanitizer's own allocator.
FORKS = "--ignore=tests/kernels/test_fork.py"
TESTS = ("tests/kernels", "tests/functions", *FRAMEWORKS, FORKS)

UNCHECKED_INDEX = KernelFault(
    "native/cross_entropy_index_short.hpp",
    "return others == 0;",
    "return true;",
    "tests/kernels/test_short_rows.py",
)

LOAD = """
import importlib.util, sys
import numpy as np

path, instruction_set = sys.argv[1:]
spec = importlib.util.spec_from_file_location("_native", path)
native = importlib.util.module_from_spec(spec)
spec.loader.exec_module(native)
native.use_instruction_set(instruction_set)
logits = np.zeros((1, 15))
print("reading", flush=True)
"""
PAST_THE_END = """
longer = np.lib.stride_tricks.as_strided(logits, (1, 16), logits.strides)
native.softmax_rows(longer, np.empty((1, 16)), 1)
"""
INDEX_PAST_THE_END = """
targets = np.array(7 * [0] + [15])
arguments = np.zeros((8, 15)), targets, None, 1.0, 1.0, None, None, 1
native.cross_entropy_index_rows(*arguments)
"""


def build(source: Path, folder: Path, *options: str) -> Path:
    """Compile the instrumented module from ``source`` into ``folder``."""
    tools = Path(sys.executable).parent
    configure = [tools / "cmake", "-S", source, "-B", folder, "-G", "Ninja", "-Wno-dev", *options]
    configure += [f"-DPython_EXECUTABLE={sys.executable}", f"-DCMAKE_MAKE_PROGRAM={tools / 'ninja'}"]
    configure += ["-DCMAKE_BUILD_TYPE=Debug", f"-DCHAINRULE_SANITIZE={SANITIZERS}"]
    configure += ["-DCHAINRULE_QUICK_BUILD=ON"]
    for command in (configure, [tools / "cmake", "--build", folder, "--target", "_native"]):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(done.stdout[-5000:] + done.stderr[-5000:])
    return next(folder.glob("_native*.so"))


def environment(module: Path) -> dict[str, str]:
    """Put the instrumented module in the place of the package's, in a Python that was not built for it."""
    libraries = [_library(name) for name in ("libasan.so", "libstdc++.so")]
    return {
        **os.environ,
        faults.KERNELS_VARIABLE: str(module),
        "LD_PRELOAD": " ".join(libraries),
        "ASAN_OPTIONS": "detect_leaks=0",  # Python keeps much for as long as it lives
    }


def run_tests(module: Path, tests: tuple[str, ...]) -> bool:
    """Run the tests on the compiled paths; a report ends its process."""
    command = [sys.executable, "-m", "pytest", "-q", "-k", "not numpy", *_workers(), *tests]
    return subprocess.run(command, cwd=faults.ROOT, env=environment(module), check=False).returncode == 0


def notices_the_end_of_an_array(module: Path) -> bool:
    """Read past the end of an array on each instruction set."""
    names = _instruction_sets(module)
    return all(_is_reported(f"past the end, {name}", module, name, PAST_THE_END) for name in names)


def notices_a_seeded_fault() -> bool:
    """Build the generic kernels with the fault and make the call that meets it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        UNCHECKED_INDEX.seed(copy_of_sources(folder))
        module = build(folder, folder / "build", "-DCHAINRULE_X86=OFF")
        return _is_reported("an index without its range check", module, "generic", INDEX_PAST_THE_END)


def _is_reported(what: str, module: Path, instruction_set: str, program: str) -> bool:
    command = [sys.executable, "-c", LOAD + program, str(module), instruction_set]
    done = subprocess.run(command, env=environment(module), capture_output=True, text=True, check=False)
    reported = (
        done.stdout == "reading\n" and done.returncode != 0 and "ERROR: AddressSanitizer" in done.stderr
    )
    print(f"{'noticed' if reported else 'NOT NOTICED'}: {what}", flush=True)
    return reported


def _instruction_sets(module: Path) -> list[str]:
    program = LOAD.split("native.use_instruction_set")[0] + "print(*native.instruction_sets())"
    command = [sys.executable, "-c", program, str(module), ""]
    done = subprocess.run(command, env=environment(module), capture_output=True, text=True, check=True)
    return done.stdout.split()


def _library(name: str) -> str:
    command = [os.environ.get("CXX", "c++"), f"-print-file-name={name}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _workers() -> list[str]:
    return ["-n", os.environ.get("WORKERS", str(min(2, os.cpu_count() or 1)))]


def main() -> int:
    """Build, run the tests, and see both faults reported."""
    module = build(faults.ROOT, BUILD)
    passed = run_tests(module, tuple(sys.argv[1:]) or TESTS)
    noticed = [notices_the_end_of_an_array(module), notices_a_seeded_fault()]
    return not (passed and all(noticed))


if __name__ == "__main__":
    sys.exit(main())
