"""The corpus of implementations: what each is, which verdicts are right, and the names of its mistake."""

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

FOLDER = Path(__file__).resolve().parent / "implementations"
RIGHT, WRONG, CONDITIONAL, UNDECIDED = ("right",), ("wrong",), ("conditional",), ("undecided",)


@dataclass(frozen=True)
class Case:
    """One function of the corpus; any of the names will do, any of the verdicts too."""

    file: str
    function: str
    verdicts: tuple[str, ...]
    names: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return f"{self.file}:{self.function}"

    def load(self) -> Callable[..., Any]:
        """Import the file once and return the function."""
        return getattr(_module(self.file), self.function)


def _module(file: str) -> ModuleType:
    name = f"implementations_of_corpus_{file}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, FOLDER / f"{file}.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


def _right(file: str, *functions: str) -> list[Case]:
    return [Case(file, function, RIGHT) for function in functions]


def _wrong(file: str, rows: dict[str, str], **options: Any) -> list[Case]:
    return [Case(file, function, WRONG, tuple(names.split()), options) for function, names in rows.items()]


def _conditional(file: str, rows: dict[str, str], **options: Any) -> list[Case]:
    return [
        Case(file, function, CONDITIONAL, tuple(names.split()), options) for function, names in rows.items()
    ]


