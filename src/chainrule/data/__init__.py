"""Reading labelled tables, splitting their rows and encoding their columns as numbers."""

from chainrule.data.blocks import TableBlocks, open_blocks
from chainrule.data.boolean_column import BooleanColumn
from chainrule.data.category_column import CATEGORY_LIMIT, CategoryColumn
from chainrule.data.column_encoding import ColumnEncoding
from chainrule.data.embedded import EMBEDDED
from chainrule.data.encoding import DroppedColumn, Encoder, check_column
from chainrule.data.frames import read_frame
from chainrule.data.kinds import Kind, has_missing
from chainrule.data.number_column import NumberColumn
from chainrule.data.reading import column_name, read_table
from chainrule.data.robust_scaling import CLIP, RobustScaling
from chainrule.data.sampling import sampled
from chainrule.data.splits import (
    MANY_ROWS,
    TEST,
    TRAINING,
    VALIDATION,
    ManyRowsSplit,
    Split,
    many_rows_split,
    split_rows,
    stratified_split,
)
from chainrule.data.table import Table, require_column
from chainrule.data.table_output import OUTPUT_ENDINGS, csv_bytes, written_table
from chainrule.data.targets import FLOAT_CLASS_LIMIT, Label, LabelScan, class_indices, find_classes
from chainrule.data.text_types import MISSING_VALUES
from chainrule.data.unseen_categories import UnseenCategories

__all__ = [
    "CATEGORY_LIMIT",
    "CLIP",
    "EMBEDDED",
    "FLOAT_CLASS_LIMIT",
    "MANY_ROWS",
    "MISSING_VALUES",
    "OUTPUT_ENDINGS",
    "TEST",
    "TRAINING",
    "VALIDATION",
    "BooleanColumn",
    "CategoryColumn",
    "ColumnEncoding",
    "DroppedColumn",
    "Encoder",
    "Kind",
    "Label",
    "LabelScan",
    "ManyRowsSplit",
    "NumberColumn",
    "RobustScaling",
    "Split",
    "Table",
    "TableBlocks",
    "UnseenCategories",
    "check_column",
    "class_indices",
    "column_name",
    "csv_bytes",
    "find_classes",
    "has_missing",
    "many_rows_split",
    "open_blocks",
    "read_frame",
    "read_table",
    "require_column",
    "sampled",
    "split_rows",
    "stratified_split",
    "written_table",
]
