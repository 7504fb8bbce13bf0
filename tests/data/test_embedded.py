"""The data sets that come with scikit-learn."""

import pytest

from chainrule.data import embedded


def test_the_digits_are_those_of_scikit_learns_loader(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = embedded.read_embedded("digits")
    monkeypatch.setattr(embedded, "_digits_file", lambda _: None)
    loaded = embedded.read_embedded("digits")
    assert quick.frame.equals(loaded.frame)
    assert quick.frame.schema == loaded.frame.schema


def test_a_file_that_lies_elsewhere_is_left_to_the_loader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "find_spec", lambda _: None)
    assert embedded.read_embedded("digits").frame.shape == (1797, 65)
