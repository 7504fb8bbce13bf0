// Binds the steps of training: an object that holds the network's weights and the solver's state while it
// trains.
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <map>
#include <variant>

#include "binding.hpp"
#include "training_steps.hpp"

namespace chainrule {
namespace {

template <class Value>
Value named(const std::map<std::string, Value>& table, const std::string& name, const char* argument) {
    const auto found = table.find(name);
    if (found == table.end()) {
        throw nb::value_error(("TrainingSteps: " + std::string(argument) +
                               " is one of those that are known; got '" + name + "'. Check the spelling.")
                                  .c_str());
    }
    return found->second;
}

const std::map<std::string, ActivationKind> activation_names{{"identity", ActivationKind::identity},
                                                             {"relu", ActivationKind::relu},
                                                             {"tanh", ActivationKind::tanh},
                                                             {"sigmoid", ActivationKind::sigmoid}};
const std::map<std::string, HeadKind> head_names{
    {"softmax", HeadKind::softmax}, {"sigmoid", HeadKind::sigmoid}, {"identity", HeadKind::identity}};
const std::map<std::string, SolverKind> solver_names{
    {"sgd", SolverKind::sgd}, {"nesterov", SolverKind::nesterov}, {"adam", SolverKind::adam}};

[[noreturn]] void refuse(const char* rule, const char* remedy) {
    throw nb::value_error((std::string("TrainingSteps: ") + rule + "; got others. " + remedy).c_str());
}

NetworkPlan network_plan(const std::vector<int64_t>& sizes, const std::vector<std::string>& activations,
                         const std::vector<int>& thresholds, const std::string& head, int64_t most_rows) {
    if (sizes.size() < 2 || *std::min_element(sizes.begin(), sizes.end()) < 1 || most_rows < 1) {
        refuse("layer_sizes are at least two positive numbers, and most_rows is positive", "Correct them.");
    }
    if (activations.size() + 2 != sizes.size() || thresholds.size() != activations.size()) {
        refuse("activations and thresholds have one entry for each hidden layer",
               "Match them with layer_sizes.");
    }
    NetworkPlan plan{sizes, {}, thresholds, named(head_names, head, "head"), most_rows};
    for (const std::string& name : activations) {
        plan.activations.push_back(named(activation_names, name, "an activation"));
    }
    for (const int threshold : thresholds) {
        if (threshold < 0 || threshold >= 1 << 16) {
            refuse("thresholds lie in 0..65535", "Correct them.");
        }
    }
    return plan;
}

// The arrays of a call, checked: every index that is used lies in its array.
struct StepsArrays {
    PythonArray data;
    PythonArray targets;
    OptionalArray row_weight;
    OptionalArray class_weight;
    OptionalArray centre;
    OptionalArray scale;
    PythonArray order;
    PythonArray rates;
};

class Training {
    template <class Use>
    auto with_steps(Use use) {
        if (const auto* steps = std::get_if<std::unique_ptr<TrainingSteps<float>>>(&steps_)) {
            return use(**steps, float{});
        }
        return use(*std::get<std::unique_ptr<TrainingSteps<double>>>(steps_), double{});
    }

  public:
    Training(const std::string& dtype, const std::vector<int64_t>& sizes,
             const std::vector<std::string>& activations, const std::vector<int>& thresholds,
             const std::string& head, int64_t most_rows, const std::string& solver, double momentum,
             double beta2, double epsilon, double weight_decay, double alpha, double max_norm) {
        const NetworkPlan plan = network_plan(sizes, activations, thresholds, head, most_rows);
        const SolverPlan solver_plan{
            named(solver_names, solver, "solver"), momentum, beta2, epsilon, weight_decay, alpha, max_norm};
        has_second_ = solver_plan.kind == SolverKind::adam;
        if (dtype == "float32") {
            steps_.emplace<std::unique_ptr<TrainingSteps<float>>>(
                new TrainingSteps<float>(plan, solver_plan));
        } else if (dtype == "float64") {
            steps_.emplace<std::unique_ptr<TrainingSteps<double>>>(
                new TrainingSteps<double>(plan, solver_plan));
        } else {
            refuse("dtype is float32 or float64", "Convert.");
        }
    }

