"""The two kinds of solver: values that hold settings, with ``start`` and ``step``; state goes in and comes out."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Protocol

from chainrule._types import Array
from chainrule.training.linear_softmax import LinearSoftmax
from chainrule.training.outcome import StopReason
from chainrule.training.schedules import Schedule


class MinibatchSolver(ABC):
    """A solver that takes a step for each minibatch's gradient."""

    name: ClassVar[str]

    @property
    @abstractmethod
    def schedule(self) -> Schedule:
        """The learning rate of each step."""

    @abstractmethod
    def start(self, parameters: Array, weight_slices: tuple[slice, ...]) -> Any:
        """Return the state before the first step.

        Parameters
        ----------
        parameters : ndarray, shape (P,)
            The flat parameter vector.
        weight_slices : tuple of slice
            Where the weights, as opposed to the biases, lie in it.
        """

    @abstractmethod
    def step(self, parameters: Array, gradient: Array, state: Any, learning_rate: float) -> tuple[Array, Any]:
        """Take one step.

        Parameters
        ----------
        parameters : ndarray, shape (P,)
            The flat parameter vector, overwritten.
        gradient : ndarray, shape (P,)
            The objective's gradient there, left as it is.
        state : object
            The state that ``start`` or the last ``step`` returned; its arrays are overwritten.
        learning_rate : float
            The learning rate of this step.

        Returns
        -------
        parameters : ndarray, shape (P,)
            The same array, with the new values.
        state : object
            The state for the next step.
        """


class SmoothFunction(Protocol):
    """A differentiable function of a float64 vector; what stands last is asked for by second-order solvers only."""

    def value_and_gradient(self, parameters: Array) -> tuple[float, Array]:
        """Return the value and the gradient, a new float64 array; the value may be inf or NaN."""

    def hessian(self, parameters: Array) -> Array:
        """Return the matrix of second derivatives, a new float64 array of shape (P, P)."""

    def linear_softmax(self) -> LinearSoftmax:
        """Return the passes over the rows of a softmax network without hidden layers."""

    def certified_gap(self, gradient: Array) -> float | None:
        """Return what the function is above its minimum at most where it has this gradient; None: not known."""


class FullBatchState(Protocol):
    """What every full-batch solver's state tells."""

    @property
    def value(self) -> float:
        """The function's value at the parameters."""

    @property
    def gradient_norm(self) -> float:
        """Euclidean norm of the gradient there."""

    @property
    def step_length(self) -> float:
        """Length of the last step in units of its direction, 0 before the first."""

    @property
    def reason(self) -> StopReason | None:
        """Why the solver is finished, or None if it is not."""


class FullBatchSolver(ABC):
    """A solver that looks at the whole function in every iteration; float64 inside."""

    name: ClassVar[str]
    libraries: ClassVar[tuple[str, ...]] = ()
    """Modules with linear-algebra libraries of their own that the solver calls."""

    @abstractmethod
    def start(self, function: SmoothFunction, parameters: Array, tol: float) -> Any:
        """Return the state at the first parameters, float64 of shape (P,); a :class:`FullBatchState`."""

    @abstractmethod
    def step(self, function: SmoothFunction, parameters: Array, state: Any) -> tuple[Array, Any]:
        """Take one iteration from (parameters, state); both are left as they are and new ones returned."""
