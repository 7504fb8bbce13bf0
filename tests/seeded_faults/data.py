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
}
