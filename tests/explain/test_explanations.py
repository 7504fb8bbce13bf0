"""An explanation as a person reads it, and as a program does."""

import json

import numpy as np
import pytest
from sklearn.datasets import load_digits

import chainrule as cr
from chainrule.errors import ArgumentError, ArgumentTypeError
from chainrule.network import Network

CLASSES = ("setosa", "versicolor", "virginica")
FEATURES = ("sepal length", "sepal <width>", "petal length", "petal width")


def flower(of: str, **options: object) -> cr.explain:
    network = Network((4, 6, 3), "tanh", random_state=2, dtype=np.float64)
    return cr.explain(network, [0.3, -1.0, 0.2, 2.0], 1, of, classes=CLASSES, features=FEATURES, **options)


@pytest.fixture(scope="module")
def digits() -> tuple[Network, np.ndarray, np.ndarray]:
    X, y = load_digits(return_X_y=True)
    network = Network((64, 24, 12, 10), random_state=0)
    cr.train(network, X / 16, y, solver="lbfgs", max_epochs=30)
    return network, X / 16, y


@pytest.mark.parametrize(
    "of", ["dE/dZ_4", "dE/dW1[3,20]", "dE/dW2[5,3]", "dE/dW3[9,2]", "dE/db1[3]", "dE/dX[20]"]
)
def test_a_trained_network_of_digits_with_two_hidden_layers_is_explained(digits, of: str) -> None:
    network, X, y = digits
    for row in (0, 5, 77):
        found = cr.explain(network, X[row], int(y[row]), of)
        assert found.agrees, found.text(brief=True)
        assert found.central_difference is not None
        assert found.steps[-1].quantity == found.quantity


def test_the_whole_chain_stands_in_the_text_forward_and_backward() -> None:
    text = flower("dE/dW1[3,1]").text()
    places = [
        text.index(part) for part in ("Three numbers", "Forward", "  U1 ", "Backward", "  dE/dU1", "rule: ")
    ]
    assert places == sorted(places)
    for title in ("The loss: dE/dZ_k", "One layer back: dE/dA1_k", "One layer back: dE/dU1_k", "dE/dW1_kj"):
        assert title in text
    assert text.endswith("".join(text.splitlines()[-1:]))
    assert "result:\ndE/dW1_42 = " in text


def test_names_stand_beside_positions() -> None:
    assert "feature 2 is 'sepal <width>'" in flower("dE/dX[1]").text(brief=True)
    assert "class 2 is 'versicolor'" in flower("dE/dZ_2").text(brief=True)
    assert "k = 3, class virginica" in flower("dE/dZ_k").text(brief=True)
    assert "the true class c is 2, 'versicolor'" in flower("E").text(brief=True)


def test_lines_are_written_for_the_unit_that_was_asked_for() -> None:
    steps = flower("dE/dW1[5,2]").steps
    for letter in ("U", "A"):
        (last, *_) = [step for step in reversed(steps) if step.quantity == f"dE/d{letter}1_k"]
        assert [line["positions"] for line in last.numbers] == [{"k": 6}]


def test_the_json_has_the_three_numbers_and_the_steps() -> None:
    values = json.loads(flower("dE/dW1[3,1]").to_json())
    assert values["quantity"] == "dE/dW1_42"
    assert values["derivation"] == pytest.approx(values["backward"], rel=1e-12)
    assert values["derivation"] == pytest.approx(values["central_difference"], rel=1e-6)
    assert values["agrees"] is True
    assert values["forward"]["X"] == [0.3, -1.0, 0.2, 2.0]
    assert {"rule", "quantity", "before", "after", "numbers"} <= set(values["steps"][0])
    assert json.loads(flower("dE/dO_1").to_json())["backward"] is None
    assert json.loads(flower("E").to_json())["central_difference"] is None


def test_html_shows_names_as_text_and_is_what_a_notebook_shows() -> None:
    found = flower("dE/dX[1]")
    html = found._repr_html_()
    assert "sepal &lt;width&gt;" in html
    assert "<width>" not in html
    assert "<math" in html
    assert len(found.html(brief=True)) < 20_000


def test_latex_escapes_what_is_no_formula() -> None:
    assert r"\begin{align*}" in flower("dE/dX[1]").latex()
    assert r"dE/dX\_2" in flower("dE/dX[1]").latex() or r"X\_2" in flower("dE/dX[1]").latex()


def test_a_long_network_is_still_shown_quickly_and_in_full() -> None:
    network = Network((5, *[6] * 19, 3), "tanh", random_state=2, dtype=np.float64)
    text = cr.explain(network, np.ones(5), 1, "dE/dW1[3,1]").text()
    assert "One layer back: dE/dU19_k" in text
    assert "One layer back: dE/dU1_k" in text
    assert max(map(len, text.splitlines())) < 3000


@pytest.mark.parametrize(
    ("of", "message"),
    [
        ("dE/dZ_4", "there are classes 0 to 2 in brackets, 1 to 3 as subscripts; got Z[3], which is Z_4"),
        ("dE/dA1[6]", "layer 1 has units 0 to 5 in brackets"),
        ("dE/dW2[0,6]", "layer 1 has units 0 to 5"),
        ("dE/dX[4]", "the input has features 0 to 3"),
        ("dE/dW3[0,0]", "belongs to a layer that exists; got layer 3"),
        ("dE/dY_1", "E, its derivative by one number of the network"),
        ("dO_1/dZ_1", "Choose among dE/dZ_k, dE/dO_k, dE/dW1_kj to dE/dW2_kj"),
        ("d2E/dW1[0,0] dZ_1", "its second derivative by two logits"),
        ("dE/dZ_", "explain"),
    ],
)
def test_a_quantity_that_does_not_exist_is_refused_with_what_exists(of: str, message: str) -> None:
    with pytest.raises(ArgumentError, match=r"^explain: ") as refused:
        flower(of)
    assert message in str(refused.value)


def test_more_numbers_than_can_be_kept_are_refused() -> None:
    network = Network((3, 2000, 2000, 2))
    with pytest.raises(ArgumentError, match=r"at most 2,000,000 numbers; got dE/dW2_kj, which has 4,000,000"):
        cr.explain(network, np.ones(3), 0, "dE/dW2_kj")


def test_examples_that_do_not_fit_are_refused() -> None:
    network = Network((2, 3))
    for x, y, message in (
        ([1.0], 0, "x has one number for each of 2 features"),
        ([1.0, np.nan], 0, "x is finite"),
        ([1.0, 2.0], 3, "a class index is 0 to 2"),
        ([1.0, 2.0], [0.5, 0.1, 0.1], "the targets of a softmax sum to 1"),
        ([1.0, 2.0], [1.0, 0.0], "a number for each of 3 outputs"),
    ):
        with pytest.raises(ArgumentError, match=message):
            cr.explain(network, x, y, "E")
    with pytest.raises(ArgumentTypeError, match="what is explained is a Network; got str"):
        cr.explain("model", [1.0, 2.0], 0, "E")
    with pytest.raises(ArgumentTypeError, match="x is a row of numbers"):
        cr.explain(network, ["a", "b"], 0, "E")
    with pytest.raises(ArgumentError, match="classes has 3 names; got 2"):
        cr.explain(network, [1.0, 2.0], 0, "E", classes=["a", "b"])
