"""Seeded faults: each is a mistake put into one module, and names the tests that must then fail.

``python tests/faults.py`` runs each fault in a process of its own, where an import hook (installed by conftest.py)
compiles the faulty text in place of the module's. A fault that no test notices is an error. Faults of the compiled
kernels are built into a module of their own, in a folder of their own.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

from seeded_faults import FAULTS, KERNEL_FAULTS, Fault

ROOT = Path(__file__).resolve().parent.parent
VARIABLE = "CHAINRULE_SEEDED_FAULT"
KERNELS_VARIABLE = "CHAINRULE_FAULTY_KERNELS"


