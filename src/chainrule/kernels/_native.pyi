"""The compiled kernels: rows of C-contiguous arrays in, numbers or rows out (``native/module.cpp``).

Arguments are checked again here, so that no call reads or writes outside an array; the messages for people come
from the functions that call these. No result depends on ``n_threads``.
"""

from chainrule._types import Array

def softmax_rows(logits: Array, out: Array, n_threads: int) -> None:
    """Write the softmax of each row to ``out``, which may be the logits."""

def log_softmax_rows(logits: Array, out: Array, n_threads: int) -> None:
    """Write the log-softmax of each row to ``out``, which may be the logits."""

def logsumexp_rows(logits: Array, out: Array, n_threads: int) -> None:
    """Write the logsumexp of each row to ``out``, shape (examples,), dtype of the logits."""

def cross_entropy_index_rows(
    logits: Array,
    targets: Array,
    row_weight: Array | None,
    temperature: float,
    gradient_scale: float,
    losses: Array | None,
    gradient: Array | None,
    n_threads: int,
) -> float:
    """Return the total of row_weight_i * loss_i; int64 targets, float64 weights.

    ``losses`` (float64) receives row_weight_i * loss_i, ``gradient`` (which may be the logits) receives
    row_weight_i * gradient_scale * dloss_i/dz. A row of weight 0 is not read and has loss and gradient 0; a target
    outside the classes makes its row NaN.
    """

def cross_entropy_probability_rows(
    logits: Array,
    targets: Array | None,
    indices: Array | None,
    class_weight: Array | None,
    label_smoothing: float,
    row_weight: Array | None,
    temperature: float,
    gradient_scale: float,
    losses: Array | None,
    gradient: Array | None,
    n_threads: int,
) -> float:
    """Return the total as :func:`cross_entropy_index_rows`; one of ``targets`` and ``indices`` is None."""

def softmax_jacobian_rows(
    logits: Array,
    direction: Array,
    row_weight: Array | None,
    temperature: float,
    scale: float,
    out: Array,
    n_threads: int,
) -> None:
    """Write row_weight_i * scale / T^2 * (diag(p) - p p^T) direction_i to ``out``, p the softmax of logits_i / T.

    ``out`` may be the logits or the direction; float64 weights. A row of weight 0 is not read and becomes 0.
    """

def cross_entropy_call(
    logits: object,
    targets: object,
    sample_weight: object,
    class_weight: object,
    label_smoothing: object,
    ignore_index: object,
    temperature: object,
    reduction: object,
    with_gradient: bool,
    out: object,
    n_threads: object,
) -> float | Array | tuple[float | Array, Array] | None:
    """Return what the public function of these arguments does, in one step, or None.

    None: not plain NumPy arrays and plain numbers of the usual kinds, or something wrong; no argument has been
    written to then.
    """

def softmax_call(logits: object, axis: object, n_threads: object) -> Array | None:
    """Return the softmax along the last axis of a plain NumPy array, or None."""

def log_softmax_call(logits: object, axis: object, n_threads: object) -> Array | None:
    """Return the log-softmax along the last axis of a plain NumPy array, or None."""

def logsumexp_call(logits: object, axis: object, n_threads: object) -> Array | None:
    """Return the logsumexp along the last axis of a plain NumPy array, or None."""

def linear_cross_entropy_rows(
    features: Array,
    weight: Array,
    bias: Array | None,
    targets: Array | None,
    indices: Array | None,
    class_weight: Array | None,
    label_smoothing: float,
    row_weight: Array | None,
    temperature: float,
    gradient_scale: float,
    losses: Array | None,
    features_gradient: Array | None,
    weight_gradient: Array | None,
    bias_gradient: Array | None,
    n_threads: int,
) -> float:
    """Return the total of row_weight_i * loss_i for the logits features @ weight.T + bias, never kept as a whole.

    One of ``targets`` (probabilities) and ``indices`` is None; arguments otherwise as :func:`cross_entropy_index_rows`
    and :func:`cross_entropy_probability_rows`. Gradients that have a place are written there. A row of weight 0 is not
    read.
    """

def linear_gauss_newton_rows(
    features: Array,
    weight: Array,
    bias: Array | None,
    direction: Array,
    bias_direction: Array | None,
    row_weight: Array | None,
    temperature: float,
    scale: float,
    weight_product: Array,
    bias_product: Array | None,
    n_threads: int,
) -> None:
    """Write (H dZ)^T features and the totals over rows of H dZ, dZ = features @ direction.T + bias_direction.

    H is :func:`softmax_jacobian_rows` at the logits of the head. A row of weight 0 is not read.
    """

def linear_logits_rows(
    features: Array,
    weight: Array,
    bias: Array,
    centre: Array | None,
    scale: Array | None,
    limit: float,
    out: Array,
    n_threads: int,
) -> None:
    """Write features @ weight.T + bias, computed in the dtype of the weight.

    With ``centre`` and ``scale`` (float64) features become z = (x - centre) * scale on the way, and with a limit
    L > 0 then z / sqrt(1 + (z / L)**2).
    """

