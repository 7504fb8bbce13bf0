"""Seeded faults of files."""

from seeded_faults.fault import Fault

FAULTS = {
    "a file is written in place": Fault(
        "chainrule.files",
        "    beside = _beside(final)\n    try:\n        with output_errors(path, call):",
        "    beside = final\n    try:\n        with output_errors(path, call):",
        "tests/test_files.py",
    ),
}
