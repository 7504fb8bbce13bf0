// The one file that binds kernels to Python: checks arrays, shares out rows, lets go of the interpreter lock.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <memory>

#include "instruction_set.hpp"
#include "interpreter_lock.hpp"
#include "processors.hpp"
#include "python_array.hpp"
#include "thread_pool.hpp"
#include "total.hpp"

namespace nb = nanobind;

// For threadpoolctl, which looks them up by name.
extern "C" __attribute__((visibility("default"))) int chainrule_get_num_threads() {
    return chainrule::available_threads();
}
extern "C" __attribute__((visibility("default"))) void chainrule_set_num_threads(int threads) {
    chainrule::limit_threads(threads);
}

namespace chainrule {
namespace {

// Rough times of one core, for sharing out rows; they decide about threads only, never about a bit of a
// result.
constexpr double row_nanoseconds = 50.0;
constexpr double byte_nanoseconds = 0.12;
constexpr double worthwhile_nanoseconds = 40e3;  // below this, waking a thread costs more than it brings
constexpr double chunk_nanoseconds = 5e3;
constexpr int64_t chunks_per_thread = 8;

template <class Rows>
void share_rows(int64_t n_rows, int64_t row_bytes, int requested_threads, const Rows& rows) {
    const double total =
        static_cast<double>(n_rows) * (row_nanoseconds + byte_nanoseconds * static_cast<double>(row_bytes));
    const int threads = total < worthwhile_nanoseconds ? 1 : thread_count(requested_threads);
    const int64_t most = std::min<int64_t>(n_rows, threads == 1 ? 1 : chunks_per_thread * threads);
    const int64_t n_chunks =
        std::clamp<int64_t>(static_cast<int64_t>(total / chunk_nanoseconds), 1, std::max<int64_t>(most, 1));
    run_chunks(n_chunks, threads,
               [&](int64_t chunk) { rows(n_rows * chunk / n_chunks, n_rows * (chunk + 1) / n_chunks); });
}

template <class Real>
const KernelsOf<Real>& kernels_of() {
    if constexpr (kind_of<Real> == Kind::float32) {
        return kernels().float32;
    } else {
        return kernels().float64;
    }
}

// use(Real{}) for the dtype of the logits.
template <class Use>
auto with_dtype(const PythonArray& logits, const char* call, Use use) {
    switch (logits.kind()) {
        case Kind::float32:
            return use(float{});
        case Kind::float64:
            return use(double{});
        default:
            throw nb::type_error((std::string(call) + ": logits are float32 or float64; got another dtype. "
                                                      "Convert them.")
                                     .c_str());
    }
}

void require_classes(const PythonArray& logits, const char* call) {
    if (logits.extent(1) < 1) {
        throw nb::value_error((std::string(call) + ": logits have at least one class; got none. "
                                                   "Pass shape (N, K) with K >= 1.")
                                  .c_str());
    }
}

template <class Real>
using RowKernel = void (*)(const SoftmaxTask<Real>&, int64_t, int64_t);

template <class Real>
void run_softmax(RowKernel<Real> kernel, const PythonArray& logits, const PythonArray& out, int n_threads) {
    const int64_t n = logits.extent(1);
    const SoftmaxTask<Real> task{logits.data<const Real>(), out.data<Real>(), n};
    const InterpreterUnlocked unlocked;
    share_rows(logits.extent(0), n * static_cast<int64_t>(sizeof(Real)), n_threads,
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
    share_rows(n_rows, row_bytes, n_threads, [&](int64_t first, int64_t last) { kernel(task, first, last); });
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
                                   gradient_scale};
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

std::vector<std::string> instruction_set_names() {
    const std::vector<std::string_view> names = instruction_sets();
    return {names.begin(), names.end()};
}

void use_named_instruction_set(const std::string& name) {
    if (!use_instruction_set(name)) {
        throw nb::value_error(("use_instruction_set: name is one of instruction_sets(); got '" + name +
                               "'. Choose one of those.")
                                  .c_str());
    }
}

}  // namespace
}  // namespace chainrule

NB_MODULE(_native, m) {
    using namespace chainrule;
    m.def("softmax_rows", softmax_rows, nb::arg("logits"), nb::arg("out"), nb::arg("n_threads"));
    m.def("log_softmax_rows", log_softmax_rows, nb::arg("logits"), nb::arg("out"), nb::arg("n_threads"));
    m.def("logsumexp_rows", logsumexp_rows, nb::arg("logits"), nb::arg("out"), nb::arg("n_threads"));
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
    m.def("exp_array", exp_array, nb::arg("values"), nb::arg("out"));
    m.def("thread_count", thread_count, nb::arg("n_threads"));
    m.def("available_threads", available_threads);
    m.def("oversubscribe", oversubscribe, nb::arg("allowed"));
    m.def("cgroup_quota", cgroup_quota, nb::arg("membership"), nb::arg("mount"));
    m.def("instruction_sets", instruction_set_names);
    m.def("instruction_set", [] { return std::string(instruction_set_in_use()); });
    m.def("use_instruction_set", use_named_instruction_set, nb::arg("name"));
}
