// Row kernels of softmax, log_softmax and logsumexp (SM.1), and the exponential alone for its test.
#include "kernels.hpp"
#include "logarithm.hpp"
#include "short_rows.hpp"

namespace chainrule::CHAINRULE_NAMESPACE {
namespace {

// p_k = exp(z_k - m) / (1 + s)
template <class Real>
CHAINRULE_INLINE void softmax_row(const Real* logits, Real* out, int64_t n) {
    const Real largest = largest_logit(logits, n);
    const double sum = with_shift(largest, no_temperature<Real>, [&](auto shift) {
        return sum_of_exponentials<true>(logits, out, n, shift);
    });
    scale_exponentials(out, n, 1.0 / (1.0 + checked_rest(largest, sum)));
}

// log p_k = (z_k - m) - log(1 + s): both parts are <= 0, nothing cancels
template <class Real>
CHAINRULE_INLINE void log_softmax_row(const Real* logits, Real* out, int64_t n) {
    using V = Vector<Real>;
    const Real largest = largest_logit(logits, n);
    with_shift(largest, no_temperature<Real>, [&](auto shift) {
        const double rest = checked_rest(largest, sum_of_exponentials<false>(logits, out, n, shift));
        const V log_of_sum = V::all(static_cast<Real>(log1p_nonnegative(rest)));
        sweep<V::lanes>(n, [&](int64_t k, auto extent) {
            store(out + k, shift.difference(load(logits + k, extent, 0)) - log_of_sum, extent);
        });
    });
}

// m + log(1 + s); unlike the loss it has a value when all logits are -inf (-inf) and when several are +inf
// (+inf)
template <class Real>
CHAINRULE_INLINE Real logsumexp_row(const Real* logits, int64_t n) {
    const Real largest = largest_logit(logits, n);
    const double rest = with_shift(largest, no_temperature<Real>, [&](auto shift) {
        return sum_of_exponentials<false>(logits, static_cast<Real*>(nullptr), n, shift);
    });
    if (largest == -infinity) {
        for (int64_t k = 0; k < n; ++k) {
            if (logits[k] != logits[k]) {
                return logits[k];
            }
        }
        return largest;
    }
    return static_cast<Real>(static_cast<double>(largest) + log1p_nonnegative(rest));
}

// softmax_row() of a group, one row to a lane.
template <class Real>
CHAINRULE_INLINE void softmax_group(const Real* logits, Real* out, int64_t n) {
    using V = Vector<Real>;
    V columns[longest_short_row<Real>];
    load_columns(logits, n, columns);
    const V largest = largest_of_columns<Real>(columns, n);
    const Halves<Real> sums = with_shift_of_lanes<Real>(largest, no_temperature<Real>, [&](auto shift) {
        return sum_without_largest<Real>(n, [&](int64_t k) {
            columns[k] = exponential(shift(columns[k]));
            return columns[k];
        });
    });
    const Float64 unit = Float64::all(exponential_unit<Real>);
    const V factor = by_half<Real>([&](int i) {
                         const Float64 rest = checked_rest(half(largest, i), sums.part[i] * unit);
                         return Float64::all(1.0) / (Float64::all(1.0) + rest) * unit;
                     }).joined();
    for (int64_t k = 0; k < n; ++k) {
        columns[k] = columns[k] * factor;
    }
    store_columns(out, n, columns);
}

// The last rows are computed as a full group, the others being zeros, in a copy.
template <class Real>
void softmax_short_rows(const SoftmaxTask<Real>& task, int64_t first, int64_t last) {
    const int64_t n = task.n_classes;
    for_each_group<Real>(
        first, last, [&](int64_t row) { softmax_group(task.logits + row * n, task.out + row * n, n); },
        [&](int64_t row, int64_t count) {
            Real copy[rows_to_a_group<Real> * longest_short_row<Real>] = {};
            const auto bytes = sizeof(Real) * static_cast<uint64_t>(count * n);
            __builtin_memcpy(copy, task.logits + row * n, bytes);
            softmax_group(copy, copy, n);
            __builtin_memcpy(task.out + row * n, copy, bytes);
        });
}

template <class Real>
void softmax_rows(const SoftmaxTask<Real>& task, int64_t first, int64_t last) {
    const int64_t n = task.n_classes;
    if (n <= longest_short_row<Real>) {
        softmax_short_rows(task, first, last);
        return;
    }
    for (int64_t i = first; i < last; ++i) {
        softmax_row(task.logits + i * n, task.out + i * n, n);
    }
}

template <class Real>
void log_softmax_rows(const SoftmaxTask<Real>& task, int64_t first, int64_t last) {
    const int64_t n = task.n_classes;
    for (int64_t i = first; i < last; ++i) {
        log_softmax_row(task.logits + i * n, task.out + i * n, n);
    }
}

template <class Real>
void logsumexp_rows(const SoftmaxTask<Real>& task, int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
        task.out[i] = logsumexp_row(task.logits + i * task.n_classes, task.n_classes);
    }
}

template <class Real>
void exponential_elements(const SoftmaxTask<Real>& task, int64_t first, int64_t last) {
    using V = Vector<Real>;
    sweep<V::lanes>(last - first, [&](int64_t k, auto extent) {
        const V in_units = exponential(load(task.logits + first + k, extent, 0));
        store(task.out + first + k, in_units * V::all(exponential_unit<Real>), extent);
    });
}

template <class Real>
void add(KernelsOf<Real>& kernels) {
    kernels.softmax = softmax_rows<Real>;
    kernels.log_softmax = log_softmax_rows<Real>;
    kernels.logsumexp = logsumexp_rows<Real>;
    kernels.exponential = exponential_elements<Real>;
}

}  // namespace

void add_softmax(Kernels& kernels) {
    add(kernels.float32);
    add(kernels.float64);
}

}  // namespace chainrule::CHAINRULE_NAMESPACE
