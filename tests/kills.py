"""Kill fits at random moments and go on with them: each must end with the bytes of the fit that was left alone.

``python tests/kills.py [COUNT] [SEED]`` kills so many fits (50) of several solvers, with SIGKILL, at moments drawn
over the time that a whole fit takes, and prints a line for each. A moment may fall into the writing of a checkpoint:
one is written after every step.
"""

import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

FIT = """
import sys
import numpy as np
import scipy.linalg
from chainrule.estimators import TableSettings, prepare_table, train_table
from chainrule.training import Checkpoint

solver, epochs, hidden, checkpoint, output = sys.argv[1:]
random = np.random.default_rng(0)
X = random.normal(size=(400, 12)) @ random.normal(size=(12, 12))
y = (X[:, :4] + random.gumbel(size=(400, 4))).argmax(axis=1)
settings = TableSettings(
    hidden=(int(hidden),) if int(hidden) else (), solver=solver, max_epochs=int(epochs), random_state=3, tol=1e-12,
    patience=5,
)
prepared = prepare_table({**{f"x{k}": X[:, k] for k in range(12)}, "y": y}, "y", settings)
print("ready", flush=True)
where = Checkpoint(checkpoint, every=0.0) if checkpoint else None
model = train_table(prepared, settings, checkpoint=where)
print("trained", flush=True)
model.save(output)
"""


@dataclass(frozen=True)
class Fit:
    """A solver, its epochs, and the units of a hidden layer, 0 for none."""

    solver: str
    epochs: int
    hidden: int

    def start(self, checkpoint: Path | str, output: Path) -> subprocess.Popen[str]:
        """Start the fit in a process of its own and wait until it is about to train."""
        arguments = [self.solver, str(self.epochs), str(self.hidden), str(checkpoint), str(output)]
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", FIT, *arguments], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    def finish(self, checkpoint: Path | str, output: Path) -> bytes:
        """Run the fit to its end and return the bytes of its model."""
        with self.start(checkpoint, output) as process:
            assert process.wait() == 0
        return output.read_bytes()


FITS = (
    Fit("adamw", 8, 8),
    Fit("adam", 8, 8),
    Fit("sgd", 8, 0),
    Fit("lbfgs", 60, 8),
    Fit("newton-cg", 200, 0),
    Fit("newton-cholesky", 200, 0),
)


def kill_and_resume(fit: Fit, folder: Path, whole: bytes, seconds: float) -> str | None:
    """Kill a fit after so many seconds, resume it, and say how it went; None if it had ended before.

    Raises
    ------
    AssertionError
        The bytes differ.
    """
    checkpoint, output = folder / "checkpoint", folder / "model.safetensors"
    with fit.start(checkpoint, output) as process:
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        trained = process.stdout is not None and process.stdout.read() != ""
        process.wait()
    size = checkpoint.stat().st_size if checkpoint.exists() else 0
    assert fit.finish(checkpoint, output) == whole, f"{fit} killed after {seconds} s ended with other bytes"
    for path in folder.iterdir():
        path.unlink()
    if trained:
        return None
    return f"{fit.solver}: killed after {seconds:.3f} s with a checkpoint of {size} bytes: the same bytes"


def seconds_of(fit: Fit, folder: Path) -> float:
    """Return how long the training of a fit takes, with a checkpoint after every step."""
    with fit.start(folder / "checkpoint", folder / "model.safetensors") as process:
        begin = time.monotonic()
        assert process.stdout is not None
        assert process.stdout.readline() == "trained\n"
        seconds = time.monotonic() - begin
    for path in folder.iterdir():
        path.unlink()
    return seconds


def kill_fits(count: int, seed: int, fits: tuple[Fit, ...] = FITS) -> list[str]:
    """Kill ``count`` fits in the middle of their training, the solvers in turn, at moments that ``seed`` draws."""
    moments, lines = random.Random(seed), []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wholes = {fit: fit.finish("", folder / "whole") for fit in fits[:count]}
        (folder / "whole").unlink()
        lengths = {fit: seconds_of(fit, folder) for fit in wholes}
        while len(lines) < count:
            fit = fits[len(lines) % len(fits)]
            line = kill_and_resume(fit, folder, wholes[fit], moments.uniform(0.0, lengths[fit]))
            if line is not None:
                lines.append(line)
                sys.stdout.write(f"{len(lines):3} {line}\n")
                sys.stdout.flush()
    return lines


if __name__ == "__main__":
    kill_fits(int(sys.argv[1]) if len(sys.argv) > 1 else 50, int(sys.argv[2]) if len(sys.argv) > 2 else 0)
