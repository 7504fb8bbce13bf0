"""Random numbers that are a function of their purpose."""

import numpy as np
import pytest

from chainrule.kernels import Purpose, permutation, random_bits
from chainrule.kernels import random as random_module


def test_the_words_of_a_stream_are_those_of_philox():
    assert random_bits(3, Purpose.SHUFFLE, 7, 1).tolist() == [
        0x7BE1CF9B47FCDA3A,
        0xC4000F799F1AF305,
        0xC6F2C40A3214F013,
    ]


@pytest.fixture(params=["kernels", "NumPy"], autouse=True)
def made_by(request, monkeypatch):
    """Run a test with words and permutations made by the kernels, where there are any, and by NumPy."""
    if request.param == "NumPy":
        monkeypatch.setattr(random_module, "native", lambda: None)


@pytest.mark.parametrize("count", [0, 1, 3, 4, 1001, 12_345])
@pytest.mark.parametrize("counter", [(), (2,), (0, 3), (2**64 - 1, 5, 2**63)])
def test_words_are_those_of_numpys_generator(count, counter):
    seed = 2**64 - 5
    first, second, third = (*counter, 0, 0, 0)[:3]
    start = np.array([0, third, first, second], dtype=np.uint64)
    generator = np.random.Philox(key=np.array([seed, Purpose.DROPOUT], dtype=np.uint64), counter=start)
    found = random_bits(count, Purpose.DROPOUT, seed, *counter, n_threads=3)
    assert (found == generator.random_raw(count)).all()


@pytest.mark.parametrize("n_threads", [1, 2, 3])
@pytest.mark.parametrize("count", [0, 1, 2, 17, 1000, 100_003, 300_001])
def test_a_permutation_is_the_stable_order_of_the_words(count, n_threads):
    expected = np.argsort(random_bits(count, Purpose.SHUFFLE, 5, 3), kind="stable")
    found = permutation(count, Purpose.SHUFFLE, 5, 3, n_threads=n_threads)
    assert found.dtype == np.int64
    assert (found == expected).all()


WORDS = np.random.default_rng(0).integers(0, 2**64, 40_000, dtype=np.uint64)


@pytest.mark.parametrize(
    "words",
    [
        WORDS % 50,
        WORDS // 2**58 * 2**58,
        np.tile(WORDS, 7) // 2**40,
        WORDS | 2**63,
        np.zeros(5000, np.uint64),
        np.sort(WORDS),
        np.sort(WORDS)[::-1],
    ],
    ids=[
        "few small words",
        "few large words",
        "many words",
        "upper half",
        "all equal",
        "ascending",
        "descending",
    ],
)
def test_equal_and_uneven_words_have_the_stable_order(monkeypatch, words):
    words = np.ascontiguousarray(words, dtype=np.uint64)
    monkeypatch.setattr(random_module, "random_bits", lambda *_, **__: words)
    for n_threads in (1, 2, 3):
        found = permutation(len(words), Purpose.SHUFFLE, 0, n_threads=n_threads)
        assert (found == np.argsort(words, kind="stable")).all()
