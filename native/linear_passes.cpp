#include "linear_passes.hpp"

#include <algorithm>
#include <memory>
#include <vector>

#include "dense_threads.hpp"
#include "instruction_set.hpp"
#include "staged_rows.hpp"

namespace chainrule {
namespace {

constexpr int64_t unit_rows = 1024;  // chains of so many rows are added up in the dtype, then in float64
constexpr int64_t most_parts = 64;   // sums of parts are added up as a tree
constexpr int64_t usual_parts = 8;
constexpr int64_t fewest_parts = 2;
constexpr int64_t numbers_of_many_parts = 1 << 21;
constexpr int64_t most_numbers = 1 << 25;  // of all parts, unless two have more

// Parts of whole units: a function of the sizes alone, for it decides about the order of the sums.
int64_t part_count(int64_t n_rows, int64_t size) {
    const int64_t units = (n_rows + unit_rows - 1) / unit_rows;
    const int64_t few = std::clamp(most_numbers / std::max<int64_t>(size, 1), fewest_parts, usual_parts);
    const int64_t most = std::clamp(numbers_of_many_parts / std::max<int64_t>(size, 1), few, most_parts);
    return std::clamp<int64_t>(units, 1, most);
}

// W^T in panels.
template <class Real>
std::vector<Real> packed(const Real* weight, int64_t n_classes, int64_t n_features) {
    std::vector<Real> panels(
        static_cast<size_t>(panel_count<Real>(n_classes) * panel_columns<Real> * n_features));
    kernels_of<Real>().pack_panels(PackTask<Real>{transposed(row_major(weight, n_features)), panels.data(),
                                                  panel_columns<Real> * n_features, n_features, n_classes},
                                   0, panel_count<Real>(n_classes));
    return panels;
}

template <class Real>
void logits_of_block(const Real* x, int64_t count, int64_t n_features, const std::vector<Real>& panels,
                     const Real* bias, int64_t n_classes, Real* out) {
    kernels_of<Real>().dense_product(
        ProductTask<Real>{row_major(x, n_features), panels.data(), panel_columns<Real> * n_features,
                          n_features, n_classes, out, n_classes, false, false, bias},
        0, count, 0, panel_count<Real>(n_classes));
}

template <class Stored, class Real>
struct LogitsWork {
    const FeatureRows<Stored>& rows;
    const LogitsPass<Real>& pass;
    const std::vector<Real>& panels;

    Staged<Stored, Real> place() const { return Staged<Stored, Real>(rows); }
    void run(int64_t block, Staged<Stored, Real>& staged) const {
        const int64_t first = block * block_rows;
        const int64_t count = std::min(block_rows, rows.n_rows - first);
        logits_of_block(staged.block(first, count), count, rows.n_features, panels, pass.bias, pass.n_classes,
                        pass.out + first * pass.n_classes);
    }
};

// The sums over rows of G^T X and G, where `block(first, count, x, g)` gives the G of a block.
template <class Stored, class Real, class Block>
struct SumsWork {
    struct Place {
        Staged<Stored, Real> staged;
        std::vector<Real> gradient;
        std::vector<Real> of_unit;
    };
    const FeatureRows<Stored>& rows;
    int64_t n_classes;
    int64_t n_parts;
    double* totals;  // (n_parts, n_classes * n_features + n_classes)
    const Block& block;

