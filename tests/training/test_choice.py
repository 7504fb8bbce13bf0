"""What "auto" stands for."""

import pytest

from chainrule.errors import ArgumentError, ArgumentTypeError
from chainrule.network import Network
from chainrule.training import SGD, SOLVERS, AdamW
from chainrule.training.choice import choose_max_epochs, choose_solver


@pytest.mark.parametrize(
    ("network", "n_rows", "name"),
    [
        (Network((64, 10)), 1_500, "newton-cholesky"),
        (Network((64, 10)), 1_000_000, "newton-cg"),
        (Network((784, 10)), 10_000, "newton-cg"),
        (Network((16, 26)), 20_000, "newton-cg"),
        (Network((4, 1), head="sigmoid"), 100, "lbfgs"),
        (Network((4, 2), head="identity"), 100, "lbfgs"),
        (Network((64, 8, 10)), 1_500, "adamw"),
    ],
)
def test_auto_chooses_by_shape(network, n_rows, name):
    assert choose_solver("auto", network, n_rows, "train").name == name


def test_few_rows_train_with_more_weight_decay():
    few, more = (choose_solver("auto", Network((4, 8, 3)), n_rows, "train") for n_rows in (499, 500))
    assert (few.weight_decay, more.weight_decay) == (1.0, 0.1)
    assert more == AdamW()


@pytest.mark.parametrize(
    ("network", "n_rows", "name"),
    [
        (Network((64, 10)), 1_500, "newton-cholesky"),
        (Network((784, 10)), 10_000, "lbfgs-diagonal"),
        (Network((4, 1), head="sigmoid"), 100, "lbfgs"),
        (Network((64, 8, 10)), 1_500, "lazy-adam"),
    ],
)
def test_auto_chooses_by_sparsity(network, n_rows, name):
    assert choose_solver("auto", network, n_rows, "train", sparse=True).name == name


@pytest.mark.parametrize("name", list(SOLVERS))
def test_every_solver_goes_by_its_name(name):
    assert choose_solver(name, Network((2, 2)), 10, "train", sparse=True).name == name


def test_a_solver_given_as_a_value_is_taken_as_it_is():
    solver = SGD(0.5)
    assert choose_solver(solver, Network((2, 2)), 10, "train") is solver


def test_epochs_fall_with_the_number_of_steps_in_one():
    epochs = [choose_max_epochs(SGD(), n_rows, 32) for n_rows in (10, 499, 500, 3_000, 10_000_000)]
    assert epochs == [100, 20, 188, 32, 20]


def test_a_wrong_name_is_answered_with_the_right_ones():
    message = (
        r"train: solver is one of auto, sgd, adam, adamw, lazy-adam, lbfgs, lbfgs-diagonal, newton-cg, "
        r"newton-cholesky; got 'admw'\. "
        r"Check the spelling, or use 'auto'\."
    )
    with pytest.raises(ArgumentError, match=message):
        choose_solver("admw", Network((2, 2)), 10, "train")


def test_what_is_no_solver_is_refused():
    with pytest.raises(
        ArgumentTypeError, match=r"solver is a name or a solver; got ABCMeta\. Pass a name, or a value"
    ):
        choose_solver(SGD, Network((2, 2)), 10, "train")
