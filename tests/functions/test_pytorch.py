"""Tensors: the same bits as NumPy arrays, memory shared, derivatives, other devices, refusals."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import ArgumentError, ArgumentTypeError

torch = pytest.importorskip("torch")
import tensor_problems as problems  # noqa: E402  (after the skip)
from chainrule.functions.pytorch import devices  # noqa: E402  (after the skip)
from chainrule.functions.pytorch.tensors import as_numpy, as_tensor  # noqa: E402  (after the skip)

# PyTorch warns of itself when it first computes a forward derivative, and when it compiles.
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
DTYPES = (torch.float16, torch.float32, torch.float64)


def test_a_confident_row_keeps_its_loss_and_gradient():
    logits = torch.tensor([[40.0, 0.0]], dtype=torch.float64, requires_grad=True)
    loss = cr.cross_entropy(logits, [0])
    loss.backward()
    assert loss.item() == 4.248354255291589e-18
    assert logits.grad.tolist() == [[-4.248354255291589e-18, 4.248354255291589e-18]]
    logits.grad = None
    cr.log_softmax(logits)[0, 0].backward()
    np.testing.assert_allclose(logits.grad, [[4.248354255291589e-18, -4.248354255291589e-18]], rtol=1e-15)


def _numpy(values):
    if isinstance(values, torch.Tensor):
        return values.numpy()
    return {key: _numpy(value) for key, value in values.items()} if isinstance(values, dict) else values


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("reduction", problems.REDUCTIONS)
@pytest.mark.parametrize("targets", [problems.INDICES, problems.PROBABILITIES], ids=["index", "probability"])
def test_losses_and_gradients_are_those_of_numpy_to_the_bit(targets, reduction, dtype):
    logits = problems.LOGITS.to(dtype)
    options = {"reduction": reduction, **problems.OPTIONS}
    expected = cr.cross_entropy_with_gradient(logits.numpy(), targets.numpy(), **_numpy(options))
    for tensor in (logits, logits.clone().requires_grad_(), logits.T.contiguous().T):
        loss, gradient = cr.cross_entropy_with_gradient(tensor, targets, **options)
        assert loss.dtype == gradient.dtype == dtype
        np.testing.assert_array_equal(loss.detach(), np.asarray(expected[0]).astype(logits.numpy().dtype))
        np.testing.assert_array_equal(gradient.detach(), expected[1])
        alone = cr.cross_entropy(tensor, targets, **options)
        torch.testing.assert_close(alone, loss, rtol=0, atol=0)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp", "softmax_vjp", "cross_entropy_hvp"])
def test_the_other_functions_are_those_of_numpy_to_the_bit(name, dtype):
    arrays = [problems.LOGITS.to(dtype)]
    arrays += [problems.DIRECTION.to(dtype)] if name in ("softmax_vjp", "cross_entropy_hvp") else []
    expected = getattr(cr, name)(*(array.numpy() for array in arrays))
    np.testing.assert_array_equal(getattr(cr, name)(*arrays), expected)


def test_the_linear_head_is_that_of_numpy_to_the_bit():
    arrays = (problems.FEATURES, problems.WEIGHT, problems.INDICES)
    expected = cr.linear_cross_entropy_with_gradient(*_numpy(dict(enumerate(arrays))).values())
    loss, gradients = cr.linear_cross_entropy_with_gradient(*arrays)
    assert loss.item() == expected[0]
    for name, gradient in gradients.items():
        np.testing.assert_array_equal(gradient, expected[1][name])


def test_bfloat16_is_computed_in_float32_and_rounded_once():
    logits = problems.LOGITS.bfloat16()
    single = cr.cross_entropy_with_gradient(logits.float(), problems.INDICES)
    rounded = cr.cross_entropy_with_gradient(logits, problems.INDICES)
    for part, exact in zip(rounded, single, strict=True):
        assert torch.equal(part, exact.bfloat16())
    assert torch.equal(cr.softmax(logits), cr.softmax(logits.float()).bfloat16())


def test_memory_is_shared_in_both_directions():
    logits = problems.LOGITS.clone()
    assert as_numpy(logits).ctypes.data == logits.data_ptr()
    assert as_numpy(logits.requires_grad_()).ctypes.data == logits.data_ptr()
    array = np.ones((2, 3), np.float32)
    assert as_tensor(array, torch.empty(0)).data_ptr() == array.ctypes.data
    out = torch.empty(4, 3, dtype=torch.float64)
    before = out.data_ptr()
    _, gradient = cr.cross_entropy_with_gradient(problems.LOGITS, problems.INDICES, out=out)
    assert gradient is out
    assert out.data_ptr() == before
    assert torch.equal(out, cr.cross_entropy_with_gradient(problems.LOGITS, problems.INDICES)[1])


def test_the_gradient_may_be_written_over_the_logits():
    logits = problems.LOGITS.clone()
    cr.cross_entropy_with_gradient(logits, problems.INDICES, out=logits)
    assert torch.equal(logits, cr.cross_entropy_with_gradient(problems.LOGITS, problems.INDICES)[1])


def test_lists_and_arrays_are_taken_for_targets_and_weights():
    expected = cr.cross_entropy(problems.LOGITS, problems.INDICES, sample_weight=problems.SAMPLE_WEIGHT)
    frozen = np.array([0, 2, 1, 1])
    frozen.flags.writeable = False
    for targets in ([0, 2, 1, 1], frozen):
        assert cr.cross_entropy(problems.LOGITS, targets, sample_weight=[1.0, 2.0, 0.0, 0.5]) == expected


@pytest.mark.parametrize(("name", "call"), problems.of_logits().items(), ids=problems.of_logits())
def test_slopes_of_functions_of_logits_are_right_to_the_second_order(name, call):
    del name
    logits = problems.LOGITS.clone().requires_grad_()
    assert torch.autograd.gradcheck(call, logits, check_forward_ad=True)
    assert torch.autograd.gradgradcheck(call, logits)


@pytest.mark.parametrize(("name", "problem"), problems.of_several().items(), ids=problems.of_several())
def test_slopes_by_every_argument_are_right_to_the_second_order(name, problem):
    del name
    call, arrays = problem
    arrays = tuple(array.clone().requires_grad_() for array in arrays)
    assert torch.autograd.gradcheck(call, arrays, check_forward_ad=True)
    assert torch.autograd.gradgradcheck(call, arrays)


def test_a_cotangent_of_either_sign_weights_the_rows_of_the_linear_head():
    cotangent = torch.tensor([1.0, -2.0, 0.5, 0.0], dtype=torch.float64)
    tensors = [t.clone().requires_grad_() for t in (problems.FEATURES, problems.WEIGHT, problems.BIAS)]
    problems.linear("none")(*tensors).backward(cotangent)
    others = [t.clone().requires_grad_() for t in (problems.FEATURES, problems.WEIGHT, problems.BIAS)]
    logits = others[0] @ others[1].T + others[2]
    cr.cross_entropy(logits, problems.INDICES, reduction="none", **problems.OPTIONS).backward(cotangent)
    for ours, theirs in zip(tensors, others, strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-12, atol=1e-15)


def test_the_formulas_of_other_devices_have_the_same_derivatives(monkeypatch):
    calls = [*problems.of_logits().values()]
    expected = [torch.func.jacrev(call)(problems.LOGITS) for call in calls]
    monkeypatch.setattr(devices, "has_kernels", lambda _: False)
    for call, jacobian in zip(calls, expected, strict=True):
        torch.testing.assert_close(torch.func.jacrev(call)(problems.LOGITS), jacobian, rtol=1e-10, atol=1e-14)
    tensors = (problems.FEATURES, problems.WEIGHT, problems.BIAS)
    by_formulas = torch.func.grad(problems.linear("mean"), (0, 1, 2))(*tensors)
    monkeypatch.undo()
    by_kernels = torch.func.grad(problems.linear("mean"), (0, 1, 2))(*tensors)
    torch.testing.assert_close(by_formulas, by_kernels, rtol=1e-10, atol=1e-14)


def test_forbidden_values_give_nan_in_their_rows_where_a_device_would_have_to_be_waited_for(monkeypatch):
    monkeypatch.setattr(devices, "has_kernels", lambda _: False)
    losses, gradient = cr.cross_entropy_with_gradient(
        problems.LOGITS, [0, 3, 1, 1], sample_weight=[1.0, 1.0, -1.0, 1.0], reduction="none"
    )
    assert losses.isnan().tolist() == [False, True, True, False]
    assert gradient.isnan().any(-1).tolist() == [False, True, True, False]
    assert cr.cross_entropy(problems.LOGITS, [0, 3, 1, 1]).isnan()


def test_tensors_without_data_have_their_shapes():
    logits = torch.empty(2, 4, 3, device="meta", requires_grad=True)
    loss = cr.cross_entropy(logits, torch.zeros(2, 4, dtype=torch.long, device="meta"), label_smoothing=0.1)
    loss.backward()
    assert loss.device.type == logits.grad.device.type == "meta"
    assert logits.grad.shape == logits.shape
    assert cr.softmax(logits, axis=1).shape == logits.shape
    assert cr.logsumexp(logits, axis=1).shape == (2, 3)
    with pytest.raises(ArgumentError, match=r"targets have shape \(2, 4\) .*got shape \(2,\)"):
        cr.cross_entropy(logits, torch.zeros(2, dtype=torch.long, device="meta"))


def test_wrong_values_are_refused_as_they_are_for_numpy():
    for logits in (problems.LOGITS, problems.LOGITS.clone().requires_grad_()):
        with pytest.raises(ArgumentError) as caught:
            cr.cross_entropy(logits, [0, 3, 1, 1])
        assert str(caught.value) == (
            "cross_entropy: targets are class indices from 0 to 2; got targets[1] = 3. "
            "Number the classes from 0, or set ignore_index to the value that marks rows to leave out."
        )
    with pytest.raises(ArgumentTypeError, match=r"logits are float16.*got dtype int64"):
        cr.softmax(torch.tensor([1, 2]))
    with pytest.raises(ArgumentError, match=r"linear_cross_entropy: .*targets\[0\] = 5"):
        cr.linear_cross_entropy(problems.FEATURES, problems.WEIGHT.clone().requires_grad_(), [5, 0, 0, 0])


def test_the_gradient_of_a_loss_may_be_asked_for_twice_and_changed_by_its_owner():
    logits = problems.LOGITS.clone().requires_grad_()
    expected = cr.cross_entropy_with_gradient(problems.LOGITS, problems.INDICES)[1]
    loss = cr.cross_entropy(logits, problems.INDICES)
    (first,) = torch.autograd.grad(loss, logits, retain_graph=True)
    first.zero_()
    (second,) = torch.autograd.grad(3 * loss, logits, retain_graph=True)
    assert torch.equal(second, 3 * expected)
    loss.backward()
    assert torch.equal(logits.grad, expected)
    with pytest.raises(RuntimeError, match="second time"):
        loss.backward()


def test_the_gauss_newton_product_has_the_bits_of_numpy_and_names_what_does_not_fit():
    arrays = (problems.FEATURES, problems.WEIGHT, problems.normal(3, 5), problems.INDICES)
    expected = cr.linear_cross_entropy_gauss_newton(*(a.numpy() for a in arrays), bias=problems.BIAS.numpy())
    products = cr.linear_cross_entropy_gauss_newton(*arrays, bias=problems.BIAS)
    for name, product in products.items():
        np.testing.assert_array_equal(product, expected[name])
    for features in (problems.FEATURES, problems.FEATURES.clone().requires_grad_()):
        with pytest.raises(ArgumentError, match="linear_cross_entropy_gauss_newton: "):
            cr.linear_cross_entropy_gauss_newton(features, problems.WEIGHT, problems.normal(3, 4))


def test_weights_that_require_a_gradient_are_refused():
    weight = problems.SAMPLE_WEIGHT.clone().requires_grad_()
    rule = "sample_weight is held constant; got a tensor that requires a gradient"
    for call, arrays in (
        (cr.cross_entropy, (problems.LOGITS, problems.INDICES)),
        (cr.squared_error, (problems.LOGITS, problems.PROBABILITIES)),
        (cr.cross_entropy_hvp, (problems.LOGITS, problems.DIRECTION, problems.INDICES)),
    ):
        with pytest.raises(ArgumentError, match=rule):
            call(*arrays, sample_weight=weight)
        with torch.no_grad():
            call(*arrays, sample_weight=weight)


def test_an_output_is_refused_where_autograd_follows_or_it_does_not_fit():
    logits = problems.LOGITS.clone()
    with pytest.raises(ArgumentError, match="out goes without autograd"):
        cr.cross_entropy_with_gradient(logits.requires_grad_(), problems.INDICES, out=torch.empty(4, 3))
    with pytest.raises(ArgumentTypeError, match="out is a tensor like the logits; got ndarray"):
        cr.cross_entropy_with_gradient(logits.detach(), problems.INDICES, out=np.empty((4, 3)))
    half = logits.detach().bfloat16()
    with pytest.raises(ArgumentError, match="got shape"):
        cr.cross_entropy_with_gradient(half, problems.INDICES, out=torch.empty(4, 3))
