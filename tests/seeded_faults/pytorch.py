"""Seeded faults of the functions for PyTorch."""

from seeded_faults.fault import Fault

_PYTORCH = "chainrule.functions.pytorch"

FAULTS = {
    "a tensor's total slope by the targets is left out": Fault(
        f"{_PYTORCH}.losses", "pulled = pulled - along * total", "pass", "tests/functions/test_pytorch.py"
    ),
    "a forward rule that transforms around it do not follow": Fault(
        f"{_PYTORCH}.tensors",
        "_set_fwd_grad_enabled(True)",
        "_set_fwd_grad_enabled(False)",
        "tests/functions/test_pytorch_transforms.py",
    ),
    "the temperature is forgotten in the third derivative": Fault(
        f"{_PYTORCH}.hvp",
        "return bent(probabilities(problem), u, v) / problem.temperature",
        "return bent(probabilities(problem), u, v)",
        "tests/functions/test_pytorch.py",
    ),
    "rows of the linear head with a negative cotangent are dropped": Fault(
        f"{_PYTORCH}.linear_head",
        "for sign in (1.0, -1.0):",
        "for sign in (1.0,):",
        "tests/functions/test_pytorch.py",
    ),
    "each of a batch is divided by the total of all": Fault(
        f"{_PYTORCH}.batches",
        "mean_weights(self.rows).reshape(self.leading[0], -1).sum(1)",
        "mean_weights(self.rows).sum().expand(self.leading[0])",
        "tests/functions/test_pytorch_transforms.py",
    ),
    "a device's confident row by subtraction": Fault(
        f"{_PYTORCH}.formulas",
        "return torch.where(self.is_top, at_top, 1 - self.probabilities)",
        "return 1 - self.probabilities",
        "tests/functions/test_pytorch_promises.py",
    ),
    "a gradient that is asked for again is handed over itself": Fault(
        f"{_PYTORCH}.eager",
        "_is_one(by_loss) and not torch._C._autograd._get_current_graph_task_keep_graph()",
        "_is_one(by_loss)",
        "tests/functions/test_pytorch.py",
    ),
}
