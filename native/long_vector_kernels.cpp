// Pieces of sums over long vectors (long_vectors.hpp): 32 lanes side by side, in float64.
#include "kernels.hpp"
#include "vector.hpp"

namespace chainrule::CHAINRULE_NAMESPACE {
namespace {

constexpr int chains = 4;

template <class Real>
double product_of_piece(const Real* a, const Real* b, int64_t n) {
    constexpr int64_t lanes = Float64::lanes;
    Float64 c[chains] = {Float64::all(0), Float64::all(0), Float64::all(0), Float64::all(0)};
    int64_t k = 0;
    for (; k + chains * lanes <= n; k += chains * lanes) {
#pragma GCC unroll 4
        for (int q = 0; q < chains; ++q) {
            const int64_t place = k + q * lanes;
            c[q] =
                multiply_add(load_float64(a + place, Whole{}, 0), load_float64(b + place, Whole{}, 0), c[q]);
        }
    }
    sweep<lanes>(n - k, [&](int64_t rest, auto extent) {
        c[0] =
            multiply_add(load_float64(a + k + rest, extent, 0), load_float64(b + k + rest, extent, 0), c[0]);
    });
    return sum_of_lanes((c[0] + c[1]) + (c[2] + c[3]));
}

template <class Real>
void combination_of_piece(const Real* rows, int64_t stride, int64_t n_rows, const double* coefficients,
                          Real* out, int64_t n) {
    sweep<Float64::lanes>(n, [&](int64_t k, auto extent) {
        Float64 sum = Float64::all(0);
        for (int64_t i = 0; i < n_rows; ++i) {
            sum = multiply_add(Float64::all(coefficients[i]), load_float64(rows + i * stride + k, extent, 0),
                               sum);
        }
        store(out + k, sum, extent);
    });
}

template <class Real>
void add_long_vectors_of(KernelsOf<Real>& kernels) {
    kernels.product_of_piece = product_of_piece<Real>;
    kernels.combination_of_piece = combination_of_piece<Real>;
}

}  // namespace

void add_long_vectors(Kernels& kernels) {
    add_long_vectors_of(kernels.float32);
    add_long_vectors_of(kernels.float64);
}

}  // namespace chainrule::CHAINRULE_NAMESPACE
