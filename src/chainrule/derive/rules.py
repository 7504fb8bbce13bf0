"""The table of rules: every step of every derivation is a row of it."""

from functools import partial

from chainrule.derive import differentiation as calculus
from chainrule.derive import network_rules as networks
from chainrule.derive import sums
from chainrule.derive.algebra import cancel, collect
from chainrule.derive.expressions import Expression
from chainrule.derive.rewriting import Rewriting, Rule, Scene


def _collected(expression: Expression, scene: Scene) -> Rewriting | None:
    del scene
    return Rewriting(collect(expression), "The terms are multiplied out, and like ones added.")


def _cancelled(expression: Expression, scene: Scene) -> Rewriting | None:
    del scene
    return Rewriting(
        sums.without_zeros(cancel(expression)), "What is equal cancels, and factors are put in order."
    )


CALCULUS = "Spivak2008"
NETWORKS = "Bishop2006"
DELTAS = "Graham1994"

INDEPENDENCE = Rule(
    "independence", "du/dx = 0 for a u without x", calculus.independence, "u does not depend on x", CALCULUS,
    ("d(Y_i)/dZ_k", "0"),
)  # fmt: skip
KRONECKER = Rule(
    "Kronecker delta",
    "dx_i/dx_k = delta_ik",
    calculus.kronecker_delta,
    None,
    DELTAS,
    ("d(Z_i)/dZ_k", "delta_ik"),
)
SUM_RULE = Rule(
    "sum rule", "d(u + v)/dx = du/dx + dv/dx", calculus.sum_rule, None, CALCULUS,
    ("d(O_i + O_k)/dO_k", "dO_i/dO_k + dO_k/dO_k"),
)  # fmt: skip
SUM_OVER_INDEX = Rule(
    "sum over an index", "d(sum_i u_i)/dx = sum_i du_i/dx", calculus.sum_over_an_index, None, CALCULUS,
    ("d(sum_i O_i)/dZ_k", "sum_i dO_i/dZ_k"),
)  # fmt: skip
CONSTANT_FACTOR = Rule(
    "constant factor", "d(a*u)/dx = a*du/dx", calculus.constant_factor, "a does not depend on x", CALCULUS,
    ("d(Y_i*ln(O_i))/dZ_k", "Y_i*d(ln(O_i))/dZ_k"),
)  # fmt: skip
PRODUCT_RULE = Rule(
    "product rule", "d(u*v)/dx = du/dx*v + u*dv/dx", calculus.product_rule, None, CALCULUS,
    ("d(O_i*O_k)/dZ_k", "dO_i/dZ_k*O_k + O_i*dO_k/dZ_k"),
)  # fmt: skip
QUOTIENT_RULE = Rule(
    "quotient rule", "d(u/v)/dx = (du/dx*v - u*dv/dx)/v^2", calculus.quotient_rule, "v != 0", CALCULUS,
    ("d(O_i/O_k)/dZ_k", "(dO_i/dZ_k*O_k - O_i*dO_k/dZ_k)/O_k^2"),
)  # fmt: skip
CHAIN_RULE = Rule(
    "chain rule", "df(u)/dx = df(u)/du*du/dx", calculus.chain_rule, None, CALCULUS,
    ("d(ln(O_i))/dZ_k", "d(ln(O_i))/dO_i*dO_i/dZ_k"),
)  # fmt: skip
POWER = Rule(
    "derivative of a power", "d(u^a)/dx = a*u^(a - 1)*du/dx", calculus.derivative_of_a_power,
    "a does not depend on x", CALCULUS, ("d((O_i - Y_i)^2)/dO_k", "2*(O_i - Y_i)*d(O_i - Y_i)/dO_k"),
)  # fmt: skip


def _function(
    name: str, statement: str, condition: str | None, example: tuple[str, str], **options: object
) -> Rule:
    title = {"ln": "derivative of ln", "log": "derivative of log", "relu": "derivative of ReLU"}.get(name)
    apply = partial(calculus.of_function, name)
    return Rule(title or f"derivative of {name}", statement, apply, condition, CALCULUS, example, options)


