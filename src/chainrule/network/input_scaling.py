"""What is done to features before the first layer.

With centre c and scale s of a feature, and a limit L or none ::

    (IS.1)  z = (x - c) s
    (IS.2)  f(z) = z / sqrt(1 + (z / L)^2), between -L and L, slope 1 at 0      [Holzmueller2024]
    (IS.3)  df/dx = s / (1 + (z / L)^2)^(3/2), s where there is no limit
"""

from dataclasses import dataclass

import numpy as np

from chainrule._types import Array
from chainrule.errors import ArgumentError
from chainrule.functions import SparseFeatures

LARGEST = 1e150
"""z is cut here first, so that its square is finite."""


@dataclass(frozen=True, eq=False)
class InputScaling:
    """Scaling of features, with or without a smooth clip: (IS.1), and (IS.2) where there is a limit.

    Parameters
    ----------
    center, scale : ndarray of float64, shape (features,)
        c and s.
    limit : float or None
        L, positive and finite: what no feature exceeds. None: no clip.

    Examples
    --------
    >>> scaling = InputScaling(np.array([1.0]), np.array([0.5]), limit=3.0)
    >>> scaling.apply(np.array([[1.0], [3.0], [1e9]])).round(3).tolist()
    [[0.0], [0.949], [3.0]]
    """

    center: Array
    scale: Array
    limit: float | None = None

    def apply_sparse(self, call: str, features: SparseFeatures) -> SparseFeatures:
        """Return sparse features as the first layer sees them: scaled alone, for a centre would fill every entry.

        Raises
        ------
        ArgumentError
            If there is a centre other than 0, or a limit.
        """
        if self.limit is not None or self.center.any():
            rule = "sparse features go with a scaling that neither centres nor clips them"
            came = (
                "one that clips"
                if self.limit is not None
                else f"a centre of {self.center[self.center != 0][0]}"
            )
            raise ArgumentError(call, rule, came, "Fit with sparse features, or pass a dense array.")
        return features.scaled(self.scale)

    def apply(self, features: Array) -> Array:
        """Return the features as the first layer sees them, shape (examples, features), in float64."""
        z = (features - self.center) * self.scale
        if self.limit is None:
            return np.asarray(z)
        np.clip(z, -LARGEST, LARGEST, out=z)
        return np.asarray(z / np.sqrt(1.0 + np.square(z / self.limit)))

    def derivative(self, features: Array) -> Array:
        """Return the derivative (IS.3) of each scaled feature by the feature, shape (examples, features), in float64.

        Examples
        --------
        >>> InputScaling(np.array([1.0]), np.array([0.5])).derivative(np.array([[7.0]]))
        array([[0.5]])
        """
        slopes = np.broadcast_to(self.scale, np.shape(features)).astype(np.float64)
        if self.limit is None:
            return slopes
        z = np.clip((features - self.center) * self.scale, -LARGEST, LARGEST)
        return np.asarray(slopes / np.sqrt(1.0 + np.square(z / self.limit)) ** 3)
