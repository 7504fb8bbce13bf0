"""Dense products: chains of fused multiply-adds of a fixed length, whatever the sizes, layouts, threads and blocks."""

from itertools import product

import numpy as np
import pytest

from kernels.row_calls import each_instruction_set

CHAIN_STEPS = 128
DTYPES = [np.float32, np.float64]
SIZES = [(1, 1, 1), (5, 7, 0), (12, 32, 8), (13, 33, 17), (26, 65, 3), (7, 16, 300), (3, 31, 9), (11, 17, 16)]
LAYOUTS = list(product((False, True), repeat=3))


def _sum_of_chains(a, b, start, bias):
    """The definition, a step at a time; long doubles hold a product and its sum nearly exactly."""
    total = start
    for first in range(0, max(a.shape[1], 1), CHAIN_STEPS):
        c = np.zeros((a.shape[0], b.shape[1]), a.dtype)
        for k in range(first, min(first + CHAIN_STEPS, a.shape[1])):
            c = (a[:, k : k + 1].astype(np.longdouble) * b[k : k + 1] + c).astype(a.dtype)
        total = c if total is None else total + c
    return total if bias is None else total + bias


def _product(compiled, a, b, start=None, bias=None, layout=(False, False, False), n_threads=1):
    """Return a @ b, its operands and its result stored as ``layout`` says."""
    stored = [
        np.array(x.T if t else x, order="C")
        for x, t in zip((a, b, np.full((len(a), b.shape[1]), np.nan, a.dtype)), layout, strict=True)
    ]
    if start is not None:
        stored[2][...] = start.T if layout[2] else start
    compiled.dense_product(*stored, bias, *layout, start is not None, n_threads)
    return stored[2].T if layout[2] else stored[2]


def _operands(dtype, rows, columns, inner):
    generator = np.random.default_rng([rows, columns, inner])
    shapes = ((rows, inner), (inner, columns), (rows, columns), (rows,), (columns,))
    return [generator.normal(size=shape).astype(dtype) for shape in shapes]


@pytest.mark.parametrize("dtype", DTYPES)
def test_small_integers_give_the_exact_product(compiled, dtype):
    a, b = np.arange(12, dtype=dtype).reshape(3, 4), np.arange(20, dtype=dtype).reshape(4, 5)
    for _ in each_instruction_set(compiled):
        np.testing.assert_array_equal(_product(compiled, a, b), a @ b)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_element_is_a_sum_of_chains_of_fused_multiply_adds(compiled, dtype, layout):
    for rows, columns, inner in SIZES:
        a, b, c, by_row, by_column = _operands(dtype, rows, columns, inner)
        bias = by_row if layout[2] else by_column
        start = None if (rows + columns) % 2 else c
        truth = _sum_of_chains(a, b, start, by_row[:, None] if layout[2] else bias)
        for name in each_instruction_set(compiled):
            result = _product(compiled, a, b, start, bias, layout)
            if name == "generic":  # without a fused multiply-add it rounds more often
                scale = np.abs(a) @ np.abs(b) + np.abs(c) + np.abs(bias).max()
                assert (np.abs(result - truth) <= (inner + 2) * np.finfo(dtype).eps * scale).all()
            elif dtype == np.float32:
                np.testing.assert_array_equal(result, truth, err_msg=f"{name} {rows, columns, inner}")
            else:  # a long double rounds a float64 product
                np.testing.assert_allclose(result, truth, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(3, 5, 2099), (20, 1100, 5), (150, 33, 300)])
