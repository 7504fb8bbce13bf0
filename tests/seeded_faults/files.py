"""Seeded faults of files."""

from seeded_faults.fault import Fault

FAULTS = {
    "a file is written in place": Fault(
        "chainrule.files",
        '    with beside.open("xb") as file:',
        '    with final.open("wb") as file:',
        "tests/test_files.py",
    ),
}
