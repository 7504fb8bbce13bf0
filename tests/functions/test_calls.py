"""Plain arrays take the short way through the kernels, others the long way: the same bits, the same messages."""

import math
from itertools import product

import numpy as np
import pytest

import chainrule as cr
from chainrule import kernels
from chainrule.errors import ArgumentError, ArgumentTypeError
from chainrule.functions.dispatch import row_kernels

pytestmark = pytest.mark.usefixtures("path")
DTYPES = (np.float32, np.float64)


def _the_long_way(array):
    """The same numbers in the other byte order, which have to be converted first."""
    return array.astype(array.dtype.newbyteorder())


def _batch(shape, dtype, seed=0):
    generator = np.random.default_rng(seed)
    return (generator.normal(size=shape) * 4).astype(dtype), generator.integers(0, shape[-1], shape[:-1])


@pytest.fixture
def many_threads():
    """More threads than there are processors, where there are kernels."""
    compiled = kernels.native()
    if compiled is not None:
        compiled.oversubscribe(True)
    yield
    if compiled is not None:
        compiled.oversubscribe(False)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(7,), (1, 1), (40, 3), (0, 4), (3, 5, 10), (20, 100)])
def test_the_short_way_and_the_long_way_give_the_same_bits(shape, dtype):
    logits, y = _batch(shape, dtype)
    y = np.asarray(y)
    for reduction, temperature, ignored in product(("mean", "sum", "none"), (1, 1.0, 0.3), (None, 0, -100)):
        options = {"reduction": reduction, "temperature": temperature, "ignore_index": ignored}
        short = cr.cross_entropy_with_gradient(logits, y, **options)
        long = cr.cross_entropy_with_gradient(_the_long_way(logits), y, **options)
        assert type(short[0]) is type(long[0])
        assert np.asarray(short[0]).dtype == np.asarray(long[0]).dtype
        assert short[1].dtype == long[1].dtype == dtype
        for a, b in zip(short, long, strict=True):
            np.testing.assert_array_equal(a, b)
        assert np.asarray(cr.cross_entropy(logits, y, **options)).tobytes() == np.asarray(short[0]).tobytes()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("function", [cr.softmax, cr.log_softmax, cr.logsumexp])
def test_softmax_and_its_relatives_give_the_same_bits_both_ways(function, dtype):
    for shape in ((5,), (4, 3), (0, 2), (2, 3, 40)):
        logits, _ = _batch(shape, dtype)
        for axis in (-1, len(shape) - 1):
            short, long = function(logits, axis=axis), function(_the_long_way(logits), axis=axis)
            assert short.dtype == dtype
            assert short.shape == long.shape
            np.testing.assert_array_equal(short, long)


@pytest.mark.parametrize("n_threads", [1, 2, 3])
@pytest.mark.usefixtures("many_threads")
def test_the_first_wrong_target_of_many_is_named_and_nothing_is_written(n_threads):
    logits, y = _batch((60_000, 4), np.float32)
    for wrong in (-1, 4, 2**40, -(2**63)):
        targets = y.copy()
        targets[[41_234, 59_999]] = wrong
        out = np.full_like(logits, 7)
        before = logits.copy()
        for options in ({"out": out}, {"out": logits}, {}):
            with pytest.raises(ArgumentError, match=rf"got targets\[41234\] = {wrong}\."):
                cr.cross_entropy_with_gradient(logits, targets, n_threads=n_threads, **options)
        np.testing.assert_array_equal(out, 7)
        np.testing.assert_array_equal(logits, before)


def test_a_whole_batch_is_ignored_where_its_only_wrong_target_is_the_ignored_one():
    logits, y = _batch((50, 3), np.float64)
    y[:] = -5
    loss, gradient = cr.cross_entropy_with_gradient(logits, y, ignore_index=-5)
    assert loss == 0.0
    assert (gradient == 0).all()


def test_the_output_is_the_array_that_was_given():
    logits, y = _batch((9, 3), np.float32)
    out = np.empty_like(logits)
    loss, gradient = cr.cross_entropy_with_gradient(logits, y, out=out)
    assert gradient is out
    again, fresh = cr.cross_entropy_with_gradient(logits, y)
    assert loss == again
    np.testing.assert_array_equal(fresh, out)
    assert cr.cross_entropy_with_gradient(logits, y, out=logits)[1] is logits
    np.testing.assert_array_equal(logits, fresh)