    int64_t size() const { return n_classes * rows.n_features; }
    Place place() const {
        return {Staged<Stored, Real>(rows), std::vector<Real>(static_cast<size_t>(block_rows * n_classes)),
                std::vector<Real>(static_cast<size_t>(size()))};
    }
    void run(int64_t part, Place& place) const {
        const int64_t units = (rows.n_rows + unit_rows - 1) / unit_rows;
        double* const of_part = totals + part * (size() + n_classes);
        std::fill_n(of_part, size() + n_classes, 0.0);
        for (int64_t unit = units * part / n_parts; unit < units * (part + 1) / n_parts; ++unit) {
            const int64_t last = std::min((unit + 1) * unit_rows, rows.n_rows);
            for (int64_t first = unit * unit_rows; first < last; first += block_rows) {
                add_block(first, std::min(block_rows, last - first), first > unit * unit_rows, of_part,
                          place);
            }
            for (int64_t i = 0; i < size(); ++i) {
                of_part[i] += static_cast<double>(place.of_unit[static_cast<size_t>(i)]);
            }
        }
    }
    void add_block(int64_t first, int64_t count, bool continued, double* of_part, Place& place) const {
        const KernelsOf<Real>& kernel = kernels_of<Real>();
        const Real* const x = place.staged.block(first, count);
        const Real* const g = block(first, count, x, place.gradient.data());
        const int64_t bytes = count * rows.n_features * static_cast<int64_t>(sizeof(Real));
        kernel.cross_product(CrossTask<Real>{g, x, count, n_classes, rows.n_features, place.of_unit.data(),
                                             continued, place.staged.behind(first, count), bytes});
        kernel.column_totals(ColumnTotalsTask<Real>{g, of_part + size(), count, n_classes}, 0, n_classes);
    }
};

int threads_of(int64_t n_rows, int64_t n_features, int64_t n_classes, int n_threads) {
    constexpr int64_t products_of_a_logit = 16;  // what is done to it beside the products
    return threads_for(n_rows, n_features + products_of_a_logit, n_classes, n_threads);
}

template <class Stored, class Real, class Block>
void add_up(const FeatureRows<Stored>& rows, int64_t n_classes, const RowSums& sums, int n_threads,
            const Block& block) {
    const int64_t size = n_classes * rows.n_features;
    const int64_t n_parts = part_count(rows.n_rows, size + n_classes);
    const std::unique_ptr<double[]> totals(new double[static_cast<size_t>(n_parts * (size + n_classes))]);
    const SumsWork<Stored, Real, Block> work{rows, n_classes, n_parts, totals.get(), block};
    for_each_part(n_parts, threads_of(rows.n_rows, rows.n_features, n_classes, n_threads), work);
    add_parts(totals.get(), n_parts, size + n_classes);
    std::copy_n(totals.get(), size, sums.weight);
    std::copy_n(totals.get() + size, n_classes, sums.bias);
}

}  // namespace

template <class Stored, class Real>
void linear_logits(const FeatureRows<Stored>& rows, const LogitsPass<Real>& pass, int n_threads) {
    const std::vector<Real> panels = packed(pass.weight, pass.n_classes, rows.n_features);
    const LogitsWork<Stored, Real> work{rows, pass, panels};
    for_each_part((rows.n_rows + block_rows - 1) / block_rows,
                  threads_of(rows.n_rows, rows.n_features, pass.n_classes, n_threads), work);
}

template <class Stored, class Real>
void linear_cross(const FeatureRows<Stored>& rows, const Real* gradient, int64_t n_classes,
                  const RowSums& sums, int n_threads) {
    add_up<Stored, Real>(rows, n_classes, sums, n_threads, [&](int64_t first, int64_t, const Real*, Real*) {
        return gradient + first * n_classes;
    });
}

template <class Stored, class Real>
void linear_curvature(const FeatureRows<Stored>& rows, const CurvaturePass<Real>& pass, const RowSums& sums,
                      int n_threads) {
    const int64_t n_classes = pass.n_classes;
    const std::vector<Real> panels = packed(pass.weight, n_classes, rows.n_features);
    add_up<Stored, Real>(rows, n_classes, sums, n_threads,
                         [&](int64_t first, int64_t count, const Real* x, Real* values) {
                             logits_of_block(x, count, rows.n_features, panels, pass.bias, n_classes, values);
                             const auto curve = [&](int64_t position, int64_t place, int64_t n) {
                                 kernels_of<Real>().curve_rows(
                                     CurveTask<Real>{pass.probabilities + position * n_classes,
                                                     pass.row_weight ? pass.row_weight + position : nullptr,
                                                     values + place * n_classes, n, n_classes});
                             };
                             if (!rows.positions) {
                                 curve(first, 0, count);
                             }
                             for (int64_t i = 0; rows.positions && i < count; ++i) {
                                 curve(rows.positions[first + i], i, 1);
                             }
                             return static_cast<const Real*>(values);
                         });
}

#define CHAINRULE_PASSES(Stored, Real)                                                                   \
    template void linear_logits<Stored, Real>(const FeatureRows<Stored>&, const LogitsPass<Real>&, int); \
    template void linear_cross<Stored, Real>(const FeatureRows<Stored>&, const Real*, int64_t,           \
                                             const RowSums&, int);                                       \
    template void linear_curvature<Stored, Real>(const FeatureRows<Stored>&, const CurvaturePass<Real>&, \
                                                 const RowSums&, int);
CHAINRULE_PASSES(float, float)
CHAINRULE_PASSES(float, double)
CHAINRULE_PASSES(double, float)
CHAINRULE_PASSES(double, double)
#undef CHAINRULE_PASSES

}  // namespace chainrule
