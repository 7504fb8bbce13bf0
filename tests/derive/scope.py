"""What derive is for: every pair of output and loss with every quantity, and every option."""

from collections.abc import Iterator

PAIRS = (
    ("softmax", "cross-entropy"),
    ("softmax", "squared-error"),
    ("softmax", "binary-cross-entropy"),
    ("sigmoid", "binary-cross-entropy"),
    ("sigmoid", "squared-error"),
    ("identity", "squared-error"),
)
TARGETS = ("one-hot", "soft", "any", "zeros", [1, 0, 0], [0.5, 0.25, 1])
SHALLOW = (
    "E",
    "dE/dO_k",
    "dE/dZ_k",
    "dE/dZ_c",
    "dE/dZ_2",
    "d2E/dZ_k dZ_j",
    "d2E/dZ_k^2",
    "dE/dW_kj",
    "dE/db_k",
    "dE/dX_j",
)
DEEP = ("dE/dW3_kj", "dE/db2_j", "dE/dU2_j", "dE/dA1_j", "dE/dW1_ji", "dE/dX_j", "dE/dW2[1,0]")
BATCH = ("E", "dE/dZ_k", "dE/dZ_nk", "dE/dW_kj", "dE/db_k", "dE/dX_nj")
OPTIONS: tuple[dict[str, object], ...] = (
    {"temperature": "T"},
    {"temperature": 2},
    {"label_smoothing": "eps"},
    {"label_smoothing": 0.1},
    {"class_weight": True},
    {"class_weight": [1, 2, 3]},
    {"log_base": 2},
    {"temperature": "T", "label_smoothing": "eps", "class_weight": True, "log_base": 10},
)
UPSTREAM = ("dO_i/dZ_k", "dO_k/dZ_k", "sum_i V_i*dO_i/dZ_k", "dO_i/dX_j", "O_k")


def cases() -> Iterator[tuple[str, dict[str, object]]]:
    """Yield every quantity with the options under which it is asked for."""
    for output, loss in PAIRS:
        pair: dict[str, object] = {"output": output, "loss": loss}
        for targets in TARGETS:
            yield "dE/dZ_k", {**pair, "targets": targets}
        yield from ((quantity, pair) for quantity in SHALLOW if quantity != "dE/dZ_k")
        for reduction in ("sum", "mean"):
            yield from ((quantity, {**pair, "reduction": reduction}) for quantity in BATCH)
        yield from ((quantity, {**pair, "hidden": ["relu", "tanh"]}) for quantity in DEEP)
        yield "dE/dX_nj", {**pair, "hidden": ["sigmoid", "identity"], "reduction": "mean"}
    for options in OPTIONS:
        for targets in ("one-hot", "soft", "any"):
            yield "dE/dZ_k", {**options, "targets": targets}
        yield "dE/dZ_k", {**options, "reduction": "mean"}
        yield "d2E/dZ_k dZ_j", options
        yield "dE/dW2_kj", {**options, "hidden": ["tanh"], "reduction": "mean"}
        yield "E", options
    for output in ("softmax", "log-softmax", "sigmoid", "identity"):
        yield from ((quantity, {"output": output, "loss": "none"}) for quantity in UPSTREAM)
    yield "sum_i V_i*dO_i/dZ_k", {"loss": "none", "temperature": "T"}
    yield "dE/dZ_2", {"targets": [1, 0]}
    yield "sum_k dE/dZ_k", {}
    yield "sum_k dE/dZ_k", {"targets": "any"}
    yield "d(sqrt(O_k))/dZ_k", {"loss": "none"}
    yield "d(sigmoid(Z_k))/dZ_k", {"loss": "none"}
    yield "d(O_k*Z_k)/dZ_k", {"loss": "none"}
