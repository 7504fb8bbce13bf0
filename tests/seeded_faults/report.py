"""Seeded faults of the report, and of what it is gathered with."""

from seeded_faults.fault import Fault

FAULTS = {
    "the page takes words of others for markup": Fault(
        "chainrule.report.page", "autoescape=True", "autoescape=False", "tests/report/test_page.py"
    ),
    "control characters come onto the page": Fault(
        "chainrule.report.words",
        "return REPLACEMENT if unicodedata.category(character) in UNWRITABLE else character",
        "return character",
        "tests/report",
    ),
    "the confusion matrix is transposed": Fault(
        "chainrule.report.confusion",
        "np.unique(targets * n_classes + predictions",
        "np.unique(predictions * n_classes + targets",
        "tests/report/test_confusion.py",
    ),
    "precision and recall are exchanged": Fault(
        "chainrule.report.per_class",
        "            _quotient(right[k], predicted[k]),\n            _quotient(right[k], examples[k]),\n",
        "            _quotient(right[k], examples[k]),\n            _quotient(right[k], predicted[k]),\n",
        "tests/report/test_per_class.py",
    ),
    "the calibration error gives each bin the same weight": Fault(
        "chainrule.report.reliability",
        "part.examples * abs(part.accuracy - part.confidence) for part in found) / count",
        "abs(part.accuracy - part.confidence) for part in found) / len(found)",
        "tests/report/test_reliability.py",
    ),
    "the confidence of a bin is its middle": Fault(
        "chainrule.report.reliability",
        "count, total / count, share",
        "count, (place + 0.5) / bins, share",
        "tests/report/test_reliability.py",
    ),
    "p - y has the wrong sign": Fault(
        "chainrule.report.example_view",
        "difference = probability - target",
        "difference = target - probability",
        "tests/report/test_page.py",
    ),
    "a gap in a curve is bridged": Fault(
        "chainrule.report.line_chart",
        "parts, open_part = _closed(parts, open_part), 0",
        "parts = _closed(parts, open_part)",
        "tests/report/test_line_chart.py",
    ),
    "a bar begins at the wrong end": Fault(
        "chainrule.report.influence_bars",
        "place(min(mean, 0.0)), place(max(mean, 0.0))",
        "place(0.0), place(mean)",
        "tests/report/test_influence_bars.py",
    ),
    "miscalibration is told the wrong way round": Fault(
        "chainrule.report.remarks",
        "found.mean_confidence > found.accuracy",
        "found.mean_confidence < found.accuracy",
        "tests/report/test_remarks.py",
    ),
    "only the first feature of a column is permuted": Fault(
        "chainrule.estimators.influence",
        "where = slice(start, start + width)",
        "where = slice(start, start + 1)",
        "tests/estimators/test_influence.py",
    ),
    "the influence is not a rise": Fault(
        "chainrule.estimators.influence",
        "targets) - baseline for",
        "targets) for",
        "tests/estimators/test_influence.py",
    ),
    "confidences forget the temperature": Fault(
        "chainrule.estimators.judged_rows",
        "softmax(logits / network.temperature)",
        "softmax(logits)",
        "tests/estimators/test_judged_rows.py",
    ),
    "the learning rate is that of the next epoch": Fault(
        "chainrule.training.planned_rates",
        "epoch * per_epoch - 1, total",
        "(epoch + 1) * per_epoch - 1, total",
        "tests/training/test_planned_rates.py",
    ),
    "a report on training judges the rows of training": Fault(
        "chainrule.app.report",
        'rows, kind = prepared.split.test, "held-out rows"',
        'rows, kind = prepared.split.training, "held-out rows"',
        "tests/app/test_report.py",
    ),
    "rows are numbered within the part that is judged": Fault(
        "chainrule.app.report_values", "int(rows[place])", "int(place)", "tests/app/test_report.py"
    ),
    "a report may replace the model it tells of": Fault(
        "chainrule.app.report",
        "os.path.realpath(path) == os.path.realpath(name)",
        "path is name",
        "tests/app/test_report.py",
    ),
}
