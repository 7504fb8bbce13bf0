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
    "rows of a stream are counted from the block": Fault(
        "chainrule.data.encoding",
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