FUNCTIONS = (
    _function("exp", "d(exp(u))/dx = exp(u)*du/dx", None, ("d(exp(Z_i))/dZ_k", "exp(Z_i)*dZ_i/dZ_k")),
    _function("ln", "d(ln(u))/dx = 1/u*du/dx", "u > 0", ("d(ln(O_i))/dO_i", "1/O_i")),
    _function("log", "d(log(u))/dx = 1/(u*ln(b))*du/dx, log to the base b", "u > 0",
              ("d(log(O_i))/dO_i", "1/(O_i*ln(2))"), log_base=2),
    _function("sqrt", "d(sqrt(u))/dx = 1/(2*sqrt(u))*du/dx", "u > 0", ("d(sqrt(O_i))/dO_i", "1/(2*sqrt(O_i))")),
    _function("tanh", "d(tanh(u))/dx = (1 - tanh(u)^2)*du/dx", None, ("d(tanh(Z_k))/dZ_k", "1 - tanh(Z_k)^2")),
    _function("sigmoid", "d(sigmoid(u))/dx = sigmoid(u)*(1 - sigmoid(u))*du/dx", None,
              ("d(sigmoid(Z_k))/dZ_k", "sigmoid(Z_k)*(1 - sigmoid(Z_k))")),
    _function("relu", "d(relu(u))/dx = step(u)*du/dx", "u != 0", ("d(relu(Z_k))/dZ_k", "step(Z_k)")),
)  # fmt: skip


def _definition(
    title: str, name: str, kind: str, statement: str, example: tuple[str, str], **options: object
) -> Rule:
    apply = networks.definition_of(name, kind)
    return Rule(f"definition of {title}", statement, apply, None, NETWORKS, example, options)


CROSS_ENTROPY = _definition(
    "the cross-entropy", "E", "cross-entropy", "E = -sum_i Y_i*ln(O_i)", ("E", "-sum_i Y_i*ln(O_i)")
)
BINARY = _definition(
    "the binary cross-entropy", "E", "binary-cross-entropy", "E = -sum_i (Y_i*ln(O_i) + (1 - Y_i)*ln(1 - O_i))",
    ("E", "-sum_i (Y_i*ln(O_i) + (1 - Y_i)*ln(1 - O_i))"), output="sigmoid", loss="binary-cross-entropy",
)  # fmt: skip
SQUARED = _definition(
    "the squared error", "E", "squared-error", "E = 1/2*sum_i (O_i - Y_i)^2", ("E", "1/2*sum_i (O_i - Y_i)^2"),
    output="identity", loss="squared-error",
)  # fmt: skip
SOFTMAX = _definition(
    "softmax", "O", "softmax", "O_k = exp(Z_k)/sum_j exp(Z_j)", ("O_k", "exp(Z_k)/sum_j exp(Z_j)")
)
LOG_SOFTMAX = _definition(
    "log-softmax", "O", "log-softmax", "O_k = Z_k - ln(sum_j exp(Z_j))", ("O_k", "Z_k - ln(sum_j exp(Z_j))"),
    output="log-softmax",
)  # fmt: skip
SIGMOID = _definition(
    "the sigmoid", "O", "sigmoid", "O_k = 1/(1 + exp(-Z_k))", ("O_k", "1/(1 + exp(-Z_k))"), output="sigmoid"
)
IDENTITY = _definition("the identity output", "O", "identity", "O_k = Z_k", ("O_k", "Z_k"), output="identity")
AFFINE_LOGITS = _definition("an affine layer", "Z", "affine", "Z_k = sum_j W_kj*X_j + b_k",
                            ("Z_k", "sum_j W_kj*X_j + b_k"))  # fmt: skip
AFFINE = _definition("an affine layer", "U", "affine", "U1_k = sum_j W1_kj*X_j + b1_k",
                     ("U1_k", "sum_j W1_kj*X_j + b1_k"), hidden=("relu",))  # fmt: skip
ACTIVATIONS = tuple(
    _definition(title, "A", kind, f"A1_k = {kind}(U1_k)" if kind != "identity" else "A1_k = U1_k",
                ("A1_k", f"{kind}(U1_k)" if kind != "identity" else "U1_k"), hidden=(kind,))
    for kind, title in (("relu", "ReLU"), ("tanh", "tanh"), ("sigmoid", "the sigmoid layer"),
                        ("identity", "the identity layer"))
)  # fmt: skip

