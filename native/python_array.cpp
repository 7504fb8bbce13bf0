#include "python_array.hpp"

#include <nanobind/ndarray.h>

#include <cstring>
#include <vector>

#include "kept_memory.hpp"

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
        case Kind::int32:
            return "int32";
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
    if (std::strcmp(format, "i") == 0 && view.itemsize == 4) {
        return Kind::int32;
    }
    return whole_number && view.itemsize == 8 ? Kind::int64 : Kind::other;
}

std::string message(const char* call, const char* name, const std::string& rule, const std::string& came,
                    const std::string& remedy) {
    return std::string(call) + ": " + name + " " + rule + "; got " + came + ". " + remedy;
}

bool overlap(const Py_buffer& a, const Py_buffer& b) {
    const char* const first = static_cast<const char*>(a.buf);
    const char* const second = static_cast<const char*>(b.buf);
    return a.len > 0 && b.len > 0 && first < second + b.len && second < first + a.len;
}

}  // namespace

PlainArray::PlainArray(PyObject* object, Access access) {
    if (reinterpret_cast<PyObject*>(Py_TYPE(object)) != numpy().array_class.ptr()) {
        return;
    }
    const int writable = access == Access::write ? PyBUF_WRITABLE : 0;
    held_ = PyObject_GetBuffer(object, &view_, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | writable) == 0;
    if (!held_) {
        PyErr_Clear();
        return;
    }
    kind_ = kind_of_format(view_);
    const auto address = reinterpret_cast<uintptr_t>(view_.buf);
    if (view_.itemsize == 0 || address % static_cast<size_t>(view_.itemsize) != 0) {
        kind_ = Kind::other;
    }
}

PlainArray::~PlainArray() {
    if (held_) {
        PyBuffer_Release(&view_);
    }
}

bool PlainArray::same_extents(const PlainArray& other, int count) const {
    for (int axis = 0; axis < count; ++axis) {
        if (extent(axis) != other.extent(axis)) {
            return false;
        }
    }
    return true;
}

bool PlainArray::overlaps(const PlainArray& other) const { return overlap(view_, other.view_); }

// Never destroyed: the interpreter may be gone by then.
const NumPy& numpy() {
    static const NumPy& found = *[] {
        const nanobind::module_ module = nanobind::module_::import_("numpy");
        return new NumPy{module.attr("ndarray"), module.attr("empty"), module.attr("empty_like")};
    }();
    return found;
}

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
    if (overlap(view_, input.view_) && !(may_be_same && view_.buf == input.view_.buf)) {
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

ResultArray empty_result(nanobind::handle object, const PlainArray& like) {
    MemoryBlock* const block = take_memory(like.bytes());
    if (!block) {
        return {numpy().empty_like(object), true};
    }
    std::vector<size_t> extents;
    for (int axis = 0; axis < like.axes(); ++axis) {
        extents.push_back(static_cast<size_t>(like.extent(axis)));
    }
    const bool is_fresh = !block->used_before;
    const nanobind::capsule owner(
        block, [](void* dropped) noexcept { drop_memory(static_cast<MemoryBlock*>(dropped)); });
    const nanobind::dlpack::dtype dtype =
        like.kind() == Kind::float32 ? nanobind::dtype<float>() : nanobind::dtype<double>();
    return {nanobind::cast(nanobind::ndarray<nanobind::numpy>(block->start, extents.size(), extents.data(),
                                                              owner, nullptr, dtype)),
            is_fresh};
}

}  // namespace chainrule
