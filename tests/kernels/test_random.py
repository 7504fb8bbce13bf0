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


@pytest.mark.parametrize("count", [0, 1, 2, 17, 1000])
def test_a_permutation_is_the_stable_order_of_the_words(count):
    expected = np.argsort(random_bits(count, Purpose.SHUFFLE, 5, 3), kind="stable")
    found = permutation(count, Purpose.SHUFFLE, 5, 3)
    assert found.dtype == np.int64
    assert (found == expected).all()


def test_equal_words_keep_their_order(monkeypatch):
    words = np.random.default_rng(0).integers(0, 50, 400).astype(np.uint64)
    monkeypatch.setattr(random_module, "random_bits", lambda *_: words)
    assert (permutation(400, Purpose.SHUFFLE, 0) == np.argsort(words, kind="stable")).all()
