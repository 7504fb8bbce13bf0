"""Reading labelled tables, splitting their rows and encoding their columns as numbers."""

from chainrule.data.blocks import TableBlocks, open_blocks
from chainrule.data.boolean_column import BooleanColumn
from chainrule.data.category_column import CATEGORY_LIMIT, CategoryColumn
from chainrule.data.chosen_kinds import (
    COLUMN_KINDS,
    check_column_kinds,
    require_columns,
    text_columns_of,
    with_kinds,
)
from chainrule.data.column_encoding import AnyColumnEncoding, ColumnEncoding
from chainrule.data.column_fit import DroppedColumn, check_column
from chainrule.data.date_column import DateColumn
from chainrule.data.embedded import EMBEDDED
from chainrule.data.encoding import Encoder
from chainrule.data.frames import read_frame
from chainrule.data.hashed_column import HASHED_FEATURES, HashedColumn
from chainrule.data.kind_choice import words_per_value
from chainrule.data.kinds import Kind, has_missing, missing_values
from chainrule.data.number_column import NumberColumn
from chainrule.data.reading import column_name, read_table
from chainrule.data.refusals import example_texts
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
from chainrule.data.streaming import can_be_streamed, open_stream
from chainrule.data.table import Table, require_column
from chainrule.data.table_output import OUTPUT_ENDINGS, csv_bytes, written_table
from chainrule.data.targets import FLOAT_CLASS_LIMIT, Label, LabelScan, class_indices, find_classes
from chainrule.data.text_column import TextColumn
from chainrule.data.text_types import MISSING_VALUES
from chainrule.data.unseen_categories import UnseenCategories

__all__ = [
    "CATEGORY_LIMIT",
    "CLIP",
    "COLUMN_KINDS",
    "EMBEDDED",
    "FLOAT_CLASS_LIMIT",
    "HASHED_FEATURES",
    "MANY_ROWS",
    "MISSING_VALUES",
    "OUTPUT_ENDINGS",
    "TEST",
    "TRAINING",
    "VALIDATION",
    "AnyColumnEncoding",
    "BooleanColumn",
    "CategoryColumn",
    "ColumnEncoding",
    "DateColumn",
    "DroppedColumn",
    "Encoder",
    "HashedColumn",
    "Kind",
    "Label",
    "LabelScan",
    "ManyRowsSplit",
    "NumberColumn",
    "RobustScaling",
    "Split",
    "Table",
    "TableBlocks",
    "TextColumn",
    "UnseenCategories",
    "can_be_streamed",
    "check_column",
    "check_column_kinds",
    "class_indices",
    "column_name",
    "csv_bytes",
    "example_texts",
    "find_classes",
    "has_missing",
    "many_rows_split",
    "missing_values",
    "open_blocks",
    "open_stream",
    "read_frame",
    "read_table",
    "require_column",
    "require_columns",
    "sampled",
    "split_rows",
    "stratified_split",
    "text_columns_of",
    "with_kinds",
    "words_per_value",
    "written_table",
]
