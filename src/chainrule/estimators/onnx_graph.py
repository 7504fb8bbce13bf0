"""An ONNX graph as it is built: nodes, constants and names, each given once and in the order of the calls."""

from typing import Any

import numpy as np

from chainrule._types import Array
from chainrule.errors import MissingPackageError

OPSET, OPSET_ML, IR_VERSION = 17, 3, 8
"""Old enough for runtimes of 2022 on; labels of text need the operators for machine learning."""


class Graph:
    """Nodes and constants.

    Parameters
    ----------
    taken : collection of str
        Names of inputs and outputs, which no other value has.
    call : str
        Who asks, for messages.
    """

    def __init__(self, taken: "set[str]", call: str) -> None:
        self._onnx = imported(call)
        self._taken = set(taken)
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def add(self, operator: str, *inputs: str, out: str | None = None, **attributes: Any) -> str:
        """Add a node and return the name of its one output, of its own unless it is given."""
        domain = attributes.pop("domain", None)
        name = out or self._fresh(operator)
        node = self._onnx.helper.make_node(operator, list(inputs), [name], domain=domain, **attributes)
        self.nodes.append(node)
        return name

    def constant(self, values: Array, name: str = "constant") -> str:
        """Add an array, of text too, and return its name."""
        own = self._fresh(name)
        array = np.asarray(values)
        if array.dtype.kind in "UO":
            texts = [text.encode() for text in array.ravel().tolist()]
            string = self._onnx.TensorProto.STRING
            self.constants.append(self._onnx.helper.make_tensor(own, string, array.shape, texts))
        else:
            self.constants.append(self._onnx.numpy_helper.from_array(np.ascontiguousarray(array), own))
        return own

    def cast(self, value: str, dtype: "np.dtype[Any] | type") -> str:
        """Add a conversion of a value to a dtype."""
        return self.add("Cast", value, to=self._onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))

    def described(self, name: str, dtype: "np.dtype[Any] | type", columns: int | None) -> Any:
        """Return what an input or output is: rows of so many columns, or of one value each for None."""
        kind = np.dtype(dtype)
        helper = self._onnx.helper
        text = kind.kind in "UO"
        element = self._onnx.TensorProto.STRING if text else helper.np_dtype_to_tensor_dtype(kind)
        shape = ["rows"] if columns is None else ["rows", columns]
        return helper.make_tensor_value_info(name, element, shape)

    def content(self, inputs: list[Any], outputs: list[Any]) -> bytes:
        """Return the bytes of the model, which the onnx package has checked; equal graphs give equal bytes."""
        helper = self._onnx.helper
        graph = helper.make_graph(self.nodes, "chainrule", inputs, outputs, self.constants)
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", OPSET_ML)]
        model = helper.make_model(
            graph,
            opset_imports=opsets,
            ir_version=IR_VERSION,
            producer_name="chainrule",
        )
        self._onnx.checker.check_model(model)
        return bytes(model.SerializeToString(deterministic=True))

    def _fresh(self, stem: str) -> str:
        """Return a name that nothing has yet."""
        number = len(self._taken)
        while (name := f"{stem}_{number}") in self._taken:
            number += 1
        self._taken.add(name)
        return name


def imported(call: str) -> Any:
    """Return the onnx package.

    Raises
    ------
    MissingPackageError
        It is not installed.
    """
    try:
        import onnx
        import onnx.checker
        import onnx.helper
        import onnx.numpy_helper
    except ImportError as error:
        raise MissingPackageError(
            call,
            "the onnx package is there to write .onnx files with",
            "none",
            "Install chainrule with its extra: pip install 'chainrule[onnx]'.",
        ) from error
    return onnx
