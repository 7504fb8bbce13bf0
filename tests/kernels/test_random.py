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
def sorted_by(request, monkeypatch):
    """Run a test with permutations made by the kernels, where there are any, and by NumPy."""
    if request.param == "NumPy":
        monkeypatch.setattr(random_module, "native", lambda: None)


@pytest.mark.parametrize("count", [0, 1, 2, 17, 1000, 100_003])
def test_a_permutation_is_the_stable_order_of_the_words(count):
    expected = np.argsort(random_bits(count, Purpose.SHUFFLE, 5, 3), kind="stable")
    found = permutation(count, Purpose.SHUFFLE, 5, 3)
    assert found.dtype == np.int64
    assert (found == expected).all()


WORDS = np.random.default_rng(0).integers(0, 2**64, 40_000, dtype=np.uint64)


@pytest.mark.parametrize(
    "words",
    [
        WORDS % 50,
        WORDS // 2**58 * 2**58,
        WORDS | 2**63,
        np.zeros(5000, np.uint64),
        np.sort(WORDS),
        np.sort(WORDS)[::-1],
    ],
    ids=["few small words", "few large words", "upper half", "all equal", "ascending", "descending"],
)
def test_equal_and_uneven_words_have_the_stable_order(monkeypatch, words):
    words = np.ascontiguousarray(words, dtype=np.uint64)
    monkeypatch.setattr(random_module, "random_bits", lambda *_: words)
    assert (permutation(len(words), Purpose.SHUFFLE, 0) == np.argsort(words, kind="stable")).all()
