"""Importing the package loads no library at all."""

import json
import subprocess
import sys

import pytest

import chainrule as cr

HEAVY = ("jax", "pandas", "polars", "ray", "scipy", "sklearn", "sympy", "torch", "threadpoolctl", "starlette")


def _modules_after(code):
    program = f"import sys, json\n{code}\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def test_a_fresh_process_loads_no_framework():
    loaded = {name.split(".")[0] for name in _modules_after("import chainrule")}
    assert not loaded & {*HEAVY, "numpy"}


def test_functions_and_networks_need_no_scikit_learn_or_polars():
    loaded = _modules_after("import chainrule as cr; cr.Network((2, 2)).loss([[1.0, 2.0]], [0])")
    assert not loaded & {"jax", "pandas", "polars", "sklearn", "torch"}


def test_every_public_name_can_be_had():
    for name in cr.__all__:
        assert getattr(cr, name) is not None
    assert set(cr.__all__) <= set(dir(cr))


def test_a_name_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(AttributeError, match=r"no attribute 'sofmax'; it has .*softmax"):
        _ = cr.sofmax


def test_a_room_does_not_take_the_place_of_the_function_of_its_name():
    code = "import chainrule.derive, chainrule as cr; assert cr.derive('E').result; import chainrule.network.layers"
    assert "chainrule.derive" in _modules_after(code)
