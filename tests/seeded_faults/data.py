"""Seeded faults of data."""

from seeded_faults.fault import Fault

FAULTS = {
    "quartiles swapped for extremes": Fault(
        "chainrule.data.robust_scaling",
        "[0.25, 0.5, 0.75]",
        "[0.0, 0.5, 1.0]",
        "tests/data/test_robust_scaling.py",
    ),
    "a class may be left without a training row": Fault(
        "chainrule.data.splits",
        "first_of_class = np.append(True, np.diff(targets[order]) != 0)[: len(order)]",
        "first_of_class = np.zeros(len(order), bool)",
        "tests/data/test_splits.py",
    ),
    "rare categories first": Fault(
        "chainrule.data.category_column",
        "descending=[True, False]",
        "descending=[False, False]",
        "tests/data",
    ),
    "a changed column type is taken": Fault(
        "chainrule.data.encoding",
        "if kind_of(column.dtype) is not encoding.kind:",
        "if False:",
        "tests/data tests/app",
    ),
    "the sample of a stretch begins at its own first row": Fault(
        "chainrule.data.sampling",
        "row_words(first, count, Purpose.SAMPLE, 0)",
        "row_words(0, count, Purpose.SAMPLE, 0)",
        "tests/estimators/test_streamed_table.py",
    ),
    "the first row of a class may be held out": Fault(
        "chainrule.data.splits",
        "parts[row - first] = TRAINING",
        "pass",
        "tests/data/test_splits.py",
    ),
    "missing values outside the sample are not known": Fault(
        "chainrule.data.encoding",
        "fitted = fit_column(column, column.name in incomplete)",
        "fitted = fit_column(column, has_missing(column))",
        "tests/estimators/test_streamed_table.py",
    ),
    "a piece ends inside a quoted field": Fault(
        "chainrule.data.csv_pieces",
        "while end and content.count(b'\"', 0, end) % 2:",
        "while False:",
        "tests/data/test_csv_pieces.py",
    ),
    "numbers with leading zeros in one piece stay numbers": Fault(
        "chainrule.data.csv_types",
        "self.zeros or other.zeros,",
        "other.zeros,",
        "tests/data/test_csv_pieces.py",
    ),
    "rows that are missing from a file are passed over": Fault(
        "chainrule.data.blocks",
        "if rows.height != wanted:",
        "if False:",
        "tests/estimators/test_streamed_table.py",
    ),
}
