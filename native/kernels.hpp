// The kernels as tables of functions, one table per instruction set. Every function works on rows first..last
// - 1 (the middle storey); it never looks outside them and keeps no state.
#pragma once

#include <stdint.h>

#include "dense.hpp"
#include "linear_tasks.hpp"
#include "long_vectors.hpp"
#include "sparse_tasks.hpp"
#include "training_tasks.hpp"

namespace chainrule {

// Rows of logits, and one number or one row out for each.
template <class Real>
struct SoftmaxTask {
    const Real* logits;
    Real* out;
    int64_t n_classes;
};

// (CE.1), (CE.2), (CE.5). `losses` receives row_weight_i * loss_i.
template <class Real>
struct IndexTask {
    const Real* logits;
    const int64_t* targets;
    const double* row_weight;  // or null: 1
    double* losses;
    Real* gradient;  // or null; may be `logits`
    int64_t n_classes;
    double temperature;
    double gradient_scale;
    const int64_t* ignored = nullptr;  // or null: a target whose rows have weight 0
    bool beyond_cache = false;         // the gradient is too large to be read again from the cache
};

// (CE.3), (CE.5), with class weights and label smoothing inside the target. Exactly one of `targets`,
// `indices`.
template <class Real>
struct ProbabilityTask {
    const Real* logits;
    const Real* targets;
    const int64_t* indices;
    const double* class_weight;  // or null: 1
    const double* row_weight;    // or null: 1
    double* losses;
    Real* gradient;  // or null; may be `logits`
    int64_t n_classes;
    double label_smoothing;
    double temperature;
    double gradient_scale;
};

// (SM.2), (CE.4), (CE.5): row_weight_i * scale / T^2 times the Jacobian of the softmax times the direction.
template <class Real>
struct JacobianTask {
    const Real* logits;
    const Real* direction;
    const double* row_weight;  // or null: 1
    Real* out;                 // may be `logits` or `direction`
    int64_t n_classes;
    double temperature;
    double scale;
};

template <class Real>
struct KernelsOf {
    void (*softmax)(const SoftmaxTask<Real>&, int64_t first, int64_t last);
    void (*log_softmax)(const SoftmaxTask<Real>&, int64_t first, int64_t last);
    void (*logsumexp)(const SoftmaxTask<Real>&, int64_t first, int64_t last);
    void (*cross_entropy_index)(const IndexTask<Real>&, int64_t first, int64_t last);
    void (*cross_entropy_probability)(const ProbabilityTask<Real>&, int64_t first, int64_t last);
    void (*softmax_jacobian)(const JacobianTask<Real>&, int64_t first, int64_t last);
    void (*pack_panels)(const PackTask<Real>&, int64_t first_panel, int64_t last_panel);
    void (*dense_product)(const ProductTask<Real>&, int64_t first_row, int64_t last_row, int64_t first_panel,
                          int64_t last_panel);
    void (*column_totals)(const ColumnTotalsTask<Real>&, int64_t first_column, int64_t last_column);
    void (*exponential)(const SoftmaxTask<Real>&, int64_t first, int64_t last);  // n_classes is ignored
    void (*output_loss)(const OutputTask<Real>&, int64_t first_row, int64_t last_row);
    void (*gather)(const GatherTask<Real>&, int64_t first_row, int64_t last_row);
    void (*layer_forward)(const ForwardTask<Real>&, const TileUnits&);
    void (*layer_logits)(const ForwardTask<Real>&, Real* logits, int64_t first_row, int64_t last_row);
    void (*layer_backward)(const BackwardTask<Real>&, const TileUnits&);
    void (*layer_update)(const UpdateTask<Real>&, int64_t first_unit, int64_t last_unit);
    // The gradient of some rows alone, into `weights` and `biases` or added to what they hold.
    void (*layer_gradient)(const UpdateTask<Real>&, int64_t first_row, int64_t last_row, Real* weights,
                           Real* biases, bool add);
    // layer_update from gradients of shares of the rows.
    void (*layer_collect)(const UpdateTask<Real>&, const PartialGradients<Real>&, int64_t first_unit,
                          int64_t last_unit);
    void (*layer_finish)(const UpdateTask<Real>&, int64_t first_unit, int64_t last_unit);
    void (*cross_product)(const CrossTask<Real>&);
    void (*curve_rows)(const CurveTask<Real>&);
    void (*pair_products)(const PairsTask<Real>&);
    void (*sparse_rows)(const SparseRowsTask<Real>&, int64_t first_row, int64_t last_row);
    // `begin` is where the entries of the first run begin.
    void (*sparse_runs)(const SparseRunsTask<Real>&, int64_t first_run, int64_t last_run, int64_t begin);
    void (*sparse_scatter)(const SparseScatterTask<Real>&, int64_t first_row, int64_t last_row);
    void (*sparse_settle)(const SparseSettleTask<Real>&);
    double (*product_of_piece)(const Real* a, const Real* b, int64_t n);
    // Row i begins at rows + i * stride.
    void (*combination_of_piece)(const Real* rows, int64_t stride, int64_t n_rows, const double* coefficients,
                                 Real* out, int64_t n);
    // What passes over long vectors do to a piece of them, with its sums; of the gradient that of squares.
    void (*line_of_piece)(const LinePass<Real>&, int64_t begin, int64_t n, double* sums);
    double (*gradient_of_piece)(const GradientPass&, int64_t begin, int64_t n, double alpha);
    void (*pair_of_piece)(const PairPass<Real>&, int64_t begin, int64_t n, double* products);
};

struct Kernels {
    KernelsOf<float> float32;
    KernelsOf<double> float64;
    // The first i with targets[i] outside 0..n_classes - 1 that is not the ignored index, or -1.
    int64_t (*first_bad_index)(const int64_t* targets, int64_t n, int64_t n_classes, const int64_t* ignored);
};

#ifdef CHAINRULE_NAMESPACE
namespace CHAINRULE_NAMESPACE {
// One function per kernel file, each filling its part of the table.
void add_softmax(Kernels& kernels);
void add_cross_entropy_index(Kernels& kernels);
void add_cross_entropy_probability(Kernels& kernels);
void add_softmax_jacobian(Kernels& kernels);
void add_dense(Kernels& kernels);
void add_output_loss(Kernels& kernels);
void add_training_layers(Kernels& kernels);
void add_training_update(Kernels& kernels);
void add_linear_blocks(Kernels& kernels);
void add_sparse(Kernels& kernels);
void add_long_vectors(Kernels& kernels);
}  // namespace CHAINRULE_NAMESPACE
#endif

}  // namespace chainrule
