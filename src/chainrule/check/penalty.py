"""A penalty on the weights of a linear head: multiples of sums of squares, and their derivatives."""

from dataclasses import dataclass

from chainrule._types import Array
from chainrule.check.mistakes.hypothesis import Value
from chainrule.check.mistakes.linear import laid_out
from chainrule.check.probes import Probe

NOTHING = 1e-9  # a factor below this is none


@dataclass(frozen=True)
class Penalty:
    """What a loss has beside the cross-entropy: factor * sum W^2 + bias_factor * sum b^2.

    Parameters
    ----------
    factor, bias_factor : float
    over_n : bool
        True: both are divided by the number of examples.
    """

    factor: float = 0.0
    bias_factor: float = 0.0
    over_n: bool = False

    @property
    def is_there(self) -> bool:
        """Tell whether there is any."""
        return abs(self.factor) > NOTHING or abs(self.bias_factor) > NOTHING

    def share(self, probe: Probe) -> float:
        """Return what both factors are multiplied by at a probe."""
        return 1 / probe.examples if self.over_n else 1.0

    def of_loss(self, probe: Probe) -> float:
        """Return the penalty itself."""
        squares, bias_squares = squares_of(probe)
        return self.share(probe) * (self.factor * squares + self.bias_factor * bias_squares)

    def of_gradient(self, probe: Probe, part: str, features_first: bool) -> Array:
        """Return the penalty's derivative by the weight or the biases."""
        assert probe.weight is not None, "a linear probe has a weight"
        if part == "bias":
            assert probe.bias is not None, "a linear probe has a bias"
            return 2 * self.bias_factor * self.share(probe) * probe.bias
        return 2 * self.factor * self.share(probe) * laid_out(probe.weight, features_first)

    def added_to_loss(self, value: Value) -> Value:
        """Return a loss with the penalty."""

        def made(probe: Probe) -> Array | None:
            found = value(probe)
            return found if found is None or probe.weight is None else found + self.of_loss(probe)

        return made if self.is_there else value

    def added_to_gradient(self, value: Value, part: str, features_first: bool) -> Value:
        """Return a gradient with the penalty's derivative."""

        def made(probe: Probe) -> Array | None:
            found = value(probe)
            return None if found is None else found + self.of_gradient(probe, part, features_first)

        return made if self.is_there else value


NO_PENALTY = Penalty()


def squares_of(probe: Probe) -> tuple[float, float]:
    """Return the sums of squares of weight and biases."""
    assert probe.weight is not None, "a linear probe has a weight"
    assert probe.bias is not None, "a linear probe has a bias"
    return float((probe.weight**2).sum()), float((probe.bias**2).sum())
