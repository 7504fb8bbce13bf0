"""Every line of a derivation is worth what its left side is, with any example's numbers in it."""

from itertools import product

import numpy as np
import pytest

import chainrule as cr
from chainrule.derive import Derivative, Entry, Sum, free_letters
from chainrule.explain.array_evaluation import ArrayEvaluation, picked
from chainrule.explain.derived_numbers import DerivedNumbers
from chainrule.explain.example import example_of
from chainrule.explain.explaining import derivation_of
from chainrule.explain.forward_values import forward_values
from chainrule.explain.labelled_arrays import Labelled, contracted
from chainrule.explain.quantities import quantity_of
from chainrule.network import Network


def test_axes_have_the_letters_of_the_indices() -> None:
    weights = np.arange(12.0).reshape(3, 4)
    assert picked(weights, ("k", 2)).values.tolist() == [1.0, 5.0, 9.0]
    assert picked(weights, ("j", "k")).letters == ("j", "k")
    assert picked(np.eye(3) * 2, ("k", "k")).values.tolist() == [2.0, 2.0, 2.0]
    found = contracted([Labelled(("k", "j"), weights), Labelled(("j",), np.ones(4))], "j")
    np.testing.assert_allclose(found.values, weights.sum(axis=1))


def test_a_sum_leaves_out_what_it_says() -> None:
    values = ArrayEvaluation(
        {("Y", None): np.array([1.0, 2.0, 4.0])}, {}, 2, lambda *_: Labelled((), np.array(0.0))
    )
    body = Entry("Y", None, ("i",))
    assert values.number(Sum("i", body, ("k",)), {"k": 3}) == 3.0
    assert values.number(Sum("i", body, ("c",)), {}) == 5.0
    assert values.evaluate(Sum("i", body, ("k",)), {}).values.tolist() == [6.0, 5.0, 3.0]


@pytest.mark.parametrize("head", ["softmax", "sigmoid", "identity"])
@pytest.mark.parametrize(
    "of", ["dE/dZ_2", "dE/dO_1", "dE/dW1[3,1]", "dE/db2[0]", "dE/dX_j", "dE/dA1_k", "d2E/dZ_k dZ_j", "E"]
)
def test_every_line_is_worth_its_left_side(head: str, of: str) -> None:
    network = Network((3, 4, 5, 4), ("tanh", "relu"), head, dtype=np.float64, random_state=4)
    network.temperature = 1.0 if head == "identity" else 1.6
    example = example_of(network, [0.4, -1.0, 0.7], 2 if head == "softmax" else [0.0, 1.0, 1.0, 0.0])
    derivation = derivation_of(quantity_of(of, example, "test"), example)
    values = forward_values(example)
    DerivedNumbers(values, derivation)
    compared = 0
    for step in derivation.steps:
        letters = sorted(free_letters(step.quantity) | free_letters(step.after))
        for places in product((1, 2, 3), repeat=len(letters)):
            at = dict(zip(letters, places, strict=True))
            if (
                step.case is not None
                and (at.get(step.case.first) == at.get(step.case.second)) is not step.case.equal
            ):
                continue
            left = values.number(step.quantity, at)
            right = values.number(step.after, at)
            assert right == pytest.approx(left, rel=1e-9, abs=1e-12), (
                f"{step.rule}: {step.quantity} = {step.after}"
            )
            compared += 1
    assert compared >= len(derivation.steps)


@pytest.mark.parametrize("head", ["softmax", "sigmoid"])
def test_derivatives_have_the_letters_they_are_asked_with(head: str) -> None:
    network = Network((2, 3), head=head, dtype=np.float64)
    example = example_of(network, [1.0, 2.0], [0.0, 1.0, 0.0])
    values = forward_values(example)
    DerivedNumbers(values, derivation_of(quantity_of("dE/dZ_k", example, "test"), example))
    by_second = (Entry("Z", None, (2,)),)
    column = values.evaluate(Derivative(Entry("O", None, ("m",)), by_second), {})
    assert column.letters == ("m",)
    diagonal = values.evaluate(Derivative(Entry("O", None, ("j",)), (Entry("Z", None, ("j",)),)), {})
    assert diagonal.letters == ("j",)
    assert diagonal.values[1] == pytest.approx(column.values[1], rel=1e-14)
    for place in (1, 2, 3):
        one = values.number(Derivative(Entry("O", None, (place,)), by_second), {})
        assert one == pytest.approx(column.values[place - 1], rel=1e-14)


def test_a_line_beyond_float64_stays_in_letters() -> None:
    network = Network((2, 3), dtype=np.float64)
    network.named_parameters["b1"][...] = [0.0, 900.0, 0.0]
    found = cr.explain(network, [1.0, 2.0], 0, "dE/dZ_1")
    formulas = [line["formula"] for step in found.steps for line in step.numbers]
    assert any("exp(900)" in formula for formula in formulas)
    assert not any("nan" in formula or "inf" in formula for formula in formulas)
    assert found.agrees
