// Binds random words, and their order, from which permutations are made.
#include "binding.hpp"
#include "random.hpp"

namespace chainrule {
namespace {

void random_words_of(uint64_t seed, uint64_t purpose, uint64_t first, uint64_t second, uint64_t third,
                     nb::handle out_object, int n_threads) {
    const PythonArray out(out_object, "random_words", "out", Access::write, 1);
    auto* const to = reinterpret_cast<uint64_t*>(out.data<int64_t>());
    const InterpreterUnlocked unlocked;
    random_words({seed, purpose}, {{0, third, first, second}}, to, out.extent(0), n_threads);
}

void stable_order_of(nb::handle words_object, nb::handle out_object, int n_threads) {
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
    stable_order(from, words.extent(0), to, n_threads);
}

}  // namespace

void bind_random(nb::module_& m) {
    m.def("random_words", random_words_of, nb::arg("seed"), nb::arg("purpose"), nb::arg("first"),
          nb::arg("second"), nb::arg("third"), nb::arg("out"), nb::arg("n_threads") = 1);
    m.def("stable_order", stable_order_of, nb::arg("words"), nb::arg("out"), nb::arg("n_threads") = 1);
}

}  // namespace chainrule
