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
        "chainrule.data.checked_column",
        "if kind_of(column.dtype) is not stored:",
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
        "fitted = fit_column(column, column.name in incomplete, chosen)",
        "fitted = fit_column(column, has_missing(column), chosen)",
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
    "leap years every four years without exception": Fault(
        "chainrule.data.calendar_parts",
        "in_era // 1_460 + in_era // 36_524 - in_era // 146_096",
        "in_era // 1_460",
        "tests/data/test_calendar_parts.py",
    ),
    "Sunday is the first day of the week": Fault(
        "chainrule.data.calendar_parts",
        "(days + 3) % 7",
        "(days + 4) % 7",
        "tests/data/test_calendar_parts.py tests/data/test_date_column.py",
    ),
    "a missing date is the first of January 1970": Fault(
        "chainrule.data.date_column",
        "        if missing.any():",
        "        if False:",
        "tests/data/test_date_column.py",
    ),
    "hashes without a sign": Fault(
        "chainrule.data.hashed_column",
        "np.where(found >= 0, HASHED_VALUE, -HASHED_VALUE)",
        "np.where(found >= 0, HASHED_VALUE, HASHED_VALUE)",
        "tests/data/test_hashed_column.py",
    ),
    "hashed values stand in the places of frequent ones": Fault(
        "chainrule.data.hashed_column",
        "places[others] = features + len(self.categories)",
        "places[others] = features",
        "tests/data/test_hashed_column.py",
    ),
    "words that training never had count in the norm of others": Fault(
        "chainrule.data.text_column",
        "known = features >= 0",
        "known = features >= -1",
        "tests/data/test_text_column.py",
    ),
    "rare words weigh no more than frequent ones": Fault(
        "chainrule.data.text_column",
        "weights = np.log((1.0 + self.texts) / (1.0 + counts[counts > 0])) + 1.0",
        "weights = np.ones(int((counts > 0).sum()))",
        "tests/data/test_text_column.py",
    ),
    "names of rows are free text": Fault(
        "chainrule.data.kind_choice",
        "words_per_value(present) >= FEWEST_WORDS",
        "words_per_value(present) >= 0.0",
        "tests/data/test_kind_choice.py",
    ),
    "values that are no numbers are missing": Fault(
        "chainrule.data.chosen_kinds",
        "    if strange.any():",
        "    if False:",
        "tests/data/test_kind_choice.py",
    ),
    "a chosen kind is forgotten in a model file": Fault(
        "chainrule.data.encoding",
        '"chosen": list(self.chosen),',
        '"chosen": [],',
        "tests/data/test_kind_choice.py",
    ),
    "rows of a stream are counted from the block": Fault(
        "chainrule.data.checked_column",
        "refuse_infinite(column, source, call, first)\n    return column",
        "refuse_infinite(column, source, call)\n    return column",
        "tests/app/test_predict.py",
    ),
    "a writer waits for rows that never come": Fault(
        "chainrule.data.table_output",
        "    except BaseException:\n        rows.give_up()\n        raise",
        "    except ValueError:\n        rows.give_up()\n        raise",
        "tests/data/test_table_output.py",
    ),
    "only the last block's unseen categories are told": Fault(
        "chainrule.data.unseen_categories",
        "before.count + unseen.count",
        "unseen.count",
        "tests/app/test_predict.py",
    ),
}
