"""Sums in a fixed order: exact values, accuracy against exact rational sums, and an order that only n decides."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.training.fixed_order import fixed_order_dot, fixed_order_norm, tree_sum

U = 2.0**-53


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5, 7, 8, 9, 1000, 1024, 1025])
def test_the_dot_product_of_whole_numbers_is_exact(size):
    numbers = np.arange(size, dtype=np.float64)
    assert fixed_order_dot(numbers, numbers) == sum(i * i for i in range(size))


@given(st.lists(st.tuples(*[st.floats(-1e6, 1e6)] * 2), max_size=70))
def test_the_dot_product_keeps_the_bound_of_a_pairwise_sum(pairs):
    first, second = (np.array([pair[i] for pair in pairs], dtype=np.float64) for i in (0, 1))
    exact = sum((Fraction(a) * Fraction(b) for a, b in pairs), Fraction(0))
    sizes = sum((abs(Fraction(a) * Fraction(b)) for a, b in pairs), Fraction(0))
    depth = math.ceil(math.log2(max(len(pairs), 1))) + 1
    assert abs(Fraction(fixed_order_dot(first, second)) - exact) <= sizes * Fraction(
        depth * U
    ) * 2 + Fraction(1e-300)


def test_the_dot_product_leaves_its_arguments_alone():
    first, second = np.arange(5.0), np.ones(5)
    fixed_order_dot(first, second)
    assert first.tolist() == [0, 1, 2, 3, 4]
    assert second.tolist() == [1] * 5


def test_the_norm_is_the_length():
    assert fixed_order_norm(np.array([2.0, 3.0, 6.0])) == 7.0
    assert fixed_order_norm(np.zeros(0)) == 0.0


@pytest.mark.parametrize("count", range(1, 20))
def test_the_tree_adds_neighbours_first(count):
    def brackets(texts):
        """Return the sum as text: whole subtrees from the left, the rest joined from the right."""
        if len(texts) == 1:
            return texts[0]
        half = 1 << (len(texts) - 1).bit_length() - 1
        return f"({brackets(texts[:half])}+{brackets(texts[half:])})"

    class Text:
        def __init__(self, text):
            self.text = text

        def __add__(self, other):
            return Text(f"({self.text}+{other.text})")

    names = [chr(ord("a") + i) for i in range(count)]
    assert tree_sum((Text(name),) for name in names)[0].text == brackets(names)


def test_the_tree_adds_every_entry_of_its_tuples():
    total, array = tree_sum((float(i), np.full(2, i)) for i in range(5))
    assert total == 10.0
    assert array.tolist() == [10, 10]