BACKWARDS = (
    Rule("definition of softmax", "exp(Z_k)/sum_j exp(Z_j) = O_k", networks.softmax_read_backwards, None, NETWORKS,
         ("exp(Z_k)/sum_j exp(Z_j)", "O_k")),
    Rule("definition of the sigmoid", "1 + exp(-Z_k) = 1/O_k, exp(-Z_k) = (1 - O_k)/O_k",
         networks.sigmoid_read_backwards, None, NETWORKS,
         ("exp(-Z_k)/(1 + exp(-Z_k))^2", "(1 - O_k)/O_k/(1/O_k)^2"), {"output": "sigmoid"}),
)  # fmt: skip
ACTIVATIONS_BACKWARDS = (
    Rule("definition of tanh", "tanh(U1_k) = A1_k", networks.activation_read_backwards("tanh"), None, NETWORKS,
         ("tanh(U1_k)", "A1_k"), {"hidden": ("tanh",)}),
    Rule("definition of the sigmoid layer", "sigmoid(U1_k) = A1_k", networks.activation_read_backwards("sigmoid"),
         None, NETWORKS, ("sigmoid(U1_k)", "A1_k"), {"hidden": ("sigmoid",)}),
)  # fmt: skip

SPLIT = Rule(
    "splitting the sum into i = k and i != k", "sum_i u_i = u_k + sum_{i != k} u_i", sums.split_the_sum, None, DELTAS,
    ("sum_i Y_i*dO_i/dZ_k", "Y_k*dO_k/dZ_k + sum_{i != k} Y_i*dO_i/dZ_k"),
)  # fmt: skip
SOFTMAX_SAME = Rule(
    "derivative of softmax, i = k", "dO_k/dZ_k = O_k*(1 - O_k)", networks.softmax_derivative_same, "i = k", NETWORKS,
    ("dO_k/dZ_k", "O_k*(1 - O_k)"),
)  # fmt: skip
SOFTMAX_OTHER = Rule(
    "derivative of softmax, i != k", "dO_i/dZ_k = -O_i*O_k", networks.softmax_derivative_other, "i != k", NETWORKS,
    ("sum_{i != k} dO_i/dZ_k", "sum_{i != k} (-O_i*O_k)"),
)  # fmt: skip
SOFTMAX_BOTH = Rule(
    "derivative of softmax", "dO_i/dZ_k = O_i*(delta_ik - O_k)", networks.softmax_derivative, None, NETWORKS,
    ("dO_i/dZ_k", "O_i*(delta_ik - O_k)"),
)  # fmt: skip
LOG_SOFTMAX_DERIVATIVE = Rule(
    "derivative of log-softmax", "dO_i/dZ_k = delta_ik - exp(O_k)", networks.log_softmax_derivative, None, NETWORKS,
    ("dO_i/dZ_k", "delta_ik - exp(O_k)"), {"output": "log-softmax"},
)  # fmt: skip
SIGMOID_DERIVATIVE = Rule(
    "derivative of the sigmoid output", "dO_i/dZ_k = delta_ik*O_k*(1 - O_k)", networks.sigmoid_derivative, None,
    NETWORKS, ("dO_i/dZ_k", "delta_ik*O_k*(1 - O_k)"), {"output": "sigmoid"},
)  # fmt: skip

CONTRACTION = Rule(
    "Kronecker delta contraction", "sum_i delta_ik*u_i = u_k", sums.contraction, None, DELTAS,
    ("sum_i Y_i*delta_ik", "Y_k"),
)  # fmt: skip
PICKS = Rule(
    "Kronecker delta product", "delta_kj*u_j = delta_kj*u_k", sums.delta_picks, None, DELTAS,
    ("delta_kj*O_j", "delta_kj*O_k"),
)  # fmt: skip
LEAVES_SUM = Rule(
    "constant factor of a sum", "sum_i a*u_i = a*sum_i u_i", sums.constant_leaves_the_sum, "a has no index i", DELTAS,
    ("sum_{i != k} Y_i*O_k", "O_k*sum_{i != k} Y_i"),
)  # fmt: skip
TARGETS = Rule(
    "the targets sum to 1", "sum_i Y_i = 1, sum_{i != k} Y_i = 1 - Y_k", sums.targets_sum_to_one, "sum(Y) = 1",
    NETWORKS, ("sum_{i != k} Y_i", "1 - Y_k"),
)  # fmt: skip
PROBABILITIES = Rule(
    "the probabilities sum to 1", "sum_i O_i = 1, sum_{i != k} O_i = 1 - O_k", sums.probabilities_sum_to_one,
    "softmax", NETWORKS, ("sum_i O_i", "1"),
)  # fmt: skip
COMPLETE = Rule(
    "completing the sum", "sum_{i != k} u_i = sum_i u_i - u_k", sums.complete_the_sum, None, DELTAS,
    ("sum_{i != k} Y_i", "sum_i Y_i - Y_k"), {"targets": "any"},
)  # fmt: skip
ONE_HOT = Rule(
    "one-hot targets", "sum_i u_i*Y_i = u_c", sums.one_hot_targets, "one-hot", NETWORKS, ("sum_i w_i*Y_i", "w_c"),
    {"class_weight": True},
)  # fmt: skip
TRUE_WEIGHT = Rule(
    "weight of the true class", "w_k*Y_k = w_c*Y_k", sums.weight_of_the_true_class, "one-hot", NETWORKS,
    ("w_c*O_k - w_k*Y_k", "w_c*(O_k - Y_k)"), {"class_weight": True},
)  # fmt: skip
GIVEN = Rule(
    "the targets' numbers", "Y_1 = 1, Y_2 = 0", sums.given_targets, "the targets are given", NETWORKS,
    ("Y_1", "1"), {"targets": [1, 0]},
)  # fmt: skip
TWO_CLASSES = Rule(
    "two probabilities sum to 1", "O_2 = 1 - O_1", sums.two_classes, "K = 2", NETWORKS, ("O_2", "1 - O_1"),
    {"classes": 2},
)  # fmt: skip
CANCEL = Rule("cancelling", "a*u/a = u", _cancelled, None, CALCULUS, ("O_k/O_k*Y_k", "Y_k"))
COLLECT = Rule(
    "collecting terms", "a*u + b*u = (a + b)*u", _collected, None, CALCULUS,
    ("O_k*(1 - Y_k) - Y_k*(1 - O_k)", "O_k - Y_k"),
)  # fmt: skip


