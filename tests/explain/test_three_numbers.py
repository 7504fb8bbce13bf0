"""The derivation with numbers, the backward pass and the central difference are one number."""

from dataclasses import replace

import numpy as np
import pytest

import chainrule as cr
from chainrule.derive.evaluation import ARITHMETIC, Point, State, value_of
from chainrule.explain.agreement import agreement
from chainrule.explain.example import example_of
from chainrule.explain.quantities import quantity_of
from chainrule.network import Network
from explain.random_networks import Case, random_case, random_network, random_quantity, random_target

WORKED = Network((3, 3), dtype=np.float64)
WORKED.named_parameters["W1"][...] = np.diag(np.log([0.2, 0.6, 0.2]))
ROW = (1.0, 1.0, 1.0)
"""A network whose probabilities are 0.2, 0.6 and 0.2 for this row."""


def explained(case: Case) -> cr.explain:
    return cr.explain(case.network, case.x, case.y, case.quantity)


def test_the_worked_example_has_its_numbers() -> None:
    loss = cr.explain(WORKED, ROW, 0, "E")
    assert round(loss.derivation, 4) == 1.6094
    assert loss.backward == pytest.approx(loss.derivation, rel=1e-15)
    gradient = cr.explain(WORKED, ROW, 0, "dE/dZ_k")
    for numbers in (gradient.derivation, gradient.backward, gradient.central_difference):
        np.testing.assert_allclose(numbers, [-0.8, 0.6, 0.2], atol=1e-12)


def test_every_step_of_the_worked_example_has_numbers_that_end_in_its_gradient() -> None:
    found = cr.explain(WORKED, ROW, 0, "dE/dZ_2")
    assert all(step.numbers for step in found.steps)
    about = [step for step in found.steps if step.quantity == "dE/dZ_k"]
    values = {
        round(float(line["value"] or line["formula"]), 4)
        for step in about
        for line in step.numbers
        if line["positions"] == {"k": 2}
    }
    assert values == {0.6}
    assert found.steps[-1].numbers[0]["formula"] == "0.6 - 0"


def test_second_derivatives_of_the_worked_example_are_those_of_its_softmax() -> None:
    found = cr.explain(WORKED, ROW, 0, "d2E/dZ_k dZ_j")
    p = np.array([0.2, 0.6, 0.2])
    np.testing.assert_allclose(found.derivation, np.diag(p) - np.outer(p, p), atol=1e-15)
    np.testing.assert_allclose(found.central_difference, found.derivation, atol=1e-9)
    np.testing.assert_allclose(found.backward, found.derivation, atol=1e-15)


def test_the_temperature_counts_as_in_the_printed_probabilities() -> None:
    network = WORKED.copy()
    network.temperature = 2.0
    p = network.predict_proba([ROW])[0]
    found = cr.explain(network, ROW, 0, "dE/dZ_k")
    np.testing.assert_allclose(found.derivation, (p - [1, 0, 0]) / 2.0, atol=1e-15)
    assert found.facts["loss"] == pytest.approx(-np.log(p[0]))


@pytest.mark.parametrize("block", range(20))
def test_a_thousand_random_quantities_agree_to_the_stated_rounding(block: int) -> None:
    for seed in range(50 * block, 50 * block + 50):
        case = random_case(seed)
        found = explained(case)
        assert found.agrees, f"seed {seed}: {case.quantity}: {found.text(brief=True)}"


def test_the_stated_rounding_is_small() -> None:
    relative = []
    for seed in range(100):
        found = explained(random_case(seed))
        if found.backward is not None and abs(found.derivation) > 1e-3:
            relative.append(found.rounding / abs(found.derivation))
    assert np.median(relative) < 1e-12
    assert np.quantile(relative, 0.95) < 1e-9
    assert min(relative) > 0


def test_quantities_of_a_network_of_twenty_layers_agree() -> None:
    random = np.random.default_rng(20)
    for head in ("softmax", "sigmoid", "identity"):
        network = random_network(random, 19, head)
        x, y = random.normal(size=network.n_features), random_target(random, network)
        for _ in range(2):
            quantity = random_quantity(random, network)
            found = cr.explain(network, x, y, quantity)
            assert found.agrees, f"{head}, {quantity}: {found.text(brief=True)}"


@pytest.mark.parametrize("seed", [2, 5, 11, 17, 23, 31])
def test_the_derivation_is_the_truth_of_fifty_digits(seed: int) -> None:
    """The definitions alone, at 50 digits, differentiated by differences: neither rules nor float64."""
    random = np.random.default_rng(seed)
    network = random_network(random, int(random.integers(0, 3)), ("softmax", "sigmoid", "identity")[seed % 3])
    network.temperature, network.input_scaling = 1.0, None
    x, y = random.normal(size=network.n_features), random_target(random, network)
    for _ in range(3):
        quantity = random_quantity(random, network)
        found = cr.explain(network, x, y, quantity)
        example = example_of(network, x, y)
        truth = value_of(quantity_of(quantity, example, "test"), State(point_of(example)), {})
        assert abs(float(truth) - found.derivation) <= max(found.rounding, 1e-15), quantity


