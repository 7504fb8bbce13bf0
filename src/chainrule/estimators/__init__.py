"""The scikit-learn estimator, the model that is saved, and the fit of a table.

The estimator is loaded on first use: scikit-learn takes a second to import, and a saved model does without it.
"""

from typing import TYPE_CHECKING, Any

from chainrule.estimators.evaluation import SCORES, Evaluation, Score, evaluate
from chainrule.estimators.fit_table import fit_table
from chainrule.estimators.influence import ColumnInfluence, column_influences, rows_for_influence
from chainrule.estimators.judged_rows import RowJudgements, judge_rows
from chainrule.estimators.model import Model, load
from chainrule.estimators.model_values import label_array
from chainrule.estimators.onnx_export import export_onnx
from chainrule.estimators.raw_rows import RawRows, open_rows, predicted_blocks
from chainrule.estimators.scores import Scores, judge
from chainrule.estimators.streamed_table import PreparedStream, is_streamed
from chainrule.estimators.table_description import ColumnDescription, TableDescription, describe_table
from chainrule.estimators.table_fit import (
    PreparedTable,
    TableFit,
    judge_table,
    prepare_table,
    train_table,
)
from chainrule.estimators.table_parts import Part
from chainrule.estimators.table_settings import TableSettings
from chainrule.estimators.top_classes import top_classes

if TYPE_CHECKING:
    from chainrule.estimators.softmax_classifier import SoftmaxClassifier

__all__ = [
    "SCORES",
    "ColumnDescription",
    "ColumnInfluence",
    "Evaluation",
    "Model",
    "Part",
    "PreparedStream",
    "PreparedTable",
    "RawRows",
    "RowJudgements",
    "Score",
    "Scores",
    "SoftmaxClassifier",
    "TableDescription",
    "TableFit",
    "TableSettings",
    "column_influences",
    "describe_table",
    "evaluate",
    "export_onnx",
    "fit_table",
    "is_streamed",
    "judge",
    "judge_rows",
    "judge_table",
    "label_array",
    "load",
    "open_rows",
    "predicted_blocks",
    "prepare_table",
    "rows_for_influence",
    "top_classes",
    "train_table",
]


def __getattr__(name: str) -> Any:
    if name == "SoftmaxClassifier":
        from chainrule.estimators.softmax_classifier import SoftmaxClassifier

        return SoftmaxClassifier
    raise AttributeError(
        f"module 'chainrule.estimators' has no attribute {name!r}; it has {', '.join(__all__)}"
    )
