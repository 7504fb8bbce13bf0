// Whole public calls in one step, for arguments that need no explanation: plain NumPy arrays and plain
// numbers.
//
// Checking arguments one by one in Python costs 30 microseconds, the kernel of a small batch 2. Here the same
// checks are made beside the kernel. Anything else than the usual case, and anything that is wrong, gives
// None, and nothing has been written to the caller's arrays: the functions in Python then convert it, or
// explain it.
#include <atomic>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>

#include "binding.hpp"
#include "total.hpp"

namespace chainrule {
namespace {

enum class Reduction { mean, sum, none };

std::optional<Reduction> reduction_named(PyObject* name) {
    if (PyUnicode_CheckExact(name)) {
        if (PyUnicode_CompareWithASCIIString(name, "mean") == 0) {
            return Reduction::mean;
        }
        if (PyUnicode_CompareWithASCIIString(name, "sum") == 0) {
            return Reduction::sum;
        }
        if (PyUnicode_CompareWithASCIIString(name, "none") == 0) {
            return Reduction::none;
        }
    }
    return std::nullopt;
}

// An int of Python itself that fits.
std::optional<int64_t> whole_number(PyObject* object) {
    if (!PyLong_CheckExact(object)) {
        return std::nullopt;
    }
    int overflow = 0;
    const int64_t value = PyLong_AsLongLongAndOverflow(object, &overflow);
    return overflow == 0 ? std::optional<int64_t>(value) : std::nullopt;
}

// A float of Python itself, or an int that it holds.
std::optional<double> number(PyObject* object) {
    if (PyFloat_CheckExact(object)) {
        return PyFloat_AS_DOUBLE(object);
    }
    const std::optional<int64_t> whole = whole_number(object);
    constexpr int64_t exact = int64_t{1} << 53;
    const bool fits = whole && *whole <= exact && *whole >= -exact;
    return fits ? std::optional<double>(static_cast<double>(*whole)) : std::nullopt;
}

// As many as there are for None; how many there are is asked only where more than one would pay.
std::optional<int> threads_wanted(PyObject* object) {
    if (object == Py_None) {
        return std::numeric_limits<int>::max();
    }
    const std::optional<int64_t> wanted = whole_number(object);
    const bool fits = wanted && *wanted >= 1 && *wanted <= std::numeric_limits<int>::max();
    return fits ? std::optional<int>(static_cast<int>(*wanted)) : std::nullopt;
}

// Rows of logits: all axes but the last.
struct LogitRows {
    int64_t n_rows = 1;
    int64_t n_classes = 0;
};

std::optional<LogitRows> rows_of(const PlainArray& logits) {
    const bool floating = logits && (logits.kind() == Kind::float32 || logits.kind() == Kind::float64);
    if (!floating || logits.axes() < 1 || logits.extent(logits.axes() - 1) < 1) {
        return std::nullopt;
    }
    LogitRows rows;
    for (int axis = 0; axis + 1 < logits.axes(); ++axis) {
        rows.n_rows *= logits.extent(axis);
    }
    rows.n_classes = logits.extent(logits.axes() - 1);
    return rows;
}

struct LossOptions {
    double temperature = 1.0;
    std::optional<int64_t> ignore_index;
    Reduction reduction = Reduction::mean;
    int threads = 1;
};

std::optional<LossOptions> loss_options(PyObject* label_smoothing, PyObject* ignore_index,
                                        PyObject* temperature, PyObject* reduction, PyObject* n_threads) {
    const std::optional<double> smoothing = number(label_smoothing);
    const std::optional<double> divisor = number(temperature);
    const std::optional<Reduction> reduced = reduction_named(reduction);
    const std::optional<int> threads = threads_wanted(n_threads);
    LossOptions options;
    if (ignore_index != Py_None) {
        options.ignore_index = whole_number(ignore_index);
    }
    const bool ignoring_is_plain = ignore_index == Py_None || options.ignore_index;
    // Beyond these temperatures float32 is computed in float64.
    const bool usual = divisor && *divisor >= 1e-30 && *divisor <= 1e30;
    if (!smoothing || *smoothing != 0.0 || !usual || !reduced || !threads || !ignoring_is_plain) {
        return std::nullopt;
    }
    options.temperature = *divisor;
    options.reduction = *reduced;
    options.threads = *threads;
    return options;
}

// The checked arguments of a loss, and their places in memory.
struct IndexLoss {
    PlainArray logits;
    PlainArray targets;
    LogitRows rows;
    LossOptions options;

    IndexLoss(PyObject* logits_object, PyObject* targets_object)
        : logits(logits_object, Access::read), targets(targets_object, Access::read) {}

