"""Seeded faults of the command line."""

from seeded_faults.fault import Fault

FAULTS = {
    "a model from a missing folder is found out after training": Fault(
        "chainrule.app.paths", "    check_writable(output, call)\n", "", "tests/app"
    ),
    "the error's status is that of success": Fault(
        "chainrule.app.exit_status", "BAD_INPUT = 2", "BAD_INPUT = 0", "tests/app"
    ),
    "an output may replace one of the files that are read": Fault(
        "chainrule.app.predict",
        "    require_output(output, tuple(map(str, rows.paths)), CALL)\n",
        "",
        "tests/app/test_predict.py",
    ),
    "what a network without classes has not is looked for": Fault(
        "chainrule.app.inspection",
        'description.get("classes") is None',
        'description.get("classes") == []',
        "tests/app/test_inspect.py",
    ),
}
