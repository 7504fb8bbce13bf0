"""How every question is measured: the sides alternate, results are checked first, and tables say what was found."""

from frame.alternate import Timing
from frame.local import main_local
from frame.question import Question, main
from frame.verdict import Verdict

__all__ = ["Question", "Timing", "Verdict", "main", "main_local"]
