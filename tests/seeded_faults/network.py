"""Seeded faults of the network."""

from seeded_faults.fault import Fault

_NETWORK = "tests/network/test_network.py"
_FILE = "tests/network/test_model_file.py"

FAULTS = {
    "relu passes its gradient below zero": Fault(
        "chainrule.network.activations", "(u > 0).astype", "(u > -1e9).astype", _NETWORK
    ),
    "the activation's derivative is left out": Fault(
        "chainrule.network.backpropagation",
        "by_activation[0] * activation.derivative(pre_activations[hidden], received)",
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
        "return forward_layers(self._layers, self.activation_table, inputs)[2]",
        "return forward_layers(self._layers, self.activation_table, inputs)[2] / self.temperature",
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
    "dropout without its scale": Fault(
        "chainrule.network.dropout",
        "kept.astype(dtype) * dtype.type(RESOLUTION / (RESOLUTION - threshold))",
        "kept.astype(dtype)",
        "tests/network/test_dropout.py",
    ),
    "dropout of the same units in every step": Fault(
        "chainrule.network.dropout",
        "    seed, *counter = key",
        "    seed, counter = key[0], ()",
        "tests/network/test_dropout.py",
    ),
    "dropout masks in the forward pass alone": Fault(
        "chainrule.network.backpropagation",
        "masked(upstream @ layers[number].weights, masks, hidden)",
        "upstream @ layers[number].weights",
        "tests/network/test_dropout.py",
    ),
}
