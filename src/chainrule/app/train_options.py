"""The arguments and options of ``chainrule train``, each with its help; the defaults stand in the command."""

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

Data: TypeAlias = Annotated[
    str | None,
    typer.Argument(
        metavar="DATA",
        help="A .csv, .tsv, .parquet, .arrow, .npz, .npy or .svmlight file, a folder or pattern of .parquet or .arrow "
        "files, or digits, iris, wine or breast-cancer.",
    ),
]
Target: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN", help="The column to predict, or a .npy file of labels; y of .npz files if left out."
    ),
]
Hidden: TypeAlias = Annotated[
    str, typer.Option(metavar="UNITS", help="Units of the hidden layers, as 256,128; none if left out.")
]
Output: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", metavar="MODEL", help="Where to save; DATA's name.safetensors if left out."
    ),
]
Seed: TypeAlias = Annotated[
    int, typer.Option(min=0, help="Of the split, the first weights and the order of rows.")
]
Activation: TypeAlias = Annotated[
    str, typer.Option(help="Of hidden layers: relu, tanh, sigmoid or identity; one for each as tanh,relu.")
]
SolverName: TypeAlias = Annotated[
    str, typer.Option(help="auto, sgd, adam, adamw, lbfgs, newton-cg or newton-cholesky.")
]
LearningRate: TypeAlias = Annotated[
    float | None, typer.Option(help="Highest rate of sgd, adam or adamw; the solver's own if left out.")
]
Alpha: TypeAlias = Annotated[float, typer.Option(help="Strength of the penalty on squared weights.")]
BatchSize: TypeAlias = Annotated[
    int | None, typer.Option(min=1, help="Rows of a step; by the data if left out.")
]
MaxEpochs: TypeAlias = Annotated[
    int | None, typer.Option(min=1, help="Most epochs; by the data if left out.")
]
Patience: TypeAlias = Annotated[
    int, typer.Option(min=1, help="Epochs without a lower validation loss before the end.")
]
LabelSmoothing: TypeAlias = Annotated[
    float, typer.Option(help="Share of each target spread over all classes.")
]
Balanced: TypeAlias = Annotated[bool, typer.Option("--balanced", help="Give rare classes more weight.")]
Validation: TypeAlias = Annotated[float, typer.Option(help="Share of rows that decide when to stop.")]
Test: TypeAlias = Annotated[float, typer.Option(help="Share of rows held out to judge by.")]
Stream: TypeAlias = Annotated[
    bool | None,
    typer.Option(
        "--stream/--no-stream",
        help="Leave the table on the disk and read it anew in every epoch; by its size if left out.",
    ),
]
Columns: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        metavar="NAME=KIND",
        help="What a column is, where its values do not say it: number, category, hashed, boolean, date, text, drop.",
    ),
]
Describe: TypeAlias = Annotated[
    bool, typer.Option("--describe", help="Print what every column becomes, and train nothing.")
]
CheckpointPath: TypeAlias = Annotated[
    Path | None,
    typer.Option("--checkpoint", metavar="FILE", help="Where to write the training down, to --resume it."),
]
CheckpointEvery: TypeAlias = Annotated[
    float, typer.Option(min=0.0, metavar="SECONDS", help="Between checkpoints; 0 for each step.")
]
Resume: TypeAlias = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Go on from a checkpoint, with its data and settings."),
]
Log: TypeAlias = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Append a JSON line for every epoch to a file.")
]
Report: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--report", metavar="FILE", help="Write a page on the training and the held-out rows: .html."
    ),
]
Threads: TypeAlias = Annotated[
    int | None, typer.Option(min=1, help="Most threads; all there are if left out.")
]
Quiet: TypeAlias = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print nothing but errors and warnings.")
]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
