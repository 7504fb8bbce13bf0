"""``chainrule report`` and ``chainrule train --report``."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import f1_score, log_loss

import chainrule as cr
from app.command_line import refusal, run, run_json, run_process
from chainrule.app import report_values
from chainrule.errors import OutputError
from chainrule.report import report_html
from chainrule.training import Outcome
from report.reports import Page, section_text


def read(path: Path) -> Page:
    return Page(path.read_text(encoding="utf-8"))


def test_a_report_on_data_tells_scikit_learns_scores(folder: Path, here: Path) -> None:
    model_file, data = folder / "people.safetensors", folder / "people.csv"
    result = run("report", model_file, data)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "Report: people.html\n", "")
    assert [path.name for path in here.iterdir()] == ["people.html"]
    page = read(here / "people.html")
    model, truth = cr.load(model_file), pl.read_csv(data)["plan"].to_list()
    probabilities = model.predict_proba(data).astype(np.float64)
    predicted = model.predict(data)
    summary = section_text(page, "summary")
    right = int(np.sum(predicted == truth))
    assert f"{right} of 400 rows right" in summary
    assert (
        f"Log-loss{log_loss(truth, probabilities / probabilities.sum(axis=1, keepdims=True)):.4g}nats"
        in summary
    )
    assert f"Macro F1{f1_score(truth, predicted, average='macro'):.3g}each" in summary
    matrix = page.rows("confusion-caption")
    assert [int(row[-1]) for row in matrix] == [truth.count(label) for label in model.classes]
    assert sum(int(matrix[k][k + 1]) for k in range(3)) == right


def test_the_worst_rows_are_shown_with_their_values_and_probabilities(folder: Path, here: Path) -> None:
    run("report", folder / "people.safetensors", folder / "people.csv")
    page = read(here / "people.html")
    model, frame = cr.load(folder / "people.safetensors"), pl.read_csv(folder / "people.csv")
    probabilities = model.predict_proba(folder / "people.csv").astype(np.float64)
    targets = np.array([model.classes.index(label) for label in frame["plan"]])
    losses = -np.log(probabilities[np.arange(400), targets])
    worst = int(np.argmax(losses))
    heading = page.by_id("example-1").text
    assert heading.startswith(f"Row {worst}: {model.classes[targets[worst]]}, ")
    shown = {row[0]: row for row in page.rows("example-1-classes")}
    for k, label in enumerate(model.classes):
        difference = probabilities[worst, k] - (k == targets[worst])
        text = shown[str(label)][3].replace("\N{MINUS SIGN}", "-")
        assert float(text) == pytest.approx(difference, rel=5e-3)
    values = dict(page.rows("example-1-values"))
    assert set(values) == {"age", "city", "joined", "paid"}
    age = frame["age"][worst]
    assert values["age"] == ("missing" if age is None else str(age))


def test_the_columns_that_made_the_labels_are_the_influential_ones(folder: Path, here: Path) -> None:
    run("report", folder / "people.safetensors", folder / "people.csv")
    names = [row[0] for row in read(here / "people.html").rows("columns-caption")]
    assert set(names[:3]) == {"age", "city", "paid"}
    assert names[3] == "joined"


def test_a_report_without_data_tells_of_the_model(folder: Path, here: Path) -> None:
    assert run("report", folder / "people.safetensors", "--output", "page.html").exit_code == 0
    page = read(here / "page.html")
    assert "none was given" in section_text(page, "summary")
    assert "280 to train on, 40 to stop by, 80 held out" in section_text(page, "summary")
    assert "newton-cholesky has none" in section_text(page, "training")
    assert ["rows: training", "280"] in page.rows("settings-caption")


def test_train_reports_on_the_held_out_rows(folder: Path, here: Path) -> None:
    told = run_json(
        "train",
        folder / "people.csv",
        "--target",
        "plan",
        "--hidden",
        8,
        "--max-epochs",
        5,
        "--report",
        "p.html",
    )
    assert sorted(path.name for path in here.iterdir()) == ["p.html", "people.safetensors"]
    page = read(here / "p.html")
    summary = section_text(page, "summary")
    assert "80 held-out rows of people.csv" in summary
    assert f"Log-loss{told['test_loss']:.4g}nats" in summary
    assert len(page.rows("loss-caption")) == len(page.rows("rate-caption")) == 5


def test_without_held_out_rows_the_validation_rows_are_judged(here: Path) -> None:
    told = run_json("train", "iris", "--test", 0, "--report", "p.html")
    summary = section_text(read(here / "p.html"), "summary")
    assert "15 validation rows of iris" in summary
    assert f"Log-loss{told['validation_loss']:.4g}nats" in summary
    told_to_people = run("train", "iris", "--test", 0, "--validation", 0, "--report", "q.html")
    assert told_to_people.stdout.endswith("Model: iris.safetensors\nReport: q.html\n")
    assert "none was given" in section_text(read(here / "q.html"), "summary")


def test_rows_are_numbered_as_they_stand_in_the_file(folder: Path, here: Path) -> None:
    run_json("train", folder / "people.csv", "--target", "plan", "--report", "p.html")
    page, frame = read(here / "p.html"), pl.read_csv(folder / "people.csv")
    for place in range(1, 6):
        heading = page.by_id(f"example-{place}").text
        row = int(heading.removeprefix("Row ").split(":")[0])
        assert heading.split(": ")[1].startswith(frame["plan"][row])
        assert dict(page.rows(f"example-{place}-values"))["joined"] == frame["joined"][row]


def test_equal_models_and_data_give_equal_bytes_wherever_they_are(folder: Path, tmp_path: Path) -> None:
    contents = []
    for name in ("one", "two"):
        place = tmp_path / name
        place.mkdir()
        for file in ("people.csv", "people.safetensors"):
            (place / file).write_bytes((folder / file).read_bytes())
        arguments = ("report", place / "people.safetensors", "people.csv", "--output", f"{name}.html")
        assert run_process(*arguments, folder=place).returncode == 0
        contents.append((place / f"{name}.html").read_bytes())
    assert contents[0] == contents[1]
    assert str(tmp_path).encode() not in contents[0]


def test_many_rows_are_judged_all_and_permuted_in_part(
    folder: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chainrule.estimators.influence.MOST_ROWS", 150)
    run("report", folder / "people.safetensors", folder / "people.csv")
    page = read(here / "people.html")
    assert "It was measured on 150 rows, drawn at random." in section_text(page, "columns")
    assert "of 400 rows right" in section_text(page, "summary")
    assert "of all 400 rows" in section_text(page, "examples")


def test_the_same_rows_as_in_training_are_pointed_out(folder: Path, here: Path) -> None:
    run("report", folder / "people.safetensors", folder / "people.csv")
    assert "these figures flatter" in section_text(read(here / "people.html"), "warnings")
    pl.read_csv(folder / "people.csv").head(100).write_csv(here / "some.csv")
    run("report", folder / "people.safetensors", "some.csv")
    assert "these figures flatter" not in section_text(read(here / "people.html"), "warnings")


def test_unseen_categories_are_said_on_stderr_and_on_the_page(folder: Path, here: Path) -> None:
    pl.read_csv(folder / "people.csv").with_columns(city=pl.lit("Ulm")).write_csv(here / "t.csv")
    result = run("report", folder / "people.safetensors", "t.csv")
    assert (result.exit_code, result.stderr.count("Ulm")) == (0, 1)
    assert "Ulm" in section_text(read(here / "people.html"), "warnings")


def test_hostile_tables_make_a_harmless_page(here: Path) -> None:
    names = ['<script>x="</style>', "'\"&amp;"]
    rows = [f'"{names[0]}",{n},{"<b>" if n % 3 else "</svg>"}' for n in range(90)]
    header = '"' + names[0].replace('"', '""') + '",' + '"\'""&amp;",y'
    text = "\n".join([header, *(row.replace('"</style>"', '""</style>"') for row in rows)])
    (here / "t.csv").write_text(text.replace('x="</style>",', 'x=""</style>",'))
    told = run("train", "t.csv", "--target", "y", "--report", "t.html", "--quiet")
    assert told.exit_code == 0, told.stderr
    page = read(here / "t.html")
    assert not page.all("script")
    assert not page.all("b")
    assert [row[0] for row in page.rows("classes-caption")] == ["</svg>", "<b>"]
    assert names[0] in section_text(page, "warnings")
    assert page.rows("columns-caption")[0][0] == names[1]


def test_the_target_may_have_another_name(folder: Path, here: Path) -> None:
    pl.read_csv(folder / "people.csv").rename({"plan": "truth"}).write_csv(here / "t.csv")
    assert run("report", folder / "people.safetensors", "t.csv", "--target", "truth").exit_code == 0
    assert "of 400 rows right" in section_text(read(here / "people.html"), "summary")


def test_a_model_of_arrays_has_a_report(here: Path) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    y = (X[:, 1] > 0).astype(np.int64)
    cr.SoftmaxClassifier().fit(X, y).to_model().save("m.safetensors")
    np.savez("t.npz", X=X, y=y)
    result = run("report", "m.safetensors", "t.npz")
    assert result.exit_code == 0, result.stderr
    page = read(here / "m.html")
    assert "an array of 3 features, without names" in section_text(page, "summary")
    assert len(page.rows("columns-caption")) == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("none.safetensors",), "chainrule report: 'none.safetensors' is a file that can be read; got"),
        (("MODEL", "none.csv"), "chainrule report: 'none.csv' is a file that can be read; got"),
        (("MODEL", "--output", "p.pdf"), "--output ends in .html or .htm; got 'p.pdf'. Rename it."),
        (("MODEL", "--output", "no/p.html"), "'no/p.html' can be written; got 'No such file or directory'"),
        (("MODEL", "--target", "plan"), "--target goes with DATA; got --target alone. Name the data"),
        (
            ("MODEL", "DATA", "--target", "plans"),
            "got target 'plans', which people.csv does not have. Did you mean",
        ),
    ],
)
def test_what_cannot_be_done_is_refused_and_nothing_is_written(
    folder: Path, here: Path, arguments: tuple[str, ...], message: str
) -> None:
    known = {"MODEL": folder / "people.safetensors", "DATA": folder / "people.csv"}
    told = refusal("report", *(known.get(argument, argument) for argument in arguments))
    assert told.startswith("chainrule report: ")
    assert message in told
    assert list(here.iterdir()) == []


def test_a_page_never_takes_the_place_of_what_is_read(folder: Path, here: Path) -> None:
    (here / "model.html").write_bytes((folder / "people.safetensors").read_bytes())
    before = (here / "model.html").read_bytes()
    assert "--output is a file of its own; got 'model.html'" in refusal("report", "model.html")
    assert (here / "model.html").read_bytes() == before


def test_a_page_that_cannot_be_written_is_found_out_before_training(here: Path) -> None:
    assert "'no/p.html' can be written" in refusal("train", "iris", "--report", "no/p.html")
    assert "--report ends in .html or .htm" in refusal("train", "iris", "--report", "iris.safetensors")
    assert "--report is a file of its own" in refusal(
        "train", "iris", "--output", "m.html", "--report", "./m.html"
    )
    assert list(here.iterdir()) == []


def test_an_old_page_stays_whole_where_the_new_one_fails(
    folder: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "people.html").write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    assert "No space left on device" in refusal("report", folder / "people.safetensors")
    assert [path.name for path in here.iterdir()] == ["people.html"]
    assert (here / "people.html").read_text() == "old"


def test_a_training_whose_page_fails_says_that_the_model_is_there(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OutputError("chainrule train", "'p.html' can be written", "a full disk", "Make room.")

    monkeypatch.setattr("chainrule.app.train.write_report", refuse)
    result = run("train", "iris", "--report", "p.html")
    assert result.exit_code == 2
    assert result.stderr == (
        "chainrule train: the model is written to 'iris.safetensors', but not its report: 'p.html' can be written; "
        "got a full disk. Make room.\n"
    )
    assert (here / "iris.safetensors").exists()


def test_a_resumed_training_reports_too(here: Path) -> None:
    run("train", "iris", "--hidden", 4, "--max-epochs", 3, "--checkpoint", "c", "--quiet")
    result = run("train", "--resume", "c", "--report", "p.html", "--quiet")
    assert result.exit_code == 0, result.stderr
    assert "30 held-out rows of iris" in section_text(read(here / "p.html"), "summary")


def test_the_model_file_of_an_older_version_has_a_report(here: Path) -> None:
    old = Path(__file__).resolve().parent.parent / "estimators/format_1.safetensors"
    assert run("report", old, "--output", "p.html").exit_code == 0
    assert "Summary" in (here / "p.html").read_text()


def test_settings_of_a_file_that_was_edited_do_no_harm() -> None:
    settings = {"rows": {"training": "many", "test": True}, "solver": {"name": ["<b>"]}, "batch_size": -1}
    outcome = Outcome.from_json_value(
        {"reason": "COMPLETED", "solver": "adamw", "epochs": 2, "best_epoch": 9, "loss": None,
         "loss_curve": [1.0, None], "validation_curve": [], "gradient_norm": None, "message": ""}
    )  # fmt: skip
    model = cr.Model(None, cr.Network((2, 2)), ["a", "b"], settings, outcome)
    report = report_values.report_of_model(model, "m")
    assert report.model.rows == {}
    assert report.training is not None
    assert report.training.learning_rates is None
    assert Page(report_html(report)).rows("loss-caption")[1] == ["2", "–"]  # noqa: RUF001
