"""Seeded faults of training."""

from seeded_faults.fault import Fault

FAULTS = {
    "Adam without the correction of its second moment": Fault(
        "chainrule.training.adam", "1.0 / math.sqrt(1.0 - beta2**steps)", "1.0", "tests/training/test_adam.py"
    ),
    "Nesterov momentum without its factor": Fault(
        "chainrule.training.sgd",
        "np.multiply(velocity, self.momentum, out=buffer)",
        "np.multiply(velocity, 1.0, out=buffer)",
        "tests/training/test_sgd.py",
    ),
    "weight decay of biases": Fault(
        "chainrule.training.adamw",
        "for weights in state.weight_slices:",
        "for weights in (slice(None),):",
        "tests/training/test_adamw.py",
    ),
    "a minibatch divides by its own size alone": Fault(
        "chainrule.training.objective",
        "1.0 / (len(examples) * mean_weight)",
        "1.0 / len(examples)",
        "tests/training/test_objective.py",
    ),
    "the line search accepts what is not finite": Fault(
        "chainrule.training.line_search",
        "return point.finite and point.value",
        "return point.value",
        "tests/training/test_line_search.py",
    ),
    "the two-loop adds its correction": Fault(
        "chainrule.training.lbfgs",
        "(factor - correction)",
        "(factor + correction)",
        "tests/training/test_lbfgs.py",
    ),
    "the best parameters are not copied": Fault(
        "chainrule.training.early_stopping",
        "parameters.copy()",
        "parameters",
        "tests/training/test_train.py",
    ),
    "compiled steps count from the beginning in every call": Fault(
        "chainrule.training.compiled_step",
        "_steps_before(state) + taken",
        "_steps_before(state)",
        "tests/training/test_compiled_step.py",
    ),
    "a class weight of compiled steps is counted twice": Fault(
        "chainrule.training.compiled_step",
        "row_weight * of_rows, None",
        "row_weight * of_rows, class_weight",
        "tests/training/test_compiled_step.py",
    ),
    "a minibatch divides by its own weights": Fault(
        "chainrule.training.objective",
        "1.0 / (len(examples) * mean_weight)",
        "1.0 / self.loss.total_weight(network, examples)",
        "tests/training/test_options.py",
    ),
    "short gradients are stretched too": Fault(
        "chainrule.training.objective",
        "if norm > max_norm:",
        "if norm > 0:",
        "tests/training/test_options.py",
    ),
    "the temperature without its prior": Fault(
        "chainrule.training.calibration",
        "slope + theta / SPREAD**2, curvature",
        "slope, curvature",
        "tests/training/test_calibration.py",
    ),
    "validation rows that do not weigh in the temperature": Fault(
        "chainrule.training.calibration",
        "    if examples.sample_weight is not None:",
        "    if False:",
        "tests/training/test_calibration.py",
    ),
    "portions divide by the weight of the last one alone": Fault(
        "chainrule.training.online",
        "weight / rows)",
        "objective.total_weight / n_rows)",
        "tests/estimators/test_softmax_classifier_options.py",
    ),
    "a one-cycle that begins at the top": Fault(
        "chainrule.training.schedules",
        "first + (self.learning_rate - first) * rise",
        "self.learning_rate",
        "tests/training/test_schedules.py",
    ),
    "a resumed epoch begins again at its first batch": Fault(
        "chainrule.training.loop",
        "self.seed, number), state.batches, None)",
        "self.seed, number), 0, None)",
        "tests/training/test_checkpoint.py",
    ),
    "a resumed epoch forgets the loss of its first batches": Fault(
        "chainrule.training.packing",
        "    return pack(value, name, tensors)\n\n\ndef _unpack_array",
        '    return pack(0.0 if field.name == "total" else value, name, tensors)\n\n\ndef _unpack_array',
        "tests/training/test_checkpoint.py",
    ),
    "a checkpoint lacks the second moment": Fault(
        "chainrule.training.packing",
        '    if field.metadata.get("scratch"):',
        '    if field.metadata.get("scratch") or field.name == "second_moment":',
        "tests/training/test_checkpoint.py",
    ),
    "a checkpoint keeps the best parameters of now": Fault(
        "chainrule.training.conducting",
        "begin.first, begin.record, (begin",
        "begin.first, replace(begin.record, best=Best(begin.parameters)), (begin",
        "tests/training/test_checkpoint.py",
    ),
    "changed settings are resumed": Fault(
        "chainrule.training.checkpoint",
        "changed = changes(stored.header.settings, header.settings) + ",
        "changed = ",
        "tests/training/test_checkpoint.py",
    ),
    "changed data are resumed": Fault(
        "chainrule.training.checkpoint",
        " + changes(stored.header.data, header.data)",
        "",
        "tests/training/test_checkpoint.py",
    ),
    "a full disk ends the fit": Fault(
        "chainrule.training.checkpoint",
        "except (OutputError, MemoryError) as error:",
        "except MemoryError as error:",
        "tests/training/test_checkpoint.py",
    ),
    "Ctrl-C ends a run without a checkpoint": Fault(
        "chainrule.training.pauses",
        "and (self._interrupt.noted or self._writing_due)",
        "and self._writing_due",
        "tests/training/test_checkpoint.py",
    ),
    "a log is written into any file": Fault(
        "chainrule.training.log",
        "if first and not first.startswith(b'{\"event\": '):",
        "if False:",
        "tests/training/test_log.py",
    ),
    "a unit that is active once is dead": Fault(
        "chainrule.training.diagnosis_network",
        "(activations[number] > 0).any(axis=0)",
        "(activations[number] > 0).all(axis=0)",
        "tests/training/test_diagnosis.py",
    ),
    "spreads tell nothing of labels": Fault(
        "chainrule.training.diagnosis_features",
        "= (_raw, np.square)",
        "= (_raw,)",
        "tests/training/test_diagnosis.py",
    ),
    "only the first rows are looked at": Fault(
        "chainrule.training.diagnosis_features",
        "np.arange(SAMPLED_ROWS) * len(examples) // SAMPLED_ROWS",
        "np.arange(SAMPLED_ROWS)",
        "tests/training/test_diagnosis.py",
    ),
    "every learning rate is too high": Fault(
        "chainrule.training.diagnosis_network",
        "if here < -FELL:",
        "if True:",
        "tests/training/test_diagnosis.py",
    ),
    "the entropy forgets the weights of classes": Fault(
        "chainrule.training.diagnosis",
        "        masses = masses * loss.class_weight\n",
        "        pass\n",
        "tests/training/test_diagnosis.py",
    ),
    "the certificate forgets the penalty": Fault(
        "chainrule.training.objective",
        "fixed_order_dot(gradient[:size], gradient[:size]) / (2.0 * self.alpha)",
        "fixed_order_dot(gradient[:size], gradient[:size])",
        "tests/training/test_newton_cg.py",
    ),
    "the gap is certified before the biases are solved": Fault(
        "chainrule.training.objective",
        "if not largest <= BIAS_SOLVED:",
        "if False:",
        "tests/training/test_newton_cg.py",
    ),
    "the curvature lacks the penalty": Fault(
        "chainrule.training.linear_softmax",
        "        product[: weight.size] += problem.alpha * direction[: weight.size]\n",
        "",
        "tests/training/test_newton_cg.py",
    ),
    "the biases are not those of centred features": Fault(
        "chainrule.training.linear_softmax",
        "return self._shifted(parameters, -1.0)",
        "return self._shifted(parameters, 0.0)",
        "tests/training/test_newton_cg.py",
    ),
    "rows in the curvature forget their weights": Fault(
        "chainrule.training.linear_softmax",
        "return np.asarray(mass if examples.sample_weight is None else mass * examples.sample_weight)",
        "return np.asarray(mass)",
        "tests/training/test_newton_cg.py",
    ),
    "conjugate gradients forget the direction before": Fault(
        "chainrule.training.conjugate_gradient",
        "along *= size / before",
        "along *= 0.0",
        "tests/training/test_conjugate_gradient.py",
    ),
    "the preconditioner forgets the number of classes": Fault(
        "chainrule.training.curvature_preconditioner",
        "trace / (max(problem.shape[0] - 1, 1) * problem.total_weight)",
        "trace / problem.total_weight",
        "tests/training/test_newton_cg.py",
    ),
}