def test_an_output_inside_the_logits_is_refused_and_nothing_is_written():
    memory, y = np.zeros((5, 2)), np.zeros(4, int)
    with pytest.raises(ArgumentError, match="overlaps them in part"):
        cr.cross_entropy_with_gradient(memory[:4], y, out=memory[1:])
    np.testing.assert_array_equal(memory, 0)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"temperature": -1}, ArgumentError, "temperature is a positive normal number; got -1.0"),
        ({"temperature": float("nan")}, ArgumentError, "temperature is a positive normal number; got nan"),
        ({"label_smoothing": 2}, ArgumentError, "label_smoothing is from 0 to 1; got 2.0"),
        ({"reduction": "Mean"}, ArgumentError, "got 'Mean'"),
        ({"reduction": None}, ArgumentError, "got None"),
        ({"ignore_index": 2**63}, ArgumentError, "ignore_index fits 64 bits"),
        ({"ignore_index": 1.0}, ArgumentTypeError, "ignore_index is a whole number; got 1.0"),
        ({"n_threads": 0}, ArgumentError, "n_threads is a whole number of at least 1"),
        ({"n_threads": 1.5}, ArgumentTypeError, "n_threads is a whole number of at least 1"),
    ],
)
def test_options_of_plain_arrays_are_explained_as_those_of_others(options, error, message):
    for logits in (np.zeros((2, 3)), [[0.0] * 3] * 2):
        with pytest.raises(error, match=message):
            cr.cross_entropy_with_gradient(logits, np.zeros(2, int), **options)


def test_arrays_that_only_look_plain_take_the_long_way(path):
    if path == "numpy":
        return
    z, y = np.zeros((4, 3)), np.zeros(4, np.int64)
    read_only = np.zeros((4, 3))
    read_only.flags.writeable = False
    unaligned = np.zeros(97, np.uint8)[1:].view(np.float64).reshape(4, 3)
    usual = (None, None, 0.0, None, 1.0, "mean", True, None, None)

    def short(logits, targets, *options):
        return row_kernels().cross_entropy_call(logits, targets, *options)

    assert short(z, y, *usual) is not None
    assert short(read_only, y, *usual) is not None
    for logits in (
        unaligned,
        z.T,
        z[:, ::2],
        z.astype(np.float16),
        z.tolist(),
        np.ma.array(z),
        None,
        z[:0].T,
    ):
        assert short(logits, y, *usual) is None
    for targets in (y.astype(np.int16), y[:3], np.zeros((4, 3)), [0] * 4, None, np.zeros((4, 1), np.int64)):
        assert short(z, targets, *usual) is None
    for out in (read_only, unaligned, z.T, z.astype(np.float32), y, 0):
        assert short(z, y, None, None, 0.0, None, 1.0, "mean", True, out, None) is None


@pytest.mark.parametrize("name", ["logits", "targets", "sample_weight", "class_weight"])
@pytest.mark.usefixtures("path")
def test_a_masked_array_is_refused_for_its_mask_would_go_unnoticed(name):
    arguments = {
        "logits": np.zeros((2, 2)),
        "targets": np.array([0, 1]),
        "sample_weight": np.ones(2),
        "class_weight": np.ones(2),
    }
    if name in ("logits", "targets"):  # else the call takes no short way, whatever its logits are
        del arguments["sample_weight"], arguments["class_weight"]
    arguments[name] = np.ma.masked_array(arguments[name], mask=False)
    rule = rf"{name} are a plain array; got a numpy.ma.MaskedArray.*{name}\.filled\(value\)"
    for function in (cr.cross_entropy, cr.cross_entropy_with_gradient):
        with pytest.raises(ArgumentTypeError, match=rule):
            function(**arguments)


@pytest.mark.usefixtures("path")
def test_every_function_of_rows_refuses_masked_logits():
    logits = np.ma.masked_array(np.zeros((2, 2)), mask=True)
    for function in (cr.softmax, cr.log_softmax, cr.logsumexp):
        with pytest.raises(ArgumentTypeError, match="logits are a plain array"):
            function(logits)
    with pytest.raises(ArgumentTypeError, match="features are a plain array"):
        cr.linear_cross_entropy(logits, np.zeros((2, 2)), np.array([0, 1]))


@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("rows", [63, 64, 65, 1000, 20_000])
def test_the_sum_over_many_rows_is_that_of_their_losses(rows, n_threads):
    generator = np.random.default_rng(rows)
    logits, targets = generator.normal(size=(rows, 10)), generator.integers(10, size=rows)
    each = cr.cross_entropy(logits, targets, reduction="none", n_threads=n_threads)
    total = cr.cross_entropy(logits, targets, reduction="sum", n_threads=n_threads)
    assert total == pytest.approx(math.fsum(each), rel=1e-13)
