#include "python_array.hpp"

#include <cstring>

namespace chainrule {
namespace {

const char* name_of(Kind kind) {
    switch (kind) {
        case Kind::float32:
            return "float32";
        case Kind::float64:
            return "float64";
        case Kind::int64:
            return "int64";
        default:
            return "another dtype";
    }
}

Kind kind_of_format(const Py_buffer& view) {
    const char* format = view.format ? view.format : "B";
    if (std::strcmp(format, "f") == 0) {
        return Kind::float32;
    }
    if (std::strcmp(format, "d") == 0) {
        return Kind::float64;
    }
    const bool whole_number = std::strcmp(format, "l") == 0 || std::strcmp(format, "q") == 0;
    return whole_number && view.itemsize == 8 ? Kind::int64 : Kind::other;
}

std::string message(const char* call, const char* name, const std::string& rule, const std::string& came,
                    const std::string& remedy) {
    return std::string(call) + ": " + name + " " + rule + "; got " + came + ". " + remedy;
}

}  // namespace

PythonArray::PythonArray(nanobind::handle object, const char* call, const char* name, Access access,
                         int n_dimensions)
    : call_(call), name_(name) {
    const int writable = access == Access::write ? PyBUF_WRITABLE : 0;
    if (PyObject_GetBuffer(object.ptr(), &view_, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | writable) != 0) {
        PyErr_Clear();
        const std::string rule =
            access == Access::write ? "is a writable C-contiguous array" : "is a C-contiguous array";
        const std::string came = nanobind::str(object.type()).c_str();
        throw nanobind::type_error(
            message(call, name, rule, "one that is not, of " + came, "Pass numpy.ascontiguousarray of it.")
                .c_str());
    }
    kind_ = kind_of_format(view_);
    const bool aligned = reinterpret_cast<uintptr_t>(view_.buf) % static_cast<size_t>(view_.itemsize) == 0;
    if (view_.ndim != n_dimensions || !aligned) {
        const std::string came = (aligned ? "" : "unaligned memory of ") + shape_text();
        PyBuffer_Release(&view_);  // the destructor does not run for an object that was not finished
        throw nanobind::value_error(message(call, name,
                                            "is an aligned array with ndim " + std::to_string(n_dimensions),
                                            came, "Pass an aligned array of that many axes.")
                                        .c_str());
    }
}

PythonArray::~PythonArray() { PyBuffer_Release(&view_); }

void PythonArray::require_kind(Kind kind) const {
    if (kind_ != kind) {
        throw nanobind::type_error(message(call_, name_, std::string("is ") + name_of(kind), name_of(kind_),
                                           std::string("Pass an array of ") + name_of(kind) + ".")
                                       .c_str());
    }
}

void PythonArray::require_shape(std::initializer_list<int64_t> shape) const {
    std::string wanted;
    bool same = true;
    int axis = 0;
    for (const int64_t extent : shape) {
        wanted += (axis ? ", " : "") + std::to_string(extent);
        same = same && view_.shape[axis] == extent;
        ++axis;
    }
    if (!same) {
        refuse("has shape (" + wanted + ")", shape_text(), "Pass arrays whose shapes fit.");
    }
}

void PythonArray::require_apart_from(const PythonArray& input, bool may_be_same) const {
    const char* mine = static_cast<const char*>(view_.buf);
    const char* other = static_cast<const char*>(input.view_.buf);
    const bool overlap =
        view_.len > 0 && input.view_.len > 0 && mine < other + input.view_.len && other < mine + view_.len;
    if (overlap && !(may_be_same && mine == other)) {
        refuse(std::string("shares no memory with ") + input.name_, "arrays that overlap",
               "Pass a separate array.");
    }
}

void PythonArray::refuse(const std::string& rule, const std::string& came, const std::string& remedy) const {
    throw nanobind::value_error(message(call_, name_, rule, came, remedy).c_str());
}

std::string PythonArray::shape_text() const {
    std::string text = "shape (";
    for (int axis = 0; axis < view_.ndim; ++axis) {
        text += (axis ? ", " : "") + std::to_string(view_.shape[axis]);
    }
    return text + ")";
}

}  // namespace chainrule
