// Pieces of sums over long vectors (long_vectors.hpp): lanes side by side, in float64.
#include "kernels.hpp"
#include "long_vectors.hpp"
#include "vector.hpp"

namespace chainrule::CHAINRULE_NAMESPACE {
namespace {

constexpr int chains = 4;
constexpr int64_t lanes = Float64::lanes;

// A sum on each of four chains: call(place, extent, chain) for vectors in turn, the last few on the first.
template <class Call>
CHAINRULE_INLINE void over_chains(int64_t n, const Call& call) {
    int64_t k = 0;
    for (; k + chains * lanes <= n; k += chains * lanes) {
#pragma GCC unroll 4
        for (int q = 0; q < chains; ++q) {
            call(k + q * lanes, Whole{}, q);
        }
    }
    sweep<lanes>(n - k, [&](int64_t rest, auto extent) { call(k + rest, extent, 0); });
}
CHAINRULE_INLINE double sum_of_chains(const Float64 (&c)[chains]) {
    return sum_of_lanes((c[0] + c[1]) + (c[2] + c[3]));
}

template <class Real>
double product_of_piece(const Real* a, const Real* b, int64_t n) {
    Float64 c[chains] = {Float64::all(0), Float64::all(0), Float64::all(0), Float64::all(0)};
    over_chains(n, [&](int64_t k, auto extent, int q) {
        c[q] = multiply_add(load_float64(a + k, extent, 0), load_float64(b + k, extent, 0), c[q]);
    });
    return sum_of_chains(c);
}

template <class Real>
void combination_of_piece(const Real* rows, int64_t stride, int64_t n_rows, const double* coefficients,
                          Real* out, int64_t n) {
    // Two vectors side by side; the order of an element's sum is that of the rows.
    int64_t k = 0;
    for (; k + 2 * lanes <= n; k += 2 * lanes) {
        Float64 low = Float64::all(0);
        Float64 high = Float64::all(0);
        for (int64_t i = 0; i < n_rows; ++i) {
            if (coefficients[i] != 0.0) {
                const Float64 factor = Float64::all(coefficients[i]);
                const Real* const from = rows + i * stride + k;
                low = multiply_add(factor, load_float64(from, Whole{}, 0), low);
                high = multiply_add(factor, load_float64(from + lanes, Whole{}, 0), high);
            }
        }
        store(out + k, low, Whole{});
        store(out + k + lanes, high, Whole{});
    }
    sweep<lanes>(n - k, [&](int64_t rest, auto extent) {
        Float64 sum = Float64::all(0);
        for (int64_t i = 0; i < n_rows; ++i) {
            if (coefficients[i] != 0.0) {
                sum = multiply_add(Float64::all(coefficients[i]),
                                   load_float64(rows + i * stride + k + rest, extent, 0), sum);
            }
        }
        store(out + k + rest, sum, extent);
    });
}

template <class Real>
void line_of_piece(const LinePass<Real>& pass, int64_t begin, int64_t n, double* sums) {
    Float64 slope[chains] = {Float64::all(0), Float64::all(0), Float64::all(0), Float64::all(0)};
    Float64 squares[chains] = {Float64::all(0), Float64::all(0), Float64::all(0), Float64::all(0)};
    const Float64 step = Float64::all(pass.step);
    over_chains(n, [&](int64_t place, auto extent, int q) {
        const int64_t k = begin + place;
        const Float64 direction =
            load_float64(pass.direction + k, extent, 0) * load_float64(pass.root + k, extent, 0);
        const Float64 following = multiply_add(step, direction, load(pass.parameters + k, extent, 0));
        store(pass.following + k, following, extent);
        slope[q] = multiply_add(load(pass.gradient + k, extent, 0), direction, slope[q]);
        squares[q] = multiply_add(following, following, squares[q]);
    });
    sums[0] = sum_of_chains(slope);
    sums[1] = sum_of_chains(squares);
}

double gradient_of_piece(const GradientPass& pass, int64_t begin, int64_t n, double alpha) {
    Float64 squares[chains] = {Float64::all(0), Float64::all(0), Float64::all(0), Float64::all(0)};
    const Float64 divisor = Float64::all(pass.divisor);
    const Float64 factor = Float64::all(alpha);
    over_chains(n, [&](int64_t place, auto extent, int q) {
        const int64_t k = begin + place;
        Float64 gradient = load(pass.gradient + k, extent, 0) / divisor;
        if (alpha != 0.0) {
            gradient = gradient + factor * load(pass.parameters + k, extent, 0);
        }
        store(pass.gradient + k, gradient, extent);
        squares[q] = multiply_add(gradient, gradient, squares[q]);
    });
    return sum_of_chains(squares);
}

// The products of some rows with three others, two vectors of them side by side.
template <class Real, int count>
CHAINRULE_INLINE void products_with_three(const Real* const (&left)[count], const Real* const (&right)[3],
                                          int64_t n, double* products) {
    Float64 c[count][3][2];
#pragma GCC unroll 2
    for (int i = 0; i < count; ++i) {
#pragma GCC unroll 3
        for (int j = 0; j < 3; ++j) {
            c[i][j][0] = c[i][j][1] = Float64::all(0);
        }
    }
    const auto add = [&](int64_t k, auto extent, int q) {
        const Float64 b[3] = {load_float64(right[0] + k, extent, 0), load_float64(right[1] + k, extent, 0),
                              load_float64(right[2] + k, extent, 0)};
#pragma GCC unroll 2
        for (int i = 0; i < count; ++i) {
            const Float64 a = load_float64(left[i] + k, extent, 0);
#pragma GCC unroll 3
            for (int j = 0; j < 3; ++j) {
                c[i][j][q] = multiply_add(a, b[j], c[i][j][q]);
            }
        }
    };
    int64_t k = 0;
    for (; k + 2 * lanes <= n; k += 2 * lanes) {
        add(k, Whole{}, 0);
        add(k + lanes, Whole{}, 1);
    }
    sweep<lanes>(n - k, [&](int64_t rest, auto extent) { add(k + rest, extent, 0); });
    for (int i = 0; i < count; ++i) {
        for (int j = 0; j < 3; ++j) {
            products[3 * i + j] = sum_of_lanes(c[i][j][0] + c[i][j][1]);
        }
    }
}

template <class Real>
void pair_of_piece(const PairPass<Real>& pass, int64_t begin, int64_t n, double* products) {
    Real* const change = pass.rows + pass.change * pass.length + begin;
    Real* const last = pass.rows + (pass.n_rows - 1) * pass.length + begin;
    sweep<lanes>(n, [&](int64_t k, auto extent) {
        const Float64 root = load_float64(pass.root + begin + k, extent, 0);
        const Float64 gradient = load(pass.gradient + begin + k, extent, 0);
        const Float64 before = load(pass.gradient_before + begin + k, extent, 0);
        store(change + k, (gradient - before) * root, extent);
        store(last + k, gradient * root, extent);
    });
    const Real* const right[3] = {pass.rows + pass.step * pass.length + begin, change, last};
    int64_t i = 0;
    for (; i + 2 <= pass.n_rows; i += 2) {
        const Real* const first = pass.rows + i * pass.length + begin;
        const Real* const left[2] = {first, first + pass.length};
        products_with_three<Real, 2>(left, right, n, products + 3 * i);
    }
    if (i < pass.n_rows) {
        const Real* const left[1] = {pass.rows + i * pass.length + begin};
        products_with_three<Real, 1>(left, right, n, products + 3 * i);
    }
}

template <class Real>
void add_long_vectors_of(KernelsOf<Real>& kernels) {
    kernels.product_of_piece = product_of_piece<Real>;
    kernels.combination_of_piece = combination_of_piece<Real>;
    kernels.line_of_piece = line_of_piece<Real>;
    kernels.gradient_of_piece = gradient_of_piece;
    kernels.pair_of_piece = pair_of_piece<Real>;
}

}  // namespace

void add_long_vectors(Kernels& kernels) {
    add_long_vectors_of(kernels.float32);
    add_long_vectors_of(kernels.float64);
}

}  // namespace chainrule::CHAINRULE_NAMESPACE
