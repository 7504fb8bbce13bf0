"""Seeded faults: each is a mistake put into one module, and names the tests that must then fail.

``python tests/faults.py`` runs each fault in a process of its own, where an import hook (installed by conftest.py)
compiles the faulty text in place of the module's. A fault that no test notices is an error. Faults of the compiled
kernels are built into a module of their own, in a folder of their own.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent
VARIABLE = "CHAINRULE_SEEDED_FAULT"
KERNELS_VARIABLE = "CHAINRULE_FAULTY_KERNELS"


@dataclass(frozen=True)
class Fault:
    """A piece of a module, what the fault makes of it, and the tests that must fail."""

    module: str
    right: str
    wrong: str
    tests: str

    @property
    def source(self) -> Path:
        return ROOT / "src" / (self.module.replace(".", "/") + ".py")

    def faulty_text(self) -> str:
        text = self.source.read_text()
        assert text.count(self.right) == 1, (
            f"{self.module} holds {self.right!r} {text.count(self.right)} times"
        )
        return text.replace(self.right, self.wrong)


@dataclass(frozen=True)
class KernelFault:
    """The same for a file of the kernels, which is compiled."""

    file: str
    right: str
    wrong: str
    tests: str

    def build(self, folder: Path) -> Path:
        """Compile the kernels with the fault in them and return the module."""
        for name in ("CMakeLists.txt", "native"):
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, folder / name)
        faulty = folder / self.file
        text = faulty.read_text()
        assert text.count(self.right) == 1, f"{self.file} holds {self.right!r} {text.count(self.right)} times"
        faulty.write_text(text.replace(self.right, self.wrong))
        tools = Path(sys.executable).parent
        configure = [tools / "cmake", "-S", folder, "-B", folder / "build", "-G", "Ninja", "-Wno-dev"]
        configure += [f"-DPython_EXECUTABLE={sys.executable}", f"-DCMAKE_MAKE_PROGRAM={tools / 'ninja'}"]
        for command in (configure, [tools / "cmake", "--build", folder / "build"]):
            subprocess.run(command, check=True, capture_output=True)
        return next((folder / "build").glob("_native*.so"))


_FORMULAS = "chainrule.functions.formulas"
_CROSS_ENTROPY = "tests/functions/test_cross_entropy.py"
_NETWORK = "tests/network/test_network.py"
_FILE = "tests/network/test_model_file.py"
_CHECKPOINT = "tests/training/test_checkpoint.py"
_DIAGNOSIS = "tests/training/test_diagnosis.py"

FAULTS = {
    "the sum of the others as sum minus one": Fault(
        _FORMULAS,
        "_put(exponentials, top, 0)\n    others = exponentials.sum(axis=1, keepdims=True, dtype=np.float64)",
        "_put(exponentials, top, 1)\n    others = exponentials.sum(axis=1, keepdims=True, dtype=np.float64) - 1",
        "tests/functions/test_softmax.py",
    ),
    "the top class is not the target where they tie": Fault(
        _FORMULAS,
        "statistics.top == y, -_take",
        "statistics.top == -1, -_take",
        _CROSS_ENTROPY,
    ),
    "the others of a class by subtraction alone": Fault(
        _FORMULAS, "_put(others, largest, others_of_largest)\n", "\n", _CROSS_ENTROPY
    ),
    "smoothing over masked classes too": Fault(
        _FORMULAS, "(logits != -np.inf) | (masses > 0)", "logits == logits", _CROSS_ENTROPY
    ),
    "zero times infinity": Fault(
        _FORMULAS, "terms[(q == 0) & ~np.isnan(statistics.others)] = 0", "pass", _CROSS_ENTROPY
    ),
    "a meaningless row is not NaN": Fault(
        _FORMULAS, "others[meaningless] = np.nan", "pass", "tests/functions/test_softmax.py"
    ),
    "temperature forgotten in the gradient": Fault(
        _FORMULAS,
        "_scale(derivative, weight, gradient_scale / temperature, gradient[rows])\n    return binary_tree_sum(totals)"
        "\n\n\ndef first_bad_index",
        "_scale(derivative, weight, gradient_scale, gradient[rows])\n    return binary_tree_sum(totals)"
        "\n\n\ndef first_bad_index",
        _CROSS_ENTROPY,
    ),
    "the mean counts ignored rows": Fault(
        "chainrule.functions.cross_entropy",
        "    weight = _without_ignored(targets.indices, samples, ignore_index)\n    if classes is None:",
        "    weight = samples\n    if classes is None:",
        _CROSS_ENTROPY,
    ),
    "class weights of smoothed targets in the mean": Fault(
        "chainrule.functions.cross_entropy",
        "np.where(mass > 0, (y * classes).sum(axis=1) / np.where(mass > 0, mass, 1), 1)",
        "(y * classes).sum(axis=1)",
        _CROSS_ENTROPY,
    ),
    "binary gradient by subtraction": Fault(
        "chainrule.functions.binary_cross_entropy",
        "(1 - y) * sigmoid(z) - y * sigmoid(-z)",
        "sigmoid(z) - y",
        "tests/functions/test_outputs.py",
    ),
    "squared error without its half": Fault(
        "chainrule.functions.squared_error",
        "0.5 * np.square",
        "1.0 * np.square",
        "tests/functions/test_outputs.py",
    ),
    "relu passes its gradient below zero": Fault(
        "chainrule.network.activations", "(u > 0).astype", "(u > -1e9).astype", _NETWORK
    ),
    "the activation's derivative is left out": Fault(
        "chainrule.network.backpropagation",
        "by_activation[0] * activation.derivative(pre_activations[hidden], layer_inputs[number])",
        "by_activation[0] * 1",
        _NETWORK,
    ),
    "biases' gradient is a mean": Fault(
        "chainrule.network.backpropagation", "upstream.sum(axis=0)", "upstream.mean(axis=0)", _NETWORK
    ),
    "weights transposed": Fault(
        "chainrule.network.initialisation", "fan_out, fan_in)", "fan_in, fan_out).T", _NETWORK
    ),
    "temperature moves the loss": Fault(
        "chainrule.network.network",
        "return forward_layers(self._layers, self._activation_table, inputs)[2]",
        "return forward_layers(self._layers, self._activation_table, inputs)[2] / self.temperature",
        _NETWORK,
    ),
    "a newer format is read": Fault(
        "chainrule.network.tensor_file", "if number > kind.format:", "if False:", _FILE
    ),
    "NaN weights are loaded": Fault(
        "chainrule.network.model_file", "or not np.isfinite(tensor).all()", "", _FILE
    ),
    "the checksum is not looked at": Fault(
        "chainrule.network.tensor_file",
        'if description.pop("checksum", None) != _checksum(tensors, description):',
        'if description.pop("checksum", None) is None:',
        _FILE,
    ),
    "a file is written in place": Fault(
        "chainrule.files",
        "    with beside.open(\"xb\") as file:",
        "    with final.open(\"wb\") as file:",
        "tests/test_files.py",
    ),
    "Adam without the correction of its second moment": Fault(
        "chainrule.training.adam", "1.0 / math.sqrt(1.0 - beta2**steps)", "1.0", "tests/training/test_adam.py"
    ),
    "Nesterov momentum without its factor": Fault(
        "chainrule.training.sgd",
        "np.multiply(velocity, self.momentum, out=buffer)",
        "np.multiply(velocity, 1.0, out=buffer)",
        "tests/training/test_sgd.py",
    ),
    "weight decay of biases": Fault(
        "chainrule.training.adamw",
        "for weights in state.weight_slices:",
        "for weights in (slice(None),):",
        "tests/training/test_adamw.py",
    ),
    "a minibatch divides by its own size alone": Fault(
        "chainrule.training.objective",
        "1.0 / (len(examples) * mean_weight)",
        "1.0 / len(examples)",
        "tests/training/test_objective.py",
    ),
    "a minibatch divides by its own weights": Fault(
        "chainrule.training.objective",
        "1.0 / (len(examples) * mean_weight)",
        "1.0 / self.loss.total_weight(network, examples)",
        "tests/training/test_options.py",
    ),
    "short gradients are stretched too": Fault(
        "chainrule.training.objective", "if norm > max_norm:", "if norm > 0:", "tests/training/test_options.py"
    ),
    "dropout without its scale": Fault(
        "chainrule.network.dropout",
        "kept.astype(dtype) * dtype.type(RESOLUTION / (RESOLUTION - threshold))",
        "kept.astype(dtype)",
        "tests/network/test_dropout.py",
    ),
    "dropout of the same units in every step": Fault(
        "chainrule.network.dropout", "    seed, *counter = key", "    seed, counter = key[0], ()",
        "tests/network/test_dropout.py",
    ),
    "dropout masks in the forward pass alone": Fault(
        "chainrule.network.backpropagation",
        "masked(upstream @ layers[number].weights, masks, hidden)",
        "upstream @ layers[number].weights",
        "tests/network/test_dropout.py",
    ),
    "the temperature without its prior": Fault(
        "chainrule.training.calibration", "slope + theta / SPREAD**2, curvature", "slope, curvature",
        "tests/training/test_calibration.py",
    ),
    "validation rows that do not weigh in the temperature": Fault(
        "chainrule.training.calibration", "    if examples.sample_weight is not None:", "    if False:",
        "tests/training/test_calibration.py",
    ),
    "portions divide by the weight of the last one alone": Fault(
        "chainrule.training.online", "weight / rows)", "objective.total_weight / n_rows)",
        "tests/estimators/test_softmax_classifier_options.py",
    ),
    "a one-cycle that begins at the top": Fault(
        "chainrule.training.schedules", "first + (self.learning_rate - first) * rise", "self.learning_rate",
        "tests/training/test_schedules.py",
    ),
    "quartiles of arrays without weights": Fault(
        "chainrule.estimators.robust_input_scaling",
        "np.cumsum(near_one(sample_weight)[order], axis=0)",
        "np.cumsum(np.ones_like(order, dtype=float), axis=0)",
        "tests/estimators/test_robust_input_scaling.py",
    ),
    "squares of large features overflow": Fault(
        "chainrule.estimators.standardisation", "np.frexp(largest_sizes(X))[1]", "0 * np.frexp(largest_sizes(X))[1]",
        "tests/estimators/test_standardisation.py",
    ),
    "a warm start with a new scaling": Fault(
        "chainrule.estimators.classifier_training", "    network.input_scaling = before.input_scaling\n", "",
        "tests/estimators/test_softmax_classifier_options.py",
    ),
    "balanced classes by rows without their weights": Fault(
        "chainrule.estimators.fit_rows",
        "np.bincount(rows.y, rows.sample_weight, minlength=n_classes)",
        "np.bincount(rows.y, minlength=n_classes)",
        "tests/estimators",
    ),
    "the line search accepts what is not finite": Fault(
        "chainrule.training.line_search",
        "return point.finite and point.value",
        "return point.value",
        "tests/training/test_line_search.py",
    ),
    "the two-loop adds its correction": Fault(
        "chainrule.training.lbfgs",
        "(factor - correction)",
        "(factor + correction)",
        "tests/training/test_lbfgs.py",
    ),
    "the best parameters are not copied": Fault(
        "chainrule.training.early_stopping",
        "parameters.copy()",
        "parameters",
        "tests/training/test_train.py",
    ),
    "a resumed epoch begins again at its first batch": Fault(
        "chainrule.training.loop",
        "self.seed, number), state.batches, None)",
        "self.seed, number), 0, None)",
        _CHECKPOINT,
    ),
    "a resumed epoch forgets the loss of its first batches": Fault(
        "chainrule.training.packing",
        "    return pack(value, name, tensors)\n\n\ndef _unpack_array",
        "    return pack(0.0 if field.name == \"total\" else value, name, tensors)\n\n\ndef _unpack_array",
        _CHECKPOINT,
    ),
    "a checkpoint lacks the second moment": Fault(
        "chainrule.training.packing",
        "    if field.metadata.get(\"scratch\"):",
        "    if field.metadata.get(\"scratch\") or field.name == \"second_moment\":",
        _CHECKPOINT,
    ),
    "a checkpoint keeps the best parameters of now": Fault(
        "chainrule.training.conducting",
        "begin.first, begin.record, (begin",
        "begin.first, replace(begin.record, best=Best(begin.parameters)), (begin",
        _CHECKPOINT,
    ),
    "changed settings are resumed": Fault(
        "chainrule.training.checkpoint",
        "changed = changes(stored.header.settings, header.settings) + ",
        "changed = ",
        _CHECKPOINT,
    ),
    "changed data are resumed": Fault(
        "chainrule.training.checkpoint",
        " + changes(stored.header.data, header.data)",
        "",
        _CHECKPOINT,
    ),
    "a full disk ends the fit": Fault(
        "chainrule.training.checkpoint",
        "except (OutputError, MemoryError) as error:",
        "except MemoryError as error:",
        _CHECKPOINT,
    ),
    "Ctrl-C ends a run without a checkpoint": Fault(
        "chainrule.training.pauses",
        "and (self._interrupt.noted or self._writing_due)",
        "and self._writing_due",
        _CHECKPOINT,
    ),
    "a log is written into any file": Fault(
        "chainrule.training.log",
        "if first and not first.startswith(b'{\"event\": '):",
        "if False:",
        "tests/training/test_log.py",
    ),
    "a unit that is active once is dead": Fault(
        "chainrule.training.diagnosis_network",
        "(activations[number] > 0).any(axis=0)",
        "(activations[number] > 0).all(axis=0)",
        _DIAGNOSIS,
    ),
    "spreads tell nothing of labels": Fault(
        "chainrule.training.diagnosis_features", "= (_raw, np.square)", "= (_raw,)", _DIAGNOSIS
    ),
    "only the first rows are looked at": Fault(
        "chainrule.training.diagnosis_features",
        "np.arange(SAMPLED_ROWS) * len(examples) // SAMPLED_ROWS",
        "np.arange(SAMPLED_ROWS)",
        _DIAGNOSIS,
    ),
    "every learning rate is too high": Fault(
        "chainrule.training.diagnosis_network", "if here < -FELL:", "if True:", _DIAGNOSIS
    ),
    "the entropy forgets the weights of classes": Fault(
        "chainrule.training.diagnosis", "        masses = masses * loss.class_weight\n", "        pass\n", _DIAGNOSIS
    ),
    "quartiles swapped for extremes": Fault(
        "chainrule.data.robust_scaling",
        "[0.25, 0.5, 0.75]",
        "[0.0, 0.5, 1.0]",
        "tests/data/test_robust_scaling.py",
    ),
    "a class may be left without a training row": Fault(
        "chainrule.data.splits",
        "first_of_class = np.append(True, np.diff(targets[order]) != 0)[: len(order)]",
        "first_of_class = np.zeros(len(order), bool)",
        "tests/data/test_splits.py",
    ),
    "rare categories first": Fault(
        "chainrule.data.category_column",
        "descending=[True, False]",
        "descending=[False, False]",
        "tests/data",
    ),
    "a changed column type is taken": Fault(
        "chainrule.data.encoding",
        "if kind_of(column.dtype) is not encoding.kind:",
        "if False:",
        "tests/data tests/app",
    ),
    "two classes give two columns of decisions": Fault(
        "chainrule.estimators.softmax_classifier",
        "return logits[:, 1] - logits[:, 0] if len(self.classes_) == 2 else logits",
        "return logits",
        "tests/estimators/test_softmax_classifier_contract.py",
    ),
    "a model from a missing folder is found out after training": Fault(
        "chainrule.app.paths", "    check_writable(output, call)\n", "", "tests/app"
    ),
    "the error's status is that of success": Fault(
        "chainrule.app.exit_status", "BAD_INPUT = 2", "BAD_INPUT = 0", "tests/app"
    ),
}  # fmt: skip


_NATIVE_TESTS = "tests/kernels tests/functions"

KERNEL_FAULTS = {
    "exp without the low part of log 2": KernelFault(
        "native/exponential.hpp",
        "r = multiply_add(n, V::all(-Constants::log2_low), r);",
        "",
        "tests/kernels/test_exponential.py",
    ),
    "undefined rows get a number": KernelFault(
        "native/row.hpp", "return undefined ? not_a_number : rest;", "return rest;", _NATIVE_TESTS
    ),
    "the target's gradient by subtraction": KernelFault(
        "native/cross_entropy_index.cpp",
        "0.0 - ((1.0 - exponential_at_target) + rest) * factor",
        "0.0 - ((1.0 + rest) - exponential_at_target) * factor",
        _NATIVE_TESTS,
    ),
    "masked classes are smoothed": KernelFault(
        "native/cross_entropy_probability.cpp",
        "select(lowest, share_at_lowest, uniform)",
        "uniform",
        _NATIVE_TESTS,
    ),
}


class _FaultyModule(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds one module, and loads the faulty text in place of its own."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault

    def find_spec(
        self, name: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != self.fault.module:
            return None
        return importlib.util.spec_from_file_location(name, self.fault.source, loader=self)

    def create_module(self, _spec: importlib.machinery.ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self.fault.faulty_text(), str(self.fault.source), "exec"), module.__dict__)


class _FaultyKernels(importlib.abc.MetaPathFinder):
    """Finds the compiled module, and names another file."""

    def __init__(self, path: str) -> None:
        self.path = path

    def find_spec(
        self, name: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        known = name == "chainrule.kernels._native"
        return importlib.util.spec_from_file_location(name, self.path) if known else None


def install() -> None:
    """Seed the fault that the environment names, if any; before the package is imported."""
    if name := os.environ.get(VARIABLE):
        sys.meta_path.insert(0, _FaultyModule(FAULTS[name]))
    if path := os.environ.get(KERNELS_VARIABLE):
        sys.meta_path.insert(0, _FaultyKernels(path))


def _is_noticed(name: str) -> bool:
    if name in FAULTS:
        return _fails(name, FAULTS[name].tests, {VARIABLE: name})
    fault = KERNEL_FAULTS[name]
    with tempfile.TemporaryDirectory() as folder:
        return _fails(name, fault.tests, {KERNELS_VARIABLE: str(fault.build(Path(folder)))})


def _fails(name: str, tests: str, seeded: dict[str, str]) -> bool:
    """Run the tests that a fault names; pytest's status 1 says that some failed."""
    environment = {**os.environ, **seeded}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", *tests.split()]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    print(f"{'noticed' if done.returncode == 1 else 'NOT NOTICED'}: {name}", flush=True)
    if done.returncode not in (0, 1):
        print(done.stdout[-2000:], done.stderr[-2000:])
    return done.returncode == 1


def main() -> int:
    """Run every fault, two at a time."""
    names = sys.argv[1:] or [*KERNEL_FAULTS, *FAULTS]
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        noticed = list(pool.map(_is_noticed, names))
    print(f"{sum(noticed)} passed, {len(noticed) - sum(noticed)} failed")
    return not all(noticed)


if __name__ == "__main__":
    sys.exit(main())
