#include "long_vectors.hpp"

#include <algorithm>
#include <vector>

#include "dense_threads.hpp"
#include "instruction_set.hpp"

namespace chainrule {
namespace {

constexpr int64_t piece_length = 4096;  // a constant of the algorithm: it decides about bits

}  // namespace

template <class Real>
void vector_products(const Real* left, int64_t n_left, const Real* right, int64_t n_right, int64_t length,
                     double* products, int n_threads) {
    const int64_t n_pieces = (length + piece_length - 1) / piece_length;
    const int64_t count = n_left * n_right;
    std::vector<double> of_pieces(static_cast<size_t>(n_pieces * count));
    share_units(n_pieces, threads_for(length, count, 1, n_threads), [&](int64_t first, int64_t last) {
        for (int64_t piece = first; piece < last; ++piece) {
            const int64_t begin = piece * piece_length;
            const int64_t n = std::min(piece_length, length - begin);
            double* out = of_pieces.data() + piece * count;
            for (int64_t i = 0; i < n_left; ++i) {
                for (int64_t j = 0; j < n_right; ++j) {
                    *out++ = kernels_of<Real>().product_of_piece(left + i * length + begin,
                                                                 right + j * length + begin, n);
                }
            }
        }
    });
    for (int64_t step = 1; step < n_pieces; step *= 2) {
        for (int64_t piece = 0; piece + step < n_pieces; piece += 2 * step) {
            for (int64_t i = 0; i < count; ++i) {
                of_pieces[static_cast<size_t>(piece * count + i)] +=
                    of_pieces[static_cast<size_t>((piece + step) * count + i)];
            }
        }
    }
    if (n_pieces) {
        std::copy_n(of_pieces.data(), count, products);
    } else {
        std::fill_n(products, count, 0.0);
    }
}

template <class Real>
void combine_vectors(const Real* rows, int64_t n_rows, int64_t length, const double* coefficients, Real* out,
                     int n_threads) {
    const int64_t n_pieces = (length + piece_length - 1) / piece_length;
    share_units(n_pieces, threads_for(length, n_rows, 1, n_threads), [&](int64_t first, int64_t last) {
        for (int64_t piece = first; piece < last; ++piece) {
            const int64_t begin = piece * piece_length;
            kernels_of<Real>().combination_of_piece(rows + begin, length, n_rows, coefficients, out + begin,
                                                    std::min(piece_length, length - begin));
        }
    });
}

template <class Real>
void scale_pair(const ScaledPair<Real>& pair, int n_threads) {
    const int64_t n_pieces = (pair.length + piece_length - 1) / piece_length;
    share_units(n_pieces, threads_for(pair.length, 8, 1, n_threads), [&](int64_t first, int64_t last) {
        Real* const gradients = pair.rows;
        Real* const steps = pair.rows + pair.length;
        Real* const changes = pair.rows + 2 * pair.length;
        const int64_t end = std::min(last * piece_length, pair.length);
        for (int64_t k = first * piece_length; k < end; ++k) {
            gradients[k] = static_cast<Real>(pair.gradient[k] * pair.root[k]);
            steps[k] = static_cast<Real>((pair.here[k] - pair.before[k]) / pair.root[k]);
            changes[k] = static_cast<Real>((pair.gradient[k] - pair.gradient_before[k]) * pair.root[k]);
        }
    });
}

#define CHAINRULE_LONG_VECTORS(Real)                                                                        \
    template void vector_products<Real>(const Real*, int64_t, const Real*, int64_t, int64_t, double*, int); \
    template void scale_pair<Real>(const ScaledPair<Real>&, int);                                           \
    template void combine_vectors<Real>(const Real*, int64_t, int64_t, const double*, Real*, int);
CHAINRULE_LONG_VECTORS(float)
CHAINRULE_LONG_VECTORS(double)
#undef CHAINRULE_LONG_VECTORS

}  // namespace chainrule
