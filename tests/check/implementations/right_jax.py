"""Right functions of JAX arrays."""

import jax
import jax.numpy as jnp


def loss(logits, targets):
    log_p = jax.nn.log_softmax(logits)
    return -jnp.take_along_axis(log_p, targets[:, None], axis=1).mean()


@jax.jit
def compiled_loss_and_gradient(logits, targets):
    def total(z):
        return jnp.sum(jax.nn.logsumexp(z, axis=1) - jnp.sum(z * jax.nn.one_hot(targets, z.shape[1]), axis=1))

    return jax.value_and_grad(total)(logits)


def gradient_row_by_row(logits, targets):
    def one(z, t):
        return jax.nn.softmax(z) - jax.nn.one_hot(t, z.shape[0])

    return jax.vmap(one)(logits, targets)


def softmax(z):
    return jnp.exp(z - jax.nn.logsumexp(z, axis=-1, keepdims=True))
