// The arrays that passes over rows take beside the rows, dense or sparse, checked.
#pragma once

#include "binding.hpp"
#include "linear_passes.hpp"

namespace chainrule {

inline void require_rows(const char* call, const OptionalArray& positions, int64_t n_rows,
                         const char* of_what) {
    const int64_t* const given = positions.data_or_null<const int64_t>();
    for (int64_t i = 0; given && i < positions->extent(0); ++i) {
        if (given[i] < 0 || given[i] >= n_rows) {
            throw nb::value_error((std::string(call) + ": positions are rows of " + of_what + "; got " +
                                   std::to_string(given[i]) + ". Pass 0 to N - 1.")
                                      .c_str());
        }
    }
}

// W, b and where Z goes. `Rows` has n_rows(), n_features() and require_apart(output).
struct LogitsArrays {
    PythonArray weight;
    PythonArray bias;
    PythonArray out;

    template <class Rows>
    LogitsArrays(const char* call, const Rows& rows, nb::handle weight_object, nb::handle bias_object,
                 nb::handle out_object)
        : weight(weight_object, call, "weight", Access::read, 2),
          bias(bias_object, call, "bias", Access::read, 1),
          out(out_object, call, "out", Access::write, 2) {
        const int64_t n_classes = weight.extent(0);
        weight.require_shape({n_classes, rows.n_features()});
        bias.require_shape({n_classes});
        out.require_shape({rows.n_rows(), n_classes});
        rows.require_apart(out);
        out.require_apart_from(weight, false);
        out.require_apart_from(bias, false);
    }

    template <class Real>
    LogitsPass<Real> pass() const {
        return {weight.data<const Real>(), bias.data<const Real>(), weight.extent(0), out.data<Real>()};
    }
};

// Where sums over rows go.
struct SumsArrays {
    PythonArray weight;
    PythonArray bias;

    template <class Rows>
    SumsArrays(const char* call, const Rows& rows, int64_t n_classes, nb::handle weight_object,
               const char* weight_name, nb::handle bias_object, const char* bias_name)
        : weight(weight_object, call, weight_name, Access::write, 2),
          bias(bias_object, call, bias_name, Access::write, 1) {
        weight.require_shape({n_classes, rows.n_features()});
        bias.require_shape({n_classes});
        rows.require_apart(weight);
        rows.require_apart(bias);
        bias.require_apart_from(weight, false);
    }

    void require_apart(const PythonArray& input) const {
        weight.require_apart_from(input, false);
        bias.require_apart_from(input, false);
    }
    void require_apart(const OptionalArray& input) const {
        if (input) {
            require_apart(*input);
        }
    }
    RowSums sums() const { return {weight.data<double>(), bias.data<double>()}; }
};

// G, and its sums with rows.
struct CrossArrays {
    PythonArray gradient;
    SumsArrays out;

    template <class Rows>
    CrossArrays(const char* call, const Rows& rows, nb::handle gradient_object, nb::handle weight,
                nb::handle bias)
        : gradient(gradient_object, call, "gradient", Access::read, 2),
          out(call, rows, gradient.extent(1), weight, "weight_sums", bias, "bias_sums") {
        gradient.require_shape({rows.n_rows(), gradient.extent(1)});
        out.require_apart(gradient);
    }
};

// Probabilities and weights of `n_known` rows, and a direction with its product.
struct CurvatureArrays {
    PythonArray probabilities;
    OptionalArray row_weight;
    PythonArray direction;
    PythonArray bias_direction;
    SumsArrays out;

    template <class Rows>
    CurvatureArrays(const char* call, const Rows& rows, nb::handle probabilities_object,
                    nb::handle row_weight_object, nb::handle direction_object,
                    nb::handle bias_direction_object, nb::handle weight, nb::handle bias)
        : probabilities(probabilities_object, call, "probabilities", Access::read, 2),
          row_weight(row_weight_object, call, "row_weight", Access::read, 1),
          direction(direction_object, call, "direction", Access::read, 2),
          bias_direction(bias_direction_object, call, "bias_direction", Access::read, 1),
          out(call, rows, direction.extent(0), weight, "weight_product", bias, "bias_product") {
        direction.require_shape({direction.extent(0), rows.n_features()});
        bias_direction.require_shape({direction.extent(0)});
        for (const PythonArray* input : {&probabilities, &direction, &bias_direction}) {
            out.require_apart(*input);
        }
        out.require_apart(row_weight);
    }

    void require_known(int64_t n_known) const {
        probabilities.require_shape({n_known, direction.extent(0)});
        if (row_weight) {
            row_weight->require_shape({n_known});
        }
    }
    template <class Real>
    CurvaturePass<Real> pass() const {
        return {probabilities.data<const Real>(), row_weight.data_or_null<const double>(),
                direction.data<const Real>(), bias_direction.data<const Real>(), direction.extent(0)};
    }
};

}  // namespace chainrule
