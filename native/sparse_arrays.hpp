// Sparse rows as Python hands them over.
#pragma once

#include <memory>
#include <mutex>

#include "binding.hpp"
#include "sparse_matrix.hpp"
#include "sparse_parts.hpp"
#include "sparse_space.hpp"

namespace chainrule {

// The arrays of compressed rows, checked once, and their columns, made when they are first asked for.
class SparseArrays {
  public:
    SparseArrays(nb::handle begin, nb::handle indices, nb::handle values, int64_t n_columns, int n_threads)
        : begin_(begin, call, "begin", Access::read, 1),
          indices_(indices, call, "indices", Access::read, 1),
          values_(values, call, "values", Access::read, 1),
          n_columns_(n_columns) {
        begin_.require_kind(Kind::int64);
        indices_.require_kind(Kind::int32);
        with_dtype(values_, call, [](auto) { return 0; });
        if (begin_.extent(0) < 1 || n_columns < 0) {
            refuse("begin has one entry more than there are rows", "none");
        }
        indices_.require_shape({values_.extent(0)});
        const int64_t n_entries = values_.extent(0);
        if (const int64_t row = first_bad_row(begin_.data<const int64_t>(), n_rows(), n_entries); row >= 0) {
            refuse(
                "begin rises from 0 to the number of entries",
                "begin[" + std::to_string(row) + "] = " + std::to_string(begin_.data<const int64_t>()[row]));
        }
        const auto* const of_entries = indices_.data<const int32_t>();
        if (const int64_t e = first_bad_column(of_entries, n_entries, n_columns, thread_count(n_threads));
            e >= 0) {
            refuse("indices are columns, 0 to " + std::to_string(n_columns - 1),
                   "indices[" + std::to_string(e) + "] = " + std::to_string(of_entries[e]));
        }
        rising_ =
            indices_rise(begin_.data<const int64_t>(), of_entries, this->n_rows(), thread_count(n_threads));
    }

    Kind kind() const { return values_.kind(); }
    int64_t n_rows() const { return begin_.extent(0) - 1; }
    int64_t n_features() const { return n_columns_; }

    template <class Real>
    SparseMatrix<Real> matrix() const {
        return {begin_.data<const int64_t>(),
                indices_.data<const int32_t>(),
                values_.data<const Real>(),
                n_rows(),
                n_columns_,
                &space_,
                rising_};
    }
    // The columns, null where sums over rows for so many classes do without. Called without the interpreter
    // lock.
    template <class Real>
    const SparseColumns<Real>* columns(int64_t n_classes, int n_threads) {
        if (sums_by_rows(matrix<Real>(), n_classes)) {
            return nullptr;
        }
        const std::lock_guard<std::mutex> alone(making_);
        std::unique_ptr<SparseColumns<Real>>& made = columns_of<Real>();
        if (!made) {
            made = std::make_unique<SparseColumns<Real>>(matrix<Real>(), n_threads);
        }
        return made.get();
    }
    void require_apart(const PythonArray& output) const {
        for (const PythonArray* input : {&begin_, &indices_, &values_}) {
            output.require_apart_from(*input, false);
        }
    }

  private:
    static constexpr const char* call = "SparseMatrix";

    [[noreturn]] static void refuse(const std::string& rule, const std::string& came) {
        throw nb::value_error(
            (std::string(call) + ": " + rule + "; got " + came + ". Pass compressed sparse rows.").c_str());
    }
    template <class Real>
    std::unique_ptr<SparseColumns<Real>>& columns_of() {
        if constexpr (std::is_same_v<Real, float>) {
            return of_float32_;
        } else {
            return of_float64_;
        }
    }

    PythonArray begin_;
    PythonArray indices_;
    PythonArray values_;
    int64_t n_columns_;
    bool rising_ = false;
    mutable SparseSpace space_;
    std::mutex making_;
    std::unique_ptr<SparseColumns<float>> of_float32_;
    std::unique_ptr<SparseColumns<double>> of_float64_;
};

}  // namespace chainrule
