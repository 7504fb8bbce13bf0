"""One flat parameter vector, layers, output heads, forward and backward, and the file they are kept in."""

from chainrule.network.activations import ACTIVATIONS
from chainrule.network.backpropagation import Backward, Forward
from chainrule.network.dropout import Dropout, check_dropout
from chainrule.network.heads import HEADS
from chainrule.network.input_scaling import LARGEST, InputScaling
from chainrule.network.model_file import read_model_file, write_model_file
from chainrule.network.network import Network
from chainrule.network.sparse_layer import loss_and_gradients_of_present
from chainrule.network.tensor_file import FileKind, read_tensor_file, write_tensor_file

__all__ = [
    "ACTIVATIONS",
    "HEADS",
    "LARGEST",
    "Backward",
    "Dropout",
    "FileKind",
    "Forward",
    "InputScaling",
    "Network",
    "check_dropout",
    "loss_and_gradients_of_present",
    "read_model_file",
    "read_tensor_file",
    "write_model_file",
    "write_tensor_file",
]