def linear_cross_rows(
    features: Array,
    gradient: Array,
    centre: Array | None,
    scale: Array | None,
    limit: float,
    weight_sums: Array,
    bias_sums: Array,
    n_threads: int,
) -> None:
    """Write gradient.T @ features and the totals over rows of the gradient, both float64.

    Products are computed in the dtype of the gradient; features as :func:`linear_logits_rows`.
    """

def linear_curvature_rows(
    features: Array,
    positions: Array | None,
    probabilities: Array,
    row_weight: Array | None,
    direction: Array,
    bias_direction: Array,
    centre: Array | None,
    scale: Array | None,
    limit: float,
    weight_product: Array,
    bias_product: Array,
    n_threads: int,
) -> None:
    """Write T.T @ features and the totals over rows of T, both float64, T = s (diag(p) - p p^T) dZ of each row.

    dZ = features @ direction.T + bias_direction; only the rows at ``positions`` (int64) are looked at. Features as
    :func:`linear_logits_rows`.
    """

def linear_hessian_rows(
    features: Array,
    positions: Array | None,
    probabilities: Array,
    row_weight: Array | None,
    centre: Array | None,
    scale: Array | None,
    limit: float,
    out: Array,
    n_threads: int,
) -> None:
    """Write the sum over rows of s (diag(p) - p p^T) kron x~ x~^T, x~ = (x, 1), as float64.

    In the order of the weights, class by class, and then the biases. Products are
    computed in the dtype of the probabilities; rows and features as :func:`linear_curvature_rows`.
    """

class SparseMatrix:
    """Compressed sparse rows, checked, and their entries sorted by column once a sum over rows asks for that.

    ``begin`` (int64, rows + 1), ``indices`` (int32, columns), ``values`` (float32 or float64): shared, not copied,
    and must not change. Entries of a row may stand in any order, and come more than once.
    """

    def __init__(
        self, begin: Array, indices: Array, values: Array, n_columns: int, n_threads: int
    ) -> None: ...

def sparse_logits_rows(matrix: SparseMatrix, weight: Array, bias: Array, out: Array, n_threads: int) -> None:
    """Write matrix @ weight.T + bias; all in the dtype of the matrix."""

def sparse_cross_rows(
    matrix: SparseMatrix, gradient: Array, weight_sums: Array, bias_sums: Array, n_threads: int
) -> None:
    """Write gradient.T @ matrix and the totals over rows of the gradient, both float64."""

def first_not_finite_rows(values: Array, n_threads: int) -> int:
    """Return the place of the first number that is not finite, row by row, or -1."""

def sparse_sums_by_rows(matrix: SparseMatrix, n_classes: int) -> bool:
    """Return whether sums over rows for so many classes are made of the rows as they lie: no columns are sorted."""

def sparse_curvature_rows(
    matrix: SparseMatrix,
    positions: Array | None,
    taken: bool,
    probabilities: Array,
    row_weight: Array | None,
    direction: Array,
    bias_direction: Array,
    weight_product: Array,
    bias_product: Array,
    n_threads: int,
) -> None:
    """Write what :func:`linear_curvature_rows` writes, over rows ``positions`` or all.

    The matrix holds no others if they are ``taken``: row i of it is then row ``positions[i]`` of the others. Else they
    are read where they lie, which goes with :func:`sparse_sums_by_rows` alone.
    """

def sparse_loss_rows(
    matrix: SparseMatrix,
    weight: Array,
    bias: Array,
    targets: Array | None,
    indices: Array | None,
    class_weight: Array | None,
    label_smoothing: float,
    row_weight: Array | None,
    weight_sums: Array,
    bias_sums: Array,
    n_threads: int,
) -> float:
    """Return the summed cross-entropy of a linear layer, and write its gradients; weight and bias are float64."""

def sparse_variances_rows(
    matrix: SparseMatrix,
    summed: SparseMatrix,
    weight: Array,
    bias: Array,
    row_weight: Array | None,
    weight_sums: Array,
    bias_sums: Array,
    n_threads: int,
) -> None:
    """Write G^T X and sum_i G_i for X of ``summed`` and G = row_weight p (1 - p), p the softmax by ``matrix``."""

def vector_products_rows(left: Array, right: Array, products: Array, n_threads: int) -> None:
    """Write left @ right.T for a few long rows, in float64 and in an order that their length fixes."""

def combine_vectors_rows(rows: Array, coefficients: Array, out: Array, n_threads: int) -> None:
    """Write coefficients @ rows for a few long rows: each element a sum in float64, rounded once.

    Rows whose coefficient is 0 are not looked at; ``out`` may be one of them.
    """

def follow_line_rows(
    parameters: Array,
    direction: Array,
    root: Array,
    gradient: Array,
    step: float,
    n_weights: int,
    following: Array,
    sums: Array,
    n_threads: int,
) -> None:
    """Write parameters + step * root * direction, the slope, and the sum of squares of the weights there."""

