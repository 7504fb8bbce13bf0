"""Fits that are killed at random moments and resumed; ``make kills`` does many more."""

from kills import kill_fits


def test_fits_killed_at_random_moments_end_with_the_same_bytes_when_resumed():
    assert len(kill_fits(5, seed=1)) == 5
