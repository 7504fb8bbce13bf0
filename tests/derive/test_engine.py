"""Derivations: they end where the field says, in the order a careful teacher takes, and every step is true."""

from typing import Any

import pytest

from chainrule.derive import RULES, Derivation, check_names, context_of, derive, read_quantity
from chainrule.derive.engine import Engine
from chainrule.errors import ArgumentError
from derive.scope import cases


def unproven(quantity: str, options: dict[str, Any]) -> Derivation:
    """Return a derivation before its proof, which ``derive`` makes before it returns one."""
    context = context_of(**options)
    return Engine(context).derivation(check_names(read_quantity(quantity), context))


FLAGSHIP = [
    "definition of the cross-entropy",
    "constant factor",
    "sum over an index",
    "constant factor",
    "chain rule",
    "derivative of ln",
    "definition of softmax",
    "splitting the sum into i = k and i != k",
    "derivative of softmax, i = k",
    "derivative of softmax, i != k",
    "constant factor of a sum",
    "the targets sum to 1",
    "collecting terms",
]


@pytest.mark.parametrize(
    ("quantity", "options", "result"),
    [
        ("dE/dZ_k", {}, "O_k - Y_k"),
        ("dE/dZ_k", {"targets": "soft"}, "O_k - Y_k"),
        ("dE/dZ_k", {"targets": "any"}, "O_k*sum_i Y_i - Y_k"),
        ("dE/dZ_k", {"output": "sigmoid", "targets": "any"}, "O_k - Y_k"),
        ("dE/dZ_k", {"output": "identity", "targets": "any"}, "O_k - Y_k"),
        ("dE/dZ_k", {"output": "sigmoid", "loss": "squared-error"}, "O_k*(1 - O_k)*(O_k - Y_k)"),
        ("dE/dZ_k", {"temperature": "T"}, "(O_k - Y_k)/T"),
        ("dE/dZ_k", {"label_smoothing": "eps"}, "O_k - (1 - eps)*Y_k - eps/K"),
        ("dE/dZ_k", {"class_weight": True}, "w_c*(O_k - Y_k)"),
        ("dE/dZ_k", {"log_base": 2}, "(O_k - Y_k)/ln(2)"),
        ("dE/dZ_k", {"reduction": "mean"}, "(O_k - Y_k)/N"),
        ("dE/dZ_k", {"reduction": "sum"}, "O_k - Y_k"),
        ("dE/dO_k", {}, "-Y_k/O_k"),
        ("dO_i/dZ_k", {}, "O_i*(delta_ik - O_k)"),
        ("dO_i/dZ_k", {"output": "log-softmax", "loss": "none"}, "delta_ik - exp(O_k)"),
        ("sum_i V_i*dO_i/dZ_k", {"loss": "none"}, "O_k*(V_k - sum_i V_i*O_i)"),
        ("d2E/dZ_k dZ_j", {}, "O_k*(delta_kj - O_j)"),
        ("dE/dW_kj", {}, "(O_k - Y_k)*X_j"),
        ("dE/db_k", {}, "O_k - Y_k"),
        ("dE/dX_j", {}, "sum_k W_kj*(O_k - Y_k)"),
        ("E", {}, "-ln(O_c)"),
        ("sum_k dE/dZ_k", {}, "0"),
        ("dE/dZ_c", {}, "O_c - 1"),
        ("dE/dZ1", {"targets": [1, 0]}, "O_1 - 1"),
        ("dE/dZ2", {"targets": [1, 0]}, "1 - O_1"),
        ("dE/dZ_40", {}, "O_{40} - Y_{40}"),
        ("dE/dX[500]", {}, "sum_i W_{i,501}*(O_i - Y_i)"),
        ("dE/dX[500]", {"targets": [1, 0]}, "sum_i W_{i,501}*(O_i - Y_i)"),
        ("dE/dW2[7,1]", {"hidden": ["relu"]}, "(O_8 - Y_8)*A1_2"),
        ("d2E/dZ_1 dZ_9", {}, "-O_1*O_9"),
    ],
)
def test_the_result_is_the_one_of_the_text_books(
    quantity: str, options: dict[str, object], result: str
) -> None:
    assert str(derive(quantity, **options).result) == result


def test_the_flagship_is_told_in_the_order_of_a_careful_teacher() -> None:
    rules = [step.rule for step in derive("dE/dZ_k").steps]
    place = -1
    for rule in FLAGSHIP:
        place = rules.index(rule, place + 1)
    assert place == len(rules) - 1


def test_the_second_of_two_neurons_has_the_output_itself_as_its_derivative() -> None:
    lines = [str(step.after) for step in derive("dE/dZ2", targets=[1, 0]).steps]
    assert lines[-2:] == ["O_2", "1 - O_1"]


@pytest.mark.parametrize(("quantity", "options"), list(cases()), ids=str)
def test_every_step_of_every_scope_holds(quantity: str, options: dict[str, object]) -> None:
    derivation = unproven(quantity, options)
    proof = derivation.verify(points=1)
    assert proof, proof
    assert derivation.stuck is None
    assert derivation.steps[-1].after == derivation.result


def test_a_network_of_twenty_hidden_layers_is_derived_layer_by_layer() -> None:
    derivation = derive("dE/dW1_ji", hidden=["tanh", "relu"] * 10)
    assert derivation.stuck is None
    assert sum(section.title.startswith("One layer back") for section in derivation.sections) == 41


def test_every_rule_is_used_by_some_derivation() -> None:
    used: set[str] = set()
    for quantity, options in cases():
        used |= {step.rule for step in unproven(quantity, options).steps}
    used |= {step.rule for step in derive("dE/dW1_ji", hidden=["sigmoid", "identity"]).steps}
    assert {rule.name for rule in RULES} - used == set()


def test_each_line_follows_from_the_one_before() -> None:
    for section in derive("dE/dW1_ji", hidden=["tanh"]).sections:
        for earlier, later in zip(section.steps, section.steps[1:], strict=False):
            assert str(earlier.after) == str(later.before)


def test_a_step_that_cannot_be_taken_is_a_value_that_says_so() -> None:
    derivation = derive("d(abs(Z_k))/dZ_k", loss="none")
    assert isinstance(derivation, Derivation)
    assert derivation.stuck == "no rule applies to d(abs(Z_k))/dZ_k"


@pytest.mark.parametrize(
    ("quantity", "options", "message"),
    [
        (
            "dE/dZ_k",
            {"output": "sigmoid", "loss": "cross-entropy"},
            "sigmoid with binary-cross-entropy, squared-error",
        ),
        ("dE/dZ_k", {"loss": "hinge"}, "loss is one of"),
        ("dE/dZ_k", {"hidden": ["gelu"]}, "relu, tanh, sigmoid, identity"),
        ("dE/dW9_kj", {"hidden": ["relu"]}, "layer"),
        ("dE/dW_kj", {"hidden": ["relu"]}, "layer"),
        ("dE/dZ_7", {"classes": 3}, "7"),
        ("dE/dQ_k", {}, "Q"),
        ("dE/dZ_k", {"loss": "none"}, "Name a loss"),
        ("dE/dZ_nk", {}, "reduction"),
        ("(" * 500 + "dE/dZ_k" + ")" * 500, {}, "deep"),
        ("", {}, "empty"),
        ("dE/dZ_c", {"targets": "soft"}, "one-hot"),
    ],
)
def test_what_cannot_be_derived_is_refused_with_what_exists(
    quantity: str, options: dict[str, object], message: str
) -> None:
    with pytest.raises(ArgumentError) as refusal:
        derive(quantity, **options)
    assert message in str(refusal.value)
