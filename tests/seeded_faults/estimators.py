"""Seeded faults of the estimators."""

from seeded_faults.fault import Fault

FAULTS = {
    "two classes give two columns of decisions": Fault(
        "chainrule.estimators.prediction",
        "return np.asarray(logits[:, 1] - logits[:, 0])",
        "return np.asarray(logits)",
        "tests/estimators/test_softmax_classifier_contract.py",
    ),
    "quartiles of arrays without weights": Fault(
        "chainrule.estimators.robust_input_scaling",
        "reached = weights[order]",
        "reached = np.ones(len(order))",
        "tests/estimators/test_robust_input_scaling.py",
    ),
    "squares of large features overflow": Fault(
        "chainrule.estimators.standardisation",
        "np.frexp(largest_sizes(X))[1]",
        "0 * np.frexp(largest_sizes(X))[1]",
        "tests/estimators/test_standardisation.py",
    ),
    "a warm start with a new scaling": Fault(
        "chainrule.estimators.classifier_training",
        "    network.input_scaling = before.input_scaling\n",
        "",
        "tests/estimators/test_softmax_classifier_options.py",
    ),
    "balanced classes by rows without their weights": Fault(
        "chainrule.estimators.fit_rows",
        "np.bincount(rows.y, rows.sample_weight, minlength=n_classes)",
        "np.bincount(rows.y, minlength=n_classes)",
        "tests/estimators",
    ),
    "held-out rows as a copy": Fault(
        "chainrule.estimators.fit_rows",
        "rows.select(split.training)",
        "rows.take(split.training)",
        "tests/estimators/test_memory.py",
    ),
    "columns that are all copied at once": Fault(
        "chainrule.estimators.robust_input_scaling",
        "together = columns_at_a_time(len(X), X.dtype.itemsize)",
        "together = X.shape[1]",
        "tests/estimators/test_memory.py",
    ),
    "the place of a number that is not finite in its block": Fault(
        "chainrule.estimators.validation",
        'return f"[{first + row}, {column}]',
        'return f"[{row}, {column}]',
        "tests/estimators/test_refusals.py",
    ),
    "absent entries are left out of the deviation": Fault(
        "chainrule.estimators.standardisation",
        "(squares + absent * np.square(mean))",
        "squares",
        "tests/estimators/test_sparse_features.py",
    ),
    "portions of every epoch are those of the first": Fault(
        "chainrule.estimators.streamed_rows",
        "Purpose.SHUFFLE, self.seed, epoch, 0, 1",
        "Purpose.SHUFFLE, self.seed, 1, 0, 1",
        "tests/estimators/test_streamed_table.py",
    ),
    "a portion has rows of every part": Fault(
        "chainrule.estimators.streamed_rows",
        "chosen = self.split.parts(first, frame.height) == part",
        "chosen = self.split.parts(first, frame.height) <= part",
        "tests/estimators/test_streamed_table.py",
    ),
    "a stream goes on from the first portion": Fault(
        "chainrule.estimators.streamed_rows",
        "iter(self._order(epoch)[first:])",
        "iter(self._order(epoch))",
        "tests/estimators/test_streamed_table.py",
    ),
    "of equal probabilities the last class is the top": Fault(
        "chainrule.estimators.top_classes",
        "chosen[row, equal[k - above :]] = False",
        "chosen[row, equal[: len(equal) - k + above]] = False",
        "tests/estimators/test_many_classes.py",
    ),
    "classes that do not occur count in the balanced accuracy": Fault(
        "chainrule.estimators.evaluation",
        "recalls / occurring",
        "recalls / len(counts)",
        "tests/estimators/test_evaluation.py",
    ),
    "bins of confidence are closed below": Fault(
        "chainrule.estimators.tallies",
        "np.ceil(confidence * BINS)) - 1",
        "np.floor(confidence * BINS)) + 1",
        "tests/estimators/test_evaluation.py",
    ),
    "weights begin anew with every block": Fault(
        "chainrule.estimators.tallies",
        "bootstrap_weights(first, len(targets))",
        "bootstrap_weights(0, len(targets))",
        "tests/estimators/test_evaluation.py",
    ),
    "quantiles of replicates without their shift": Fault(
        "chainrule.estimators.bootstrap",
        " - present.mean() + value",
        "",
        "tests/estimators/test_evaluation.py",
    ),
    "missing numbers as very small ones": Fault(
        "chainrule.estimators.onnx_encoder",
        'features.append(graph.add("Where", missing, scalar(graph, 0.0), scaled))',
        'features.append(graph.add("Where", missing, scalar(graph, -3.0), scaled))',
        "tests/estimators/test_onnx_export.py",
    ),
    "missing text counts as other text": Fault(
        "chainrule.estimators.onnx_encoder",
        "missing = known + column.other if column.indicator else -1",
        "missing = other",
        "tests/estimators/test_onnx_export.py",
    ),
    "the ONNX file forgets the temperature": Fault(
        "chainrule.estimators.onnx_export",
        "if network.temperature != 1.0:",
        "if network.temperature == 0.0:",
        "tests/estimators/test_onnx_export.py",
    ),
    "blocks of predictions whatever the number of classes": Fault(
        "chainrule.estimators.prediction",
        "while rows > 1 and rows * bytes_of_row > LAYER_BYTES:",
        "while rows < 1:",
        "tests/estimators/test_many_classes.py",
    ),
}
