"""The numbers a command exits with; docs/decisions/exit-statuses.md says when."""

from enum import IntEnum


class ExitStatus(IntEnum):
    """How a command ended, in the numbers that shells use."""

    DONE = 0
    BAD_INPUT = 2
    INTERRUPTED = 130  # 128 + SIGINT
    READER_GONE = 141  # 128 + SIGPIPE
