"""Seeded faults of the estimators."""

from seeded_faults.fault import Fault

FAULTS = {
    "two classes give two columns of decisions": Fault(
        "chainrule.estimators.softmax_classifier",
        "return logits[:, 1] - logits[:, 0] if len(self.classes_) == 2 else logits",
        "return logits",
        "tests/estimators/test_softmax_classifier_contract.py",
    ),
}
