// Binds sparse features and the passes over their rows (sparse_matrix.hpp, sparse_passes.hpp).
#include <memory>
#include <mutex>

#include "binding.hpp"
#include "sparse_passes.hpp"

namespace chainrule {
namespace {

// The arrays of compressed rows, checked once, and their columns, made when they are first asked for.
class SparseArrays {
  public:
    SparseArrays(nb::handle begin, nb::handle indices, nb::handle values, int64_t n_columns, int n_threads)
        : begin_(begin, call, "begin", Access::read, 1),
          indices_(indices, call, "indices", Access::read, 1),
          values_(values, call, "values", Access::read, 1),
          n_columns_(n_columns) {
        begin_.require_kind(Kind::int64);
        indices_.require_kind(Kind::int32);
        with_dtype(values_, call, [](auto) { return 0; });
        if (begin_.extent(0) < 1 || n_columns < 0) {
            refuse("begin has one entry more than there are rows", "none");
        }
        indices_.require_shape({values_.extent(0)});
        const int64_t n_entries = values_.extent(0);
        if (const int64_t row = first_bad_row(begin_.data<const int64_t>(), n_rows(), n_entries); row >= 0) {
            refuse(
                "begin rises from 0 to the number of entries",
                "begin[" + std::to_string(row) + "] = " + std::to_string(begin_.data<const int64_t>()[row]));
        }
        const auto* const of_entries = indices_.data<const int32_t>();
        if (const int64_t e = first_bad_column(of_entries, n_entries, n_columns, thread_count(n_threads));
            e >= 0) {
            refuse("indices are columns, 0 to " + std::to_string(n_columns - 1),
                   "indices[" + std::to_string(e) + "] = " + std::to_string(of_entries[e]));
        }
    }

    Kind kind() const { return values_.kind(); }
    int64_t n_rows() const { return begin_.extent(0) - 1; }
    int64_t n_columns() const { return n_columns_; }

    template <class Real>
    SparseMatrix<Real> matrix() const {
        return {begin_.data<const int64_t>(), indices_.data<const int32_t>(), values_.data<const Real>(),
                n_rows(), n_columns_};
    }
    // Called without the interpreter lock.
    template <class Real>
    const SparseColumns<Real>& columns(int n_threads) {
        const std::lock_guard<std::mutex> alone(making_);
        std::unique_ptr<SparseColumns<Real>>& made = columns_of<Real>();
        if (!made) {
            made = std::make_unique<SparseColumns<Real>>(matrix<Real>(), n_threads);
        }
        return *made;
    }
    void require_apart(const PythonArray& output) const {
        for (const PythonArray* input : {&begin_, &indices_, &values_}) {
            output.require_apart_from(*input, false);
        }
    }

  private:
    static constexpr const char* call = "SparseMatrix";

    [[noreturn]] static void refuse(const std::string& rule, const std::string& came) {
        throw nb::value_error(
            (std::string(call) + ": " + rule + "; got " + came + ". Pass compressed sparse rows.").c_str());
    }
    template <class Real>
    std::unique_ptr<SparseColumns<Real>>& columns_of() {
        if constexpr (std::is_same_v<Real, float>) {
            return of_float32_;
        } else {
            return of_float64_;
        }
    }