    void load(nb::handle parameters, nb::handle first, nb::handle second, int n_threads) {
        const int threads = thread_count(n_threads);
        move("TrainingSteps.load", parameters, first, second, Access::read,
             [&](auto& steps, auto* x, auto* m, auto* v) { steps.load(x, m, v, threads); });
    }
    void store(nb::handle parameters, nb::handle first, nb::handle second, int n_threads) {
        const int threads = thread_count(n_threads);
        move("TrainingSteps.store", parameters, first, second, Access::write,
             [&](auto& steps, auto* x, auto* m, auto* v) { steps.store(x, m, v, threads); });
    }

    std::tuple<int64_t, double, double> run(nb::handle data, nb::handle targets, nb::handle row_weight,
                                            nb::handle class_weight, double label_smoothing,
                                            double mean_weight, nb::handle centre, nb::handle scale,
                                            double limit, nb::handle order, int64_t n_batches,
                                            int64_t first_batch, nb::handle rates, int64_t steps_before,
                                            uint64_t seed, uint64_t epoch, double total, int n_threads) {
        const char* call = "TrainingSteps.run";
        const bool by_index = has_one_axis(targets);
        const StepsArrays arrays{{data, call, "data", Access::read, 2},
                                 {targets, call, "targets", Access::read, by_index ? 1 : 2},
                                 {row_weight, call, "row_weight", Access::read, 1},
                                 {class_weight, call, "class_weight", Access::read, 1},
                                 {centre, call, "centre", Access::read, 1},
                                 {scale, call, "scale", Access::read, 1},
                                 {order, call, "order", Access::read, 1},
                                 {rates, call, "rates", Access::read, 1}};
        return with_steps([&](auto& steps, auto real) {
            using Real = decltype(real);
            StepsTask task{};
            take_arrays<Real>(task, arrays, steps.network(), by_index);
            task.limit = limit;
            task.label_smoothing = label_smoothing;
            task.folded = by_index && !arrays.class_weight && label_smoothing == 0.0;
            task.mean_weight = mean_weight;
            task.n_batches = n_batches;
            task.first_batch = first_batch;
            task.steps_before = steps_before;
            task.seed = seed;
            task.epoch = epoch;
            task.total = total;
            check_batches(task, arrays.data.extent(0), steps.network());
            const int threads = thread_count(n_threads);
            const InterpreterUnlocked unlocked;
            const StepsOutcome outcome = steps.run(task, threads);
            return std::tuple<int64_t, double, double>(outcome.steps, outcome.total, outcome.gradient_norm);
        });
    }

  private:
    static bool has_one_axis(nb::handle array) { return nb::cast<int>(array.attr("ndim")) == 1; }

    template <class Use>
    void move(const char* call, nb::handle x_object, nb::handle m_object, nb::handle v_object, Access access,
              Use use) {
        const PythonArray x(x_object, call, "parameters", access, 1);
        const PythonArray m(m_object, call, "first", access, 1);
        const OptionalArray v(v_object, call, "second", access, 1);
        if (v.has_value() != has_second_) {
            refuse("second is given for Adam and for no other solver", "Pass it, or None.");
        }
        with_steps([&](auto& steps, auto real) {
            using Real = decltype(real);
            x.require_shape({steps.n_parameters()});
            m.require_shape({steps.n_parameters()});
            if (v) {
                v->require_shape({steps.n_parameters()});
            }
            use(steps, x.data<Real>(), m.data<Real>(), v.data_or_null<Real>());
            return 0;
        });
    }

