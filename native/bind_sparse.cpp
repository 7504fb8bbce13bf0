// Binds sparse features (sparse_matrix.hpp): their arrays, and copies of rows.
#include "sparse_arrays.hpp"

namespace chainrule {
namespace {

int64_t first_not_finite_rows(nb::handle values_object, int n_threads) {
    const char* call = "first_not_finite_rows";
    const PythonArray values(values_object, call, "values", Access::read, 2);
    return with_dtype(values, call, [&](auto real) {
        const auto* const data = values.data<const decltype(real)>();
        const int64_t n = values.extent(0) * values.extent(1);
        const int threads = thread_count(n_threads);
        const InterpreterUnlocked unlocked;
        return first_not_finite(data, n, threads);
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
    m.def("first_not_finite_rows", first_not_finite_rows, nb::arg("values"), nb::arg("n_threads"));
    m.def("count_nonzeros_rows", count_nonzeros_rows, nb::arg("dense"), nb::arg("counts"),
          nb::arg("n_threads"));
    m.def("copy_nonzeros_rows", copy_nonzeros_rows, nb::arg("dense"), nb::arg("begin"), nb::arg("indices"),
          nb::arg("values"), nb::arg("n_threads"));
    m.def("copy_sparse_rows", copy_sparse_rows, nb::arg("begin"), nb::arg("indices"), nb::arg("values"),
          nb::arg("rows"), nb::arg("out_begin"), nb::arg("out_indices"), nb::arg("out_values"),
          nb::arg("n_threads"));
}

}  // namespace chainrule
