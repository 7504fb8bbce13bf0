// Binds the passes over sparse rows (sparse_passes.hpp).
#include "linear_pass_arrays.hpp"
#include "sparse_arrays.hpp"
#include "sparse_passes.hpp"

namespace chainrule {
namespace {

void sparse_logits_rows(const SparseArrays& matrix, nb::handle weight, nb::handle bias, nb::handle out,
                        int n_threads) {
    const LogitsArrays given("sparse_logits_rows", matrix, weight, bias, out);
    with_kind(matrix.kind(), [&](auto real) {
        using Real = decltype(real);
        const LogitsPass<Real> pass = given.pass<Real>();
        const int threads = thread_count(n_threads);
        const InterpreterUnlocked unlocked;
        sparse_logits(matrix.matrix<Real>(), pass, threads);
    });
}

void sparse_cross_rows(SparseArrays& matrix, nb::handle gradient, nb::handle weight, nb::handle bias,
                       int n_threads) {
    const CrossArrays given("sparse_cross_rows", matrix, gradient, weight, bias);
    const RowSums sums = given.out.sums();
    with_kind(matrix.kind(), [&](auto real) {
        using Real = decltype(real);
        const Real* const of_rows = given.gradient.data<const Real>();
        const int threads = thread_count(n_threads);
        const InterpreterUnlocked unlocked;
        const int64_t n_classes = given.gradient.extent(1);
        sparse_cross(matrix.matrix<Real>(), matrix.columns<Real>(n_classes, threads), of_rows, n_classes,
                     sums, threads);
    });
}

bool sparse_sums_by_rows(const SparseArrays& matrix, int64_t n_classes) {
    return with_kind(matrix.kind(),
                     [&](auto real) { return sums_by_rows(matrix.matrix<decltype(real)>(), n_classes); });
}

void sparse_curvature_rows(SparseArrays& matrix, nb::handle positions_object, bool taken,
                           nb::handle probabilities, nb::handle row_weight, nb::handle direction,
                           nb::handle bias_direction, nb::handle weight, nb::handle bias, int n_threads) {
    const char* call = "sparse_curvature_rows";
    const OptionalArray positions(positions_object, call, "positions", Access::read, 1);
    const CurvatureArrays given(call, matrix, probabilities, row_weight, direction, bias_direction, weight,
                                bias);
    const bool in_place = positions && !taken;
    const int64_t n_classes = given.probabilities.extent(1);
    const int64_t n_known = positions && taken ? given.probabilities.extent(0) : matrix.n_rows();
    given.require_known(n_known);
    if (positions) {
        if (taken) {
            positions->require_shape({matrix.n_rows()});
        } else if (!sparse_sums_by_rows(matrix, n_classes)) {
            throw nb::value_error(
                "sparse_curvature_rows: some rows of a matrix are summed where they lie if "
                "sparse_sums_by_rows says so; got one that is not. Pass a matrix of those rows.");
        }
        require_rows(call, positions, n_known, "the probabilities");
    }
    given.out.require_apart(positions);
    const RowSums sums = given.out.sums();
    with_kind(matrix.kind(), [&](auto real) {
        using Real = decltype(real);
        const CurvaturePass<Real> pass = given.pass<Real>();
        const CurvatureRows rows{
            {positions.data_or_null<const int64_t>(), positions ? positions->extent(0) : matrix.n_rows()},
            in_place};
        const int threads = thread_count(n_threads);
        const InterpreterUnlocked unlocked;
        sparse_curvature(matrix.matrix<Real>(), matrix.columns<Real>(n_classes, threads), rows, pass, sums,
                         threads);
    });
}

// W, b and weights of rows of a pass that begins with logits, and the sums over rows that it ends with.
struct HeadArrays {
    PythonArray weight;
    PythonArray bias;
    OptionalArray row_weight;
    PythonArray weight_sums;
    PythonArray bias_sums;

    HeadArrays(const char* call, const SparseArrays& matrix, nb::handle weight_object, nb::handle bias_object,
               nb::handle row_weight_object, nb::handle weight_sums_object, nb::handle bias_sums_object)
        : weight(weight_object, call, "weight", Access::read, 2),
          bias(bias_object, call, "bias", Access::read, 1),
          row_weight(row_weight_object, call, "row_weight", Access::read, 1),
          weight_sums(weight_sums_object, call, "weight_sums", Access::write, 2),
          bias_sums(bias_sums_object, call, "bias_sums", Access::write, 1) {
        for (const PythonArray* of_weights : {&weight, &weight_sums}) {
            of_weights->require_kind(Kind::float64);
            of_weights->require_shape({n_classes(), matrix.n_features()});
        }
        for (const PythonArray* of_classes : {&bias, &bias_sums}) {
            of_classes->require_kind(Kind::float64);
            of_classes->require_shape({n_classes()});
        }
        if (row_weight) {
            row_weight->require_shape({matrix.n_rows()});
        }
        matrix.require_apart(weight_sums);
        matrix.require_apart(bias_sums);
        require_apart(weight);
        require_apart(bias);
        require_apart(row_weight);
        bias_sums.require_apart_from(weight_sums, false);
    }

