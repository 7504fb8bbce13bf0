"""What every peer returns."""

from typing import Any

# The mean loss, and its gradient with respect to each named array: NumPy's, or what numpy.asarray takes.
Result = tuple[Any, dict[str, Any]]
