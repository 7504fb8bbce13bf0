// Binds the order of random words, from which permutations are made.
#include "binding.hpp"
#include "stable_order.hpp"

namespace chainrule {
namespace {

void stable_order_of(nb::handle words_object, nb::handle out_object) {
    const char* call = "stable_order";
    const PythonArray words(words_object, call, "words", Access::read, 1);
    const PythonArray out(out_object, call, "out", Access::write, 1);
    out.require_shape({words.extent(0)});
    out.require_apart_from(words, false);
    if (words.extent(0) >> 32 != 0) {
        throw nb::value_error("stable_order: fewer than 2^32 words. Sort them with NumPy.");
    }
    const auto* const from = reinterpret_cast<const uint64_t*>(words.data<const int64_t>());
    int64_t* const to = out.data<int64_t>();
    const InterpreterUnlocked unlocked;
    stable_order(from, words.extent(0), to);
}

}  // namespace

void bind_stable_order(nb::module_& m) {
    m.def("stable_order", stable_order_of, nb::arg("words"), nb::arg("out"));
}

}  // namespace chainrule
