// Binds the cross-entropies of rows, and the search for an index that is no class.
#include <memory>

#include "binding.hpp"
#include "total.hpp"

namespace chainrule {
namespace {

// The arrays that both cross-entropies take besides their targets.
struct LossArrays {
    PythonArray logits;
    OptionalArray row_weight;
    OptionalArray losses;
    OptionalArray gradient;

    LossArrays(const char* call, nb::handle logits_object, nb::handle row_weight_object,
               nb::handle losses_object, nb::handle gradient_object)
        : logits(logits_object, call, "logits", Access::read, 2),
          row_weight(row_weight_object, call, "row_weight", Access::read, 1),
          losses(losses_object, call, "losses", Access::write, 1),
          gradient(gradient_object, call, "gradient", Access::write, 2) {
        require_classes(logits, call);
        if (row_weight) {
            row_weight->require_shape({logits.extent(0)});
        }
        if (losses) {
            losses->require_shape({logits.extent(0)});
            losses->require_apart_from(logits, false);
        }
        if (gradient) {
            gradient->require_shape({logits.extent(0), logits.extent(1)});
            gradient->require_apart_from(logits, true);
        }
    }

    void require_outputs_apart_from(const OptionalArray& input) const {
        for (const OptionalArray* output : {&losses, &gradient}) {
            if (input && *output) {
                (*output)->require_apart_from(*input, false);
            }
        }
    }
};

// Run the rows of a task whose losses have a place, and add up their total in the fixed order.
template <class Task>
double run_loss(void (*kernel)(const Task&, int64_t, int64_t), Task task, int64_t n_rows, int64_t row_bytes,
                int n_threads) {
    const InterpreterUnlocked unlocked;
    std::unique_ptr<double[]> own_losses;
    if (!task.losses) {
        own_losses.reset(new double[static_cast<size_t>(n_rows)]);
        task.losses = own_losses.get();
    }
    share_rows(n_rows, nanoseconds_of_row(row_bytes), n_threads,
               [&](int64_t first, int64_t last) { kernel(task, first, last); });
    return fixed_order_total(task.losses, n_rows);
}

double cross_entropy_index_rows(nb::handle logits, nb::handle targets_object, nb::handle row_weight,
                                double temperature, double gradient_scale, nb::handle losses,
                                nb::handle gradient, int n_threads) {
    const char* call = "cross_entropy_index_rows";
    const LossArrays arrays(call, logits, row_weight, losses, gradient);
    const OptionalArray targets(targets_object, call, "targets", Access::read, 1);
    if (!targets) {
        throw nb::type_error("cross_entropy_index_rows: targets are an array of int64; got None. Pass them.");
    }
    const int64_t n_rows = arrays.logits.extent(0);
    const int64_t n = arrays.logits.extent(1);
    targets->require_shape({n_rows});
    arrays.require_outputs_apart_from(targets);
    arrays.require_outputs_apart_from(arrays.row_weight);
    return with_dtype(arrays.logits, call, [&](auto real) {
        using Real = decltype(real);
        const IndexTask<Real> task{arrays.logits.data<const Real>(),
                                   targets->data<const int64_t>(),
                                   arrays.row_weight.data_or_null<const double>(),
                                   arrays.losses.data_or_null<double>(),
                                   arrays.gradient.data_or_null<Real>(),
                                   n,
                                   temperature,
                                   gradient_scale,
                                   nullptr,
                                   is_beyond_cache<Real>(n_rows, n)};
        return run_loss(kernels_of<Real>().cross_entropy_index, task, n_rows,
                        n * static_cast<int64_t>(sizeof(Real)), n_threads);
    });
}

double cross_entropy_probability_rows(nb::handle logits, nb::handle targets_object, nb::handle indices_object,
                                      nb::handle class_weight_object, double label_smoothing,
                                      nb::handle row_weight, double temperature, double gradient_scale,
                                      nb::handle losses, nb::handle gradient, int n_threads) {
    const char* call = "cross_entropy_probability_rows";
    const LossArrays arrays(call, logits, row_weight, losses, gradient);
    const OptionalArray targets(targets_object, call, "targets", Access::read, 2);
    const OptionalArray indices(indices_object, call, "indices", Access::read, 1);
    const OptionalArray class_weight(class_weight_object, call, "class_weight", Access::read, 1);
    const int64_t n_rows = arrays.logits.extent(0);
    const int64_t n = arrays.logits.extent(1);
    if (targets.has_value() == indices.has_value()) {
        throw nb::value_error(
            "cross_entropy_probability_rows: exactly one of targets and indices is given; "
            "got both or neither. Pass the other as None.");
    }
    if (targets) {
        targets->require_shape({n_rows, n});
    } else {
        indices->require_shape({n_rows});
    }
    if (class_weight) {
        class_weight->require_shape({n});
    }
    for (const OptionalArray* input : {&targets, &indices, &class_weight, &arrays.row_weight}) {
        arrays.require_outputs_apart_from(*input);
    }
    return with_dtype(arrays.logits, call, [&](auto real) {
        using Real = decltype(real);
        const ProbabilityTask<Real> task{arrays.logits.data<const Real>(),
                                         targets.data_or_null<const Real>(),
                                         indices.data_or_null<const int64_t>(),
                                         class_weight.data_or_null<const double>(),
                                         arrays.row_weight.data_or_null<const double>(),
                                         arrays.losses.data_or_null<double>(),
                                         arrays.gradient.data_or_null<Real>(),
                                         n,
                                         label_smoothing,
                                         temperature,
                                         gradient_scale};
        return run_loss(kernels_of<Real>().cross_entropy_probability, task, n_rows,
                        3 * n * static_cast<int64_t>(sizeof(Real)), n_threads);
    });
}

int64_t checked_ignore_index(nb::handle ignore_index) {
    if (!PyIndex_Check(ignore_index.ptr())) {
        PyErr_Format(PyExc_TypeError,
                     "first_bad_index: ignore_index is a whole number or None; got %R. Pass None, or an int.",
                     ignore_index.ptr());
        nb::raise_python_error();
    }
    const nb::object whole = nb::steal(PyNumber_Index(ignore_index.ptr()));
    if (!whole.is_valid()) {
        nb::raise_python_error();
    }
    int overflow = 0;
    const int64_t index = PyLong_AsLongLongAndOverflow(whole.ptr(), &overflow);
    if (overflow != 0) {
        PyErr_Format(PyExc_OverflowError,
                     "first_bad_index: ignore_index fits int64; got %S. Pass None, or a number that fits.",
                     whole.ptr());
        nb::raise_python_error();
    }
    return index;
}

int64_t first_bad_index(nb::handle targets_object, int64_t n_classes, nb::object ignore_index) {
    const PythonArray targets(targets_object, "first_bad_index", "targets", Access::read, 1);
    const bool ignoring = !ignore_index.is_none();
    const int64_t ignored = ignoring ? checked_ignore_index(ignore_index) : 0;
    const int64_t* const data = targets.data<const int64_t>();
    const InterpreterUnlocked unlocked;
    return kernels().first_bad_index(data, targets.extent(0), n_classes, ignoring ? &ignored : nullptr);
}

}  // namespace

void bind_cross_entropy(nb::module_& m) {
    m.def("cross_entropy_index_rows", cross_entropy_index_rows, nb::arg("logits"), nb::arg("targets").none(),
          nb::arg("row_weight").none(), nb::arg("temperature"), nb::arg("gradient_scale"),
          nb::arg("losses").none(), nb::arg("gradient").none(), nb::arg("n_threads"));
    m.def("cross_entropy_probability_rows", cross_entropy_probability_rows, nb::arg("logits"),
          nb::arg("targets").none(), nb::arg("indices").none(), nb::arg("class_weight").none(),
          nb::arg("label_smoothing"), nb::arg("row_weight").none(), nb::arg("temperature"),
          nb::arg("gradient_scale"), nb::arg("losses").none(), nb::arg("gradient").none(),
          nb::arg("n_threads"));
    m.def("first_bad_index", first_bad_index, nb::arg("targets"), nb::arg("n_classes"),
          nb::arg("ignore_index").none());
}

}  // namespace chainrule
