"""No result depends on the number of threads, nor on the instruction set where it has a fused multiply-add."""

import numpy as np
import pytest

from kernels.row_calls import by_index, by_probability, softmax_family

DTYPES = [np.float32, np.float64]
SHAPES = [(1, 5), (7, 1), (3000, 3), (5000, 10), (2501, 32), (900, 100), (1025, 257), (64, 5001)]
THREADS = [1, 2, 3, 5]


def _inputs(shape, dtype):
    generator = np.random.default_rng(shape)
    logits = (generator.normal(size=shape) * 8).astype(dtype)
    logits[generator.random(shape) < 0.05] = -np.inf
    logits[:, 0] = 1.0
    targets = generator.integers(0, shape[1], shape[0])
    return logits, targets, generator.random(shape).astype(dtype), generator.random(shape[0])


def _all_results(compiled, shape, dtype, n_threads):
    logits, targets, probabilities, weight = _inputs(shape, dtype)
    options = {"row_weight": weight, "n_threads": n_threads, "gradient_scale": 0.7}
    results = [
        softmax_family(compiled, kernel, logits, n_threads)
        for kernel in ("softmax_rows", "log_softmax_rows", "logsumexp_rows")
    ]
    for temperature in (1.0, 0.3):
        results += by_index(compiled, logits, targets, temperature=temperature, **options)
        results += by_probability(compiled, logits, probabilities, temperature=temperature, **options)
        smoothed = {"indices": targets, "label_smoothing": 0.1, "class_weight": np.arange(shape[1]) % 5 + 0.3}
        results += by_probability(compiled, logits, temperature=temperature, **smoothed, **options)
    return [np.asarray(result).tobytes() for result in results]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_one_two_three_and_five_threads_give_the_same_bits(many_threads, dtype, shape):
    for name in many_threads.instruction_sets():
        many_threads.use_instruction_set(name)
        alone = _all_results(many_threads, shape, dtype, 1)
        for n_threads in THREADS[1:]:
            assert _all_results(many_threads, shape, dtype, n_threads) == alone, (name, n_threads)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_avx2_and_avx512_give_the_same_bits(compiled, dtype, shape):
    if not {"avx2", "avx512"} <= set(compiled.instruction_sets()):
        pytest.skip("this processor runs one of them at most")
    results = {}
    for name in ("avx2", "avx512"):
        compiled.use_instruction_set(name)
        results[name] = _all_results(compiled, shape, dtype, 1)
    assert results["avx2"] == results["avx512"]
