#include "long_vectors.hpp"

#include <algorithm>
#include <vector>

#include "dense_threads.hpp"
#include "instruction_set.hpp"

namespace chainrule {
namespace {

constexpr int64_t piece_length = 4096;  // a constant of the algorithm: it decides about bits

struct Piece {
    int64_t begin;
    int64_t size;
    bool of_weights;
};

// Pieces of the first elements of a vector, then of the others.
class Pieces {
  public:
    Pieces(int64_t length, int64_t n_weights)
        : length_(length),
          n_weights_(n_weights),
          of_weights_(pieces_of(n_weights)),
          count_(of_weights_ + pieces_of(length - n_weights)) {}

    int64_t count() const { return count_; }
    Piece piece(int64_t number) const {
        const bool of_weights = number < of_weights_;
        const int64_t begin =
            of_weights ? number * piece_length : n_weights_ + (number - of_weights_) * piece_length;
        return {begin, std::min(piece_length, (of_weights ? n_weights_ : length_) - begin), of_weights};
    }

  private:
    static int64_t pieces_of(int64_t n) { return (n + piece_length - 1) / piece_length; }

    int64_t length_;
    int64_t n_weights_;
    int64_t of_weights_;
    int64_t count_;
};

// of_piece(piece, out) adds `count` numbers of a piece up; the pieces' are added as a tree.
template <class OfPiece>
void add_pieces(const Pieces& pieces, int64_t count, int threads, double* out, const OfPiece& of_piece) {
    const int64_t n = pieces.count();
    std::vector<double> sums(static_cast<size_t>(std::max<int64_t>(n, 1) * count));
    share_units(n, threads, [&](int64_t first, int64_t last) {
        for (int64_t piece = first; piece < last; ++piece) {
            of_piece(pieces.piece(piece), sums.data() + piece * count);
        }
    });
    for (int64_t step = 1; step < n; step *= 2) {
        for (int64_t piece = 0; piece + step < n; piece += 2 * step) {
            for (int64_t i = 0; i < count; ++i) {
                sums[static_cast<size_t>(piece * count + i)] +=
                    sums[static_cast<size_t>((piece + step) * count + i)];
            }
        }
    }
    std::copy_n(sums.data(), count, out);
}

}  // namespace

template <class Real>
void vector_products(const Real* left, int64_t n_left, const Real* right, int64_t n_right, int64_t length,
                     double* products, int n_threads) {
    const int threads = threads_for(length, n_left * n_right, 1, n_threads);
    add_pieces(Pieces(length, length), n_left * n_right, threads, products, [&](Piece piece, double* out) {
        const bool same = left == right && n_left == n_right;  // then half of them is enough
        for (int64_t i = 0; i < n_left; ++i) {
            for (int64_t j = 0; j < n_right; ++j) {
                out[i * n_right + j] = same && j < i ? out[j * n_right + i]
                                                     : kernels_of<Real>().product_of_piece(
                                                           left + i * length + piece.begin,
                                                           right + j * length + piece.begin, piece.size);
            }
        }
    });
}

template <class Real>
void combine_vectors(const Real* rows, int64_t n_rows, int64_t length, const double* coefficients, Real* out,
                     int n_threads) {
    const Pieces pieces(length, length);
    share_units(pieces.count(), threads_for(length, n_rows, 1, n_threads), [&](int64_t first, int64_t last) {
        for (int64_t number = first; number < last; ++number) {
            const Piece piece = pieces.piece(number);
            kernels_of<Real>().combination_of_piece(rows + piece.begin, length, n_rows, coefficients,
                                                    out + piece.begin, piece.size);
        }
    });
}

template <class Real>
void follow_line(const LinePass<Real>& pass, int n_threads) {
    add_pieces(Pieces(pass.length, pass.n_weights), 2, threads_for(pass.length, 4, 1, n_threads), pass.sums,
               [&](Piece piece, double* out) {
                   kernels_of<Real>().line_of_piece(pass, piece.begin, piece.size, out);
                   out[1] = piece.of_weights ? out[1] : 0.0;
               });
}

void finish_gradient(const GradientPass& pass, int n_threads) {
    add_pieces(Pieces(pass.length, pass.n_weights), 2, threads_for(pass.length, 4, 1, n_threads), pass.sums,
               [&](Piece piece, double* out) {
                   const double alpha = piece.of_weights ? pass.alpha : 0.0;
                   const double squares =
                       kernels_of<double>().gradient_of_piece(pass, piece.begin, piece.size, alpha);
                   out[piece.of_weights ? 0 : 1] = squares;
               });
}

template <class Real>
void remember_pair(const PairPass<Real>& pass, int n_threads) {
    add_pieces(Pieces(pass.length, pass.length), 3 * pass.n_rows,
               threads_for(pass.length, 3 * pass.n_rows, 1, n_threads), pass.products,
               [&](Piece piece, double* out) {
                   kernels_of<Real>().pair_of_piece(pass, piece.begin, piece.size, out);
               });
}

#define CHAINRULE_LONG_VECTORS(Real)                                                                        \
    template void vector_products<Real>(const Real*, int64_t, const Real*, int64_t, int64_t, double*, int); \
    template void combine_vectors<Real>(const Real*, int64_t, int64_t, const double*, Real*, int);          \
    template void follow_line<Real>(const LinePass<Real>&, int);                                            \
    template void remember_pair<Real>(const PairPass<Real>&, int);
CHAINRULE_LONG_VECTORS(float)
CHAINRULE_LONG_VECTORS(double)
#undef CHAINRULE_LONG_VECTORS

}  // namespace chainrule
