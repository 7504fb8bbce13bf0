"""torch.func and torch.compile: every function, against autograd without them."""

from itertools import pairwise

import pytest

import chainrule as cr
from chainrule.errors import ArgumentError

torch = pytest.importorskip("torch")
import tensor_problems as problems  # noqa: E402  (after the skip)
from chainrule.functions import pytorch  # noqa: E402  (after the skip)

# PyTorch warns of itself when it first computes a forward derivative, and when it compiles.
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
CALLS = problems.of_logits()
BATCH = problems.normal(3, 4, 3)
HESSIANS = {
    "forward over reverse": lambda call: torch.func.hessian(call),
    "reverse over reverse": lambda call: torch.func.jacrev(torch.func.jacrev(call)),
    "forward over forward": lambda call: torch.func.jacfwd(torch.func.jacfwd(call)),
    "reverse over forward": lambda call: torch.func.jacrev(torch.func.jacfwd(call)),
}


def _close(ours, theirs):
    torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("name", CALLS)
def test_grad_jvp_and_vmap_are_those_of_autograd_and_of_a_loop(name):
    def number(logits):
        return problems.one_number(CALLS[name](logits))

    logits = problems.LOGITS.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(number(logits), logits)
    _close(torch.func.grad(number)(problems.LOGITS), gradient)
    slope = torch.func.jvp(number, (problems.LOGITS,), (problems.DIRECTION,))[1]
    _close(slope, (gradient * problems.DIRECTION).sum())
    _close(torch.func.vmap(number)(BATCH), torch.stack([number(one) for one in BATCH]))
    each = torch.stack([torch.func.grad(number)(one) for one in BATCH])
    _close(torch.func.vmap(torch.func.grad(number))(BATCH), each)
    _close(torch.func.grad(lambda batch: torch.func.vmap(number)(batch).sum())(BATCH), each)


@pytest.mark.parametrize("name", CALLS)
def test_second_derivatives_agree_in_every_nesting(name):
    def number(logits):
        return problems.one_number(CALLS[name](logits))

    hessians = [nesting(number)(problems.LOGITS) for nesting in HESSIANS.values()]
    for ours, theirs in pairwise(hessians):
        _close(ours, theirs)


def test_the_linear_head_takes_every_transform():
    def number(weight):
        return problems.linear("sum")(problems.FEATURES, weight, problems.BIAS)

    hessians = [nesting(number)(problems.WEIGHT) for nesting in HESSIANS.values()]
    for ours, theirs in pairwise(hessians):
        _close(ours, theirs)

    def of_row(row, weight, target):
        return cr.linear_cross_entropy(row[None], weight, target[None])

    per_row = torch.func.vmap(torch.func.grad(of_row, 1), (0, None, 0))
    gradients = per_row(problems.FEATURES, problems.WEIGHT, problems.INDICES)
    whole = cr.linear_cross_entropy_with_gradient(
        problems.FEATURES, problems.WEIGHT, problems.INDICES, wrt="weight", reduction="sum"
    )[1]["weight"]
    _close(gradients.sum(0), whole)


def test_the_gauss_newton_product_is_the_hessian_of_the_linear_head_times_a_direction():
    def loss(weight, bias):
        return problems.linear("mean")(problems.FEATURES, weight, bias)

    direction = (problems.normal(3, 5), problems.normal(3))
    tensors = (problems.WEIGHT, problems.BIAS)
    expected = torch.func.jvp(torch.func.grad(loss, (0, 1)), tensors, direction)[1]
    products = pytorch.linear_cross_entropy_gauss_newton(
        problems.FEATURES,
        problems.WEIGHT,
        direction[0],
        problems.INDICES,
        bias=problems.BIAS,
        bias_direction=direction[1],
        **problems.OPTIONS,
    )
    _close(tuple(products.values()), expected)


