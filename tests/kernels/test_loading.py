"""Finding the compiled module, choosing its instruction set, and falling back with one warning."""

import pytest

from kernels import fresh_process

BLOCK = """
import json, sys, warnings
sys.modules["chainrule.kernels._native"] = None
"""


def test_an_absent_module_is_told_once_with_the_reason_and_the_remedy():
    program = """
from chainrule import kernels
from chainrule.errors import FallbackWarning
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    results = [kernels.native(), kernels.native(), kernels.unavailable_reason(), kernels.thread_count(4)]
print(json.dumps([results, [w.category is FallbackWarning for w in caught], str(caught[0].message)]))
"""
    results, categories, message = fresh_process.run(BLOCK + program)
    assert results[:2] == [None, None]
    assert "the compiled kernels could not be loaded (" in results[2]
    assert results[3] == 1
    assert categories == [True]
    assert results[2] in message
    assert "pip install" in message
    assert "CHAINRULE_INSTRUCTION_SET=numpy" in message


def test_numpy_serves_without_a_warning_where_it_was_asked_for():
    program = """
from chainrule import kernels
print(json.dumps([kernels.native(), kernels.unavailable_reason(), kernels.thread_count(None)]))
"""
    for prepare in ("import json", BLOCK):
        got = fresh_process.run(f"{prepare}\n{program}", {"CHAINRULE_INSTRUCTION_SET": "numpy"})
        assert got == [None, "CHAINRULE_INSTRUCTION_SET is numpy", 1]


def test_the_environment_chooses_the_instruction_set(compiled):
    program = (
        "from chainrule.kernels import native; import json; print(json.dumps(native().instruction_set()))"
    )
    assert fresh_process.run(program) == compiled.instruction_sets()[0]
    for name in compiled.instruction_sets():
        assert fresh_process.run(program, {"CHAINRULE_INSTRUCTION_SET": name}) == name


@pytest.mark.parametrize(
    ("name", "prepare", "message"),
    [
        (
            "sse9",
            "import json",
            "it is one of avx512, avx2, generic, numpy; got 'sse9'. Correct it, or unset it.",
        ),
        ("", "import json", "it is one of avx512, avx2, generic, numpy; got ''. Correct it, or unset it."),
        ("generic", BLOCK, "it needs the compiled kernels; got 'generic' without them. Unset it"),
    ],
)
def test_an_instruction_set_that_cannot_be_used_is_refused_every_time(name, prepare, message):
    program = """
from chainrule import kernels
from chainrule.errors import ArgumentError
messages = []
for _ in range(2):
    try:
        kernels.native()
    except ArgumentError as error:
        messages.append(str(error))
print(json.dumps(messages))
"""
    messages = fresh_process.run(f"{prepare}\n{program}", {"CHAINRULE_INSTRUCTION_SET": name})
    assert len(messages) == 2
    assert messages[0].startswith("environment variable CHAINRULE_INSTRUCTION_SET: " + message)


def test_importing_the_room_loads_neither_the_module_nor_threadpoolctl():
    program = """
import json, sys
import chainrule.kernels
print(json.dumps([name in sys.modules for name in ("chainrule.kernels._native", "threadpoolctl")]))
"""
    assert fresh_process.run(program) == [False, False]


def test_an_instruction_set_that_does_not_run_is_refused_by_the_module(compiled):
    with pytest.raises(ValueError, match=r"name is one of instruction_sets\(\); got 'mmx'\. Choose one"):
        compiled.use_instruction_set("mmx")
