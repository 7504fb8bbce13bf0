"""Seeded faults of the command line."""

from seeded_faults.fault import Fault

FAULTS = {
    "a model from a missing folder is found out after training": Fault(
        "chainrule.app.paths", "    check_writable(output, call)\n", "", "tests/app"
    ),
    "the error's status is that of success": Fault(
        "chainrule.app.exit_status", "BAD_INPUT = 2", "BAD_INPUT = 0", "tests/app"
    ),
}
