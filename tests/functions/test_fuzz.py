"""Random calls of every function on every path, a few thousand; ``make fuzz`` makes a million."""

import numpy as np
import pytest

import oracle
import regimes
from fuzzing import judge, reference

CASES = 500
SEED = 1
pytestmark = pytest.mark.skipif(
    np.finfo(np.longdouble).eps > 2e-19, reason="the truth needs a long double of 64 bits of mantissa or more"
)


@pytest.mark.parametrize("chunk", range(8))
def test_random_calls_give_what_they_promise_on_every_path(chunk):
    path_names = judge.paths()
    for number in range(chunk * CASES, (chunk + 1) * CASES):
        try:
            judge.judge(judge.draw(SEED, number), path_names)
        except Exception as error:
            error.add_note(f"python tests/fuzz.py --seed {SEED} --case {number}")
            raise


def test_a_case_is_fixed_by_its_seed_and_number():
    for number in range(50):
        one, other = judge.draw(SEED, number), judge.draw(SEED, number)
        assert (one.function, one.out, one.refusal) == (other.function, other.out, other.refusal)
        assert repr(one.arguments) == repr(other.arguments)


@pytest.mark.parametrize("temperature", [1.0, 0.3])
@pytest.mark.parametrize("regime", regimes.NAMES)
def test_the_truth_in_extended_precision_is_that_of_mpmath(regime, temperature):
    generator = np.random.default_rng(0)
    for z in regimes.rows(regime, np.float64, (1, 2, 3, 7, 17, 33)):
        q, v = generator.dirichlet(np.ones(len(z))), generator.normal(size=len(z))
        row = reference.softmax(z[None], temperature)
        q_extended = q[None].astype(reference.EXTENDED)
        unit = 1e-18 * (50 + float(np.ptp(z)) / temperature if np.ptp(z) < 1e29 else 1e3)
        loss = reference.losses(row, q_extended)[0]
        assert oracle.relative_error(loss, oracle.cross_entropy(z, q, temperature)) <= unit + 2e-16
        slopes, sizes = reference.gradients(row, q_extended)
        products, spreads = reference.jacobian_products(row, v[None])
        true_slopes = [g * temperature for g in oracle.cross_entropy_gradient(z, q, temperature)]
        true_products, true_spreads = oracle.softmax_jacobian(z, v, temperature)
        for k in range(len(z)):
            for got, true, size in (
                (slopes[0, k], true_slopes[k], sizes[0, k]),
                (products[0, k], true_products[k], spreads[0, k]),
                (spreads[0, k], true_spreads[k], spreads[0, k]),
            ):
                assert oracle.absolute_error(got, true) <= (unit + 2e-16) * float(size) + 1e-300
