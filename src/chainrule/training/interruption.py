"""Ctrl-C that waits for a safe point, so that a fit is never lost in the middle of something.

The first Ctrl-C is noted; the loop asks for it before every step and ends there. The second one does not wait.
"""

import signal
from contextlib import suppress
from types import FrameType, TracebackType


class DeferredInterrupt:
    """A ``with`` block in which the first Ctrl-C is noted instead of raised.

    Outside the main thread, and where SIGINT has another handler than Python's own, nothing is changed: who installed
    one knows better what Ctrl-C means.

    Examples
    --------
    >>> with DeferredInterrupt() as interrupt:
    ...     interrupt.raise_if_noted()
    ...     interrupt.noted
    False
    """

    def __init__(self) -> None:
        self.noted = False

    def __enter__(self) -> "DeferredInterrupt":
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            with suppress(ValueError):  # not the main thread: signals are not this thread's affair
                signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Equal, not identical: every look at a method makes a new object. A callback may have put in its own.
        if signal.getsignal(signal.SIGINT) == self._note:
            self._restore()

    def raise_if_noted(self) -> None:
        """Raise the KeyboardInterrupt that was put off, if there was one: this is a safe point."""
        if self.noted:
            raise KeyboardInterrupt

    def _restore(self) -> None:
        """Put Python's own handler back; Ctrl-C meanwhile comes after the last safe point, and cuts nothing."""
        try:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        except KeyboardInterrupt:
            if signal.getsignal(signal.SIGINT) == self._note:
                self._restore()

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        if self.noted:
            raise KeyboardInterrupt
        self.noted = True
