"""Tables and models for the tests of the command line."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from app.command_line import run


def people(n: int = 400) -> pl.DataFrame:
    """Return a table with numbers, categories, dates, booleans and missing values."""
    rng = np.random.default_rng(1)
    age = rng.normal(40, 12, size=n)
    city = rng.choice(["Bonn", "Köln", "Trier"], size=n)
    joined = [date(2018, 1, 1) + timedelta(days=int(day)) for day in rng.integers(0, 2000, size=n)]
    paid = rng.random(n) < 0.5
    score = (age - 40) / 12 + 2.0 * (city == "Köln") + paid + rng.normal(0, 0.2, size=n)
    plan = np.select([score < 0, score < 1.5], ["basic", "plus"], "premium")
    frame = pl.DataFrame(
        {
            "age": age.round(1),
            "city": city.tolist(),
            "joined": joined,
            "paid": paid.tolist(),
            "plan": plan.tolist(),
        }
    )
    holes = pl.Series((rng.random(n) < 0.1).tolist())
    return frame.with_columns(
        pl.when(holes).then(None).otherwise(name).alias(name) for name in ("age", "city")
    )


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with people.csv and the model people.safetensors trained on it; tests add nothing to it."""
    path = tmp_path_factory.mktemp("people")
    people().write_csv(path / "people.csv")
    result = run(
        "train", path / "people.csv", "--target", "plan", "--output", path / "people.safetensors", "--quiet"
    )
    assert result.exit_code == 0, result.stderr
    assert result.stdout == result.stderr == ""
    return path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder that is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