    void require_apart(const PythonArray& input) const {
        weight_sums.require_apart_from(input, false);
        bias_sums.require_apart_from(input, false);
    }
    void require_apart(const OptionalArray& input) const {
        if (input) {
            require_apart(*input);
        }
    }
    int64_t n_classes() const { return weight.extent(0); }
    SparseHead head() const { return {weight.data<const double>(), bias.data<const double>(), n_classes()}; }
    RowSums sums() const { return {weight_sums.data<double>(), bias_sums.data<double>()}; }
};

void require_classes(const char* call, const PythonArray& indices, int64_t n_classes) {
    const auto* const given = indices.data<const int64_t>();
    const int64_t bad = kernels().first_bad_index(given, indices.extent(0), n_classes, nullptr);
    if (bad >= 0) {
        throw nb::value_error((std::string(call) + ": indices are classes; got " +
                               std::to_string(given[bad]) + ". Pass 0 to K - 1.")
                                  .c_str());
    }
}

double sparse_loss_rows(SparseArrays& matrix, nb::handle weight, nb::handle bias, nb::handle targets_object,
                        nb::handle indices_object, nb::handle class_weight_object, double label_smoothing,
                        nb::handle row_weight, nb::handle weight_sums, nb::handle bias_sums, int n_threads) {
    const char* call = "sparse_loss_rows";
    const HeadArrays arrays(call, matrix, weight, bias, row_weight, weight_sums, bias_sums);
    const OptionalArray targets(targets_object, call, "targets", Access::read, 2);
    const OptionalArray indices(indices_object, call, "indices", Access::read, 1);
    const OptionalArray class_weight(class_weight_object, call, "class_weight", Access::read, 1);
    if (targets.has_value() == indices.has_value()) {
        throw nb::value_error(
            "sparse_loss_rows: exactly one of targets and indices is given; got both or "
            "neither. Pass the other as None.");
    }
    if (targets) {
        targets->require_kind(matrix.kind());
        targets->require_shape({matrix.n_rows(), arrays.n_classes()});
    } else {
        indices->require_shape({matrix.n_rows()});
        require_classes(call, *indices, arrays.n_classes());
    }
    if (class_weight) {
        class_weight->require_shape({arrays.n_classes()});
    }
    for (const OptionalArray* input : {&targets, &indices, &class_weight}) {
        arrays.require_apart(*input);
    }
    return with_kind(matrix.kind(), [&](auto real) {
        using Real = decltype(real);
        LossPass<Real> pass{arrays.head(),
                            targets.data_or_null<const Real>(),
                            indices.data_or_null<const int64_t>(),
                            class_weight.data_or_null<const double>(),
                            label_smoothing,
                            arrays.row_weight.data_or_null<const double>(),
                            nullptr};
        const RowSums sums = arrays.sums();
        const int threads = thread_count(n_threads);
        const InterpreterUnlocked unlocked;
        const std::unique_ptr<double[]> losses(new double[static_cast<size_t>(matrix.n_rows())]);
        pass.losses = losses.get();
        sparse_loss(matrix.matrix<Real>(), matrix.columns<Real>(arrays.n_classes(), threads), pass, sums,
                    threads);
        return fixed_order_total(losses.get(), matrix.n_rows());
    });
}

void sparse_variances_rows(const SparseArrays& matrix, SparseArrays& summed, nb::handle weight,
                           nb::handle bias, nb::handle row_weight, nb::handle weight_sums,
                           nb::handle bias_sums, int n_threads) {
    const char* call = "sparse_variances_rows";
    const HeadArrays arrays(call, matrix, weight, bias, row_weight, weight_sums, bias_sums);
    summed.require_apart(arrays.weight_sums);
    summed.require_apart(arrays.bias_sums);
    if (summed.n_rows() != matrix.n_rows() || summed.n_features() != matrix.n_features() ||
        summed.kind() != matrix.kind()) {
        throw nb::value_error(
            "sparse_variances_rows: both matrices have one shape and dtype; got two. Pass the squares of the "
            "first.");
    }
    with_kind(matrix.kind(), [&](auto real) {
        using Real = decltype(real);
        const auto* const weights = arrays.row_weight.data_or_null<const double>();
        const RowSums sums = arrays.sums();
        const int threads = thread_count(n_threads);
        const InterpreterUnlocked unlocked;
        SummedColumns<Real> columns{summed.matrix<Real>(), summed.columns<Real>(arrays.n_classes(), threads)};
        columns.matrix.space = matrix.matrix<Real>().space;  // one is enough
        sparse_variances(matrix.matrix<Real>(), columns, arrays.head(), weights, sums, threads);
    });
}

}  // namespace

void bind_sparse_passes(nb::module_& m) {
    m.def("sparse_logits_rows", sparse_logits_rows, nb::arg("matrix"), nb::arg("weight"), nb::arg("bias"),
          nb::arg("out"), nb::arg("n_threads"));
    m.def("sparse_cross_rows", sparse_cross_rows, nb::arg("matrix"), nb::arg("gradient"),
          nb::arg("weight_sums"), nb::arg("bias_sums"), nb::arg("n_threads"));
    m.def("sparse_sums_by_rows", sparse_sums_by_rows, nb::arg("matrix"), nb::arg("n_classes"));
    m.def("sparse_curvature_rows", sparse_curvature_rows, nb::arg("matrix"), nb::arg("positions").none(),
          nb::arg("taken"), nb::arg("probabilities"), nb::arg("row_weight").none(), nb::arg("direction"),
          nb::arg("bias_direction"), nb::arg("weight_product"), nb::arg("bias_product"),
          nb::arg("n_threads"));
    m.def("sparse_loss_rows", sparse_loss_rows, nb::arg("matrix"), nb::arg("weight"), nb::arg("bias"),
          nb::arg("targets").none(), nb::arg("indices").none(), nb::arg("class_weight").none(),
          nb::arg("label_smoothing"), nb::arg("row_weight").none(), nb::arg("weight_sums"),
          nb::arg("bias_sums"), nb::arg("n_threads"));
    m.def("sparse_variances_rows", sparse_variances_rows, nb::arg("matrix"), nb::arg("summed"),
          nb::arg("weight"), nb::arg("bias"), nb::arg("row_weight").none(), nb::arg("weight_sums"),
          nb::arg("bias_sums"), nb::arg("n_threads"));
}

}  // namespace chainrule
