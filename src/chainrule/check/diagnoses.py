"""The names of all mistakes that ``check`` can find, each with one line and an example."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Diagnosis:
    """A mistake that has a name.

    Parameters
    ----------
    name : str
        The stable name, as it stands in reports and in JSON.
    definition : str
        What was done, one sentence.
    wrong, right : str
        A small example of the mistake, and what belongs in its place.

    Examples
    --------
    >>> DIAGNOSES["sign"].wrong, DIAGNOSES["sign"].right
    ('dE/dZ_k = Y_k - O_k', 'dE/dZ_k = O_k - Y_k')
    """

    name: str
    definition: str
    wrong: str
    right: str


_ROWS = (
    Diagnosis(
        "missing-outer-derivative",
        "The entries of the softmax's Jacobian are taken without the outer factor -Y_i/O_i of the chain rule.",
        "dE/dZ_k = sum_i O_i*(delta_ik - O_k)",
        "dE/dZ_k = sum_i (-Y_i/O_i)*O_i*(delta_ik - O_k)",
    ),
    Diagnosis(
        "wrong-variable",
        "The derivative is taken by another quantity than the one asked for, such as a weight or the target.",
        "gradient = -log_softmax(logits)  # dE/dY_k",
        "gradient = softmax(logits) - one_hot  # dE/dZ_k",
    ),
    Diagnosis(
        "target-index",
        "The target of one output is used for another output.",
        "dE/dZ_k = O_k - 1  (for every k)",
        "dE/dZ_k = O_k - Y_k",
    ),
    Diagnosis(
        "index-slip",
        "An index stands where another one belongs, such as that of the sum in place of the free one.",
        "dO_i/dZ_k = O_i*(delta_ik - O_i)",
        "dO_i/dZ_k = O_i*(delta_ik - O_k)",
    ),
    Diagnosis(
        "sign",
        "The whole, or one term of it, has the wrong sign.",
        "dE/dZ_k = Y_k - O_k",
        "dE/dZ_k = O_k - Y_k",
    ),
    Diagnosis(
        "diagonal-only",
        "Only the case i = k of the softmax's derivative is used, though every output depends on every logit.",
        "dE/dZ_k = -Y_k*(1 - O_k)",
        "dE/dZ_k = -Y_k*(1 - O_k) + sum_{i != k} Y_i*O_k",
    ),
    Diagnosis(
        "missing-cross-term",
        "The terms with i != k, the other outputs' share of the derivative, are left out.",
        "gradient = output * upstream",
        "gradient = output * (upstream - (upstream * output).sum(-1, keepdims=True))",
    ),
    Diagnosis(
        "input-for-output",
        "What belongs to the softmax's input, the logits, stands where its output, the probabilities, belongs.",
        "dE/dO_k = O_k - Y_k",
        "dE/dO_k = -Y_k/O_k",
    ),
    Diagnosis(
        "output-for-input",
        "What belongs to the softmax's output, the probabilities, stands where its input, the logits, belongs.",
        "dE/dZ_k = -Y_k/O_k",
        "dE/dZ_k = O_k - Y_k",
    ),
    Diagnosis(
        "softmax-twice",
        "The softmax is applied to probabilities, to what already went through a softmax.",
        "F.cross_entropy(softmax(logits), targets)",
        "F.cross_entropy(logits, targets)",
    ),
    Diagnosis(
        "no-log",
        "The logarithm is missing: the probability of the target itself is used as the loss.",
        "loss = -p[target]",
        "loss = -log(p[target])",
    ),
    Diagnosis(
        "per-class-mean",
        "The mean runs over the classes as well as the examples: a factor 1/K too many.",
        "loss = -(one_hot * log_p).mean()",
        "loss = -(one_hot * log_p).sum(axis=1).mean()",
    ),
    Diagnosis(
        "batch-mean",
        "The loss is a mean over the batch and the derivative does not have its factor 1/N, or has it twice.",
        "loss = losses.mean(); gradient = p - y",
        "loss = losses.mean(); gradient = (p - y) / N",
    ),
    Diagnosis(
        "batch-sum",
        "One of loss and gradient is a sum over the batch and the other a mean.",
        "loss = losses.sum(); gradient = (p - y) / N",
        "loss = losses.sum(); gradient = p - y",
    ),
    Diagnosis(
        "bernoulli-for-categorical",
        "Every class is treated as a yes-or-no question of its own: binary cross-entropy or sigmoid with exclusive"
        " classes.",
        "loss = -(y*log(p) + (1 - y)*log(1 - p)).sum()",
        "loss = -(y*log(p)).sum()",
    ),
    Diagnosis(
        "squared-error-for-cross-entropy",
        "The squared error of the probabilities, or its derivative, stands in place of the cross-entropy's.",
        "loss = ((p - y)**2).sum() / 2",
        "loss = -(y*log(p)).sum()",
    ),
    Diagnosis(
        "extra-activation-derivative",
        "The derivative of the activation is multiplied in again, although O - Y contains it already.",
        "dE/dZ_k = (O_k - Y_k)*O_k*(1 - O_k)",
        "dE/dZ_k = O_k - Y_k",
    ),
    Diagnosis(
        "missing-activation-derivative",
        "The derivative of the activation is left out of the chain.",
        "dE/dU_j = sum_k W_kj*(O_k - Y_k)  (behind a sigmoid layer)",
        "dE/dU_j = A_j*(1 - A_j)*sum_k W_kj*(O_k - Y_k)",
    ),
    Diagnosis(
        "targets-do-not-sum-to-one",
        "O_k - Y_k is used where the targets do not sum to 1; then O_k keeps the factor sum_i Y_i.",
        "dE/dZ_k = O_k - Y_k  (any targets)",
        "dE/dZ_k = O_k*sum_i Y_i - Y_k",
    ),
    Diagnosis(
        "log-base",
        "The logarithm has another base than e: a factor 1/ln(base).",
        "loss = -log2(p[target])",
        "loss = -log(p[target])",
    ),
    Diagnosis(
        "temperature",
        "The factor 1/T that the temperature brings is missing, doubled, upside down or uncalled for.",
        "dE/dZ_k = O_k - Y_k  (with O = softmax(Z/T))",
        "dE/dZ_k = (O_k - Y_k)/T",
    ),
    Diagnosis(
        "smoothing-mass",
        "The smoothed target does not sum to 1, or the mass that smoothing moves is not there.",
        "q = (1 - eps)*y + eps",
        "q = (1 - eps)*y + eps/K",
    ),
    Diagnosis(
        "smoothing-convention",
        "The mass eps goes to the K - 1 other classes instead of being shared by all K.",
        "q = (1 - eps)*y + eps/(K - 1)*(1 - y)",
        "q = (1 - eps)*y + eps/K",
    ),
    Diagnosis(
        "transposed",
        "A matrix is used, or returned, with its two axes exchanged.",
        "dE/dX_j = sum_k W_jk*(O_k - Y_k)",
        "dE/dX_j = sum_k W_kj*(O_k - Y_k)",
    ),
    Diagnosis(
        "hessian-bound",
        "An upper bound of the second derivative, as boosting uses it, is given for the second derivative itself.",
        "d2E/dZ_k^2 = 2*O_k*(1 - O_k)",
        "d2E/dZ_k^2 = O_k*(1 - O_k)",
    ),
    Diagnosis(
        "factor",
        "Everything is right but for a constant factor.",
        "gradient = 2 * (p - y)",
        "gradient = p - y",
    ),
    Diagnosis(
        "regulariser-factor",
        "The derivative of the penalty has another constant factor than the penalty in the loss asks for.",
        "loss += alpha*(W**2).sum(); dW += alpha*W",
        "loss += alpha*(W**2).sum(); dW += 2*alpha*W",
    ),
    Diagnosis(
        "regulariser-sign",
        "The derivative of the penalty is subtracted, or the penalty itself is.",
        "loss += alpha/2*(W**2).sum(); dW -= alpha*W",
        "loss += alpha/2*(W**2).sum(); dW += alpha*W",
    ),
    Diagnosis(
        "wrong-axis",
        "The softmax, or a sum, runs over the examples instead of the classes.",
        "p = exp(z) / exp(z).sum(axis=0)",
        "p = exp(z) / exp(z).sum(axis=1, keepdims=True)",
    ),
    Diagnosis(
        "broadcast",
        "Two arrays whose shapes do not belong together are combined all the same, element with wrong element.",
        "p = e / e.sum(axis=1)  # passes only at N = K",
        "p = e / e.sum(axis=1, keepdims=True)",
    ),
    Diagnosis(
        "global-sum",
        "One sum over the whole batch stands where each row has a sum of its own.",
        "p = e / e.sum()",
        "p = e / e.sum(axis=1, keepdims=True)",
    ),
    Diagnosis(
        "global-shift",
        "One maximum for the whole batch is subtracted: a row far below the largest one underflows to 0/0.",
        "e = exp(z - z.max())",
        "e = exp(z - z.max(axis=1, keepdims=True))",
    ),
    Diagnosis(
        "no-shift",
        "The maximum of the row is not subtracted before exp: large logits overflow.",
        "e = exp(z)",
        "e = exp(z - z.max(axis=1, keepdims=True))",
    ),
    Diagnosis(
        "clipped",
        "Probabilities are cut off, or a small number is added, before the logarithm: unlikely targets lose their loss"
        " or their gradient.",
        "loss = -log(clip(p[target], 1e-12, 1))",
        "loss = logsumexp(z) - z[target]",
    ),
    Diagnosis(
        "zero-times-inf",
        "A target of 0 meets ln 0, and 0 times infinity is nan.",
        "loss = -(one_hot * log(p)).sum()",
        "loss = -(one_hot * log_softmax(z)).sum()",
    ),
    Diagnosis(
        "underflow",
        "A probability underflows to 0 and its logarithm is -inf, though the true value is finite.",
        "log_p = log(softmax(z))",
        "log_p = z - logsumexp(z)",
    ),
    Diagnosis(
        "overflow-patched",
        "The overflow of exp is covered up, so that large logits give finite but wrong numbers.",
        "e = exp(minimum(z, 700))",
        "e = exp(z - z.max(axis=1, keepdims=True))",
    ),
    Diagnosis(
        "scalar-bias",
        "The gradient of the biases is summed over the classes as well: one number for all of them.",
        "db = delta.sum()",
        "db = delta.sum(axis=0)",
    ),
    Diagnosis(
        "unsummed-bias",
        "The gradient of the biases is not summed over the examples.",
        "db = delta",
        "db = delta.sum(axis=0)",
    ),
    Diagnosis(
        "in-place",
        "The function writes to its argument.",
        "z -= z.max(axis=1, keepdims=True)",
        "z = z - z.max(axis=1, keepdims=True)",
    ),
    Diagnosis(
        "sample-leak",
        "The result for one example depends on another example of the batch.",
        "p[:, targets] -= 1",
        "p[arange(N), targets] -= 1",
    ),
    Diagnosis(
        "single-output",
        "Only the path through one output is followed, though the quantity acts on all of them.",
        "dW[target] = (p[target] - 1)*x; the other rows 0",
        "dW[k] = (p[k] - y[k])*x for every k",
    ),
    Diagnosis(
        "weights-inside-softmax",
        "The class weights act on the logits or probabilities instead of on the loss of each example.",
        "loss = -log_softmax(w*z)[target]",
        "loss = -w[target]*log_softmax(z)[target]",
    ),
    Diagnosis(
        "ignored-rows-counted",
        "Rows that are to be ignored take part, in the sum or in the number that the mean divides by.",
        "loss = losses[kept].sum() / N",
        "loss = losses[kept].sum() / kept.sum()",
    ),
)

DIAGNOSES: Mapping[str, Diagnosis] = MappingProxyType({row.name: row for row in _ROWS})
