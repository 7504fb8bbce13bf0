// Binds the passes over the rows of a linear head (linear_passes.hpp).
#include "binding.hpp"
#include "linear_hessian.hpp"
#include "linear_pass_arrays.hpp"

namespace chainrule {
namespace {

// Features as they are stored, which of them are used, and how they are scaled.
struct RowArrays {
    const char* call;
    PythonArray features;
    OptionalArray positions;
    OptionalArray centre;
    OptionalArray scale;
    double limit;

    RowArrays(const char* name, nb::handle features_object, nb::handle positions_object,
              nb::handle centre_object, nb::handle scale_object, double limit_or_zero)
        : call(name),
          features(features_object, name, "features", Access::read, 2),
          positions(positions_object, name, "positions", Access::read, 1),
          centre(centre_object, name, "centre", Access::read, 1),
          scale(scale_object, name, "scale", Access::read, 1),
          limit(limit_or_zero) {
        if (centre.has_value() != scale.has_value()) {
            throw nb::value_error((std::string(name) + ": centre and scale go together; got one of them. "
                                                       "Pass both, or None for both.")
                                      .c_str());
        }
        for (const OptionalArray* of_features : {&centre, &scale}) {
            if (*of_features) {
                (*of_features)->require_shape({features.extent(1)});
            }
        }
        require_rows(call, positions, features.extent(0), "features");
    }

    int64_t n_features() const { return features.extent(1); }
    int64_t n_rows() const { return positions ? positions->extent(0) : features.extent(0); }

    template <class Stored>
    FeatureRows<Stored> rows() const {
        return {features.data<const Stored>(),
                n_features(),
                n_rows(),
                positions.data_or_null<const int64_t>(),
                centre.data_or_null<const double>(),
                scale.data_or_null<const double>(),
                limit};
    }
    void require_apart(const PythonArray& output) const {
        output.require_apart_from(features, false);
        for (const OptionalArray* input : {&positions, &centre, &scale}) {
            if (*input) {
                output.require_apart_from(**input, false);
            }
        }
    }
};

// use(rows, Real{}) for the dtypes of the features and of the products.
template <class Use>
void with_dtypes(const RowArrays& arrays, const PythonArray& products, Use use) {
    with_dtype(arrays.features, arrays.call, [&](auto stored) {
        with_dtype(products, arrays.call, [&](auto real) {
            use(arrays.rows<decltype(stored)>(), real);
            return 0;
        });
        return 0;
    });
}

void linear_logits_rows(nb::handle features, nb::handle weight, nb::handle bias, nb::handle centre,
                        nb::handle scale, double limit, nb::handle out, int n_threads) {
    const char* call = "linear_logits_rows";
    const RowArrays arrays(call, features, nb::none(), centre, scale, limit);
    const LogitsArrays given(call, arrays, weight, bias, out);
    with_dtypes(arrays, given.weight, [&](const auto& rows, auto real) {
        const auto pass = given.pass<decltype(real)>();
        const int threads = thread_count(n_threads);
        const InterpreterUnlocked unlocked;
        linear_logits(rows, pass, threads);
    });
}

void linear_cross_rows(nb::handle features, nb::handle gradient, nb::handle centre, nb::handle scale,
                       double limit, nb::handle weight, nb::handle bias, int n_threads) {
    const char* call = "linear_cross_rows";
    const RowArrays arrays(call, features, nb::none(), centre, scale, limit);
    const CrossArrays given(call, arrays, gradient, weight, bias);
    const RowSums sums = given.out.sums();
    with_dtypes(arrays, given.gradient, [&](const auto& rows, auto real) {
        using Real = decltype(real);
        const Real* const of_rows = given.gradient.data<const Real>();
        const int threads = thread_count(n_threads);
        const InterpreterUnlocked unlocked;
        linear_cross(rows, of_rows, given.gradient.extent(1), sums, threads);
    });
}

void linear_curvature_rows(nb::handle features, nb::handle positions, nb::handle probabilities,
                           nb::handle row_weight, nb::handle direction, nb::handle bias_direction,
                           nb::handle centre, nb::handle scale, double limit, nb::handle weight,
                           nb::handle bias, int n_threads) {
    const char* call = "linear_curvature_rows";
    const RowArrays arrays(call, features, positions, centre, scale, limit);
    const CurvatureArrays given(call, arrays, probabilities, row_weight, direction, bias_direction, weight,
                                bias);
    given.require_known(arrays.features.extent(0));
    const RowSums sums = given.out.sums();
    with_dtypes(arrays, given.direction, [&](const auto& rows, auto real) {
        const auto pass = given.pass<decltype(real)>();
        const int threads = thread_count(n_threads);
        const InterpreterUnlocked unlocked;
        linear_curvature(rows, pass, sums, threads);
    });
}

void linear_hessian_rows(nb::handle features, nb::handle positions, nb::handle probabilities_object,
                         nb::handle row_weight_object, nb::handle centre, nb::handle scale, double limit,
                         nb::handle out_object, int n_threads) {
    const char* call = "linear_hessian_rows";
    const RowArrays arrays(call, features, positions, centre, scale, limit);
    const PythonArray probabilities(probabilities_object, call, "probabilities", Access::read, 2);
    const OptionalArray row_weight(row_weight_object, call, "row_weight", Access::read, 1);
    const PythonArray out(out_object, call, "out", Access::write, 2);
    const int64_t n_classes = probabilities.extent(1);
    const int64_t n_parameters = n_classes * (arrays.n_features() + 1);
    probabilities.require_shape({arrays.features.extent(0), n_classes});
    out.require_shape({n_parameters, n_parameters});
    arrays.require_apart(out);
    out.require_apart_from(probabilities, false);
    if (row_weight) {
        row_weight->require_shape({arrays.features.extent(0)});
        out.require_apart_from(*row_weight, false);
    }
    with_dtypes(arrays, probabilities, [&](const auto& rows, auto real) {
        using Real = decltype(real);
        const HessianPass<Real> pass{probabilities.data<const Real>(),
                                     row_weight.data_or_null<const double>(), n_classes, out.data<double>()};
        const int threads = thread_count(n_threads);
        const InterpreterUnlocked unlocked;
        linear_hessian(rows, pass, threads);
    });
}

}  // namespace

void bind_linear_passes(nb::module_& m) {
    m.def("linear_logits_rows", linear_logits_rows, nb::arg("features"), nb::arg("weight"), nb::arg("bias"),
          nb::arg("centre").none(), nb::arg("scale").none(), nb::arg("limit"), nb::arg("out"),
          nb::arg("n_threads"));
    m.def("linear_cross_rows", linear_cross_rows, nb::arg("features"), nb::arg("gradient"),
          nb::arg("centre").none(), nb::arg("scale").none(), nb::arg("limit"), nb::arg("weight_sums"),
          nb::arg("bias_sums"), nb::arg("n_threads"));
    m.def("linear_curvature_rows", linear_curvature_rows, nb::arg("features"), nb::arg("positions").none(),
          nb::arg("probabilities"), nb::arg("row_weight").none(), nb::arg("direction"),
          nb::arg("bias_direction"), nb::arg("centre").none(), nb::arg("scale").none(), nb::arg("limit"),
          nb::arg("weight_product"), nb::arg("bias_product"), nb::arg("n_threads"));
    m.def("linear_hessian_rows", linear_hessian_rows, nb::arg("features"), nb::arg("positions").none(),
          nb::arg("probabilities"), nb::arg("row_weight").none(), nb::arg("centre").none(),
          nb::arg("scale").none(), nb::arg("limit"), nb::arg("out"), nb::arg("n_threads"));
}

}  // namespace chainrule