    bool arrays_fit() {
        const std::optional<LogitRows> found = rows_of(logits);
        const bool indices = found && targets && targets.kind() == Kind::int64 &&
                             targets.axes() == logits.axes() - 1 &&
                             targets.same_extents(logits, targets.axes());
        rows = found.value_or(LogitRows{});
        return indices;
    }
    bool takes(const PlainArray& out) const {
        return out && out.kind() == logits.kind() && out.axes() == logits.axes() &&
               out.same_extents(logits, out.axes()) && !out.overlaps(targets) &&
               (out.same_memory(logits) || !out.overlaps(logits));
    }
    const int64_t* ignored() const { return options.ignore_index ? &*options.ignore_index : nullptr; }
    const int64_t* indices() const { return targets.data<const int64_t>(); }
    bool has_bad_index(int64_t first, int64_t last) const {
        return kernels().first_bad_index(indices() + first, last - first, rows.n_classes, ignored()) >= 0;
    }
};

// How many rows are not ignored.
double rows_in_use(const IndexLoss& loss) {
    if (!loss.options.ignore_index) {
        return static_cast<double>(loss.rows.n_rows);
    }
    const int64_t ignored = *loss.options.ignore_index;
    std::atomic<int64_t> used{0};
    share_rows(loss.rows.n_rows, index_nanoseconds, loss.options.threads, [&](int64_t first, int64_t last) {
        int64_t count = 0;
        for (int64_t i = first; i < last; ++i) {
            count += loss.indices()[i] != ignored;
        }
        used.fetch_add(count, std::memory_order_relaxed);
    });
    return static_cast<double>(used.load());
}

bool targets_are_classes(const IndexLoss& loss) {
    std::atomic<bool> bad{false};
    share_rows(loss.rows.n_rows, index_nanoseconds, loss.options.threads, [&](int64_t first, int64_t last) {
        if (loss.has_bad_index(first, last)) {
            bad.store(true, std::memory_order_relaxed);
        }
    });
    return !bad.load(std::memory_order_relaxed);
}

// Check the targets of each chunk and compute it right away: they are in the cache then, and nothing has to
// wait for the check of all. False when some target is no class.
template <class Real>
bool run_rows(const IndexLoss& loss, const IndexTask<Real>& task) {
    std::atomic<bool> bad{false};
    const double nanoseconds = nanoseconds_of_row(loss.rows.n_classes * static_cast<int64_t>(sizeof(Real)));
    const auto kernel = kernels_of<Real>().cross_entropy_index;
    share_rows(loss.rows.n_rows, nanoseconds, loss.options.threads, [&](int64_t first, int64_t last) {
        if (loss.has_bad_index(first, last)) {
            bad.store(true, std::memory_order_relaxed);
        }
        if (!bad.load(std::memory_order_relaxed)) {
            kernel(task, first, last);
        }
    });
    return !bad.load(std::memory_order_relaxed);
}

struct LossResult {
    double value;
    bool right;
};

// Without the interpreter lock. A gradient that is the caller's is not touched before all targets are known
// to be classes.
template <class Real>
LossResult evaluate(const IndexLoss& loss, Real* gradient, bool gradient_is_callers, double* losses,
                    Real* rounded) {
    const InterpreterUnlocked unlocked;
    if (gradient_is_callers && !targets_are_classes(loss)) {
        return {0.0, false};
    }
    const bool mean = loss.options.reduction == Reduction::mean;
    const double weight = mean ? rows_in_use(loss) : 1.0;
    const double scale = weight > 0.0 ? 1.0 / weight : 0.0;
    const IndexTask<Real> task{loss.logits.data<const Real>(),
                               loss.indices(),
                               nullptr,
                               losses,
                               gradient,
                               loss.rows.n_classes,
                               loss.options.temperature,
                               scale,
                               loss.ignored(),
                               is_beyond_cache<Real>(loss.rows.n_rows, loss.rows.n_classes)};
    if (!run_rows(loss, task)) {
        return {0.0, false};
    }
    if (rounded) {
        for (int64_t i = 0; i < loss.rows.n_rows; ++i) {
            rounded[i] = static_cast<Real>(losses[i]);
        }
        return {0.0, true};
    }
    const double total = fixed_order_total(losses, loss.rows.n_rows);
    return {mean ? (weight > 0.0 ? total / weight : 0.0) : total, true};
}

nb::object empty_losses(nb::handle logits, nb::handle targets) {
    return numpy().empty(targets.attr("shape"), logits.attr("dtype"));
}

// None, or the loss, or the loss and its gradient.
nb::object cross_entropy_call(nb::handle logits, nb::handle targets, nb::handle sample_weight,
                              nb::handle class_weight, nb::handle label_smoothing, nb::handle ignore_index,
                              nb::handle temperature, nb::handle reduction, bool with_gradient,
                              nb::handle out, nb::handle n_threads) {
    const std::optional<LossOptions> options = loss_options(
        label_smoothing.ptr(), ignore_index.ptr(), temperature.ptr(), reduction.ptr(), n_threads.ptr());
    if (!options || !sample_weight.is_none() || !class_weight.is_none()) {
        return nb::none();
    }
    IndexLoss loss(logits.ptr(), targets.ptr());
    loss.options = *options;
    if (!loss.arrays_fit()) {
        return nb::none();
    }
    nb::object gradient;
    std::optional<PlainArray> written;
    if (with_gradient) {
        const bool fresh = out.is_none();
        gradient = fresh ? numpy().empty_like(logits) : nb::borrow(out);
        written.emplace(gradient.ptr(), Access::write);
        if (!loss.takes(*written)) {
            return nb::none();
        }
    }
    const bool each = options->reduction == Reduction::none;
    nb::object losses = each ? empty_losses(logits, targets) : nb::object();
    const std::unique_ptr<double[]> exact(new double[static_cast<size_t>(loss.rows.n_rows)]);
    const LossResult result = with_kind(loss.logits.kind(), [&](auto real) {
        using Real = decltype(real);
        std::optional<PlainArray> rounded;
        if (each) {
            rounded.emplace(losses.ptr(), Access::write);
        }
        return evaluate<Real>(loss, written ? written->data<Real>() : nullptr, !out.is_none(), exact.get(),
                              rounded ? rounded->data<Real>() : nullptr);
    });
    if (!result.right) {
        return nb::none();
    }
    nb::object value = each ? losses : nb::object(nb::float_(result.value));
    return with_gradient ? nb::object(nb::make_tuple(value, gradient)) : value;
}

// None, or softmax, log_softmax or logsumexp along the last axis.
template <int which>
nb::object softmax_call(nb::handle logits_object, nb::handle axis, nb::handle n_threads) {
    const std::optional<int64_t> wanted = whole_number(axis.ptr());
    const std::optional<int> threads = threads_wanted(n_threads.ptr());
    const PlainArray logits(logits_object.ptr(), Access::read);
    const std::optional<LogitRows> rows = rows_of(logits);
    if (!wanted || !threads || !rows || (*wanted != -1 && *wanted != logits.axes() - 1)) {
        return nb::none();
    }
    nb::object out;
    if constexpr (which == 2) {
        const nb::object shape =
            nb::object(logits_object.attr("shape"))[nb::slice(nb::none(), nb::int_(-1), nb::none())];
        out = numpy().empty(shape, logits_object.attr("dtype"));
    } else {
        out = numpy().empty_like(logits_object);
    }
    const PlainArray written(out.ptr(), Access::write);
    with_kind(logits.kind(), [&](auto real) {
        using Real = decltype(real);
        const KernelsOf<Real>& table = kernels_of<Real>();
        const auto kernel = which == 0 ? table.softmax : which == 1 ? table.log_softmax : table.logsumexp;
        const SoftmaxTask<Real> task{logits.data<const Real>(), written.data<Real>(), rows->n_classes};
        const InterpreterUnlocked unlocked;
        share_rows(rows->n_rows, nanoseconds_of_row(rows->n_classes * static_cast<int64_t>(sizeof(Real))),
                   *threads, [&](int64_t first, int64_t last) { kernel(task, first, last); });
    });
    return out;
}

}  // namespace

void bind_calls(nb::module_& m) {
    numpy();  // found now: a first call from several threads could wait for the interpreter and for one
              // another
    m.def("cross_entropy_call", cross_entropy_call, nb::arg("logits").none(), nb::arg("targets").none(),
          nb::arg("sample_weight").none(), nb::arg("class_weight").none(), nb::arg("label_smoothing").none(),
          nb::arg("ignore_index").none(), nb::arg("temperature").none(), nb::arg("reduction").none(),
          nb::arg("with_gradient"), nb::arg("out").none(), nb::arg("n_threads").none());
    const auto bind_softmax_call = [&](const char* name, auto call) {
        m.def(name, call, nb::arg("logits").none(), nb::arg("axis").none(), nb::arg("n_threads").none());
    };
    bind_softmax_call("softmax_call", softmax_call<0>);
    bind_softmax_call("log_softmax_call", softmax_call<1>);
    bind_softmax_call("logsumexp_call", softmax_call<2>);
}

}  // namespace chainrule