def point_of(example) -> Point:
    """Return the same network and example in 60 digits."""
    hidden = example.context.hidden
    real = ARITHMETIC.mpf
    with ARITHMETIC.workdps(60):
        given = {("X", None, (1, j)): real(v) for j, v in enumerate(example.features.tolist(), 1)}
        given |= {("Y", None, (1, k)): real(v) for k, v in enumerate(example.targets.tolist(), 1)}
        for name, array in example.network.named_parameters.items():
            layer = int(name[1:]) if hidden else None
            for place, v in np.ndenumerate(array):
                given[name[0], layer, tuple(at + 1 for at in place)] = real(float(v))
    true = () if example.true_class is None else (example.true_class,)
    return Point(replace(example.context), example.network.layer_sizes, 1, given, {}, true)


def test_letters_ask_for_all_positions() -> None:
    network = Network((4, 5, 3), "tanh", random_state=1, dtype=np.float64)
    x = [0.5, -1.0, 2.0, 0.1]
    found = cr.explain(network, x, 2, "dE/dW1_kj")
    assert found.derivation.shape == (5, 4)
    single = cr.explain(network, x, 2, "dE/dW1[3,1]")
    assert single.derivation == pytest.approx(found.derivation[3, 1], rel=1e-14)
    assert single.quantity == "dE/dW1_42"
    assert cr.explain(network, x, 2, "dE/dZ_c").derivation == cr.explain(network, x, 2, "dE/dZ_3").derivation


def test_a_float32_network_is_explained_in_float64() -> None:
    network = Network((4, 5, 3), random_state=1)
    found = cr.explain(network, np.ones(4, np.float32), 0, "dE/dZ_1")
    assert found.agrees
    assert found.derivation == pytest.approx(network.predict_proba(np.ones((1, 4)))[0, 0] - 1, abs=1e-6)


def test_very_confident_examples_keep_their_loss() -> None:
    network = Network((1, 3), dtype=np.float64)
    network.named_parameters["b1"][...] = [900.0, 0.0, -900.0]
    found = cr.explain(network, [0.0], 2, "E")
    assert found.derivation == 1800.0
    assert found.backward == 1800.0


def test_a_derivative_by_the_input_goes_through_the_networks_own_scaling() -> None:
    network = Network((2, 3), dtype=np.float64)
    network.named_parameters["W1"][...] = [[1.0, 2.0], [0.5, -1.0], [0.0, 0.3]]
    network.input_scaling = cr.network.InputScaling(np.array([5.0, -1.0]), np.array([0.1, 2.0]), 3.0)
    found = cr.explain(network, [7.0, 0.5], 0, "dE/dX_2")
    assert found.agrees
    assert any("dE/dS_2*dS_2/dX_2" in step.after for step in found.steps)
    assert "s_2" in str(found.symbolic.result)
    assert [vector.name for vector in found.forward][:2] == ["X", "S"]
    step = 1e-6
    sides = [network.loss([[7.0, 0.5 + s]], [0]) for s in (step, -step)]
    assert found.derivation == pytest.approx((sides[0] - sides[1]) / (2 * step), rel=1e-6)


def test_what_no_backward_pass_holds_is_not_computed_rather_than_zero() -> None:
    found = cr.explain(WORKED, ROW, 0, "dE/dO_k")
    assert found.backward is None
    np.testing.assert_allclose(found.derivation, [-5.0, 0.0, 0.0])
    np.testing.assert_allclose(found.central_difference, [-5.0, 0.0, 0.0], atol=1e-9)
    text = found.text()
    assert "not computed" in text
    assert "starts at the logits" in text
    assert found.agrees


def test_comparisons_beyond_the_rounding_are_disagreements() -> None:
    found = cr.explain(WORKED, ROW, 0, "dE/dZ_2")
    wrong = replace(found, backward=found.backward + 1e-9)
    assert not wrong.agrees
    assert [each.holds for each in agreement(wrong).compared] == [False, True]
    assert "DISAGREEMENT" in wrong.text()
    table = cr.explain(WORKED, ROW, 0, "dE/dZ_k")
    moved = table.backward.copy()
    moved[1] += 1e-6
    text = replace(table, backward=moved).text(brief=True)
    assert "DISAGREEMENT in 1 of 3 entries" in text


def test_numbers_beyond_float64_never_agree() -> None:
    network = Network((1, 2), dtype=np.float64, head="identity")
    network.named_parameters["W1"][...] = 1e200
    with np.errstate(all="ignore"):
        found = cr.explain(network, [1e150], [0.0, 0.0], "dE/dZ_1")
    assert not found.agrees
    assert "not finite" in found.text()
