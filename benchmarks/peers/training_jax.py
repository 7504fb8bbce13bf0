"""JAX: a whole epoch compiled, lax.scan over its minibatches and Adam by hand."""

from collections.abc import Callable
from typing import Any

from peers.jax_compiled import available, version
from problems import Result, TrainingEpoch
from problems.training_epoch import EPOCHS_BEFORE, LEARNING_RATE

__all__ = ["NAME", "available", "prepare", "version"]
NAME = "JAX, lax.scan"


def prepare(problem: TrainingEpoch) -> Callable[[], Result] | None:
    """See :mod:`peers`."""
    import jax
    import jax.numpy as jnp

    def loss_of(w: dict[str, Any], X: Any, y: Any) -> Any:
        logits = jax.nn.relu(X @ w["W1"].T + w["b1"]) @ w["W2"].T + w["b2"]
        own = jnp.take_along_axis(logits, y[:, None], axis=1)[:, 0]
        return (jax.nn.logsumexp(logits, axis=1) - own).mean()

    def step(state: Any, batch: Any) -> Any:
        w, m, v, t = state
        loss, g = jax.value_and_grad(loss_of)(w, *batch)
        t = t + 1
        m = jax.tree.map(lambda a, b: 0.9 * a + 0.1 * b, m, g)
        v = jax.tree.map(lambda a, b: 0.999 * a + 0.001 * b * b, v, g)
        rate, scale = LEARNING_RATE / (1 - 0.9**t), 1 / jnp.sqrt(1 - 0.999**t)
        w = jax.tree.map(lambda x, a, b: x - rate * a / (jnp.sqrt(b) * scale + 1e-8), w, m, v)
        return (w, m, v, t), loss

    def epoch(state: Any, key: Any, X: Any, y: Any) -> Any:
        order = jax.random.permutation(key, problem.n_examples)
        shape = (problem.n_steps, problem.batch_size)
        state, losses = jax.lax.scan(step, state, (X[order].reshape(*shape, -1), y[order].reshape(shape)))
        return state, losses.mean()

    compiled = jax.jit(epoch)
    w = {name: jnp.array(value) for name, value in problem.start.items()}
    state = (w, jax.tree.map(jnp.zeros_like, w), jax.tree.map(jnp.zeros_like, w), jnp.float32(0))
    key, X, y = jax.random.key(0), jnp.asarray(problem.features), jnp.asarray(problem.targets, jnp.int32)

    def call() -> Result:
        nonlocal state, key
        key, own = jax.random.split(key)
        state, loss = jax.block_until_ready(compiled(state, own, X, y))
        return float(loss), dict(state[0])

    for _ in range(EPOCHS_BEFORE):
        call()
    return call
