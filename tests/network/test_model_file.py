"""The file of a network: exact round trip, equal bytes, no code, refusals."""

import json

import numpy as np
import pytest
import safetensors.numpy

import chainrule as cr
from chainrule.errors import MissingFileError, ModelFileError, OutputError
from chainrule.network import InputScaling, read_model_file, write_model_file


@pytest.fixture
def net():
    network = cr.Network((3, 4, 2), "tanh", random_state=7, dtype=np.float64)
    network.temperature = 1.25
    network.input_scaling = InputScaling(np.arange(3.0), np.ones(3))
    return network


def test_a_network_comes_back_bit_for_bit(net, tmp_path):
    net.save(tmp_path / "a.safetensors")
    back = cr.Network.load(tmp_path / "a.safetensors")
    assert back.parameters.tobytes() == net.parameters.tobytes()
    assert back.describe() == net.describe()
    X = np.random.default_rng(0).normal(size=(5, 3))
    np.testing.assert_array_equal(back.predict_proba(X), net.predict_proba(X))


def test_equal_networks_give_equal_bytes_and_one_metadata_key(net, tmp_path):
    net.save(tmp_path / "a")
    net.copy().save(tmp_path / "b")
    content = (tmp_path / "a").read_bytes()
    assert content == (tmp_path / "b").read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    assert list(header["__metadata__"]) == ["chainrule"]
    description = json.loads(header["__metadata__"]["chainrule"])
    assert list(description) == sorted(description)
    assert description["format"] == 1


def test_every_truncation_is_refused(net, tmp_path):
    net.save(tmp_path / "a")
    content = (tmp_path / "a").read_bytes()
    for length in (*range(0, len(content), 37), len(content) - 1):
        (tmp_path / "b").write_bytes(content[:length])
        with pytest.raises(ModelFileError):
            cr.Network.load(tmp_path / "b")


def test_every_flipped_byte_is_refused(net, tmp_path):
    net.save(tmp_path / "a")
    content = bytearray((tmp_path / "a").read_bytes())
    for position in range(0, len(content), 11):
        content[position] ^= 4
        (tmp_path / "b").write_bytes(content)
        with pytest.raises(ModelFileError):
            cr.Network.load(tmp_path / "b")
        content[position] ^= 4


def test_a_file_of_a_few_bytes_cannot_ask_for_much_memory(net, tmp_path):
    description = {"network": {**net.describe(), "layer_sizes": [3, 2**30, 2]}}
    write_model_file(tmp_path / "a", net.tensors(), description, "test")
    with pytest.raises(ModelFileError, match="W1 has shape"):
        cr.Network.load(tmp_path / "a")


def test_a_newer_format_is_refused_by_number(net, tmp_path):
    metadata = {"chainrule": json.dumps({"format": 2, "network": net.describe()})}
    (tmp_path / "a").write_bytes(safetensors.numpy.save(dict(net.tensors()), metadata=metadata))
    with pytest.raises(ModelFileError, match=r"has format 1 or older; got format 2\. Upgrade chainrule"):
        cr.Network.load(tmp_path / "a")


def test_other_files_are_refused(tmp_path):
    (tmp_path / "text").write_text("not a model, but long enough to have a header\n")
    with pytest.raises(ModelFileError, match="is a model of chainrule"):
        cr.Network.load(tmp_path / "text")
    (tmp_path / "plain").write_bytes(safetensors.numpy.save({"x": np.zeros(2)}))
    with pytest.raises(ModelFileError, match="a file without its description"):
        cr.Network.load(tmp_path / "plain")
    with pytest.raises(MissingFileError, match=r"got 'No such file or directory'"):
        cr.Network.load(tmp_path / "missing")
    with pytest.raises(FileNotFoundError):
        cr.Network.load(tmp_path / "missing")


def test_a_model_with_an_encoder_is_no_network(net, tmp_path):
    description = {"network": net.describe(), "encoder": {"columns": []}}
    write_model_file(tmp_path / "a", net.tensors(), description, "test")
    with pytest.raises(ModelFileError, match=r"an encoder for raw rows, for chainrule\.load"):
        cr.Network.load(tmp_path / "a")


@pytest.mark.parametrize(
    "change",
    [
        {"layer_sizes": [3, 5, 2]},
        {"layer_sizes": "many"},
        {"activations": ["swish"]},
        {"dtype": "object"},
        {"temperature": "hot"},
        {"temperature": 0},
        {"temperature": 10**400},
    ],
)
def test_a_description_that_does_not_fit_the_tensors_is_refused(net, tmp_path, change):
    write_model_file(tmp_path / "a", net.tensors(), {"network": {**net.describe(), **change}}, "test")
    with pytest.raises(ModelFileError, match="is whole"):
        cr.Network.load(tmp_path / "a")


def test_weights_that_are_not_finite_are_refused(net, tmp_path):
    net.parameters[3] = np.nan
    net.save(tmp_path / "a")
    with pytest.raises(ModelFileError, match="values that are not finite for 'W1'"):
        cr.Network.load(tmp_path / "a")


def test_a_folder_that_does_not_exist_is_refused_and_nothing_is_left(net, tmp_path):
    with pytest.raises(OutputError, match="can be written; got 'No such file or directory'"):
        net.save(tmp_path / "missing" / "a")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="Not a directory"):
        net.save(tmp_path / "file" / "a")
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_tensors_and_description_come_back_as_written(tmp_path):
    tensors = {"x": np.arange(6, dtype=np.float32).reshape(2, 3)[:, ::2]}
    write_model_file(tmp_path / "a", tensors, {"label": "café"}, "test")
    back, description = read_model_file(tmp_path / "a", "test")
    np.testing.assert_array_equal(back["x"], tensors["x"])
    assert description == {"label": "café", "format": 1}
