"""What a seeded fault is: a mistake put into one file, and the tests that must then fail."""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True)
class Fault:
    """A piece of a module, what the fault makes of it, and the tests that must fail."""

    module: str
    right: str
    wrong: str
    tests: str

    @property
    def source(self) -> Path:
        return ROOT / "src" / (self.module.replace(".", "/") + ".py")

    def faulty_text(self) -> str:
        text = self.source.read_text()
        assert text.count(self.right) == 1, (
            f"{self.module} holds {self.right!r} {text.count(self.right)} times"
        )
        return text.replace(self.right, self.wrong)


@dataclass(frozen=True)
class KernelFault:
    """The same for a file of the kernels, which is compiled."""

    file: str
    right: str
    wrong: str
    tests: str

    def seed(self, folder: Path) -> None:
        """Put the fault into a folder's copy of the sources."""
        faulty = folder / self.file
        text = faulty.read_text()
        assert text.count(self.right) == 1, f"{self.file} holds {self.right!r} {text.count(self.right)} times"
        faulty.write_text(text.replace(self.right, self.wrong))


def copy_of_sources(folder: Path) -> Path:
    """Copy the sources of the kernels to the folder."""
    shutil.copytree(ROOT / "native", folder / "native")
    shutil.copy(ROOT / "CMakeLists.txt", folder)
    return folder


class KernelTree:
    """A folder where the kernels are built once; for a fault only what it touches is compiled again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._build = folder / "build"
        self._right = folder / "right"

    def build(self, fault: KernelFault) -> Path:
        """Compile the kernels with the fault in them and return the module."""
        if not self._right.exists():
            self._build_right()
        for name in ("build", "native"):
            shutil.rmtree(self._folder / name)
            shutil.copytree(self._right / name, self._folder / name)  # times of change as well
        fault.seed(self._folder)
        return self._compile()

    def _build_right(self) -> None:
        copy_of_sources(self._folder)
        tools = Path(sys.executable).parent
        configure = [tools / "cmake", "-S", self._folder, "-B", self._build, "-G", "Ninja", "-Wno-dev"]
        configure += [f"-DPython_EXECUTABLE={sys.executable}", f"-DCMAKE_MAKE_PROGRAM={tools / 'ninja'}"]
        subprocess.run([*configure, "-DCHAINRULE_QUICK_BUILD=ON"], check=True, capture_output=True)
        self._compile()
        for name in ("build", "native"):
            shutil.copytree(self._folder / name, self._right / name)

    def _compile(self) -> Path:
        cmake = Path(sys.executable).parent / "cmake"
        command = [cmake, "--build", self._build, "--target", "_native"]
        subprocess.run(command, check=True, capture_output=True)
        return next(self._build.glob("_native*.so"))
