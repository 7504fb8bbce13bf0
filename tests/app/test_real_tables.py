"""Real tables that come with other packages, each trained by one command and read again by another."""

import gzip
import importlib.util
import inspect
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from app.command_line import run_json


def content(package: str, path: str) -> bytes:
    """Return a data file of a package, unpacked; the test is left out where the package is not installed."""
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        pytest.skip(f"{package} is not installed")
    packed = (Path(found.origin).parent / path).read_bytes()
    if path.endswith(".gz"):
        return gzip.decompress(packed)
    if not path.endswith(".zip"):
        return packed
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        return archive.read(archive.namelist()[0])


def docstrings() -> bytes:
    """Return a table of the first sentences of functions and classes of scikit-learn and SciPy, and where they are."""
    rows: dict[str, str] = {}
    for name in (
        "sklearn.metrics",
        "sklearn.linear_model",
        "scipy.stats",
        "scipy.signal",
        "scipy.special",
        "scipy.linalg",
    ):
        module = importlib.import_module(name)
        for public in sorted(getattr(module, "__all__", dir(module))):
            text = (inspect.getdoc(getattr(module, public, None)) or "").split("\n\n")[0].replace("\n", " ")
            if len(text) > 20:
                rows.setdefault(text, name)
    table = pl.DataFrame({"sentence": list(rows), "module": list(rows.values())})
    return table.write_csv().encode()


@pytest.mark.parametrize(
    ("data", "target", "options", "kinds", "accuracy"),
    [
        pytest.param(docstrings, "module", (), {"sentence": "text"}, 0.75, id="docstrings"),
        pytest.param(
            lambda: content("vega_datasets", "_data/seattle-weather.csv"),
            "weather",
            ("--hidden", "32"),
            {"date": "date", "wind": "number"},
            0.65,
            id="seattle-weather",
        ),
        pytest.param(
            lambda: content("palmerpenguins", "data/penguins-raw.csv"),
            "Species",
            (),
            {"Comments": "category", "Date Egg": "date", "Individual ID": "hashed", "Sex": "category"},
            0.97,
            id="penguins-raw",
        ),
        pytest.param(
            lambda: content("plotnine", "data/diamonds.csv"),
            "cut",
            ("--hidden", "64", "--max-epochs", "4"),
            {"color": "category", "price": "number"},
            0.65,
            id="diamonds",
        ),
        pytest.param(
            lambda: content("river", "datasets/segment.csv.zip"), "category", (), {}, 0.9, id="segment"
        ),
        pytest.param(lambda: content("river", "datasets/shuttle.csv.gz"), None, (), {}, 0.9, id="shuttle"),
        pytest.param(
            lambda: content("vega_datasets", "_data/airports.csv"),
            "state",
            ("--column", "name=text", "--column", "iata=drop"),
            {"name": "text", "city": "hashed", "iata": "left out"},
            0.4,
            id="airports",
        ),
    ],
)
def test_a_real_table_is_trained_by_one_command(
    here: Path,
    data: Callable[[], bytes],
    target: str | None,
    options: tuple[str, ...],
    kinds: dict[str, str],
    accuracy: float,
) -> None:
    (here / "table.csv").write_bytes(data())
    target = target or pl.read_csv(here / "table.csv", n_rows=10).columns[-1]
    arguments = ["table.csv", "--target", target, *options]
    described = run_json("train", *arguments, "--describe")
    found = {column["name"]: column["kind"] for column in described["columns"]}
    assert {name: found[name] for name in kinds} == kinds
    trained = run_json("train", *arguments)
    assert trained["features"] == described["n_features"]
    assert trained["test_accuracy"] > accuracy
    judged = run_json("evaluate", "table.safetensors", "table.csv")
    assert judged["accuracy"] > accuracy
