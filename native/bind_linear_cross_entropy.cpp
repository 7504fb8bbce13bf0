// Binds the cross-entropy of the linear head.
#include <memory>

#include "binding.hpp"
#include "linear_cross_entropy.hpp"

namespace chainrule {
namespace {

void require_a_class(const PythonArray& weight, const char* call) {
    if (weight.extent(0) < 1) {
        throw nb::value_error((std::string(call) +
                               ": weight has at least one class; got none. Pass shape (K, D) "
                               "with K >= 1.")
                                  .c_str());
    }
}

void require_shape(const OptionalArray& array, std::initializer_list<int64_t> shape) {
    if (array) {
        array->require_shape(shape);
    }
}

// The arrays that describe a linear head and its targets.
struct HeadArrays {
    PythonArray features;
    PythonArray weight;
    OptionalArray bias;
    OptionalArray targets;
    OptionalArray indices;
    OptionalArray class_weight;
    OptionalArray row_weight;

    HeadArrays(const char* call, nb::handle features_object, nb::handle weight_object, nb::handle bias_object,
               nb::handle targets_object, nb::handle indices_object, nb::handle class_weight_object,
               nb::handle row_weight_object)
        : features(features_object, call, "features", Access::read, 2),
          weight(weight_object, call, "weight", Access::read, 2),
          bias(bias_object, call, "bias", Access::read, 1),
          targets(targets_object, call, "targets", Access::read, 2),
          indices(indices_object, call, "indices", Access::read, 1),
          class_weight(class_weight_object, call, "class_weight", Access::read, 1),
          row_weight(row_weight_object, call, "row_weight", Access::read, 1) {
        require_a_class(weight, call);
        if (targets.has_value() == indices.has_value()) {
            throw nb::value_error((std::string(call) +
                                   ": exactly one of targets and indices is given; got both "
                                   "or neither. Pass the other as None.")
                                      .c_str());
        }
        weight.require_shape({n_classes(), n_features()});
        require_shape(bias, {n_classes()});
        require_shape(targets, {n_rows(), n_classes()});
        require_shape(indices, {n_rows()});
        require_shape(class_weight, {n_classes()});
        require_shape(row_weight, {n_rows()});
    }

    int64_t n_rows() const { return features.extent(0); }
    int64_t n_features() const { return features.extent(1); }
    int64_t n_classes() const { return weight.extent(0); }

    void require_apart(const OptionalArray& output) const {
        if (!output) {
            return;
        }
        output->require_apart_from(features, false);
        output->require_apart_from(weight, false);
        for (const OptionalArray* input : {&bias, &targets, &indices, &class_weight, &row_weight}) {
            if (*input) {
                output->require_apart_from(**input, false);
            }
        }
    }

