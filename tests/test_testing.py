"""The assertion for people's own test suites."""

import numpy as np
import pytest

from chainrule.testing import assert_correct


def _softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def _without_shift(z):
    e = np.exp(z)
    return e / e.sum(axis=1, keepdims=True)


def test_a_right_function_passes():
    assert_correct(_softmax)
    assert_correct(_softmax, kind="softmax")


def test_a_wrong_one_raises_with_the_report():
    with pytest.raises(AssertionError, match="softmax-twice") as caught:
        assert_correct(lambda z: _softmax(_softmax(z)))
    assert "Mend" in str(caught.value)


def test_a_condition_passes_only_where_it_is_allowed():
    with pytest.raises(AssertionError, match="no-shift"):
        assert_correct(_without_shift)
    assert_correct(_without_shift, allow_conditional=True)
