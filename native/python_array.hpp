// Arrays of Python, checked: what module.cpp hands to the kernels.
#pragma once

#include <nanobind/nanobind.h>

#include <initializer_list>
#include <optional>
#include <string>
#include <type_traits>

namespace chainrule {

enum class Kind { float32, float64, int64, int32, other };
enum class Access { read, write };

template <class Element>
inline constexpr Kind kind_of = Kind::other;
template <>
inline constexpr Kind kind_of<float> = Kind::float32;
template <>
inline constexpr Kind kind_of<double> = Kind::float64;
template <>
inline constexpr Kind kind_of<int64_t> = Kind::int64;
template <>
inline constexpr Kind kind_of<int32_t> = Kind::int32;

// A C-contiguous, aligned array in native byte order, held for as long as this object lives.
class PythonArray {
  public:
    // Throws nanobind's type_error or value_error, naming the call and the argument.
    PythonArray(nanobind::handle object, const char* call, const char* name, Access access, int n_dimensions);
    ~PythonArray();
    PythonArray(const PythonArray&) = delete;
    PythonArray& operator=(const PythonArray&) = delete;

    Kind kind() const { return kind_; }
    int64_t extent(int axis) const { return view_.shape[axis]; }
    void require_kind(Kind kind) const;
    // Axis by axis; the array has as many axes as were asked for when it was made.
    void require_shape(std::initializer_list<int64_t> shape) const;
    // This array is written to: refuse it when it shares memory with `input`, unless it is the very same
    // memory and `may_be_same` is set.
    void require_apart_from(const PythonArray& input, bool may_be_same) const;

    template <class Element>
    Element* data() const {
        require_kind(kind_of<std::remove_const_t<Element>>);
        return static_cast<Element*>(view_.buf);
    }

  private:
    [[noreturn]] void refuse(const std::string& rule, const std::string& came,
                             const std::string& remedy) const;
    std::string shape_text() const;

    Py_buffer view_;
    Kind kind_;
    const char* call_;
    const char* name_;
};

// An array of NumPy's own class that a kernel can read, or write, as it is: C-contiguous, aligned, in native
// byte order. False where it is anything else; never throws.
class PlainArray {
  public:
    PlainArray(PyObject* object, Access access);
    ~PlainArray();
    PlainArray(const PlainArray&) = delete;
    PlainArray& operator=(const PlainArray&) = delete;

    explicit operator bool() const { return held_; }
    Kind kind() const { return kind_; }
    int axes() const { return view_.ndim; }
    int64_t extent(int axis) const { return view_.shape[axis]; }
    size_t bytes() const { return static_cast<size_t>(view_.len); }
    // Whether the first axes of both, `count` of them, are the same.
    bool same_extents(const PlainArray& other, int count) const;
    bool same_memory(const PlainArray& other) const { return view_.buf == other.view_.buf; }
    bool overlaps(const PlainArray& other) const;
    template <class Element>
    Element* data() const {
        return static_cast<Element*>(view_.buf);
    }

  private:
    Py_buffer view_{};
    Kind kind_ = Kind::other;
    bool held_ = false;
};

// Functions and classes of NumPy, found once.
struct NumPy {
    nanobind::object array_class;
    nanobind::object empty;
    nanobind::object empty_like;
};
const NumPy& numpy();

// An array that a call returns.
struct ResultArray {
    nanobind::object array;
    bool is_fresh = false;  // its memory may be fresh from the operating system
};
// As `like`, of float32 or float64, with arbitrary content; `object` is the same array.
ResultArray empty_result(nanobind::handle object, const PlainArray& like);

// An argument that may be None.
class OptionalArray : public std::optional<PythonArray> {
  public:
    OptionalArray(nanobind::handle object, const char* call, const char* name, Access access,
                  int n_dimensions) {
        if (!object.is_none()) {
            emplace(object, call, name, access, n_dimensions);
        }
    }
    template <class Element>
    Element* data_or_null() const {
        return has_value() ? (*this)->template data<Element>() : nullptr;
    }
};

}  // namespace chainrule
