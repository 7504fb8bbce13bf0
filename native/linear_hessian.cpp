// As a product of two matrices with a row for each row of X: the products of pairs of its features, and the
// curvature of pairs of classes. Half of the pairs of either are enough.
#include "linear_hessian.hpp"

#include <memory>
#include <vector>

#include "dense_threads.hpp"
#include "instruction_set.hpp"
#include "staged_rows.hpp"

namespace chainrule {
namespace {

constexpr int64_t unit_rows = 512;  // chains of so many rows are added up in the dtype, then in float64
constexpr int64_t most_parts = 16;
constexpr int64_t fewest_parts = 2;
constexpr int64_t numbers_of_parts = 1 << 21;
constexpr int64_t most_pairs = 384;  // of a strip: three matrices of strips stay in the second cache

// Pairs (a, b), a in first..last - 1 and b in a..n - 1.
struct Strip {
    int64_t first;
    int64_t last;
    int64_t pairs;
};

std::vector<Strip> strips_of(int64_t n) {
    std::vector<Strip> strips;
    for (int64_t a = 0; a < n; ++a) {
        if (strips.empty() || strips.back().pairs + n - a > most_pairs) {
            strips.push_back({a, a, 0});
        }
        strips.back().last = a + 1;
        strips.back().pairs += n - a;
    }
    return strips;
}

int64_t most_pairs_of(const std::vector<Strip>& strips) {
    int64_t most = 0;
    for (const Strip& strip : strips) {
        most = std::max(most, strip.pairs);
    }
    return most;
}

// Sums for every strip of classes with every strip of features, (pairs of classes, pairs of features) each.
template <class Stored, class Real>
struct HessianWork {
    struct Place {
        Staged<Stored, Real> staged;
        std::vector<Real> inputs;  // (block_rows, n_features + 1)
        std::vector<Real> probabilities;
        std::vector<double> row_weight;
        std::vector<Real> feature_pairs;
        std::vector<Real> class_pairs;
        std::vector<Real> of_unit;
    };
    const FeatureRows<Stored>& rows;
    const HessianPass<Real>& pass;
    std::vector<Strip> classes;
    std::vector<Strip> features;
    int64_t size;
    int64_t n_parts;
    double* totals;  // (n_parts, size)

    int64_t width() const { return rows.n_features + 1; }
    Place place() const {
        const auto numbers = [](int64_t n) { return static_cast<size_t>(n); };
        return {Staged<Stored, Real>(rows),
                std::vector<Real>(numbers(block_rows * width())),
                std::vector<Real>(numbers(block_rows * pass.n_classes)),
                std::vector<double>(numbers(block_rows)),
                std::vector<Real>(numbers(block_rows * most_pairs_of(features))),
                std::vector<Real>(numbers(block_rows * most_pairs_of(classes))),
                std::vector<Real>(numbers(size))};
    }
    void run(int64_t part, Place& place) const {
        const int64_t units = (rows.n_rows + unit_rows - 1) / unit_rows;
        double* const of_part = totals + part * size;
        std::fill_n(of_part, size, 0.0);
        for (int64_t unit = units * part / n_parts; unit < units * (part + 1) / n_parts; ++unit) {
            const int64_t last = std::min((unit + 1) * unit_rows, rows.n_rows);
            for (int64_t first = unit * unit_rows; first < last; first += block_rows) {
                add_block(first, std::min(block_rows, last - first), first > unit * unit_rows, place);
            }
            for (int64_t i = 0; i < size; ++i) {
                of_part[i] += static_cast<double>(place.of_unit[static_cast<size_t>(i)]);
            }
        }
    }
    void bring(int64_t first, int64_t count, Place& place) const {
        const int64_t n_features = rows.n_features;
        const int64_t n_classes = pass.n_classes;
        const Real* const x = place.staged.block(first, count);
        for (int64_t i = 0; i < count; ++i) {
            const int64_t position = rows.positions ? rows.positions[first + i] : first + i;
            Real* const input = place.inputs.data() + i * width();
            std::copy_n(x + i * n_features, n_features, input);
            input[n_features] = Real{1};
            std::copy_n(pass.probabilities + position * n_classes, n_classes,
                        place.probabilities.data() + i * n_classes);
            place.row_weight[static_cast<size_t>(i)] = pass.row_weight ? pass.row_weight[position] : 1.0;
        }
    }
    void add_block(int64_t first, int64_t count, bool continued, Place& place) const {
        const KernelsOf<Real>& kernel = kernels_of<Real>();
        bring(first, count, place);
        Real* c = place.of_unit.data();
        for (const Strip& of_features : features) {
            kernel.pair_products(PairsTask<Real>{place.inputs.data(), nullptr, count, width(),
                                                 of_features.first, of_features.last,
                                                 place.feature_pairs.data()});
            for (const Strip& of_classes : classes) {
                kernel.pair_products(PairsTask<Real>{place.probabilities.data(), place.row_weight.data(),
                                                     count, pass.n_classes, of_classes.first, of_classes.last,
                                                     place.class_pairs.data()});
                kernel.cross_product(CrossTask<Real>{place.class_pairs.data(), place.feature_pairs.data(),
                                                     count, of_classes.pairs, of_features.pairs, c, continued,
                                                     nullptr, 0});
                c += of_classes.pairs * of_features.pairs;
            }
        }
    }
};

// Every sum to the four places that it stands for.
class Matrix {
  public:
    Matrix(double* out, int64_t n_classes, int64_t n_features)
        : out_(out), n_classes_(n_classes), n_features_(n_features) {}

