"""What the NumPy functions promise, held to by tensors: on the compiled kernels, and by the formulas for devices."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

import chainrule as cr

pytest.importorskip("torch")
from chainrule.functions import pytorch
from chainrule.functions.pytorch import devices
from tensor_calls import by_way_of_tensors

# The tests of each file that hold for tensors of every device.
EVERYWHERE = {
    "test_softmax": (
        "test_two_equal_logits_share_the_probability",
        "test_a_confident_row_keeps_the_digits_of_its_logarithm",
        "test_every_entry_is_within_the_bar_of_the_truth",
        "test_logsumexp_is_within_the_bar_of_the_truth",
        "test_a_shift_by_an_exact_number_changes_no_bit",
        "test_the_classes_may_stand_on_any_axis",
        "test_half_precision_is_computed_in_float32_and_rounded_once",
        "test_no_rows_and_one_class_are_served",
        "test_infinite_logits_give_the_limit_and_meaningless_rows_are_nan_alone",
        "test_one_class_has_the_same_edges",
        "test_integer_logits_are_refused",
        "test_no_classes_and_no_such_axis_are_refused",
    ),
    "test_softmax_vjp": (
        "test_a_confident_row_keeps_its_digits_whatever_is_added_to_the_cotangent",
        "test_the_classes_may_stand_on_any_axis",
        "test_no_rows_and_one_class_are_served",
        "test_infinite_logits_give_the_limit_and_meaningless_rows_are_nan_alone",
        "test_arguments_that_do_not_fit_are_refused",
    ),
    "test_hvp": (
        "test_a_confident_row_keeps_its_digits",
        "test_without_targets_every_row_has_mass_one",
        "test_index_targets_equal_one_hot_rows_with_every_option",
        "test_weight_two_equals_the_row_twice",
        "test_a_masked_class_equals_its_removal",
        "test_rows_without_a_value_are_nan_alone",
        "test_a_row_of_weight_zero_or_ignored_is_zero_even_if_it_is_nan",
        "test_nothing_to_average_gives_zeros",
    ),
    "test_cross_entropy": (
        "test_a_confident_row_costs_what_it_costs",
        "test_the_worked_example_has_the_published_numbers",
        "test_a_common_offset_costs_log_two_to_two_ulp",
        "test_loss_and_gradient_of_an_index_are_within_the_bar_of_the_truth",
        "test_gradient_of_probability_targets_is_within_the_bar_of_the_truth",
        "test_a_nearly_certain_target_keeps_its_small_part",
        "test_a_masked_class_equals_its_removal",
        "test_weight_two_equals_the_row_twice",
        "test_index_targets_equal_one_hot_rows_with_every_option",
        "test_smoothing_equals_the_soft_targets_it_stands_for",
        "test_the_gradient_is_the_slope_of_the_loss_by_the_order_of_the_error",
        "test_none_returns_weighted_losses_in_the_shape_and_dtype_of_the_logits",
        "test_one_row_without_leading_axes_is_served",
        "test_the_table_of_values_at_the_edge_holds",
        "test_one_infinite_logit_with_smoothing_mass_elsewhere_costs_infinity",
        "test_a_row_of_weight_zero_or_ignored_contributes_nothing_even_if_it_is_nan",
        "test_a_class_of_weight_zero_leaves_a_nan_row_nan_for_index_and_one_hot_targets_alike",
        "test_the_mean_does_not_depend_on_the_size_of_the_weights",
        "test_nothing_to_average_gives_zero",
        "test_arguments_of_another_type_are_refused",
        "test_float_indices_are_refused",
    ),
    "test_outputs": (
        "test_a_confident_output_costs_what_it_costs",
        "test_squared_error_is_half_the_sum_of_squares_averaged_over_examples",
        "test_binary_cross_entropy_is_within_a_few_ulp_of_the_truth",
        "test_the_binary_loss_is_the_softmax_loss_of_two_classes",
        "test_infinite_logits_give_the_limit_and_nan_stays_in_its_row",
    ),
}


@pytest.fixture(params=["kernels", "formulas"])
def tensors(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the public functions compute with tensors, as on the CPU or as on any other device."""
    for name in set(pytorch.__all__) & set(cr.__all__):
        monkeypatch.setattr(cr, name, by_way_of_tensors(name))
    if request.param == "formulas":
        monkeypatch.setattr(devices, "has_kernels", lambda _: False)


pytestmark = pytest.mark.usefixtures("tensors")


def _module(file: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"promises_of_{file}", Path(__file__).parent / f"{file}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


for _file, _names in EVERYWHERE.items():
    _tests = _module(_file)
    for _name in _names:
        globals()[f"{_name}_of_{_file.removeprefix('test_')}"] = getattr(_tests, _name)
