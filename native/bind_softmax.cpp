// Binds softmax, log_softmax and logsumexp, and the exponential alone for its test.
#include "binding.hpp"

namespace chainrule {
namespace {

template <class Real>
using RowKernel = void (*)(const SoftmaxTask<Real>&, int64_t, int64_t);

template <class Real>
void run_softmax(RowKernel<Real> kernel, const PythonArray& logits, const PythonArray& out, int n_threads) {
    const int64_t n = logits.extent(1);
    const SoftmaxTask<Real> task{logits.data<const Real>(), out.data<Real>(), n};
    const InterpreterUnlocked unlocked;
    share_rows(logits.extent(0), nanoseconds_of_row(n * static_cast<int64_t>(sizeof(Real))), n_threads,
               [&](int64_t first, int64_t last) { kernel(task, first, last); });
}

void softmax_family(const char* call, bool log, nb::handle logits_object, nb::handle out_object,
                    int n_threads) {
    const PythonArray logits(logits_object, call, "logits", Access::read, 2);
    const PythonArray out(out_object, call, "out", Access::write, 2);
    require_classes(logits, call);
    out.require_shape({logits.extent(0), logits.extent(1)});
    out.require_apart_from(logits, true);
    with_dtype(logits, call, [&](auto real) {
        using Real = decltype(real);
        const auto& table = kernels_of<Real>();
        run_softmax<Real>(log ? table.log_softmax : table.softmax, logits, out, n_threads);
    });
}

void softmax_rows(nb::handle logits, nb::handle out, int n_threads) {
    softmax_family("softmax_rows", false, logits, out, n_threads);
}

void log_softmax_rows(nb::handle logits, nb::handle out, int n_threads) {
    softmax_family("log_softmax_rows", true, logits, out, n_threads);
}

void logsumexp_rows(nb::handle logits_object, nb::handle out_object, int n_threads) {
    const char* call = "logsumexp_rows";
    const PythonArray logits(logits_object, call, "logits", Access::read, 2);
    const PythonArray out(out_object, call, "out", Access::write, 1);
    require_classes(logits, call);
    out.require_shape({logits.extent(0)});
    out.require_apart_from(logits, false);
    with_dtype(logits, call, [&](auto real) {
        using Real = decltype(real);
        run_softmax<Real>(kernels_of<Real>().logsumexp, logits, out, n_threads);
    });
}

void exp_array(nb::handle values_object, nb::handle out_object) {
    const char* call = "exp_array";
    const PythonArray values(values_object, call, "values", Access::read, 1);
    const PythonArray out(out_object, call, "out", Access::write, 1);
    out.require_shape({values.extent(0)});
    with_dtype(values, call, [&](auto real) {
        using Real = decltype(real);
        const SoftmaxTask<Real> task{values.data<const Real>(), out.data<Real>(), 1};
        kernels_of<Real>().exponential(task, 0, values.extent(0));
    });
}

}  // namespace

void bind_softmax(nb::module_& m) {
    m.def("softmax_rows", softmax_rows, nb::arg("logits"), nb::arg("out"), nb::arg("n_threads"));
    m.def("log_softmax_rows", log_softmax_rows, nb::arg("logits"), nb::arg("out"), nb::arg("n_threads"));
    m.def("logsumexp_rows", logsumexp_rows, nb::arg("logits"), nb::arg("out"), nb::arg("n_threads"));
    m.def("exp_array", exp_array, nb::arg("values"), nb::arg("out"));
}

}  // namespace chainrule
