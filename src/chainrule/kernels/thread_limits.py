"""Makes the pool of the compiled kernels known to threadpoolctl, so that its limits, and joblib's, hold for it."""

from types import ModuleType

import threadpoolctl


class ChainruleController(threadpoolctl.LibController):  # type: ignore[misc]  # threadpoolctl has no types
    """The compiled kernels as threadpoolctl sees a library with a pool of threads.

    Limits hold for the whole process and never raise the number of threads above what is available.
    """

    user_api = "chainrule"
    internal_api = "chainrule"
    filename_prefixes = ("_native",)
    check_symbols = ("chainrule_get_num_threads", "chainrule_set_num_threads")

    def get_num_threads(self) -> int:
        """Return how many threads a call may use."""
        return int(self.dynlib.chainrule_get_num_threads())

    def set_num_threads(self, num_threads: int) -> None:
        """Let a call use no more than ``num_threads`` threads; no limit if no more are available at this moment."""
        self.dynlib.chainrule_set_num_threads(num_threads)

    def get_version(self) -> None:
        """Return None: the kernels have no version apart from the package's."""


def register(module: ModuleType) -> None:
    """Register the controller, once for each process.

    Parameters
    ----------
    module : module
        The compiled module, which must be loaded: threadpoolctl finds its file among the loaded libraries.
    """
    assert module.__file__ is not None
    threadpoolctl.register(ChainruleController)