def _never(expression: Expression, scene: Scene) -> Rewriting | None:
    del expression, scene
    return None


LAYER_CHAIN = Rule(
    "chain rule through a layer", "dE/dx = sum_i dE/dZ_i*dZ_i/dx", networks.chain_through_the_next_layer, None,
    NETWORKS, ("dE/dW_kj", "sum_i dE/dZ_i*dZ_i/dW_kj"),
)  # fmt: skip
OUTPUT_CHAIN = Rule(
    "chain rule through a layer", "dO_i/dx = sum_j dO_i/dZ_j*dZ_j/dx", networks.outputs_through_the_next_layer, None,
    NETWORKS, ("dO_i/dW_kj", "sum_l dO_i/dZ_l*dZ_l/dW_kj"),
)  # fmt: skip
RESULT_ABOVE = Rule(
    "result above", "what was derived before is put in", _never, None, CALCULUS, ("dE/dZ_k", "dE/dZ_k")
)
INDEX = Rule("index put in", "what holds for every k holds for k = 1", _never, None, CALCULUS, ("O_k", "O_k"))
SECOND = Rule(
    "second derivative", "d2u/dx dy = d(du/dx)/dy", networks.second_derivative, None, CALCULUS,
    ("d2O_i/dZ_k dZ_j", "d(dO_i/dZ_k)/dZ_j"),
)  # fmt: skip

ALGEBRA_OF_DERIVATIVES = (
    INDEPENDENCE, KRONECKER, SUM_RULE, SUM_OVER_INDEX, CONSTANT_FACTOR, CHAIN_RULE, *FUNCTIONS, POWER, QUOTIENT_RULE,
    PRODUCT_RULE,
)  # fmt: skip
LOSSES = (CROSS_ENTROPY, BINARY, SQUARED)
LAYERS = (AFFINE_LOGITS, AFFINE, *ACTIVATIONS)
WITHIN = (*ALGEBRA_OF_DERIVATIVES, OUTPUT_CHAIN, IDENTITY, *LAYERS)
OUTPUT_FUNCTIONS = (SOFTMAX, LOG_SOFTMAX, SIGMOID)
JACOBIAN_BY_CASES = (SOFTMAX_SAME, SOFTMAX_OTHER)
JACOBIAN = (SOFTMAX_BOTH, LOG_SOFTMAX_DERIVATIVE, SIGMOID_DERIVATIVE)
SUMS = (CONTRACTION, PICKS, LEAVES_SUM, TARGETS, PROBABILITIES)
RULES = (
    *ALGEBRA_OF_DERIVATIVES, *LOSSES, *OUTPUT_FUNCTIONS, IDENTITY, *LAYERS, *BACKWARDS, *ACTIVATIONS_BACKWARDS, SPLIT,
    *JACOBIAN_BY_CASES, *JACOBIAN, *SUMS, COMPLETE, ONE_HOT, TRUE_WEIGHT, GIVEN, TWO_CLASSES, CANCEL, COLLECT,
    LAYER_CHAIN, OUTPUT_CHAIN, RESULT_ABOVE, INDEX, SECOND,
)  # fmt: skip
"""Every rule; RESULT_ABOVE and INDEX are applied by the engine, which knows what was derived before."""
