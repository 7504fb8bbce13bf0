"""Every block of Python in the README and the guides runs as it stands."""

import re
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent


# PyTorch warns of itself when it first computes a forward derivative, and when it compiles.
@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
@pytest.mark.parametrize("name", ["README.md", "docs/guide.md", "docs/report.md"])
def test_the_examples_of_a_document_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    generator = np.random.default_rng(0)
    rows = [f"{generator.normal():.3f},{'ab'[i % 2]},{'xy'[i % 2]}" for i in range(60)]
    (tmp_path / "table.csv").write_text("size,kind,species\n" + "\n".join(rows) + "\n")
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / name).read_text(), flags=re.DOTALL)
    assert blocks
    names = {}
    for block in blocks:
        exec(compile(block, name, "exec"), names)