    template <class Real>
    static void take_arrays(StepsTask& task, const StepsArrays& arrays, const NetworkPlan& network,
                            bool by_index) {
        const int64_t n_rows = arrays.data.extent(0);
        const int64_t n_outputs = network.sizes.back();
        arrays.data.require_shape({n_rows, network.sizes.front()});
        task.data_is_float64 = arrays.data.kind() == Kind::float64;
        task.data = task.data_is_float64 ? static_cast<const void*>(arrays.data.data<const double>())
                                         : arrays.data.data<const float>();
        if (by_index) {
            arrays.targets.require_shape({n_rows});
            task.indices = arrays.targets.data<const int64_t>();
            if (network.head != HeadKind::softmax) {
                refuse("index targets go with a softmax head", "Pass numbers for every output.");
            }
        } else {
            arrays.targets.require_shape({n_rows, n_outputs});
            task.probabilities = arrays.targets.data<const Real>();
        }
        require_length(arrays.row_weight, n_rows);
        require_length(arrays.class_weight, n_outputs);
        require_length(arrays.centre, network.sizes.front());
        require_length(arrays.scale, network.sizes.front());
        if (arrays.centre.has_value() != arrays.scale.has_value()) {
            refuse("centre and scale come together", "Pass both.");
        }
        task.row_weight = arrays.row_weight.data_or_null<const double>();
        task.class_weight = arrays.class_weight.data_or_null<const double>();
        task.centre = arrays.centre.data_or_null<const double>();
        task.scale = arrays.scale.data_or_null<const double>();
        task.order = arrays.order.data<const int64_t>();
        task.n_rows = arrays.order.extent(0);
        task.rates = arrays.rates.data<const double>();
        task.n_steps = arrays.rates.extent(0);
    }

    static void require_length(const OptionalArray& array, int64_t length) {
        if (array) {
            array->require_shape({length});
        }
    }

    static void check_batches(const StepsTask& task, int64_t data_rows, const NetworkPlan& network) {
        const bool inside = task.n_batches >= 1 && task.n_batches <= task.n_rows && task.first_batch >= 0 &&
                            task.n_steps >= 1 && task.first_batch + task.n_steps <= task.n_batches;
        if (!inside || (task.n_rows + task.n_batches - 1) / task.n_batches > network.most_rows) {
            refuse("batches lie inside an epoch and have 1 to most_rows rows", "Check their number.");
        }
        // Of the rows of these batches alone: an epoch may be long, and come in many calls.
        const int64_t first = task.first_batch * task.n_rows / task.n_batches;
        const int64_t last = (task.first_batch + task.n_steps) * task.n_rows / task.n_batches;
        if (kernels().first_bad_index(task.order + first, last - first, data_rows, nullptr) >= 0) {
            refuse("order holds numbers of rows", "Pass those of the data.");
        }
        const int64_t n_classes = network.sizes.back();
        for (int64_t i = first; task.indices && i < last; ++i) {
            const int64_t target = task.indices[task.order[i]];
            if (target < 0 || target >= n_classes) {
                refuse("index targets are classes", "Check them first.");
            }
        }
    }

    std::variant<std::unique_ptr<TrainingSteps<float>>, std::unique_ptr<TrainingSteps<double>>> steps_;
    bool has_second_;
};

}  // namespace

void bind_training(nb::module_& m) {
    nb::class_<Training>(m, "TrainingSteps")
        .def(nb::init<const std::string&, const std::vector<int64_t>&, const std::vector<std::string>&,
                      const std::vector<int>&, const std::string&, int64_t, const std::string&, double,
                      double, double, double, double, double>(),
             nb::arg("dtype"), nb::arg("layer_sizes"), nb::arg("activations"), nb::arg("thresholds"),
             nb::arg("head"), nb::arg("most_rows"), nb::arg("solver"), nb::arg("momentum"), nb::arg("beta2"),
             nb::arg("epsilon"), nb::arg("weight_decay"), nb::arg("alpha"), nb::arg("max_norm"))
        .def("load", &Training::load, nb::arg("parameters"), nb::arg("first"), nb::arg("second").none(),
             nb::arg("n_threads"))
        .def("store", &Training::store, nb::arg("parameters"), nb::arg("first"), nb::arg("second").none(),
             nb::arg("n_threads"))
        .def("run", &Training::run, nb::arg("data"), nb::arg("targets"), nb::arg("row_weight").none(),
             nb::arg("class_weight").none(), nb::arg("label_smoothing"), nb::arg("mean_weight"),
             nb::arg("centre").none(), nb::arg("scale").none(), nb::arg("limit"), nb::arg("order"),
             nb::arg("n_batches"), nb::arg("first_batch"), nb::arg("rates"), nb::arg("steps_before"),
             nb::arg("seed"), nb::arg("epoch"), nb::arg("total"), nb::arg("n_threads"));
}

}  // namespace chainrule