    void fill(const double* sums, const std::vector<Strip>& features, const std::vector<Strip>& classes) {
        for (const Strip& of_features : features) {
            for (const Strip& of_classes : classes) {
                for (int64_t k = of_classes.first; k < of_classes.last; ++k) {
                    for (int64_t l = k; l < n_classes_; ++l) {
                        fill_pair(sums, of_features, k, l);
                        sums += of_features.pairs;
                    }
                }
            }
        }
    }

  private:
    void fill_pair(const double* sums, const Strip& of_features, int64_t k, int64_t l) {
        for (int64_t a = of_features.first; a < of_features.last; ++a) {
            for (int64_t b = a; b <= n_features_; ++b, ++sums) {
                at(k, a, l, b) = at(k, b, l, a) = *sums;
                at(l, a, k, b) = at(l, b, k, a) = *sums;
            }
        }
    }
    double& at(int64_t k, int64_t a, int64_t l, int64_t b) {
        return out_[place(k, a) * n_classes_ * (n_features_ + 1) + place(l, b)];
    }
    int64_t place(int64_t k, int64_t a) const {
        return a < n_features_ ? k * n_features_ + a : n_classes_ * n_features_ + k;
    }

    double* out_;
    int64_t n_classes_;
    int64_t n_features_;
};

}  // namespace

template <class Stored, class Real>
void linear_hessian(const FeatureRows<Stored>& rows, const HessianPass<Real>& pass, int n_threads) {
    const int64_t width = rows.n_features + 1;
    const int64_t size = width * (width + 1) / 2 * (pass.n_classes * (pass.n_classes + 1) / 2);
    const int64_t units = (rows.n_rows + unit_rows - 1) / unit_rows;
    const int64_t n_parts = std::clamp<int64_t>(
        units, 1, std::clamp(numbers_of_parts / std::max<int64_t>(size, 1), fewest_parts, most_parts));
    const std::unique_ptr<double[]> totals(new double[static_cast<size_t>(n_parts * size)]);
    const HessianWork<Stored, Real> work{
        rows, pass, strips_of(pass.n_classes), strips_of(width), size, n_parts, totals.get()};
    for_each_part(n_parts, threads_for(rows.n_rows, size, 1, n_threads), work);
    add_parts(totals.get(), n_parts, size);
    Matrix(pass.out, pass.n_classes, rows.n_features).fill(totals.get(), work.features, work.classes);
}

template void linear_hessian<float, float>(const FeatureRows<float>&, const HessianPass<float>&, int);
template void linear_hessian<float, double>(const FeatureRows<float>&, const HessianPass<double>&, int);
template void linear_hessian<double, float>(const FeatureRows<double>&, const HessianPass<float>&, int);
template void linear_hessian<double, double>(const FeatureRows<double>&, const HessianPass<double>&, int);

}  // namespace chainrule
