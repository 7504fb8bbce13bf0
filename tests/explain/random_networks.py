"""Random networks with an example and a quantity, for tests that ask many."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.network import InputScaling, Network

HEADS = ("softmax", "sigmoid", "identity")
ACTIVATIONS = ("relu", "tanh", "sigmoid", "identity")


@dataclass(frozen=True, eq=False)
class Case:
    network: Network
    x: Any
    y: Any
    quantity: str


def random_case(seed: int) -> Case:
    """Return a network of any head, depth, activations, temperature and input scaling, and a quantity it has."""
    random = np.random.default_rng([seed, 6])
    depth = 19 if random.random() < 0.01 else int(random.integers(0, 4))
    network = random_network(random, depth, str(random.choice(HEADS)))
    x = random.normal(size=network.n_features)
    return Case(network, x, random_target(random, network), random_quantity(random, network))


def random_network(random: np.random.Generator, depth: int, head: str) -> Network:
    least = 2 if depth == 19 or head == "softmax" else 1
    sizes = [int(size) for size in random.integers(least, 12, size=depth + 2)]
    same = depth == 19 or random.random() < 0.7
    activations = [str(name) for name in random.choice(ACTIVATIONS, size=1 if same else depth)] * (
        depth if same else 1
    )
    network = Network(
        sizes, activations or "relu", head, dtype=np.float64, random_state=int(random.integers(1000))
    )
    spread = 0.3 * 10 ** random.uniform(-1, 0.5)
    network.parameters = network.parameters + random.normal(size=network.parameters.size) * spread
    if head != "identity" and random.random() < 0.5:
        network.temperature = float(np.exp(random.normal()))
    if random.random() < 0.3:
        scale = np.exp(random.normal(size=sizes[0]))
        limit = 3.0 if random.random() < 0.5 else None
        network.input_scaling = InputScaling(random.normal(size=sizes[0]), scale, limit)
    return network


def random_target(random: np.random.Generator, network: Network) -> Any:
    count = network.n_outputs
    if network.head == "identity":
        return random.normal(size=count)
    if network.head == "sigmoid":
        return random.integers(0, 2, size=count).astype(np.float64)
    return int(random.integers(count)) if random.random() < 0.7 else random.dirichlet(np.ones(count))


def random_quantity(random: np.random.Generator, network: Network) -> str:
    sizes = network.layer_sizes
    last = len(sizes) - 1

    def at(layer: int) -> int:
        return int(random.integers(sizes[layer]))

    layer = int(random.integers(1, last + 1))
    number = str(layer) if last > 1 else ""
    kinds = [
        f"dE/dZ[{at(last)}]",
        f"dE/dO[{at(last)}]",
        f"dE/dW{number}[{at(layer)},{at(layer - 1)}]",
        f"dE/db{number}[{at(layer)}]",
        f"dE/dX[{at(0)}]",
        f"d2E/dZ[{at(last)}] dZ[{at(last)}]",
        "E",
    ]
    if last > 1:
        hidden = int(random.integers(1, last))
        kinds += [f"dE/dA{hidden}[{at(hidden)}]", f"dE/dU{hidden}[{at(hidden)}]"]
    return str(random.choice(kinds))