def finish_gradient_rows(
    gradient: Array,
    parameters: Array,
    divisor: float,
    alpha: float,
    n_weights: int,
    sums: Array,
    n_threads: int,
) -> None:
    """Write gradient / divisor + alpha * (weights, 0) in place, and its sums of squares: by weights, by the rest."""

def remember_pair_rows(
    rows: Array,
    step: int,
    change: int,
    gradient_before: Array,
    gradient: Array,
    root: Array,
    products: Array,
    n_threads: int,
) -> None:
    """Write gradients * root to row ``change`` (of the change) and the last row, and what rows times these make."""

def count_nonzeros_rows(dense: Array, counts: Array, n_threads: int) -> None:
    """Write how many entries of each row are not 0 (int64); NaN is not."""

def copy_nonzeros_rows(dense: Array, begin: Array, indices: Array, values: Array, n_threads: int) -> None:
    """Write those entries and their columns; ``begin`` are the sums of the counts before each row."""

def copy_sparse_rows(
    begin: Array,
    indices: Array,
    values: Array,
    rows: Array,
    out_begin: Array,
    out_indices: Array,
    out_values: Array,
    n_threads: int,
) -> None:
    """Write the entries of some rows one after the other; ``out_begin`` are the sums of their counts before each."""

def random_words(
    seed: int, purpose: int, first: int, second: int, third: int, out: Array, n_threads: int = 1
) -> None:
    """Write the first words of a stream to ``out``, int64 to be read as uint64."""

def stable_order(words: Array, out: Array, n_threads: int = 1) -> None:
    """Write the stable sorting order of words, int64 read as uint64, to ``out``, int64.

    Fewer than 2**32 words; those that are spread evenly take time proportional to their number.
    """

def dense_product(
    a: Array,
    b: Array,
    out: Array,
    bias: Array | None,
    transpose_a: bool,
    transpose_b: bool,
    transpose_out: bool,
    continued: bool,
    n_threads: int,
) -> None:
    """Write a @ b (each transposed if so asked) to ``out``, or add it to what is there.

    Every element is a sum of chains of fused multiply-adds, 128 steps of the inner index each, added up in order; then
    ``bias``, which runs along the last axis of ``out``, is added.
    """

def first_bad_index(targets: Array, n_classes: int, ignore_index: int | None) -> int:
    """Return the first i with targets[i] outside 0..n_classes - 1 and not ignored, or -1."""

def exp_array(values: Array, out: Array) -> None:
    """Write exp of each value, all <= 0, as the kernels compute it; below the normal numbers 0."""

def core_table() -> object:
    """Return the capsule through which :mod:`chainrule.kernels._xla` reaches the kernels and the pool."""

def thread_count(n_threads: int) -> int:
    """Return min(n_threads, available_threads()), at least 1."""

def available_threads() -> int:
    """Return how many threads this process may use."""

def oversubscribe(allowed: bool) -> None:
    """For tests: run as many threads as are asked for, beyond the number of processors."""

def cgroup_quota(membership: str, mount: str) -> int:
    """Return the processors that a control group grants, rounded up; 2**20 without a quota.

    ``membership`` is a file such as /proc/self/cgroup, ``mount`` a folder such as /sys/fs/cgroup.
    """

def instruction_sets() -> list[str]:
    """Return the compiled instruction sets that this processor runs, the fastest first."""

def instruction_set() -> str:
    """Return the instruction set in use."""

def use_instruction_set(name: str) -> None:
    """Use one of :func:`instruction_sets` from now on."""

class TrainingSteps:
    """The weights of a network and a solver's state while it trains: see native/training_steps.hpp."""

    def __init__(
        self,
        dtype: str,
        layer_sizes: list[int],
        activations: list[str],
        thresholds: list[int],
        head: str,
        most_rows: int,
        solver: str,
        momentum: float,
        beta2: float,
        epsilon: float,
        weight_decay: float,
        alpha: float,
        max_norm: float,
    ) -> None:
        """Allocate all that the steps need.

        ``thresholds`` are those of dropout, one for each hidden layer; ``momentum`` is Adam's beta1; ``max_norm`` 0 is
        none.
        """

    def load(self, parameters: Array, first: Array, second: Array | None, n_threads: int) -> None:
        """Take parameters, velocity or first moment, and second moment, each flat."""

    def store(self, parameters: Array, first: Array, second: Array | None, n_threads: int) -> None:
        """Write what :meth:`load` takes."""

    def run(
        self,
        data: Array,
        targets: Array,
        row_weight: Array | None,
        class_weight: Array | None,
        label_smoothing: float,
        mean_weight: float,
        centre: Array | None,
        scale: Array | None,
        limit: float,
        order: Array,
        n_batches: int,
        first_batch: int,
        rates: Array,
        steps_before: int,
        seed: int,
        epoch: int,
        total: float,
        n_threads: int,
    ) -> tuple[int, float, float]:
        """Take len(rates) steps: those taken, the sum of the losses, and the norm of an epoch's last gradient.

        Minibatch b is order[b N // n_batches : (b + 1) N // n_batches]. A step whose loss makes ``total`` infinite or
        NaN is not taken, nor are those after it.
        """