@pytest.mark.parametrize("reduction", problems.REDUCTIONS)
def test_targets_and_weights_may_be_batched(reduction):
    generator = torch.Generator().manual_seed(1)
    targets = torch.randint(0, 3, (3, 4), generator=generator)
    samples, classes = torch.rand(3, 4, generator=generator), torch.rand(3, 3, generator=generator)

    def loss(logits, indices, sample_weight, class_weight):
        return cr.cross_entropy(
            logits, indices, sample_weight=sample_weight, class_weight=class_weight, reduction=reduction
        )

    one_weight = torch.func.vmap(loss, (0, 0, 0, None))(BATCH, targets, samples, classes[0])
    rows = zip(BATCH, targets, samples, strict=True)
    _close(one_weight, torch.stack([loss(*row, classes[0]) for row in rows]))
    each = torch.func.vmap(loss)(BATCH, targets, samples, classes)
    rows = zip(BATCH, targets, samples, classes, strict=True)
    _close(each, torch.stack([loss(*row) for row in rows]))


def test_a_forbidden_value_is_nan_for_its_element_of_the_batch():
    targets = torch.tensor([[0, 1, 2, 0], [0, 7, 2, 0], [0, 1, 2, 0]])
    losses = torch.func.vmap(cr.cross_entropy)(BATCH, targets)
    assert losses.isnan().tolist() == [False, True, False]


@pytest.fixture
def fresh():
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize("name", CALLS)
def test_compiled_functions_give_the_same_bits_and_slopes_without_graph_breaks(name):
    call = CALLS[name]
    compiled = torch.compile(call, fullgraph=True, backend="aot_eager")
    ours, theirs = (problems.LOGITS.clone().requires_grad_() for _ in range(2))
    result, expected = compiled(ours), call(theirs)
    torch.testing.assert_close(result, expected, rtol=0, atol=0)
    problems.one_number(result).backward()
    problems.one_number(expected).backward()
    _close(ours.grad, theirs.grad)


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize("reduction", problems.REDUCTIONS)
def test_the_compiled_linear_head_has_the_slopes_of_the_eager_one(reduction):
    tensors = (problems.FEATURES, problems.WEIGHT, problems.BIAS)
    ours, theirs = ([t.clone().requires_grad_() for t in tensors] for _ in range(2))
    compiled = torch.compile(problems.linear(reduction), fullgraph=True, backend="aot_eager")
    problems.one_number(compiled(*ours)).backward()
    problems.one_number(problems.linear(reduction)(*theirs)).backward()
    for one, other in zip(ours, theirs, strict=True):
        _close(one.grad, other.grad)


@pytest.mark.usefixtures("fresh")
def test_a_compiled_training_step_of_any_batch_size_learns_what_the_eager_one_does():
    def loss(features, weight, targets):
        return cr.cross_entropy(features @ weight.T, targets, label_smoothing=0.1)

    compiled = torch.compile(loss, fullgraph=True, dynamic=True)
    for rows in (4, 3):
        ours, theirs = (problems.WEIGHT.clone().requires_grad_() for _ in range(2))
        compiled(problems.FEATURES[:rows], ours, problems.INDICES[:rows]).backward()
        loss(problems.FEATURES[:rows], theirs, problems.INDICES[:rows]).backward()
        _close(ours.grad, theirs.grad)


@pytest.mark.usefixtures("fresh")
def test_compiled_code_gives_nan_for_forbidden_values_and_refuses_wrong_shapes():
    compiled = torch.compile(lambda z, y: cr.cross_entropy(z, y, reduction="none"), backend="aot_eager")
    losses = compiled(problems.LOGITS, torch.tensor([0, 9, 1, 1]))
    assert losses.isnan().tolist() == [False, True, False, False]
    with pytest.raises(ArgumentError, match=r"cross_entropy: targets have shape \(4,\)"):
        compiled(problems.LOGITS, torch.tensor([0, 1, 1]))


def test_the_operators_keep_the_rules_of_pytorch():
    logits = problems.LOGITS.clone().requires_grad_()
    tail = (problems.INDICES, None, None, 0.0, None, 1.0, "mean", None)
    for name, arguments in {
        "per_row": ("softmax", logits, -1, None),
        "softmax_jacobian": (logits, problems.DIRECTION, -1, None),
        "loss": (True, "cross_entropy", logits, *tail),
        "cross_entropy_hvp": (problems.DIRECTION, "cross_entropy_hvp", logits, *tail),
    }.items():
        operator = getattr(torch.ops.chainrule, name).default
        torch.library.opcheck(operator, arguments, test_utils=("test_schema", "test_faketensor"))
