"""The objective, its solvers and schedules, the loop, and how it ended."""

from chainrule.training.adam import Adam
from chainrule.training.adamw import AdamW
from chainrule.training.available_memory import available_memory
from chainrule.training.checkpoint import EVERY, Checkpoint, check_checkpoint
from chainrule.training.checkpoint_file import read_checkpoint
from chainrule.training.checks import (
    check_count,
    check_examples,
    check_gradient_norm,
    check_number,
    check_sample_weight,
)
from chainrule.training.choice import FEW_ROWS, SOLVERS, Solver, choose_batch_size, choose_solver
from chainrule.training.diagonal_lbfgs import DiagonalLBFGS
from chainrule.training.fingerprint import digest_of
from chainrule.training.lazy_adam import LazyAdam
from chainrule.training.lbfgs import LBFGS
from chainrule.training.memory_need import (
    BYTES_OF_ROW,
    COPY,
    ROWS,
    memory_of_network,
    require_memory,
)
from chainrule.training.newton_cg import NewtonCG
from chainrule.training.newton_cholesky import NewtonCholesky
from chainrule.training.objective import Examples, Loss, Objective
from chainrule.training.one_blas_thread import one_blas_thread
from chainrule.training.online import Stream, start_stream, train_on_portion
from chainrule.training.outcome import Outcome, StopReason
from chainrule.training.plain_values import plain
from chainrule.training.planned_rates import planned_learning_rates
from chainrule.training.progress import Callback, Progress
from chainrule.training.row_stream import RowStream
from chainrule.training.schedules import (
    SCHEDULES,
    ConstantSchedule,
    CosineSchedule,
    OneCycleSchedule,
    Schedule,
)
from chainrule.training.selected_rows import SelectedRows, columns_of, select_rows, stack_rows
from chainrule.training.sgd import SGD
from chainrule.training.solver import FullBatchSolver, MinibatchSolver
from chainrule.training.train import train

__all__ = [
    "BYTES_OF_ROW",
    "COPY",
    "EVERY",
    "FEW_ROWS",
    "LBFGS",
    "ROWS",
    "SCHEDULES",
    "SGD",
    "SOLVERS",
    "Adam",
    "AdamW",
    "Callback",
    "Checkpoint",
    "ConstantSchedule",
    "CosineSchedule",
    "DiagonalLBFGS",
    "Examples",
    "FullBatchSolver",
    "LazyAdam",
    "Loss",
    "MinibatchSolver",
    "NewtonCG",
    "NewtonCholesky",
    "Objective",
    "OneCycleSchedule",
    "Outcome",
    "Progress",
    "RowStream",
    "Schedule",
    "SelectedRows",
    "Solver",
    "StopReason",
    "Stream",
    "available_memory",
    "check_checkpoint",
    "check_count",
    "check_examples",
    "check_gradient_norm",
    "check_number",
    "check_sample_weight",
    "choose_batch_size",
    "choose_solver",
    "columns_of",
    "digest_of",
    "memory_of_network",
    "one_blas_thread",
    "plain",
    "planned_learning_rates",
    "read_checkpoint",
    "require_memory",
    "select_rows",
    "stack_rows",
    "start_stream",
    "train",
    "train_on_portion",
]
