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
        """Copy the sources of the kernels to the folder and put the fault into them."""
        for name in ("CMakeLists.txt", "native"):
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, folder / name)
        faulty = folder / self.file
        text = faulty.read_text()
        assert text.count(self.right) == 1, f"{self.file} holds {self.right!r} {text.count(self.right)} times"
        faulty.write_text(text.replace(self.right, self.wrong))

    def build(self, folder: Path) -> Path:
        """Compile the kernels with the fault in them and return the module."""
        self.seed(folder)
        tools = Path(sys.executable).parent
        configure = [tools / "cmake", "-S", folder, "-B", folder / "build", "-G", "Ninja", "-Wno-dev"]
        configure += [f"-DPython_EXECUTABLE={sys.executable}", f"-DCMAKE_MAKE_PROGRAM={tools / 'ninja'}"]
        configure += ["-DCHAINRULE_QUICK_BUILD=ON"]
        for command in (configure, [tools / "cmake", "--build", folder / "build", "--target", "_native"]):
            subprocess.run(command, check=True, capture_output=True)
        return next((folder / "build").glob("_native*.so"))