    PythonArray begin_;
    PythonArray indices_;
    PythonArray values_;
    int64_t n_columns_;
    std::mutex making_;
    std::unique_ptr<SparseColumns<float>> of_float32_;
    std::unique_ptr<SparseColumns<double>> of_float64_;
};

void sparse_logits_rows(const SparseArrays& matrix, nb::handle weight_object, nb::handle bias_object,
                        nb::handle out_object, int n_threads) {
    const char* call = "sparse_logits_rows";
    const PythonArray weight(weight_object, call, "weight", Access::read, 2);
    const PythonArray bias(bias_object, call, "bias", Access::read, 1);
    const PythonArray out(out_object, call, "out", Access::write, 2);
    const int64_t n_classes = weight.extent(0);
    weight.require_shape({n_classes, matrix.n_columns()});
    bias.require_shape({n_classes});
    out.require_shape({matrix.n_rows(), n_classes});
    matrix.require_apart(out);
    out.require_apart_from(weight, false);
    out.require_apart_from(bias, false);
    with_kind(matrix.kind(), [&](auto real) {
        using Real = decltype(real);
        const LogitsPass<Real> pass{weight.data<const Real>(), bias.data<const Real>(), n_classes,
                                    out.data<Real>()};
        const int threads = thread_count(n_threads);
        const InterpreterUnlocked unlocked;
        sparse_logits(matrix.matrix<Real>(), pass, threads);
    });
}

void sparse_cross_rows(SparseArrays& matrix, nb::handle gradient_object, nb::handle weight_object,
                       nb::handle bias_object, int n_threads) {
    const char* call = "sparse_cross_rows";
    const PythonArray gradient(gradient_object, call, "gradient", Access::read, 2);
    const PythonArray weight(weight_object, call, "weight_sums", Access::write, 2);
    const PythonArray bias(bias_object, call, "bias_sums", Access::write, 1);
    const int64_t n_classes = gradient.extent(1);
    gradient.require_shape({matrix.n_rows(), n_classes});
    weight.require_shape({n_classes, matrix.n_columns()});
    bias.require_shape({n_classes});
    for (const PythonArray* output : {&weight, &bias}) {
        matrix.require_apart(*output);
        output->require_apart_from(gradient, false);
    }
    bias.require_apart_from(weight, false);
    const RowSums sums{weight.data<double>(), bias.data<double>()};
    with_kind(matrix.kind(), [&](auto real) {
        using Real = decltype(real);
        const Real* const of_rows = gradient.data<const Real>();
        const int threads = thread_count(n_threads);
        const InterpreterUnlocked unlocked;
        sparse_cross(matrix.matrix<Real>(), matrix.columns<Real>(threads), of_rows, n_classes, sums, threads);
    });
}

void require_positions(const char* call, const OptionalArray& positions, int64_t n_rows, int64_t n_known) {
    if (!positions) {
        return;
    }
    positions->require_shape({n_rows});
    const auto* const given = positions->data<const int64_t>();
    for (int64_t i = 0; i < n_rows; ++i) {
        if (given[i] < 0 || given[i] >= n_known) {
            throw nb::value_error((std::string(call) + ": positions are rows of the probabilities; got " +
                                   std::to_string(given[i]) + ". Pass 0 to N - 1.")
                                      .c_str());
        }
    }
}

void sparse_curvature_rows(SparseArrays& matrix, nb::handle positions_object, nb::handle probabilities_object,
                           nb::handle row_weight_object, nb::handle direction_object,
                           nb::handle bias_direction_object, nb::handle weight_object, nb::handle bias_object,
                           int n_threads) {
    const char* call = "sparse_curvature_rows";
    const OptionalArray positions(positions_object, call, "positions", Access::read, 1);
    const PythonArray probabilities(probabilities_object, call, "probabilities", Access::read, 2);
    const OptionalArray row_weight(row_weight_object, call, "row_weight", Access::read, 1);
    const PythonArray direction(direction_object, call, "direction", Access::read, 2);
    const PythonArray bias_direction(bias_direction_object, call, "bias_direction", Access::read, 1);
    const PythonArray weight(weight_object, call, "weight_product", Access::write, 2);
    const PythonArray bias(bias_object, call, "bias_product", Access::write, 1);
    const int64_t n_classes = direction.extent(0);
    const int64_t n_known = positions ? probabilities.extent(0) : matrix.n_rows();
    probabilities.require_shape({n_known, n_classes});
    require_positions(call, positions, matrix.n_rows(), n_known);
    if (row_weight) {
        row_weight->require_shape({n_known});
    }
    for (const PythonArray* array : {&direction, &weight}) {
        array->require_shape({n_classes, matrix.n_columns()});
    }
    for (const PythonArray* vector : {&bias_direction, &bias}) {
        vector->require_shape({n_classes});
    }
    for (const PythonArray* output : {&weight, &bias}) {
        matrix.require_apart(*output);
        for (const PythonArray* input : {&probabilities, &direction, &bias_direction}) {
            output->require_apart_from(*input, false);
        }
        for (const OptionalArray* input : {&positions, &row_weight}) {
            if (*input) {
                output->require_apart_from(**input, false);
            }
        }
    }
    bias.require_apart_from(weight, false);
    const RowSums sums{weight.data<double>(), bias.data<double>()};
    with_kind(matrix.kind(), [&](auto real) {
        using Real = decltype(real);
        const CurvaturePass<Real> pass{probabilities.data<const Real>(),
                                       row_weight.data_or_null<const double>(), direction.data<const Real>(),
                                       bias_direction.data<const Real>(), n_classes};
        const auto* const of_rows = positions.data_or_null<const int64_t>();
        const int threads = thread_count(n_threads);
        const InterpreterUnlocked unlocked;
        sparse_curvature(matrix.matrix<Real>(), matrix.columns<Real>(threads), of_rows, pass, sums, threads);
    });
}

void count_nonzeros_rows(nb::handle dense_object, nb::handle counts_object, int n_threads) {
    const char* call = "count_nonzeros_rows";
    const PythonArray dense(dense_object, call, "dense", Access::read, 2);
    const PythonArray counts(counts_object, call, "counts", Access::write, 1);
    counts.require_shape({dense.extent(0)});
    counts.require_apart_from(dense, false);
    auto* const of_rows = counts.data<int64_t>();
    with_dtype(dense, call, [&](auto real) {
        const auto* const data = dense.data<const decltype(real)>();
        const int threads = thread_count(n_threads);
        const InterpreterUnlocked unlocked;
        count_nonzeros(data, dense.extent(0), dense.extent(1), of_rows, threads);
        return 0;
    });
}

void copy_nonzeros_rows(nb::handle dense_object, nb::handle begin_object, nb::handle indices_object,
                        nb::handle values_object, int n_threads) {
    const char* call = "copy_nonzeros_rows";
    const PythonArray dense(dense_object, call, "dense", Access::read, 2);
    const PythonArray begin(begin_object, call, "begin", Access::read, 1);
    const PythonArray indices(indices_object, call, "indices", Access::write, 1);
    const PythonArray values(values_object, call, "values", Access::write, 1);
    const int64_t n_rows = dense.extent(0);
    begin.require_shape({n_rows + 1});
    indices.require_shape({values.extent(0)});
    const auto* const places = begin.data<const int64_t>();
    if (first_bad_row(places, n_rows, values.extent(0)) >= 0) {
        throw nb::value_error((std::string(call) + ": begin rises from 0 to the number of entries; got "
                                                   "another. Pass the sums of the counts.")
                                  .c_str());
    }
    for (const PythonArray* output : {&indices, &values}) {
        output->require_apart_from(dense, false);
        output->require_apart_from(begin, false);
    }
    values.require_apart_from(indices, false);
    auto* const columns = indices.data<int32_t>();
    with_dtype(dense, call, [&](auto real) {
        using Real = decltype(real);
        const auto* const data = dense.data<const Real>();
        auto* const entries = values.data<Real>();
        const int threads = thread_count(n_threads);
        const InterpreterUnlocked unlocked;
        copy_nonzeros(data, n_rows, dense.extent(1), places, columns, entries, threads);
        return 0;
    });
}

void copy_sparse_rows(nb::handle begin_object, nb::handle indices_object, nb::handle values_object,
                      nb::handle rows_object, nb::handle out_begin_object, nb::handle out_indices_object,
                      nb::handle out_values_object, int n_threads) {
    const char* call = "copy_sparse_rows";
    const PythonArray begin(begin_object, call, "begin", Access::read, 1);
    const PythonArray indices(indices_object, call, "indices", Access::read, 1);
    const PythonArray values(values_object, call, "values", Access::read, 1);
    const PythonArray rows(rows_object, call, "rows", Access::read, 1);
    const PythonArray out_begin(out_begin_object, call, "out_begin", Access::read, 1);
    const PythonArray out_indices(out_indices_object, call, "out_indices", Access::write, 1);
    const PythonArray out_values(out_values_object, call, "out_values", Access::write, 1);
    const int64_t n_rows = begin.extent(0) - 1;
    const int64_t n = rows.extent(0);
    indices.require_shape({values.extent(0)});
    out_begin.require_shape({n + 1});
    out_indices.require_shape({out_values.extent(0)});
    const auto* const from = begin.data<const int64_t>();
    const auto* const wanted = rows.data<const int64_t>();
    const auto* const to = out_begin.data<const int64_t>();
    bool fits = n_rows >= 0 && first_bad_row(from, n_rows, values.extent(0)) < 0 && to[0] == 0 &&
                to[n] == out_values.extent(0);
    for (int64_t i = 0; fits && i < n; ++i) {
        fits = wanted[i] >= 0 && wanted[i] < n_rows &&
               to[i + 1] - to[i] == from[wanted[i] + 1] - from[wanted[i]];
    }
    if (!fits) {
        throw nb::value_error((std::string(call) + ": rows are rows of the matrix, and out_begin the sums of "
                                                   "their counts; got others. Pass the sums.")
                                  .c_str());
    }
    for (const PythonArray* output : {&out_indices, &out_values}) {
        for (const PythonArray* input : {&begin, &indices, &values, &rows, &out_begin}) {
            output->require_apart_from(*input, false);
        }
    }
    out_values.require_apart_from(out_indices, false);
    with_dtype(values, call, [&](auto real) {
        using Real = decltype(real);
        const SparseMatrix<Real> matrix{from, indices.data<const int32_t>(), values.data<const Real>(),
                                        n_rows, 0};
        auto* const columns = out_indices.data<int32_t>();
        auto* const entries = out_values.data<Real>();
        const int threads = thread_count(n_threads);
        const InterpreterUnlocked unlocked;
        copy_some_rows(matrix, wanted, n, to, columns, entries, threads);
        return 0;
    });
}

}  // namespace

void bind_sparse(nb::module_& m) {
    nb::class_<SparseArrays>(m, "SparseMatrix")
        .def(nb::init<nb::handle, nb::handle, nb::handle, int64_t, int>(), nb::arg("begin"),
             nb::arg("indices"), nb::arg("values"), nb::arg("n_columns"), nb::arg("n_threads"));
    m.def("sparse_logits_rows", sparse_logits_rows, nb::arg("matrix"), nb::arg("weight"), nb::arg("bias"),
          nb::arg("out"), nb::arg("n_threads"));
    m.def("sparse_cross_rows", sparse_cross_rows, nb::arg("matrix"), nb::arg("gradient"),
          nb::arg("weight_sums"), nb::arg("bias_sums"), nb::arg("n_threads"));
    m.def("sparse_curvature_rows", sparse_curvature_rows, nb::arg("matrix"), nb::arg("positions").none(),
          nb::arg("probabilities"), nb::arg("row_weight").none(), nb::arg("direction"),
          nb::arg("bias_direction"), nb::arg("weight_product"), nb::arg("bias_product"),
          nb::arg("n_threads"));
    m.def("count_nonzeros_rows", count_nonzeros_rows, nb::arg("dense"), nb::arg("counts"),
          nb::arg("n_threads"));
    m.def("copy_nonzeros_rows", copy_nonzeros_rows, nb::arg("dense"), nb::arg("begin"), nb::arg("indices"),
          nb::arg("values"), nb::arg("n_threads"));
    m.def("copy_sparse_rows", copy_sparse_rows, nb::arg("begin"), nb::arg("indices"), nb::arg("values"),
          nb::arg("rows"), nb::arg("out_begin"), nb::arg("out_indices"), nb::arg("out_values"),
          nb::arg("n_threads"));
}

}  // namespace chainrule
