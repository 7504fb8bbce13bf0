"""Letters, layers and positions are those that exist in a context."""

import pytest

from chainrule.derive import check_names, read_expression, unset_options
from chainrule.derive.context import context_of
from chainrule.errors import ArgumentError

PLAIN = context_of()
DEEP = context_of(hidden=["relu", "tanh"])


@pytest.mark.parametrize(
    "typed", ["dE/dZ_k - O_k + Y_c", "dE/dW_kj", "W_{12,3}*X_3", "dE/db_k", "sum_i V_i*dO_i/dZ_k"]
)
def test_what_exists_passes(typed):
    expression = read_expression(typed)
    assert check_names(expression, PLAIN) == expression


@pytest.mark.parametrize("typed", ["dE/dW3_kj", "dE/dA2_j", "dE/dU1_j", "b1_j + Z_k", "dE/dX_j"])
def test_what_exists_in_a_network_with_hidden_layers_passes(typed):
    expression = read_expression(typed)
    assert check_names(expression, DEEP) == expression


def test_the_only_layer_of_a_network_needs_no_number():
    assert str(check_names(read_expression("dE/dW1_kj*b1_k"), PLAIN)) == "dE/dW_kj*b_k"


@pytest.mark.parametrize(
    ("typed", "context", "message"),
    [
        (
            "dE/dW_kj",
            DEEP,
            "got W_kj. Write W1_kj for layer 1; the network has layers 1 to 3.",
        ),
        ("b_k", DEEP, "b names its layer in a network with hidden ones; got b_k"),
        ("dE/dW4_kj", DEEP, "got layer 4. The network has layers 1 to 3."),
        ("A3_j", DEEP, "got layer 3. The network has hidden layers 1 to 2, and logits Z in the last."),
        ("A_j", DEEP, "A names its layer in a network with hidden ones; got A_j"),
        ("A1_j", PLAIN, "the network has no hidden layers; got A1_j"),
        ("dE/dW2_kj", PLAIN, "the network has no hidden layers; got W2_kj"),
        (
            "dE/dZ_4",
            context_of(classes=3),
            "got Z_4. There are classes 1 to 3; in brackets, 0 to 2.",
        ),
        ("W_{4,1}", context_of(targets=[1, 0, 0]), "a position is that of a class; got W_41"),
        ("W2_{4,1}", context_of(classes=3, hidden=["relu"]), "a position is that of a class; got W2_41"),
        (
            "O_c",
            context_of(targets="soft"),
            "c is the true class, which one-hot targets have; got targets soft",
        ),
        ("delta_kc", context_of(targets="any"), "c is the true class"),
        ("E", context_of(loss="none"), "E is the loss; got loss none"),
    ],
)
def test_what_does_not_exist_is_refused(typed, context, message):
    with pytest.raises(ArgumentError) as refused:
        check_names(read_expression(typed), context, call="check")
    assert message in str(refused.value)


def test_positions_of_features_and_units_are_not_those_of_classes():
    context = context_of(classes=3, hidden=["relu"])
    for typed in ("dE/dX[5]", "W1[7,8]", "W2[0,7]", "A1[7]"):
        check_names(read_expression(typed), context)


@pytest.mark.parametrize(
    ("typed", "options"),
    [
        ("O_k/T", ("temperature",)),
        ("eps/K", ("label_smoothing",)),
        ("O_k/N", ("reduction",)),
        ("dE/dZ_nk", ("reduction",)),
        ("w_k*O_k/N + T", ("class_weight", "reduction", "temperature")),
        ("O_k - Y_k/K", ()),
    ],
)
def test_options_that_a_formula_needs_are_named(typed, options):
    assert unset_options(read_expression(typed), PLAIN) == options


def test_options_that_are_set_are_not_named():
    context = context_of(temperature=2, label_smoothing="eps", class_weight=True, reduction="mean")
    assert unset_options(read_expression("w_k*O_nk/N + T*eps"), context) == ()