_RIGHT = [
    *_right(
        "right_numpy", "plain_loss", "identity_rows_loss_and_gradient", "pure_python_loss", "einsum_loss_one_hot",
        "add_at_gradient", "gradient_before_loss", "losses_of_rows", "single_precision_loss_and_gradient",
        "columns_are_examples", "chunked_loss_and_grad", "differences_loss", "one_example_loss",
        "one_example_gradient", "as_lists", "cross_entropy_of_truth_and_scores", "my_softmax", "halves_softmax",
        "log_softmax", "softmax_jacobian", "jacobian_of_one_softmax", "softmax_backward", "log_softmax_backward",
        "hessian", "linear_head", "linear_head_features_first", "linear_head_with_penalty", "smoothed", "tempered",
        "weighted", "masked", "object_with_call",
    ),
    *_right(
        "right_torch", "library_loss", "losses_not_reduced", "gathered_loss", "gradient_by_autograd",
        "loss_and_gradient", "own_function_loss", "in_single_precision", "module_loss",
    ),
    *_right("right_jax", "loss", "compiled_loss_and_gradient", "gradient_row_by_row", "softmax"),
]  # fmt: skip
_LOSSES = [
    *_wrong(
        "wrong_losses",
        {
            "softmax_into_cross_entropy": "softmax-twice",
            "probabilities_again": "softmax-twice",
            "forgotten_logarithm": "no-log",
            "one_minus_probability": "no-log",
            "mean_of_everything": "per-class-mean",
            "mean_over_classes_in_torch": "per-class-mean",
            "binary_terms": "bernoulli-for-categorical",
            "sigmoids": "bernoulli-for-categorical",
            "brier": "squared-error-for-cross-entropy",
            "mse_of_softmax": "squared-error-for-cross-entropy",
            "bits": "log-base",
            "tens": "log-base",
            "positive_log": "sign",
            "minus_the_loss": "sign",
            "over_the_batch": "wrong-axis",
            "dimension_zero": "wrong-axis",
            "counted_from_one": "target-index index-slip",
            "logits_for_probabilities": "input-for-output",
            "logarithm_of_logits": "input-for-output",
            "twice_the_loss": "factor",
            "nine_tenths": "targets-do-not-sum-to-one",
            "heavy_targets": "targets-do-not-sum-to-one",
            "smoothing_of_others": "smoothing-convention",
            "ignored_taken_for_last": "ignored-rows-counted",
            "mixed_rows": "sample-leak",
            "running_average": "sample-leak",
        },
    )[:-3],
    Case(
        "wrong_losses",
        "ignored_taken_for_last",
        ("wrong", "conditional"),
        ("ignored-rows-counted",),
        {"ignore_index": -1},
    ),
    *_conditional(
        "wrong_losses",
        {
            "mixed_rows": "sample-leak",
            "one_normaliser": "global-sum",
            "every_target": "target-index broadcast sample-leak",
            "lost_keepdims": "broadcast",
        },
    )[1:],
    Case("wrong_losses", "mixed_rows", ("wrong",), ("sample-leak",)),
    Case("wrong_losses", "running_average", ("wrong",), ("sample-leak",)),
    *_wrong(
        "wrong_losses",
        {
            "smoothing_adds": "smoothing-mass",
            "smoothing_without_rest": "smoothing-mass",
            "smoothing_of_others": "smoothing-convention",
            "smoothing_of_others_in_torch": "smoothing-convention",
        },
        label_smoothing=0.2,
    ),
    *_wrong(
        "wrong_losses",
        {"temperature_upside_down": "temperature", "temperature_outside": "temperature"},
        temperature=2.5,
    ),
    *_wrong(
        "wrong_losses",
        {
            "weights_on_logits": "weights-inside-softmax",
            "weights_on_probabilities": "weights-inside-softmax",
        },
        class_weight=[0.5, 2.0, 1.25],
    ),
    Case(
        "wrong_losses",
        "ignored_in_the_divisor",
        ("conditional", "wrong"),
        ("ignored-rows-counted",),
        {"ignore_index": -100},
    ),
]
_GRADIENTS = [
    *_wrong(
        "wrong_gradients",
        {
            "targets_minus_probabilities": "sign",
            "cross_term_sign": "sign",
            "uphill": "sign",
            "only_the_target": "diagonal-only missing-cross-term single-output",
            "diagonal_of_the_jacobian": "diagonal-only missing-cross-term",
            "jacobian_added_up": "missing-outer-derivative",
            "row_of_the_jacobian": "missing-outer-derivative",
            "gradient_of_the_probability": "missing-outer-derivative no-log",
            "minus_p_gradient": "no-log",
            "by_the_probabilities": "output-for-input",
            "backward_stops_early": "output-for-input",
            "by_the_targets": "wrong-variable",
            "by_a_weight": "wrong-variable",
            "one_for_every_class": "target-index",
            "next_class": "target-index index-slip",
            "target_probability_everywhere": "index-slip",
            "logits_minus_targets": "input-for-output",
            "raw_scores": "input-for-output",
            "squared_error_gradient": "squared-error-for-cross-entropy extra-activation-derivative",
            "sigmoid_derivative_too": "extra-activation-derivative",
            "sigmoid_derivative_of_logits": "extra-activation-derivative",
            "softmax_again": "softmax-twice",
            "yes_or_no": "bernoulli-for-categorical",
            "divided_by_everything": "per-class-mean",
            "doubled": "factor",
            "halved_in_torch": "factor",
            "bits_gradient": "log-base",
            "soft_targets_of_old": "targets-do-not-sum-to-one",
            "examples_compete": "wrong-axis",
            "custom_rule_loss": "sign",
        },
    ),
    *[
        Case("wrong_gradients", function, ("conditional",), tuple(names.split()))
        for function, names in {
            "columns_of_the_targets": "target-index sample-leak",
            "mean_loss_sum_gradient": "batch-mean",
            "mean_loss_sum_gradient_in_torch": "batch-mean",
            "sum_loss_mean_gradient": "batch-sum",
            "sum_loss_mean_gradient_in_jax": "batch-sum",
            "divided_twice": "batch-mean",
            "one_sum_for_all": "global-sum",
            "keepdims_lost": "broadcast",
            "careless_function_loss": "batch-mean",
        }.items()
    ],
    Case("wrong_gradients", "neighbours_gradient", WRONG, ("sample-leak",)),
    *_wrong(
        "wrong_gradients",
        {"temperature_forgotten": "temperature", "temperature_forgotten_in_torch": "temperature"},
        temperature=2.0,
    ),
    *_wrong(
        "wrong_gradients", {"weighted_targets": "targets-do-not-sum-to-one"}, class_weight=[0.5, 2.0, 1.25]
    ),
    *_wrong("wrong_gradients", {"smoothing_in_the_loss_alone": "smoothing-mass"}, label_smoothing=0.3),
    Case(
        "wrong_gradients", "ignored_rows_have_a_gradient", ("wrong", "conditional"), ("ignored-rows-counted",)
    ),
]
_OUTPUTS = [
    *_wrong(
        "wrong_outputs",
        {
            "softmax_of_columns": "wrong-axis",
            "softmax_of_softmax": "softmax-twice",
            "softmax_of_sigmoids": "bernoulli-for-categorical",
            "softmax_with_powers_of_two": "log-base",
            "log_softmax_of_columns": "wrong-axis",
            "log_softmax_forgotten_log": "no-log",
            "log_softmax_base_ten": "log-base",
            "log_softmax_negated": "sign",
            "softmax_jacobian_diagonal": "diagonal-only missing-cross-term",
            "softmax_grad": "diagonal-only missing-cross-term",
            "softmax_jacobian_slip": "index-slip",
            "softmax_jacobian_sign": "sign",
            "softmax_jacobian_of_logits": "input-for-output",
            "softmax_jacobian_of_the_logarithm": "output-for-input missing-activation-derivative",
            "hessian_of_boosting": "hessian-bound",
            "hessian_bound_of_bohning": "hessian-bound",
            "hessian_diagonal_alone": "diagonal-only missing-cross-term",
            "hessian_plus": "sign",
            "softmax_backward_elementwise": "diagonal-only missing-cross-term",
            "softmax_backward_no_sum": "missing-cross-term",
            "softmax_backward_columns": "wrong-axis",
            "softmax_backward_unchanged": "missing-activation-derivative",
            "softmax_backward_softmaxed": "output-for-input softmax-twice",
            "log_softmax_backward_without_exp": "output-for-input input-for-output",
            "log_softmax_backward_assumes_one": "targets-do-not-sum-to-one",
            "log_softmax_backward_wrong_axis": "wrong-axis",
            "log_softmax_backward_of_softmax": "extra-activation-derivative output-for-input",
        },
    ),
    *_wrong("wrong_outputs", {"softmax_at_temperature": "temperature"}, temperature=0.5),
    *_conditional(
        "wrong_outputs",
        {
            "softmax_with_one_sum": "global-sum",
            "softmax_lost_keepdims": "broadcast",
            "log_softmax_with_one_sum": "global-sum",
            "softmax_backward_everything": "global-sum",
        },
    ),
]
_LINEAR = [
    *_wrong(
        "wrong_linear",
        {
            "transposed_weight_gradient": "transposed",
            "transposed_in_torch": "transposed",
            "one_bias_for_all": "scalar-bias",
            "one_bias_in_torch": "scalar-bias",
            "bias_not_summed": "unsummed-bias",
            "bias_of_rows": "unsummed-bias wrong-axis",
            "only_the_row_of_the_target": "single-output diagonal-only",
            "single_output_in_jax": "single-output diagonal-only",
            "penalty_gradient_halved": "regulariser-factor",
            "penalty_gradient_subtracted": "regulariser-sign",
            "penalty_subtracted": "regulariser-sign",
            "gradient_of_the_features": "wrong-variable",
            "wrong_sign": "sign",
        },
    ),
    Case("wrong_linear", "penalty_gradient_doubled", WRONG, ("regulariser-factor",), {"alpha": 0.4}),
    Case("wrong_linear", "not_averaged", CONDITIONAL, ("batch-mean",)),
    Case("wrong_linear", "bias_averaged_twice", CONDITIONAL, ("batch-mean",)),
]
_EDGES = _conditional(
    "edges",
    {
        "overflows": "no-shift",
        "softmax_overflows": "no-shift",
        "shifted_by_the_batch": "global-shift",
        "softmax_shifted_by_the_batch": "global-shift",
        "clipped_probabilities": "clipped",
        "small_number_added": "clipped",
        "one_hot_times_logarithm": "zero-times-inf underflow",
        "one_hot_times_logarithm_in_torch": "zero-times-inf underflow",
        "logarithm_of_softmax": "underflow",
        "log_softmax_through_softmax": "underflow",
        "logits_cut_off": "overflow-patched",
        "softmax_of_numbers_made_finite": "overflow-patched",
        "writes_to_the_logits": "in-place",
        "writes_in_torch": "in-place",
        "right_for_one_example": "batch-mean",
        "right_for_two_classes": "",
    },
)
_RIGHT_ELSEWHERE = [
    *_right(
        "right_elsewhere", "own_loss", "own_loss_and_gradient", "torch_loss", "summed_torch_loss", "jax_softmax",
        "torch_log_softmax", "loss_of_lists", "decimal_loss", "keywords_only", "complex_step_gradient",
        "difference_quotient_gradient", "kl_loss", "layer", "method",
        "harmless_second_log_softmax", "half_precision", "losses_in_a_column", "dictionary", "loss_with_cache",
        "linear_head_by_jax", "linear_head_by_torch", "linear_head_with_penalty_over_n",
        "linear_head_as_dictionary", "hessian_by_torch", "jacobian_by_jax", "hessian_diagonal",
        "smoothing_by_torch", "weights_by_torch", "weighted_mean_over_rows", "softmax_backward_by_matrices",
        "softmax_backward_by_torch", "backward_log_softmax", "read_only_views", "fortran_gradient", "scan_loss",
        "single_precision_jax",
    ),
    Case("right_elsewhere", "ignoring_by_torch", RIGHT, (), {"ignore_index": -100}),
    Case("right_elsewhere", "smoothing_by_torch", RIGHT, (), {"label_smoothing": 0.3}),
    Case("right_elsewhere", "own_loss_and_gradient", RIGHT, (), {"temperature": 2.0, "label_smoothing": 0.1}),
    Case("right_elsewhere", "torch_loss", RIGHT, (), {"class_weight": [1.0, 2.0, 0.5, 3.0]}),
]  # fmt: skip
_WRONG_ELSEWHERE = [
    *_wrong(
        "wrong_elsewhere",
        {
            "module_with_softmax": "softmax-twice",
            "mean_of_kl": "per-class-mean",
            "stable_sigmoid_losses": "bernoulli-for-categorical",
            "bits_of_the_normaliser": "log-base",
            "normaliser_without_log": "no-log",
            "plus_the_logit": "sign",
            "predicted_class_for_target": "target-index",
            "mean_over_axis_one": "per-class-mean",
            "for_loop_slip": "index-slip",
            "for_loop_sign": "sign",
            "for_loop_case_missing": "diagonal-only missing-cross-term single-output",
            "explicit_jacobian_without_outer": "missing-outer-derivative",
            "upstream_times_diagonal": "diagonal-only missing-cross-term",
            "relu_derivative_too": "extra-activation-derivative",
            "tanh_derivative_too": "extra-activation-derivative",
            "loss_with_gradient_of_brier": "squared-error-for-cross-entropy",
            "brier_with_gradient_of_cross_entropy": "squared-error-for-cross-entropy",
            "right_loss_by_the_features": "wrong-variable",
            "gradient_of_targets": "wrong-variable",
            "hidden_temperature": "temperature",
            "hidden_temperature_gradient": "temperature",
            "smoothing_gradient_of_others": "smoothing-convention",
            "padding_in_the_mean": "ignored-rows-counted",
            "padding_in_the_gradient_mean": "ignored-rows-counted",
            "function_with_extra_factor": "extra-activation-derivative",
            "detached_normaliser": "",
            "custom_rule_diagonal": "diagonal-only missing-cross-term",
            "jacobian_signs": "sign",
            "jacobian_of_one_with_slip": "index-slip",
            "jacobian_columns": "index-slip",
            "hessian_of_lightgbm": "hessian-bound",
            "hessian_doubled_diagonal": "hessian-bound",
            "hessian_negated": "sign",
            "softmax_backward_rows_summed": "wrong-axis",
            "softmax_backward_plus": "sign",
            "softmax_backward_logits": "output-for-input softmax-twice",
            "log_softmax_backward_one_hot_habit": "targets-do-not-sum-to-one sign",
            "log_softmax_backward_no_sum": "diagonal-only missing-cross-term",
            "linear_features_first_transposed": "transposed",
            "linear_penalty_forgotten_in_gradient": "regulariser-factor",
            "linear_extra_derivative": "extra-activation-derivative",
            "linear_bias_of_the_batch_only": "scalar-bias",
            "hinge": "",
            "softmax_without_normaliser": "",
        },
    ),
    *[
        Case("wrong_elsewhere", function, ("wrong", "conditional"), tuple(names.split()))
        for function, names in {
            "binary_cross_entropy_of_softmax": "bernoulli-for-categorical",
            "targets_of_other_rows": "target-index sample-leak",
            "whole_batch_softmax": "global-sum",
            "softmax_over_the_flattened": "global-sum",
            "leaking_mean": "sample-leak",
            "averaged_targets": "sample-leak",
            "softmax_backward_lost_keepdims": "broadcast",
            "linear_forgot_mean_of_weight": "batch-mean",
            "linear_outer_of_sums": "sample-leak index-slip",
            "linear_penalty_over_n_in_gradient_alone": "regulariser-factor batch-mean",
        }.items()
    ],
    *_wrong(
        "wrong_elsewhere",
        {"temperature_twice": "temperature", "forgotten_temperature": "temperature"},
        temperature=2.0,
    ),
    *_wrong("wrong_elsewhere", {"smoothing_of_ones": "smoothing-mass"}, label_smoothing=0.2),
    *_wrong(
        "wrong_elsewhere",
        {
            "weights_at_every_class": "index-slip weights-inside-softmax",
            "weights_added_to_logits": "weights-inside-softmax",
            "weights_times_probabilities": "weights-inside-softmax",
        },
        class_weight=[0.5, 2.0, 1.25],
    ),
]
_EDGES_ELSEWHERE = _conditional(
    "edges_elsewhere",
    {
        "chain_rule_step_by_step": "zero-times-inf underflow",
        "clamped_in_torch": "clipped",
        "added_in_jax": "clipped",
        "maximum_of_tiny": "clipped",
        "log_softmax_with_epsilon": "clipped",
        "infinite_losses_replaced": "overflow-patched underflow",
        "overflow_replaced_in_torch": "overflow-patched",
        "logits_clipped_in_jax": "overflow-patched",
        "batch_maximum": "global-shift",
        "log_softmax_batch_maximum": "global-shift",
        "linear_without_shift": "no-shift",
        "hessian_without_shift": "no-shift",
        "gradient_without_shift": "no-shift",
        "single_precision_without_shift": "no-shift",
        "product_with_logarithm_in_jax": "zero-times-inf underflow",
        "logarithm_in_jax": "underflow",
        "exponentials_into_the_argument": "in-place",
        "targets_written": "in-place",
        "upstream_written": "in-place",
        "not_for_one_example": "",
    },
)
CORPUS = [
    *_RIGHT,
    *_RIGHT_ELSEWHERE,
    *_WRONG_ELSEWHERE,
    *_EDGES_ELSEWHERE,
    *_LOSSES,
    *_GRADIENTS,
    *_OUTPUTS,
    *_LINEAR,
    *_EDGES,
]
