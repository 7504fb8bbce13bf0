// Binds what is done to a few long vectors (long_vectors.hpp).
#include "binding.hpp"
#include "long_vectors.hpp"

namespace chainrule {
namespace {

void vector_products_rows(nb::handle left_object, nb::handle right_object, nb::handle products_object,
                          int n_threads) {
    const char* call = "vector_products_rows";
    const PythonArray left(left_object, call, "left", Access::read, 2);
    const PythonArray right(right_object, call, "right", Access::read, 2);
    const PythonArray products(products_object, call, "products", Access::write, 2);
    right.require_shape({right.extent(0), left.extent(1)});
    right.require_kind(left.kind());
    products.require_shape({left.extent(0), right.extent(0)});
    products.require_apart_from(left, false);
    products.require_apart_from(right, false);
    auto* const out = products.data<double>();
    with_dtype(left, call, [&](auto real) {
        using Real = decltype(real);
        const auto* const a = left.data<const Real>();
        const auto* const b = right.data<const Real>();
        const int threads = thread_count(n_threads);
        const InterpreterUnlocked unlocked;
        vector_products(a, left.extent(0), b, right.extent(0), left.extent(1), out, threads);
        return 0;
    });
}

void combine_vectors_rows(nb::handle rows_object, nb::handle coefficients_object, nb::handle out_object,
                          int n_threads) {
    const char* call = "combine_vectors_rows";
    const PythonArray rows(rows_object, call, "rows", Access::read, 2);
    const PythonArray coefficients(coefficients_object, call, "coefficients", Access::read, 1);
    const PythonArray out(out_object, call, "out", Access::write, 1);
    coefficients.require_shape({rows.extent(0)});
    out.require_shape({rows.extent(1)});
    out.require_apart_from(coefficients, false);
    const auto* const factors = coefficients.data<const double>();
    with_dtype(rows, call, [&](auto real) {
        using Real = decltype(real);
        const auto* const from = rows.data<const Real>();
        auto* const to = out.data<Real>();
        const int threads = thread_count(n_threads);
        const InterpreterUnlocked unlocked;
        combine_vectors(from, rows.extent(0), rows.extent(1), factors, to, threads);
        return 0;
    });
}

// Vectors of float64 as long as `like`, apart from what is written.
void require_vectors(std::initializer_list<const PythonArray*> vectors, const PythonArray& like) {
    for (const PythonArray* vector : vectors) {
        vector->require_kind(Kind::float64);
        vector->require_shape({like.extent(0)});
    }
}

void require_weights(const char* call, int64_t n_weights, int64_t length) {
    if (n_weights < 0 || n_weights > length) {
        throw nb::value_error((std::string(call) + ": weights are some of the parameters; got " +
                               std::to_string(n_weights) + ". Pass 0 to their number.")
                                  .c_str());
    }
}

void follow_line_rows(nb::handle parameters_object, nb::handle direction_object, nb::handle root_object,
                      nb::handle gradient_object, double step, int64_t n_weights, nb::handle following_object,
                      nb::handle sums_object, int n_threads) {
    const char* call = "follow_line_rows";
    const PythonArray parameters(parameters_object, call, "parameters", Access::read, 1);
    const PythonArray direction(direction_object, call, "direction", Access::read, 1);
    const PythonArray root(root_object, call, "root", Access::read, 1);
    const PythonArray gradient(gradient_object, call, "gradient", Access::read, 1);
    const PythonArray following(following_object, call, "following", Access::write, 1);
    const PythonArray sums(sums_object, call, "sums", Access::write, 1);
    require_vectors({&parameters, &gradient, &following}, parameters);
    direction.require_shape({parameters.extent(0)});
    root.require_shape({parameters.extent(0)});
    root.require_kind(direction.kind());
    sums.require_shape({2});
    require_weights(call, n_weights, parameters.extent(0));
    for (const PythonArray* input : {&parameters, &direction, &root, &gradient, &sums}) {
        following.require_apart_from(*input, false);
    }
    auto* const out = sums.data<double>();
    with_dtype(direction, call, [&](auto real) {
        using Real = decltype(real);
        const LinePass<Real> pass{parameters.data<const double>(),
                                  direction.data<const Real>(),
                                  root.data<const Real>(),
                                  gradient.data<const double>(),
                                  step,
                                  parameters.extent(0),
                                  n_weights,
                                  following.data<double>(),
                                  out};
        const int threads = thread_count(n_threads);
        const InterpreterUnlocked unlocked;
        follow_line(pass, threads);
        return 0;
    });
}

void finish_gradient_rows(nb::handle gradient_object, nb::handle parameters_object, double divisor,
                          double alpha, int64_t n_weights, nb::handle sums_object, int n_threads) {
    const char* call = "finish_gradient_rows";
    const PythonArray gradient(gradient_object, call, "gradient", Access::write, 1);
    const PythonArray parameters(parameters_object, call, "parameters", Access::read, 1);
    const PythonArray sums(sums_object, call, "sums", Access::write, 1);
    require_vectors({&gradient, &parameters}, gradient);
    sums.require_shape({2});
    require_weights(call, n_weights, gradient.extent(0));
    gradient.require_apart_from(parameters, false);
    gradient.require_apart_from(sums, false);
    const GradientPass pass{gradient.data<double>(),
                            parameters.data<const double>(),
                            divisor,
                            alpha,
                            gradient.extent(0),
                            n_weights,
                            sums.data<double>()};
    const int threads = thread_count(n_threads);
    const InterpreterUnlocked unlocked;
    finish_gradient(pass, threads);
}

void remember_pair_rows(nb::handle rows_object, int64_t step, int64_t change,
                        nb::handle gradient_before_object, nb::handle gradient_object, nb::handle root_object,
                        nb::handle products_object, int n_threads) {
    const char* call = "remember_pair_rows";
    const PythonArray rows(rows_object, call, "rows", Access::write, 2);
    const PythonArray gradient_before(gradient_before_object, call, "gradient_before", Access::read, 1);
    const PythonArray gradient(gradient_object, call, "gradient", Access::read, 1);
    const PythonArray root(root_object, call, "root", Access::read, 1);
    const PythonArray products(products_object, call, "products", Access::write, 2);
    const int64_t n_rows = rows.extent(0);
    require_vectors({&gradient, &gradient_before}, gradient);
    rows.require_shape({n_rows, gradient.extent(0)});
    root.require_shape({gradient.extent(0)});
    root.require_kind(rows.kind());
    products.require_shape({n_rows, 3});
    if (step < 0 || change < 0 || step >= n_rows - 1 || change >= n_rows - 1 || step == change) {
        throw nb::value_error(
            (std::string(call) + ": step and change are two of the rows but the last; got " +
             std::to_string(step) + " and " + std::to_string(change) + ". Pass two different rows.")
                .c_str());
    }
    for (const PythonArray* input : {&gradient_before, &gradient, &root, &products}) {
        rows.require_apart_from(*input, false);
    }
    auto* const out = products.data<double>();
    with_dtype(rows, call, [&](auto real) {
        using Real = decltype(real);
        const PairPass<Real> pass{rows.data<Real>(),
                                  n_rows,
                                  gradient.extent(0),
                                  step,
                                  change,
                                  gradient_before.data<const double>(),
                                  gradient.data<const double>(),
                                  root.data<const Real>(),
                                  out};
        const int threads = thread_count(n_threads);
        const InterpreterUnlocked unlocked;
        remember_pair(pass, threads);
        return 0;
    });
}

}  // namespace

void bind_long_vectors(nb::module_& m) {
    m.def("vector_products_rows", vector_products_rows, nb::arg("left"), nb::arg("right"),
          nb::arg("products"), nb::arg("n_threads"));
    m.def("combine_vectors_rows", combine_vectors_rows, nb::arg("rows"), nb::arg("coefficients"),
          nb::arg("out"), nb::arg("n_threads"));
    m.def("follow_line_rows", follow_line_rows, nb::arg("parameters"), nb::arg("direction"), nb::arg("root"),
          nb::arg("gradient"), nb::arg("step"), nb::arg("n_weights"), nb::arg("following"), nb::arg("sums"),
          nb::arg("n_threads"));
    m.def("finish_gradient_rows", finish_gradient_rows, nb::arg("gradient"), nb::arg("parameters"),
          nb::arg("divisor"), nb::arg("alpha"), nb::arg("n_weights"), nb::arg("sums"), nb::arg("n_threads"));
    m.def("remember_pair_rows", remember_pair_rows, nb::arg("rows"), nb::arg("step"), nb::arg("change"),
          nb::arg("gradient_before"), nb::arg("gradient"), nb::arg("root"), nb::arg("products"),
          nb::arg("n_threads"));
}

}  // namespace chainrule
