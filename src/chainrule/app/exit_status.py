"""The numbers a command exits with; docs/decisions/exit-statuses.md says when."""

from enum import IntEnum


class ExitStatus(IntEnum):
    """How a command ended, in the numbers that shells use."""

    DONE = 0
    WRONG = 1  # what was checked is not true
    BAD_INPUT = 2
    CONDITIONAL = 3  # it is true under a condition alone
    UNDECIDED = 4  # it could not be read, or not be decided
    INTERRUPTED = 130  # 128 + SIGINT
    READER_GONE = 141  # 128 + SIGPIPE
