"""The bar that shows how far training is: epochs, loss, accuracy and time left; only on a terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from chainrule.app.terminal import console, loss_text, percent
from chainrule.training import Callback, Progress


@contextmanager
def training_progress(*, wanted: bool) -> Iterator[Callback | None]:
    """Yield a callback that moves a bar on stderr, or None where stderr is no terminal or no bar is wanted."""
    screen = console(stderr=True)
    if not wanted or not screen.is_terminal:
        yield None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(compact=True),
    )
    with Bar(*columns, console=screen, transient=True) as bar:
        task = bar.add_task("training", total=None)

        def show(progress: Progress) -> None:
            bar.update(
                task, description=description(progress), completed=progress.epoch, total=progress.max_epochs
            )

        yield show


def description(progress: Progress) -> str:
    """Return the numbers of an epoch; the validation rows' where there are any."""
    if progress.validation_loss is None:
        return f"loss {loss_text(progress.loss)}"
    accuracy = progress.validation_accuracy
    seen = "" if accuracy is None else f", accuracy {percent(accuracy)}"
    return f"loss {loss_text(progress.loss)}, validation {loss_text(progress.validation_loss)}{seen}"
