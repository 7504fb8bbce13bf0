// Computing without the interpreter lock.
#pragma once

#include <nanobind/nanobind.h>
#include <unistd.h>

#if defined(__GLIBCXX__)
#include <cxxabi.h>
#endif

namespace chainrule {

// Lets go of the interpreter lock for as long as this object lives.
//
// A daemon thread that asks for the lock while the interpreter is ending is unwound by Python before 3.14;
// that must not pass through frames that promise not to throw. It is stopped here instead, as Python 3.14
// does.
class InterpreterUnlocked {
  public:
    InterpreterUnlocked() : state_(PyEval_SaveThread()) {}
    InterpreterUnlocked(const InterpreterUnlocked&) = delete;
    InterpreterUnlocked& operator=(const InterpreterUnlocked&) = delete;

    ~InterpreterUnlocked() {
#if defined(__GLIBCXX__)
        try {
            PyEval_RestoreThread(state_);
        } catch (abi::__forced_unwind&) {
            while (true) {
                pause();
            }
        }
#else
        PyEval_RestoreThread(state_);
#endif
    }

  private:
    PyThreadState* state_;
};

}  // namespace chainrule
