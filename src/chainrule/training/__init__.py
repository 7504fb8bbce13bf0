"""The objective, its solvers and schedules, the loop, and how it ended."""

from chainrule.training.adam import Adam
from chainrule.training.adamw import AdamW
from chainrule.training.checks import check_count, check_number, check_sample_weight
from chainrule.training.choice import SOLVERS, Solver, choose_solver
from chainrule.training.lbfgs import LBFGS
from chainrule.training.newton_cholesky import NewtonCholesky
from chainrule.training.objective import Examples
from chainrule.training.outcome import Outcome, StopReason
from chainrule.training.progress import Callback, Progress
from chainrule.training.schedules import SCHEDULES, ConstantSchedule, CosineSchedule, OneCycleSchedule, Schedule
from chainrule.training.sgd import SGD
from chainrule.training.solver import FullBatchSolver, MinibatchSolver
from chainrule.training.train import train

__all__ = [
    "LBFGS",
    "SCHEDULES",
    "SGD",
    "SOLVERS",
    "Adam",
    "AdamW",
    "Callback",
    "ConstantSchedule",
    "CosineSchedule",
    "Examples",
    "FullBatchSolver",
    "MinibatchSolver",
    "NewtonCholesky",
    "OneCycleSchedule",
    "Outcome",
    "Progress",
    "Schedule",
    "Solver",
    "StopReason",
    "check_count",
    "check_number",
    "check_sample_weight",
    "choose_solver",
    "train",
]
