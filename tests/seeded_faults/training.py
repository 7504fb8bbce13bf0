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
        "len(self.examples) / (len(rows) * self.total_weight)",
        "1.0 / len(rows)",
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
}
