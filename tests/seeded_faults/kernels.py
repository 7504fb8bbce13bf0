"""Seeded faults of the compiled kernels."""

from seeded_faults.fault import KernelFault

_NATIVE_TESTS = "tests/kernels tests/functions"
_STEPS = "tests/training/test_compiled_step.py"

FAULTS = {
    "exp without the low part of log 2": KernelFault(
        "native/exponential.hpp",
        "r = multiply_add(n, V::all(-Constants::log2_low), r);",
        "",
        "tests/kernels/test_exponential.py",
    ),
    "undefined rows get a number": KernelFault(
        "native/row.hpp", "return undefined ? not_a_number : rest;", "return rest;", _NATIVE_TESTS
    ),
    "the target's gradient by subtraction": KernelFault(
        "native/index_outcome.hpp",
        "(row.exponential_at_target - one) - row.rest",
        "row.exponential_at_target - (one + row.rest)",
        _NATIVE_TESTS,
    ),
    "entries of a row side by side though an index comes twice": KernelFault(
        "native/sparse_parts.hpp",
        "return matrix.rising && bytes",
        "return bytes",
        "tests/kernels/test_sparse_passes.py",
    ),
    "the last entries of a row are not added to the totals": KernelFault(
        "native/sparse_kernels.cpp",
        "for (; n > 0; --n, ++indices, ++values) {",
        "for (; n > 1; --n, ++indices, ++values) {",
        "tests/kernels/test_sparse_passes.py",
    ),
    "a part of the rows keeps its last sums alone": KernelFault(
        "native/sparse_parts.hpp",
        "size_, unit == 0});",
        "size_, true});",
        "tests/kernels/test_sparse_passes.py",
    ),
    "one number in many is looked at": KernelFault(
        "native/sparse_matrix.cpp",
        "found |= (bits & ~sign) + one_more;",
        "found = (bits & ~sign) + one_more;",
        "tests/kernels/test_sparse_passes.py",
    ),
    "words are drawn before the block is counted": KernelFault(
        "native/random.cpp",
        "++counter.words[0];  // NumPy counts up before it draws",
        "counter.words[0] += i > 0 ? 1 : 0;",
        "tests/kernels/test_random.py",
    ),
    "words that agree in their digits stay as they are": KernelFault(
        "native/random.cpp",
        "return a >> lowest_bit[0] == b >> lowest_bit[0];",
        "return a == b;",
        "tests/kernels/test_random.py",
    ),
    "an update leaves out the last lines of a panel": KernelFault(
        "native/training_call.hpp",
        "return panel_count<Real>(layer.n_units()) * per_panel;",
        "return panel_count<Real>(layer.n_units()) * per_panel - (per_panel > 1 ? 1 : 0);",
        _STEPS,
    ),
    "the Jacobian's pivot stays at the largest class": KernelFault(
        "native/softmax_jacobian.cpp",
        "if (nearest_to_mean != pivot.centre) {",
        "if (false) {",
        "tests/kernels/test_softmax_jacobian_rows.py",
    ),
    "large directions overflow": KernelFault(
        "native/softmax_jacobian.cpp",
        "constexpr double downscale = 0x1p-130;",
        "constexpr double downscale = 1.0;",
        "tests/functions/test_fuzz.py",
    ),
    "the last run of a short row lands a class too early": KernelFault(
        "native/short_rows.hpp",
        "if (k < n) {\n        load_runs(rows + n - run, n, columns + n - run)",
        "if (k < n) {\n        load_runs(rows + n - run, n, columns + k - 1)",
        "tests/kernels/test_short_rows.py",
    ),
    "an infinite logit beside ordinary rows": KernelFault(
        "native/short_rows.hpp",
        "count(less(largest, unbounded)) == Vector<Real>::lanes",
        "count(less(largest, unbounded)) > 0",
        "tests/kernels/test_short_rows.py tests/functions/test_cross_entropy.py",
    ),
    "the rows of a last group have the weight 1": KernelFault(
        "native/cross_entropy_index_short.hpp",
        "row_weight[i] = group.row_weight ? group.row_weight[i] : 1.0;",
        "row_weight[i] = 1.0;",
        "tests/kernels/test_short_rows.py",
    ),
    "the caller's array is written to before the targets are known": KernelFault(
        "native/bind_calls.cpp",
        "if (gradient.is_callers && !targets_are_classes(loss)) {",
        "if (false && gradient.is_callers && !targets_are_classes(loss)) {",
        "tests/functions/test_calls.py",
    ),
    "an output that overlaps the logits in part": KernelFault(
        "native/bind_calls.cpp",
        "(out.same_memory(logits) || !out.overlaps(logits))",
        "(out.same_memory(logits) || out.kind() == logits.kind())",
        "tests/functions",
    ),
    "a dense product starts each block of the inner index anew": KernelFault(
        "native/dense.cpp", "product.continued || k > 0", "product.continued", "tests/kernels/test_dense.py"
    ),
    "the bias of a dense product is added in every block": KernelFault(
        "native/dense.cpp", "last ? product.bias : nullptr", "product.bias", "tests/kernels/test_dense.py"
    ),
    "the weight gradient forgets the blocks before": KernelFault(
        "native/linear_cross_entropy.cpp",
        "continued = true;",
        "continued = false;",
        "tests/functions/test_linear_cross_entropy.py",
    ),
    "gathered rows are not put back": KernelFault(
        "native/linear_rows.cpp",
        "memcpy(gradient + block.position(i) * n_features_,",
        "memcpy(gradient + i * n_features_,",
        "tests/functions/test_linear_cross_entropy.py",
    ),
    "masked classes are smoothed": KernelFault(
        "native/cross_entropy_probability.cpp",
        "select(lowest, share_at_lowest, uniform)",
        "uniform",
        _NATIVE_TESTS,
    ),
    "the last row of a chunk is left out of the total": KernelFault(
        "native/bind_calls.cpp",
        "block_totals(task.losses + first, last - first,",
        "block_totals(task.losses + first, last - first - 1,",
        "tests/functions/test_calls.py",
    ),
    "weight decay of biases in compiled steps": KernelFault(
        "native/training_update.cpp",
        "task.bias_state[1], Real{1}};",
        "task.bias_state[1], task.optimiser.decay};",
        _STEPS,
    ),
    "a mask of dropout draws on where the row before ended": KernelFault(
        "native/training_masks.cpp", "int64_t word = first * units;", "int64_t word = 0;", _STEPS
    ),
    "a product of a training step keeps its last chain alone": KernelFault(
        "native/training_tile.hpp", "task.add || k > 0,", "task.add,", _STEPS
    ),
    "second moments beyond the quick root's reach": KernelFault(
        "native/training_update.cpp",
        "if (__builtin_expect(all_below(v, largest_quick), true)) {",
        "{",
        _STEPS,
    ),
    "a quick root that was not made better": KernelFault(
        "native/quick_quotient.hpp",
        "return root * multiply_add(root * y, V::all(-0.5F), V::all(1.5F));",
        "return root;",
        _STEPS,
    ),
    "steps go on after a loss that is not finite": KernelFault(
        "native/training_call.hpp",
        "total_before(step + 1) = total_before(step);",
        "(void)step;",
        _STEPS,
    ),
    "the other side of few units is that of the step before": KernelFault(
        "native/training_call.hpp",
        "if (!keeps(step)) {",
        "if (l > 0 && !keeps(step)) {",
        _STEPS,
    ),
    "few units share a bias": KernelFault(
        "native/training_few.hpp", "bias[i % columns];", "bias[0];", _STEPS
    ),
    "a sum of shares depends on who adds them": KernelFault(
        "native/training_update.cpp", "add && share.n_rows > chain_steps;", "false;", _STEPS
    ),
    "a share's bias gradient in place of the one before": KernelFault(
        "native/training_update.cpp",
        "store(biases + place, add ? load(biases + place, Whole{}, 0) + g : g, Whole{});",
        "store(biases + place, g, Whole{});",
        _STEPS,
    ),
    "the penalty is left out where the gradient is kept": KernelFault(
        "native/training_update.cpp",
        "const bool penalty = task.optimiser.alpha != 0;",
        "const bool penalty = task.optimiser.alpha != 0 && !task.weight_gradient;",
        _STEPS,
    ),
    "the derivative of a masked unit without its mask": KernelFault(
        "native/training_layers.cpp", "slope = slope * mask;", "", _STEPS
    ),
    "a pass reads the rows beside those asked for": KernelFault(
        "native/staged_rows.hpp",
        "rows_.positions ? rows_.positions[first + i] : first + i;",
        "first + i;",
        "tests/kernels/test_linear_passes.py",
    ),
    "a pass forgets the weights of rows": KernelFault(
        "native/linear_blocks.cpp",
        "weight * (load(p + k, extent, 0) * distance)",
        "load(p + k, extent, 0) * distance",
        "tests/kernels/test_linear_passes.py",
    ),
    "a column of a block begins where the block does": KernelFault(
        "native/sparse_sums.hpp",
        "first == 0 ? begin : columns_.run_ends()[begin + first - 1]",
        "begin",
        "tests/kernels/test_sparse_passes.py",
    ),
    "the last entries of a sparse line are left out": KernelFault(
        "native/sparse_kernels.cpp",
        "for (; e < n; ++e) {",
        "for (; e + 1 < n; ++e) {",
        "tests/kernels/test_sparse_passes.py",
    ),
    "rows of sparse features have the probabilities of others": KernelFault(
        "native/linear_blocks.cpp",
        "task.positions ? task.positions[i] : i;",
        "i;",
        "tests/kernels/test_sparse_passes.py",
    ),
    "a stretch of sparse rows has the targets of the first": KernelFault(
        "native/sparse_slopes.cpp",
        "pass.indices ? pass.indices + first : nullptr",
        "pass.indices",
        "tests/kernels/test_sparse_losses.py",
    ),
    "the penalty reaches the biases": KernelFault(
        "native/long_vectors.cpp",
        "const double alpha = piece.of_weights ? pass.alpha : 0.0;",
        "const double alpha = pass.alpha;",
        "tests/kernels/test_long_vectors.py",
    ),
    "the slope of a line is that of its end": KernelFault(
        "native/long_vector_kernels.cpp",
        "slope[q] = multiply_add(load(pass.gradient + k, extent, 0), direction, slope[q]);",
        "slope[q] = multiply_add(load(pass.gradient + k, extent, 0), following, slope[q]);",
        "tests/kernels/test_long_vectors.py",
    ),
    "the curvature of a class with itself forgets the others": KernelFault(
        "native/linear_blocks.cpp",
        "out[0] = -weight * values[a] * (Real{1} - values[a]);",
        "out[0] = -weight * values[a];",
        "tests/kernels/test_linear_passes.py",
    ),
    "a sum of pairs of features stands in one place of its four": KernelFault(
        "native/linear_hessian.cpp",
        "at(k, a, l, b) = at(k, b, l, a) = *sums;",
        "at(k, a, l, b) = *sums;",
        "tests/functions/test_linear_passes.py",
    ),
}
