"""Where the gradient is written: an array of the caller's, refused where it would destroy what is read."""

import numpy as np
import pandas as pd
import pytest

import chainrule as cr
from chainrule.errors import ArgumentError

pytestmark = pytest.mark.usefixtures("path")
nan = np.nan


def test_an_output_that_overlaps_an_input_is_refused():
    memory = np.zeros((3, 2))
    with pytest.raises(ArgumentError, match="overlaps them in part"):
        cr.cross_entropy_with_gradient(memory[:2], [0, 1], out=memory[1:])
    q = np.full((2, 2), 0.5)
    with pytest.raises(ArgumentError, match="does not overlap the targets"):
        cr.cross_entropy_with_gradient(np.zeros((2, 2)), q, out=q)
    with pytest.raises(ArgumentError, match=r"out is a NumPy array like the logits.*dtype float32"):
        cr.cross_entropy_with_gradient(np.zeros((2, 2)), [0, 1], out=np.zeros((2, 2), np.float32))
    frozen = np.zeros((2, 2))
    frozen.flags.writeable = False
    with pytest.raises(ArgumentError, match="a read-only array"):
        cr.cross_entropy_with_gradient(np.zeros((2, 2)), [0, 1], out=frozen)


@pytest.mark.parametrize("view", [memoryview, lambda memory: pd.Series(memory, copy=False)])
def test_an_output_over_weights_that_are_no_array_is_refused(view):
    memory = np.ones(6)
    weights = view(memory[:2])
    with pytest.raises(ArgumentError, match="does not overlap the targets or weights"):
        cr.cross_entropy_with_gradient(
            np.zeros((2, 3)), [0, 1], sample_weight=weights, out=memory.reshape(2, 3)
        )
    assert memory.tolist() == [1.0] * 6


def test_a_plain_output_holds_the_gradient():
    logits, out = np.array([[1.0, 2.0, 0.5]]), np.full((1, 3), nan)
    _, wanted = cr.cross_entropy_with_gradient(logits, np.array([1]))
    _, gradient = cr.cross_entropy_with_gradient(logits, np.array([1]), out=out)
    assert gradient is out
    np.testing.assert_array_equal(out, wanted)


@pytest.mark.parametrize("strides", [(0, 8), (24, 0), (8, 8)])
def test_an_output_that_overlaps_itself_is_refused(strides):
    out = np.lib.stride_tricks.as_strided(np.zeros(9), (2, 3), strides)
    with pytest.raises(ArgumentError, match="out has a place for each entry; got an array of shape"):
        cr.cross_entropy_with_gradient(np.zeros((2, 3)), np.array([0, 1]), out=out)


def test_an_output_of_any_order_of_axes_is_written_to():
    logits = np.arange(6.0).reshape(2, 3)
    wanted = cr.cross_entropy_with_gradient(logits, np.array([0, 1]))[1]
    for out in (np.zeros((3, 2)).T, np.zeros((2, 6))[:, ::-2], np.zeros((4, 3))[::-2]):
        assert cr.cross_entropy_with_gradient(logits, np.array([0, 1]), out=out)[1] is out
        np.testing.assert_array_equal(out, wanted)
