"""The safe points of a run: between two steps Ctrl-C is heeded, a checkpoint written, and the log told."""

from collections.abc import Callable
from typing import Any

from chainrule.training.checkpoint import CheckpointWriter
from chainrule.training.interruption import DeferredInterrupt
from chainrule.training.log import TrainingLog
from chainrule.training.run_state import RunState


class Pauses:
    """Asked by a run between steps whether something is due; it then says where it stands.

    Parameters
    ----------
    interrupt : DeferredInterrupt
        Notes Ctrl-C.
    writer : CheckpointWriter or None
        Writes checkpoints.
    log : TrainingLog or None
        Told of a step now and then inside a long epoch.

    Examples
    --------
    >>> pauses = Pauses(DeferredInterrupt())
    >>> pauses.due
    False
    """

    def __init__(
        self,
        interrupt: DeferredInterrupt,
        writer: CheckpointWriter | None = None,
        log: TrainingLog | None = None,
    ) -> None:
        self._interrupt = interrupt
        self._writer = writer
        self._log = log
        self._run_state: Callable[[Any], RunState] | None = None

    @property
    def due(self) -> bool:
        """Whether the run should pause."""
        return self._interrupt.noted or self._writing_due or (self._log is not None and self._log.step_due)

    def announce(self, run_state: Callable[[Any], RunState]) -> None:
        """Take the function that completes a method's state to that of the run; it holds until the next one."""
        self._run_state = run_state

    def pause(self, method_state: Any, **facts: Any) -> None:
        """Do what is due; a run that ends by Ctrl-C is written down first.

        Parameters
        ----------
        method_state : object
            The state of the method between two steps.
        **facts
            What the log tells inside an epoch.

        Raises
        ------
        KeyboardInterrupt
            Ctrl-C was pressed before.
        """
        if self._log is not None and self._log.step_due and facts:
            self._log.write("step", **facts)
        if (
            self._writer is not None
            and self._run_state is not None
            and (self._interrupt.noted or self._writing_due)
        ):
            self._writer.write(self._run_state(method_state))
        self._interrupt.raise_if_noted()

    @property
    def _writing_due(self) -> bool:
        return self._writer is not None and self._writer.due