    // Index targets whose class weights are folded into the weights of the rows, when there is no smoothing.
    template <class Real>
    LinearHead<Real> head(double label_smoothing, double temperature, double gradient_scale) const {
        return {features.data<const Real>(),
                weight.data<const Real>(),
                bias.data_or_null<const Real>(),
                indices.data_or_null<const int64_t>(),
                targets.data_or_null<const Real>(),
                class_weight.data_or_null<const double>(),
                row_weight.data_or_null<const double>(),
                label_smoothing,
                temperature,
                gradient_scale,
                indices.has_value() && !class_weight && label_smoothing == 0.0,
                n_rows(),
                n_features(),
                n_classes()};
    }
};

// `output` has this shape, and shares no memory with the inputs or with the outputs before it.
void require_output(const OptionalArray& output, std::initializer_list<int64_t> shape,
                    const HeadArrays& arrays, std::initializer_list<const OptionalArray*> others) {
    if (!output) {
        return;
    }
    output->require_shape(shape);
    arrays.require_apart(output);
    for (const OptionalArray* other : others) {
        if (*other) {
            output->require_apart_from(**other, false);
        }
    }
}

double linear_cross_entropy_rows(nb::handle features, nb::handle weight, nb::handle bias, nb::handle targets,
                                 nb::handle indices, nb::handle class_weight, double label_smoothing,
                                 nb::handle row_weight, double temperature, double gradient_scale,
                                 nb::handle losses_object, nb::handle features_gradient_object,
                                 nb::handle weight_gradient_object, nb::handle bias_gradient_object,
                                 int n_threads) {
    const char* call = "linear_cross_entropy_rows";
    const HeadArrays arrays(call, features, weight, bias, targets, indices, class_weight, row_weight);
    const OptionalArray losses(losses_object, call, "losses", Access::write, 1);
    const OptionalArray by_features(features_gradient_object, call, "features_gradient", Access::write, 2);
    const OptionalArray by_weight(weight_gradient_object, call, "weight_gradient", Access::write, 2);
    const OptionalArray by_bias(bias_gradient_object, call, "bias_gradient", Access::write, 1);
    require_output(losses, {arrays.n_rows()}, arrays, {});
    require_output(by_features, {arrays.n_rows(), arrays.n_features()}, arrays, {&losses});
    require_output(by_weight, {arrays.n_classes(), arrays.n_features()}, arrays, {&losses, &by_features});
    require_output(by_bias, {arrays.n_classes()}, arrays, {&losses, &by_features, &by_weight});
    return with_dtype(arrays.features, call, [&](auto real) {
        using Real = decltype(real);
        const LinearHead<Real> head = arrays.head<Real>(label_smoothing, temperature, gradient_scale);
        const LinearGradients<Real> gradients{by_features.data_or_null<Real>(),
                                              by_weight.data_or_null<Real>(), by_bias.data_or_null<Real>()};
        double* const given_losses = losses.data_or_null<double>();
        const int threads = thread_count(n_threads);
        const InterpreterUnlocked unlocked;
        std::unique_ptr<double[]> own_losses;
        if (!given_losses) {
            own_losses.reset(new double[static_cast<size_t>(arrays.n_rows())]);
        }
        return linear_cross_entropy(head, gradients, given_losses ? given_losses : own_losses.get(), threads);
    });
}

void linear_gauss_newton_rows(nb::handle features_object, nb::handle weight_object, nb::handle bias_object,
                              nb::handle direction_object, nb::handle bias_direction_object,
                              nb::handle row_weight_object, double temperature, double scale,
                              nb::handle weight_product_object, nb::handle bias_product_object,
                              int n_threads) {
    const char* call = "linear_gauss_newton_rows";
    const PythonArray features(features_object, call, "features", Access::read, 2);
    const PythonArray weight(weight_object, call, "weight", Access::read, 2);
    const OptionalArray bias(bias_object, call, "bias", Access::read, 1);
    const PythonArray direction(direction_object, call, "direction", Access::read, 2);
    const OptionalArray bias_direction(bias_direction_object, call, "bias_direction", Access::read, 1);
    const OptionalArray row_weight(row_weight_object, call, "row_weight", Access::read, 1);
    const PythonArray weight_product(weight_product_object, call, "weight_product", Access::write, 2);
    const OptionalArray bias_product(bias_product_object, call, "bias_product", Access::write, 1);
    const int64_t n_rows = features.extent(0);
    const int64_t n_features = features.extent(1);
    const int64_t n_classes = weight.extent(0);
    require_a_class(weight, call);
    for (const PythonArray* matrix : {&weight, &direction, &weight_product}) {
        matrix->require_shape({n_classes, n_features});
    }
    for (const OptionalArray* vector : {&bias, &bias_direction, &bias_product}) {
        require_shape(*vector, {n_classes});
    }
    require_shape(row_weight, {n_rows});
    for (const PythonArray* input : {&features, &weight, &direction}) {
        weight_product.require_apart_from(*input, false);
        if (bias_product) {
            bias_product->require_apart_from(*input, false);
        }
    }
    for (const OptionalArray* input : {&bias, &bias_direction, &row_weight, &bias_product}) {
        if (*input) {
            weight_product.require_apart_from(**input, false);
        }
        if (*input && bias_product && input != &bias_product) {
            bias_product->require_apart_from(**input, false);
        }
    }
    with_dtype(features, call, [&](auto real) {
        using Real = decltype(real);
        LinearHead<Real> head{};
        head.features = features.data<const Real>();
        head.weight = weight.data<const Real>();
        head.bias = bias.data_or_null<const Real>();
        head.row_weight = row_weight.data_or_null<const double>();
        head.temperature = temperature;
        head.gradient_scale = scale;
        head.n_rows = n_rows;
        head.n_features = n_features;
        head.n_classes = n_classes;
        const LinearDirection<Real> along{direction.data<const Real>(),
                                          bias_direction.data_or_null<const Real>(),
                                          weight_product.data<Real>(), bias_product.data_or_null<Real>()};
        const int threads = thread_count(n_threads);
        const InterpreterUnlocked unlocked;
        linear_gauss_newton(head, along, threads);
        return 0;
    });
}

}  // namespace

void bind_linear_cross_entropy(nb::module_& m) {
    m.def("linear_cross_entropy_rows", linear_cross_entropy_rows, nb::arg("features"), nb::arg("weight"),
          nb::arg("bias").none(), nb::arg("targets").none(), nb::arg("indices").none(),
          nb::arg("class_weight").none(), nb::arg("label_smoothing"), nb::arg("row_weight").none(),
          nb::arg("temperature"), nb::arg("gradient_scale"), nb::arg("losses").none(),
          nb::arg("features_gradient").none(), nb::arg("weight_gradient").none(),
          nb::arg("bias_gradient").none(), nb::arg("n_threads"));
    m.def("linear_gauss_newton_rows", linear_gauss_newton_rows, nb::arg("features"), nb::arg("weight"),
          nb::arg("bias").none(), nb::arg("direction"), nb::arg("bias_direction").none(),
          nb::arg("row_weight").none(), nb::arg("temperature"), nb::arg("scale"), nb::arg("weight_product"),
          nb::arg("bias_product").none(), nb::arg("n_threads"));
}

}  // namespace chainrule
