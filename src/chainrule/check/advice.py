"""For each mistake of an implementation: why it goes wrong, and how to mend it, in words for a beginner."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Advice:
    """Why a mistake is one, and what to do.

    Parameters
    ----------
    why : str
        The line of the derivation that was left, in words.
    mend : str
        What to write instead.
    """

    why: str
    mend: str


ADVICE = {
    "missing-outer-derivative": Advice(
        "E depends on z_k through every p_i: dE/dz_k = sum_i (dE/dp_i)(dp_i/dz_k). Here dE/dp_i = -y_i/p_i is missing,"
        " so only entries of the softmax's Jacobian are left; without a factor they even add up to 0.",
        "Multiply by -y_i/p_i before adding up. What comes out is p_k - y_k.",
    ),
    "wrong-variable": Advice(
        "A derivative says what happens when one named quantity moves. This is the derivative by another quantity than"
        " the one asked for.",
        "Differentiate by the logits: p - y. The derivative by a weight has the input as a further factor.",
    ),
    "target-index": Advice(
        "dE/dz_k = p_k - y_k needs the target of output k in row n: 1 for the one right class of that row, else 0."
        " Here another target's number is used.",
        "Index rows and classes together: p[np.arange(N), targets] -= 1.",
    ),
    "index-slip": Advice(
        "In the chain rule i runs over the outputs and k is the logit that moves; in dp_i/dz_k = p_i (delta_ik - p_k)"
        " they have different places. Here one of them stands where the other belongs.",
        "Write the formula once with both letters and check which axis of the array each one is.",
    ),
    "sign": Advice(
        "E = -sum y ln p has a minus sign; it turns y - p into p - y. A gradient with the other sign points uphill.",
        "The loss is -ln p_c >= 0 and its gradient p - y: check both signs, and that of each term.",
    ),
    "diagonal-only": Advice(
        "A softmax output depends on every logit: dp_i/dz_k = p_i (1 - p_i) for i = k, but -p_i p_k for i != k. Here"
        " only the first case is used.",
        "Add the case i != k: together both cases give p_k - y_k, also for classes that are not the target.",
    ),
    "missing-cross-term": Advice(
        "The sum over the outputs is split into i = k and i != k. The terms with i != k, -p_i p_k times their upstream"
        " derivative, are missing.",
        "Subtract the sum over all outputs: p * (g - sum(g * p)), which is p - y for the cross-entropy.",
    ),
    "input-for-output": Advice(
        "z goes into the softmax and p comes out. Here z stands where the formula has p.",
        "Put the logits through the softmax first, or use z - logsumexp(z) for ln p.",
    ),
    "output-for-input": Advice(
        "p is the softmax's output, z its input. Here what belongs to the output stands where the input's belongs: the"
        " step through the softmax, dp_i/dz_k, is not taken, or taken from the wrong side.",
        "Multiply dE/dp = -y/p by the softmax's Jacobian; it becomes p - y.",
    ),
    "softmax-twice": Advice(
        "The softmax is applied to what is a probability already. Probabilities lie between 0 and 1, so the second"
        " softmax can never be sure: the lowest reachable loss is ln(e + K - 1) - 1 instead of 0.",
        "Apply it once. Functions such as torch's cross_entropy contain it: give them logits.",
    ),
    "no-log": Advice(
        "The cross-entropy is -ln p_c. Without the logarithm the factor 1/p_c of its derivative is missing, so rows"
        " that are badly wrong hardly learn: the gradient has a factor p_c.",
        "Take the logarithm: z_c - logsumexp(z), negated.",
    ),
    "per-class-mean": Advice(
        "A mean was taken over all N * K numbers. The sum over the classes belongs to the cross-entropy itself; only"
        " the examples are averaged. The result is smaller by the factor K.",
        "Sum over the classes, then take the mean over the examples.",
    ),
    "batch-mean": Advice(
        "The factor 1/N of a mean over the batch is a constant and stays in the derivative, once. Here loss and"
        " gradient do not have the same number of them.",
        "Divide the gradient by N exactly if the loss is divided by N.",
    ),
    "batch-sum": Advice(
        "One of loss and gradient is that of the sum over the batch and the other that of the mean: they differ by N,"
        " so the learning rate means something else at every batch size.",
        "Use sum and sum, or mean and mean.",
    ),
    "bernoulli-for-categorical": Advice(
        "Exactly one class is right, so the classes share one softmax and the loss is -sum y ln p. The terms"
        " (1 - y) ln(1 - p), or a sigmoid for each class, belong to independent yes-or-no questions.",
        "Leave the (1 - y) terms out and use one softmax for all classes.",
    ),
    "squared-error-for-cross-entropy": Advice(
        "The squared error of the probabilities is another loss; its derivative goes through the softmax and keeps the"
        " factors p, which vanish on rows that are confidently wrong.",
        "Use -ln p_c, whose derivative cancels those factors and leaves p - y.",
    ),
    "extra-activation-derivative": Advice(
        "p - y is the derivative by the logits: the derivative of the activation is in it already and has cancelled"
        " against 1/p. Here it is multiplied in once more.",
        "Return p - y as it is.",
    ),
    "missing-activation-derivative": Advice(
        "The chain rule has a factor for every function on the way. The factor of the activation is missing here.",
        "Multiply by the softmax's Jacobian: p * (g - sum(g * p)).",
    ),
    "targets-do-not-sum-to-one": Advice(
        "p_k sum_i y_i - y_k becomes p_k - y_k only where the targets of a row sum to 1. These do not.",
        "Make the targets sum to 1, or keep the factor sum_i y_i before p_k.",
    ),
    "log-base": Advice(
        "Only the natural logarithm has the derivative 1/u; a logarithm of base b has a factor 1/ln b, and so has its"
        " gradient.",
        "Use the natural logarithm, np.log.",
    ),
    "temperature": Advice(
        "With p = softmax(z / T) the chain rule brings one factor 1/T for the step from z to z / T.",
        "Divide the logits by T once, and the gradient by T once.",
    ),
    "smoothing-mass": Advice(
        "Label smoothing moves the mass e from the target to all K classes: (1 - e) y + e/K, which still sums to 1."
        " These targets do not hold that mass.",
        "Use q = (1 - e) * one_hot + e / K in the loss and in the gradient p - q.",
    ),
    "smoothing-convention": Advice(
        "Two conventions are in use: e shared by all K classes (the usual one, PyTorch's too), or by the K - 1 others."
        " They differ by the factor K/(K - 1) in e.",
        "Use (1 - e) * one_hot + e / K, or say that the other convention is meant.",
    ),
    "transposed": Advice(
        "The gradient has the shape of what it belongs to: entry (k, j) of dW is delta_k x_j. Here the axes are"
        " exchanged.",
        "Exchange the factors: delta.T @ X for a weight of shape (classes, features).",
    ),
    "hessian-bound": Advice(
        "The second derivative is p_k (delta_kj - p_j). What is returned is an upper bound of it, which boosting uses"
        " because it is safe, not because it is the derivative.",
        "Return diag(p) - p p^T, or call it a bound.",
    ),
    "factor": Advice(
        "All entries are right up to one constant. Such a factor survives the derivative: it belongs to another loss"
        " or was lost on the way.",
        "Find the constant in loss and gradient: either both have it, or neither.",
    ),
    "regulariser-factor": Advice(
        "The derivative of alpha W^2 is 2 alpha W, that of alpha/2 W^2 is alpha W. Penalty and gradient here do not"
        " belong together.",
        "Use alpha/2 * sum(W**2) with alpha * W, or alpha * sum(W**2) with 2 * alpha * W.",
    ),
    "regulariser-sign": Advice(
        "A penalty is added to the loss, so its derivative is added to the gradient; with a minus sign weights grow.",
        "Add the penalty and add its derivative.",
    ),
    "wrong-axis": Advice(
        "Each row of the batch has a softmax of its own, over its classes. Here a sum runs over the examples, so the"
        " examples of a batch compete with each other.",
        "Use axis=1 (or -1) with keepdims=True.",
    ),
    "broadcast": Advice(
        "Without keepdims the N sums of rows are an array of shape (N,), which NumPy lines up with the columns. That"
        " fails for N != K, and silently mixes rows for N = K.",
        "Write keepdims=True, and index rows and targets together.",
    ),
    "global-sum": Advice(
        "The softmax of a row divides by the sum of that row. Here the whole batch is divided by one sum, so only a"
        " batch of one example is right.",
        "Sum over the classes alone: e.sum(axis=1, keepdims=True).",
    ),
    "global-shift": Advice(
        "Subtracting a constant from a row changes nothing, so each row may subtract its own maximum. With the maximum"
        " of the whole batch a row far below it becomes exp(-large) = 0, and 0/0.",
        "Subtract z.max(axis=1, keepdims=True).",
    ),
    "no-shift": Advice(
        "exp(z) overflows for z above 709 in float64 and 88 in float32, though the softmax itself does not change when"
        " a constant is subtracted from a row.",
        "Subtract the maximum of each row before exp.",
    ),
    "clipped": Advice(
        "ln p is cut off where p is small: exactly on the rows that are most wrong the loss stops growing, and its"
        " derivative is 0.",
        "Do not clip: -ln p_c = logsumexp(z) - z_c is finite for every finite z.",
    ),
    "zero-times-inf": Advice(
        "A probability has underflowed to 0, ln 0 is -inf, and 0 * -inf is nan, although such a class adds nothing to"
        " the loss.",
        "Compute ln p as z - logsumexp(z), which is finite; or pick the target's entry instead of multiplying by 0.",
    ),
    "underflow": Advice(
        "softmax(z) underflows to 0 when z_c lies far below the maximum, and ln 0 is -inf, although -ln p_c is just the"
        " distance.",
        "Compute ln p as z - logsumexp(z), without going through p.",
    ),
    "overflow-patched": Advice(
        "The overflow of exp was hidden (by clipping z, or by replacing inf and nan). Large logits then give finite"
        " numbers that are wrong, which is worse than nan.",
        "Subtract the maximum of each row before exp; then nothing overflows.",
    ),
    "scalar-bias": Advice(
        "There is one bias for each class; dE/db_k is the sum of delta_k over the examples. Summed over the classes as"
        " well, the entries cancel to 0.",
        "db = delta.sum(axis=0).",
    ),
    "unsummed-bias": Advice(
        "A bias acts on every example, so its derivative is the sum of delta over all examples.",
        "db = delta.sum(axis=0).",
    ),
    "in-place": Advice(
        "An operator such as -= or out= writes into the array that the caller passed; the caller's logits are then"
        " something else.",
        "Write z = z - ... instead of z -= ..., or copy first.",
    ),
    "sample-leak": Advice(
        "The examples of a batch are independent: a row's result must not change when another row changes. Here it"
        " does.",
        "Look for an index or a sum that runs over the examples: p[:, targets] for p[np.arange(N), targets].",
    ),
    "single-output": Advice(
        "A weight acts on its own class, but through the softmax every class has a delta: dW_k = (p_k - y_k) x for all"
        " k, not only for the target.",
        "dW = delta.T @ X with all of delta = p - y.",
    ),
    "weights-inside-softmax": Advice(
        "A class weight says how much an example counts; it multiplies the example's loss. Inside the softmax it"
        " changes the probabilities themselves.",
        "loss_n = w[target_n] * -ln p; the gradient is w[target_n] * (p - y).",
    ),
    "ignored-rows-counted": Advice(
        "An ignored row has no loss and no gradient and is not counted: the mean divides by the number of rows that"
        " are kept.",
        "Leave those rows out of the sum, of the gradient and of the divisor.",
    ),
}
