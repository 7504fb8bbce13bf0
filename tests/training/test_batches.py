"""Minibatches: every row once, even sizes, an order keyed by seed and epoch."""

import numpy as np
import pytest

from chainrule.training.batches import number_of_batches, shuffled_batches


@pytest.mark.parametrize(
    ("n_rows", "batch_size"), [(1, 1), (10, 3), (10, 10), (10, 99), (1000, 32), (33, 32)]
)
def test_every_row_comes_once_in_batches_of_even_size(n_rows, batch_size):
    batches = list(shuffled_batches(n_rows, batch_size, 3, 1))
    sizes = [len(rows) for rows in batches]
    assert sorted(np.concatenate(batches).tolist()) == list(range(n_rows))
    assert max(sizes) <= batch_size
    assert max(sizes) - min(sizes) <= 1
    assert len(sizes) == number_of_batches(n_rows, batch_size)


def test_the_order_depends_on_seed_and_epoch_alone():
    def order(seed, epoch):
        return np.concatenate(list(shuffled_batches(50, 7, seed, epoch))).tolist()

    assert order(1, 2) == order(1, 2)
    assert order(1, 2) != order(1, 3)
    assert order(1, 2) != order(2, 2)
