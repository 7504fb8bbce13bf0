"""Rows that are read anew in every epoch, in portions of a bounded size: for data larger than memory."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Protocol, runtime_checkable

from chainrule._types import Array
from chainrule.training.batches import number_of_batches
from chainrule.training.compiled_step import compiled
from chainrule.training.loop import MinibatchMethod, MinibatchState, Stretch
from chainrule.training.objective import Examples, Loss
from chainrule.training.pauses import Pauses
from chainrule.training.sparse_steps import SparseMinibatchMethod, serves_sparsely
from chainrule.training.watching import Epoch


@runtime_checkable
class RowStream(Protocol):
    """What :func:`chainrule.train` reads in place of arrays.

    Every row comes once in an epoch. Equal epochs have equal portions, bit for bit, whoever asks and from whichever
    portion on: a run that was broken off goes on in the middle of an epoch.
    """

    @property
    def sample(self) -> Examples:
        """Some of the rows, which stay in memory: what the objective is estimated on before and after a run."""

    @property
    def n_rows(self) -> int:
        """Rows of an epoch."""

    @property
    def class_mass(self) -> Array:
        """The summed weights of the rows of each class, float64 of shape (classes,)."""

    @property
    def fingerprint(self) -> str:
        """What tells these rows from others: a checkpoint keeps it."""

    def portion_rows(self, epoch: int) -> Sequence[int]:
        """Return the rows of each portion of an epoch, counted from 1."""

    def portions(self, epoch: int, first: int) -> Iterator[Examples]:
        """Yield the portions of an epoch from number ``first`` on; the last one yielded may be overwritten."""


def stream_weight(stream: RowStream, loss: Loss) -> float:
    """Return sum_i s_i c_i over all rows of a stream, the divisor of (TR.1)."""
    mass = stream.class_mass
    return float(mass.sum() if loss.class_weight is None else mass @ loss.class_weight)


@dataclass(frozen=True)
class StreamedMethod(MinibatchMethod):
    """Steps on the minibatches of one portion after the other, in the order of the stream.

    The objective is that of the stream's sample, with w of (TR.5) that of all rows. Rows are shuffled inside their
    portion; which rows make a portion is the stream's to say.
    """

    stream: RowStream

    def start(self) -> MinibatchState:
        """Return the solver's state before its first step, at the beginning of an epoch."""
        return self._of(self.stream.sample).start()

    def epoch(self, state: MinibatchState, number: int, pauses: Pauses) -> tuple[MinibatchState, Epoch]:
        """Take one step for each batch that is left; the loss is the weighted mean over the epoch's batches."""
        counts = [number_of_batches(rows, self.batch_size) for rows in self.stream.portion_rows(number)]
        ends = list(accumulate(counts))
        weight, norm = stream_weight(self.stream, self.objective.loss), None
        first = bisect_right(ends, state.batches)

        def stretch(index: int) -> Stretch:
            before, count = ends[index] - counts[index], counts[index]
            draw = (number - 1) * len(counts) + index + 1
            return Stretch(number, before, count, ends[-1], weight, (number, index + 1), draw)

        for index, examples in enumerate(self.stream.portions(number, first), first):
            state, norm = self._of(examples).take(state, stretch(index), pauses)
            if state.batches < ends[index]:  # the loss is not finite
                break
        return MinibatchState(state.solver), self.report(state, stretch(len(counts) - 1), norm)

    def _of(self, examples: Examples) -> MinibatchMethod:
        """Return the method that takes the steps of a portion."""
        objective = replace(self.objective, examples=examples)
        sparse = serves_sparsely(objective, self.solver)
        kind = SparseMinibatchMethod if sparse else MinibatchMethod
        method = kind(objective, self.solver, self.batch_size, self.max_epochs, self.seed)
        return method if sparse else compiled(method)
