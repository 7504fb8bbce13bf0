// Binds the dense product, for tests and measurements; the functions use it inside their own kernels.
#include <vector>

#include "binding.hpp"
#include "dense.hpp"

namespace chainrule {
namespace {

template <class Real>
StridedMatrix<Real> view_of(const PythonArray& matrix, bool is_transposed) {
    const StridedMatrix<Real> view = row_major(matrix.data<const Real>(), matrix.extent(1));
    return is_transposed ? transposed(view) : view;
}

void dense_product(nb::handle a_object, nb::handle b_object, nb::handle out_object, nb::handle bias_object,
                   bool transpose_a, bool transpose_b, bool transpose_out, bool continued, int n_threads) {
    const char* call = "dense_product";
    const PythonArray a(a_object, call, "a", Access::read, 2);
    const PythonArray b(b_object, call, "b", Access::read, 2);
    const PythonArray out(out_object, call, "out", Access::write, 2);
    const OptionalArray bias(bias_object, call, "bias", Access::read, 1);
    const int64_t n_rows = a.extent(transpose_a ? 1 : 0);
    const int64_t n_inner = a.extent(transpose_a ? 0 : 1);
    const int64_t n_columns = b.extent(transpose_b ? 0 : 1);
    b.require_shape({transpose_b ? n_columns : n_inner, transpose_b ? n_inner : n_columns});
    out.require_shape({transpose_out ? n_columns : n_rows, transpose_out ? n_rows : n_columns});
    out.require_apart_from(a, false);
    out.require_apart_from(b, false);
    if (bias) {
        bias->require_shape({out.extent(1)});
        out.require_apart_from(*bias, false);
    }
    with_dtype(a, call, [&](auto real) {
        using Real = decltype(real);
        const DenseProduct<Real> product{view_of<Real>(a, transpose_a),
                                         view_of<Real>(b, transpose_b),
                                         n_rows,
                                         n_columns,
                                         n_inner,
                                         out.data<Real>(),
                                         out.extent(1),
                                         transpose_out,
                                         continued,
                                         bias.data_or_null<const Real>()};
        const int threads = thread_count(n_threads);
        const InterpreterUnlocked unlocked;
        std::vector<Real> workspace(workspace_of<Real>(n_columns, n_inner));
        multiply(product, workspace.data(), threads);
        return 0;
    });
}

}  // namespace

void bind_dense(nb::module_& m) {
    m.def("dense_product", dense_product, nb::arg("a"), nb::arg("b"), nb::arg("out"), nb::arg("bias").none(),
          nb::arg("transpose_a"), nb::arg("transpose_b"), nb::arg("transpose_out"), nb::arg("continued"),
          nb::arg("n_threads"));
}

}  // namespace chainrule
