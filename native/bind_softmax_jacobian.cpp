// Binds the product of the softmax's Jacobian and a direction.
#include "binding.hpp"

namespace chainrule {
namespace {

void softmax_jacobian_rows(nb::handle logits_object, nb::handle direction_object,
                           nb::handle row_weight_object, double temperature, double scale,
                           nb::handle out_object, int n_threads) {
    const char* call = "softmax_jacobian_rows";
    const PythonArray logits(logits_object, call, "logits", Access::read, 2);
    const PythonArray direction(direction_object, call, "direction", Access::read, 2);
    const OptionalArray row_weight(row_weight_object, call, "row_weight", Access::read, 1);
    const PythonArray out(out_object, call, "out", Access::write, 2);
    require_classes(logits, call);
    const int64_t n_rows = logits.extent(0);
    const int64_t n = logits.extent(1);
    direction.require_shape({n_rows, n});
    out.require_shape({n_rows, n});
    out.require_apart_from(logits, true);
    out.require_apart_from(direction, true);
    if (row_weight) {
        row_weight->require_shape({n_rows});
        out.require_apart_from(*row_weight, false);
    }
    with_dtype(logits, call, [&](auto real) {
        using Real = decltype(real);
        const JacobianTask<Real> task{logits.data<const Real>(),
                                      direction.data<const Real>(),
                                      row_weight.data_or_null<const double>(),
                                      out.data<Real>(),
                                      n,
                                      temperature,
                                      scale};
        const auto kernel = kernels_of<Real>().softmax_jacobian;
        const InterpreterUnlocked unlocked;
        share_rows(n_rows, nanoseconds_of_row(3 * n * static_cast<int64_t>(sizeof(Real))), n_threads,
                   [&](int64_t first, int64_t last) { kernel(task, first, last); });
    });
}

}  // namespace

void bind_softmax_jacobian(nb::module_& m) {
    m.def("softmax_jacobian_rows", softmax_jacobian_rows, nb::arg("logits"), nb::arg("direction"),
          nb::arg("row_weight").none(), nb::arg("temperature"), nb::arg("scale"), nb::arg("out"),
          nb::arg("n_threads"));
}

}  // namespace chainrule