def test_blocks_threads_layouts_and_instruction_sets_change_no_bit(many_threads, dtype, shape):
    a, b, c, by_row, _ = _operands(dtype, *shape)
    results = {}
    for name in each_instruction_set(many_threads):
        expected = None
        for layout, n_threads in [
            *((layout, 3) for layout in LAYOUTS),
            *((LAYOUTS[0], n) for n in (1, 2, 5)),
        ]:
            result = _product(many_threads, a, b, c, None, layout, n_threads)
            expected = result if expected is None else expected
            np.testing.assert_array_equal(result, expected, err_msg=f"{name} {layout} {n_threads}")
        split = shape[2] // 2 // CHAIN_STEPS * CHAIN_STEPS  # at the end of a chain
        by_halves = _product(many_threads, a[:, :split], b[:split], c) if split else c
        rest = _product(many_threads, a[:, split:], b[split:], by_halves, by_row, (False, False, True))
        np.testing.assert_array_equal(rest, expected + by_row[:, None])
        results[name] = expected
    if {"avx2", "avx512"} <= results.keys():
        np.testing.assert_array_equal(results["avx2"], results["avx512"])


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_long_inner_index_is_added_up_chain_by_chain_with_one_bias(compiled, dtype):
    a, b, _, _, bias = _operands(dtype, 3, 5, 4099)
    for _ in each_instruction_set(compiled):
        expected = np.zeros((3, 5), dtype)
        for first in range(0, 4099, 4 * CHAIN_STEPS):
            last = first + 4 * CHAIN_STEPS
            expected = _product(compiled, a[:, first:last], b[first:last], expected)
        np.testing.assert_array_equal(_product(compiled, a, b, None, bias), expected + bias)


def test_a_long_inner_index_is_more_exact_than_one_chain(compiled):
    generator = np.random.default_rng(0)
    a, b = (generator.uniform(size=shape).astype(np.float32) for shape in ((4, 32000), (32000, 4)))
    exact = a.astype(np.float64) @ b.astype(np.float64)
    for _ in each_instruction_set(compiled):
        np.testing.assert_allclose(
            _product(compiled, a, b), exact, rtol=CHAIN_STEPS * 2**-24
        )  # one chain: 2e-5


@pytest.mark.parametrize("dtype", DTYPES)
def test_nan_and_infinity_stay_in_their_row_and_column(compiled, dtype):
    a, b, *_ = _operands(dtype, 20, 40, 30)
    a[3, 7], b[9, 35] = np.nan, np.inf
    for _ in each_instruction_set(compiled):
        finite = np.isfinite(_product(compiled, a, b))
        assert finite.sum() == 19 * 39
        assert not finite[3].any()
        assert not finite[:, 35].any()


def test_nothing_outside_the_result_is_written(compiled):
    a, b, *_ = _operands(np.float32, 13, 33, 9)
    for _ in each_instruction_set(compiled):
        memory = np.full(13 * 33 + 64, 7.0, np.float32)
        compiled.dense_product(a, b, memory[32:-32].reshape(13, 33), None, False, False, False, False, 1)
        assert (memory[:32] == 7).all()
        assert (memory[-32:] == 7).all()


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"b": np.zeros((5, 2))}, ValueError, r"b has shape \(4, 2\); got shape \(5, 2\)"),
        ({"out": np.zeros((2, 3))}, ValueError, r"out has shape \(3, 2\); got shape \(2, 3\)"),
        ({"bias": np.zeros(3)}, ValueError, r"bias has shape \(2\); got shape \(3\)"),
        ({"b": np.zeros((4, 2), np.float32)}, TypeError, "b is float64; got float32"),
    ],
)
def test_operands_that_do_not_fit_are_refused(compiled, changes, error, message):
    given = {"a": np.zeros((3, 4)), "b": np.zeros((4, 2)), "out": np.zeros((3, 2)), "bias": None, **changes}
    with pytest.raises(error, match="dense_product: " + message):
        compiled.dense_product(*given.values(), False, False, False, False, 1)


def test_a_result_that_overlaps_an_operand_is_refused(compiled):
    a = np.zeros((3, 3))
    with pytest.raises(ValueError, match="dense_product: out shares no memory with a"):
        compiled.dense_product(a, np.zeros((3, 3)), a, None, False, False, False, False, 1)
