"""What is computed: data from a seed, and the truth that every result is held to before its time counts."""

from problems.large_fit import LargeFit
from problems.linear_head import LinearHead
from problems.logistic_fit import LogisticFit
from problems.loss_from_logits import LossFromLogits
from problems.result import Result
from problems.training_epoch import TrainingEpoch
from problems.truth import Truth

__all__ = ["LargeFit", "LinearHead", "LogisticFit", "LossFromLogits", "Result", "TrainingEpoch", "Truth"]
