"""The exceptions and warnings of chainrule.

Every message has four parts: the call, the rule that was broken, what came instead, and what to do.

::

    ChainruleError                    anything that chainrule refuses
    ├── ArgumentError   (ValueError)  an argument has a value outside its domain
    │   └── GrammarError              a text is not a formula (of the room derive)
    ├── ArgumentTypeError (TypeError) an argument has a type or dtype that is not served
    ├── DataError       (ValueError)  a table, or a file of data, cannot be used
    ├── ModelFileError  (ValueError)  a file is not a model, is damaged, or comes from a newer version
    ├── CheckpointError (ValueError)  a checkpoint is damaged, foreign or newer, or of other data or settings
    ├── InsufficientMemoryError (MemoryError)  what is asked for would not fit into memory; nothing was begun
    ├── MissingFileError (FileNotFoundError)  a file that was named does not exist
    ├── MissingPackageError (ImportError)  a package of an extra is not installed
    └── OutputError     (OSError)     a file could not be written; nothing was left behind

    ChainruleWarning (UserWarning)
    ├── CheckpointWarning                     a checkpoint could not be written, or its run is complete
    ├── FallbackWarning (RuntimeWarning)  the compiled kernels are absent, NumPy serves instead
    └── UnseenCategoryWarning             a table holds categories that were not there in training

``SoftmaxClassifier`` warns with scikit-learn's own ConvergenceWarning where that contract expects it.
"""

from typing import Any


class ChainruleError(Exception):
    """Anything that chainrule refuses.

    Parameters
    ----------
    call : str
        The function or command that refuses, as the caller wrote it.
    rule : str
        The rule that was broken, in the indicative: "targets are class indices from 0 to K - 1".
    came : str
        What came instead, with the first offending index and its value.
    remedy : str
        What to do, a sentence.

    Examples
    --------
    >>> print(ArgumentError("softmax", "logits are floating point", "dtype int64", "Call logits.astype(float)."))
    softmax: logits are floating point; got dtype int64. Call logits.astype(float).
    """

    def __init__(self, call: str, rule: str, came: str, remedy: str) -> None:
        super().__init__(f"{call}: {rule}; got {came}. {remedy}")
        self.call = call
        self.rule = rule
        self.came = came
        self.remedy = remedy

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.call, self.rule, self.came, self.remedy)


class ArgumentError(ChainruleError, ValueError):
    """An argument has a value outside its domain."""


class ArgumentTypeError(ChainruleError, TypeError):
    """An argument has a type or dtype that is not served."""


class DataError(ChainruleError, ValueError):
    """A table, or a file of data, cannot be used."""


class ModelFileError(ChainruleError, ValueError):
    """A file is not a model, is damaged, or comes from a newer version."""


class CheckpointError(ChainruleError, ValueError):
    """A file is not a checkpoint, is damaged or newer, or belongs to other data or settings."""


class InsufficientMemoryError(ChainruleError, MemoryError):
    """What is asked for would take more memory than there is; nothing was begun."""


class MissingFileError(ChainruleError, FileNotFoundError):
    """A file that was named does not exist."""

    def __str__(self) -> str:
        return str(self.args[0])


class MissingPackageError(ChainruleError, ImportError):
    """A package that one of the extras brings is not installed."""


class OutputError(ChainruleError, OSError):
    """A file could not be written; nothing was left behind."""

    def __str__(self) -> str:
        return str(self.args[0])


class ChainruleWarning(UserWarning):
    """Anything that chainrule does otherwise than the caller may expect."""


class CheckpointWarning(ChainruleWarning):
    """A checkpoint could not be written, or the run that it holds is complete already."""


class FallbackWarning(ChainruleWarning, RuntimeWarning):
    """The compiled kernels are absent; NumPy serves instead, slower."""


class UnseenCategoryWarning(ChainruleWarning):
    """A table holds categories that were not there in training."""
