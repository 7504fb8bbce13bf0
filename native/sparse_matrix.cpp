#include "sparse_matrix.hpp"

#include <string.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <type_traits>

#include "thread_pool.hpp"

namespace chainrule {
namespace {

constexpr int most_digit_bits = 12;              // 4,096 counters stay in the first cache
constexpr int64_t worthwhile_entries = 1 << 15;  // below this one thread does it all
constexpr int64_t run_work = 2;                  // of adding a run to its totals, in entries

int bits_of(int64_t n) {
    int bits = 1;
    while ((n - 1) >> bits) {
        ++bits;
    }
    return bits;
}

// Pieces of 0..n - 1, a few for every thread.
template <class Part>
void share_evenly(int64_t n, int64_t work, int n_threads, const Part& part) {
    const int threads = work < worthwhile_entries ? 1 : n_threads;
    const int64_t pieces = std::min<int64_t>(n, threads == 1 ? 1 : 8 * threads);
    run_chunks(pieces, threads, [&](int64_t piece) { part(n * piece / pieces, n * (piece + 1) / pieces); });
}

}  // namespace

template <class Real>
struct SparseColumns<Real>::Sorted {
    int32_t* columns = nullptr;
    int32_t* rows = nullptr;
    Real* values = nullptr;
};

// What sorting needs beside its result, once for every thread.
template <class Real>
struct SparseColumns<Real>::SortSpace {
    std::vector<int64_t> places;  // of the entries of each digit
    std::vector<int32_t> result_columns;
    std::vector<int32_t> columns;
    std::vector<int32_t> rows;
    std::vector<Real> values;

    int32_t* columns_for(int64_t n) { return at_least(result_columns, n); }
    Sorted entries_for(int64_t n) { return {at_least(columns, n), at_least(rows, n), at_least(values, n)}; }

  private:
    template <class Element>
    static Element* at_least(std::vector<Element>& space, int64_t n) {
        if (static_cast<int64_t>(space.size()) < n) {
            space.resize(static_cast<size_t>(n));
        }
        return space.data();
    }
};

// over(each) calls each(column, row, value) for all entries in their order, twice.
template <class Sorted, class Over>
void sort_by_digit(std::vector<int64_t>& space, int shift, int digit_bits, const Sorted& to,
                   const Over& over) {
    const int32_t digits = int32_t{1} << digit_bits;
    space.assign(static_cast<size_t>(digits) + 1, 0);
    int64_t* const places = space.data();
    over([&](int32_t column, int32_t, auto) { ++places[((column >> shift) & (digits - 1)) + 1]; });
    for (int32_t d = 0; d < digits; ++d) {
        places[d + 1] += places[d];
    }
    over([&](int32_t column, int32_t row, auto value) {
        const int64_t place = places[(column >> shift) & (digits - 1)]++;
        to.columns[place] = column;
        to.rows[place] = row;
        to.values[place] = value;
    });
}

template <class Real>
SparseColumns<Real>::SparseColumns(const SparseMatrix<Real>& matrix, int n_threads)
    : run_columns_(new int32_t[static_cast<size_t>(matrix.n_entries())]),
      run_ends_(new int64_t[static_cast<size_t>(matrix.n_entries())]),
      rows_(new int32_t[static_cast<size_t>(matrix.n_entries())]),
      values_(new Real[static_cast<size_t>(matrix.n_entries())]),
      run_counts_(static_cast<size_t>(matrix.n_blocks())),
      work_before_(static_cast<size_t>(matrix.n_columns) + 1) {
    std::atomic<int64_t> next{0};
    const int threads = matrix.n_entries() < worthwhile_entries ? 1 : n_threads;
    run_chunks(std::min<int64_t>(threads, matrix.n_blocks()), threads, [&](int64_t) {
        SortSpace space;
        for (int64_t block = next++; block < matrix.n_blocks(); block = next++) {
            sort_block(matrix, block, space);
        }
    });
    for (int64_t block = 0; block < matrix.n_blocks(); ++block) {
        int64_t before = matrix.block_begin(block);
        for (int64_t r = before, last = before + run_count(block); r < last; ++r) {
            work_before_[static_cast<size_t>(run_columns_[r]) + 1] += run_ends_[r] - before + run_work;
            before = run_ends_[r];
        }
    }
    for (int64_t j = 0; j < matrix.n_columns; ++j) {
        work_before_[static_cast<size_t>(j) + 1] += work_before_[static_cast<size_t>(j)];
    }
}

// By the digits of the column, the lowest first: rows of a column stay in their order.
template <class Real>
void SparseColumns<Real>::sort_block(const SparseMatrix<Real>& matrix, int64_t block, SortSpace& space) {
    const int64_t begin = matrix.block_begin(block);
    const int64_t n = matrix.block_begin(block + 1) - begin;
    const int bits = bits_of(matrix.n_columns);
    const int passes = (bits + most_digit_bits - 1) / most_digit_bits;
    const int digit_bits = (bits + passes - 1) / passes;
    Sorted to{space.columns_for(n), rows_.get() + begin, values_.get() + begin};
    Sorted from = passes > 1 ? space.entries_for(n) : Sorted{};
    if (passes % 2 == 0) {
        std::swap(to, from);  // so that the last pass writes where the result belongs
    }
    sort_by_digit(space.places, 0, digit_bits, to, [&](const auto& each) {
        const int64_t first_row = block * sparse_block_rows;
        const int64_t last_row = std::min(first_row + sparse_block_rows, matrix.n_rows);
        for (int64_t i = first_row; i < last_row; ++i) {
            for (int64_t e = matrix.begin[i]; e < matrix.begin[i + 1]; ++e) {
                each(matrix.indices[e], static_cast<int32_t>(i - first_row), matrix.values[e]);
            }
        }
    });
    for (int pass = 1; pass < passes; ++pass) {
        std::swap(from, to);
        sort_by_digit(space.places, pass * digit_bits, digit_bits, to, [&](const auto& each) {
            for (int64_t e = 0; e < n; ++e) {
                each(from.columns[e], from.rows[e], from.values[e]);
            }
        });
    }
    int64_t runs = 0;
    for (int64_t e = 0; e < n; ++e) {
        if (e + 1 == n || to.columns[e + 1] != to.columns[e]) {
            run_columns_[begin + runs] = to.columns[e];
            run_ends_[begin + runs] = begin + e + 1;
            ++runs;
        }
    }
    run_counts_[static_cast<size_t>(block)] = runs;
}

template <class Real>
int64_t SparseColumns<Real>::first_column(int64_t share, int64_t shares) const {
    const auto n_columns = static_cast<int64_t>(work_before_.size()) - 1;
    if (share >= shares) {
        return n_columns;
    }
    const int64_t wanted = work_before_.back() / shares * share;
    return share == 0
               ? 0
               : std::lower_bound(work_before_.begin(), work_before_.end(), wanted) - work_before_.begin();
}

template class SparseColumns<float>;
template class SparseColumns<double>;

int64_t first_bad_row(const int64_t* begin, int64_t n_rows, int64_t n_entries) {
    if (begin[0] != 0) {
        return 0;
    }
    for (int64_t i = 0; i < n_rows; ++i) {
        if (begin[i + 1] < begin[i] || begin[i + 1] > n_entries) {
            return i + 1;
        }
    }
    return begin[n_rows] == n_entries ? -1 : n_rows;
}

int64_t first_bad_column(const int32_t* indices, int64_t n_entries, int64_t n_columns, int n_threads) {
    std::atomic<bool> bad{false};
    share_evenly(n_entries, n_entries, n_threads, [&](int64_t first, int64_t last) {
        bool found = false;
        for (int64_t e = first; e < last; ++e) {
            found |= indices[e] < 0 || indices[e] >= n_columns;
        }
        if (found) {
            bad = true;
        }
    });
    for (int64_t e = 0; bad && e < n_entries; ++e) {
        if (indices[e] < 0 || indices[e] >= n_columns) {
            return e;
        }
    }
    return -1;
}

bool indices_rise(const int64_t* begin, const int32_t* indices, int64_t n_rows, int n_threads) {
    std::atomic<bool> rise{true};
    share_evenly(n_rows, begin[n_rows], n_threads, [&](int64_t first, int64_t last) {
        bool found = true;
        for (int64_t i = first; i < last; ++i) {
            for (int64_t e = begin[i] + 1; e < begin[i + 1]; ++e) {
                found &= indices[e - 1] < indices[e];
            }
        }
        if (!found) {
            rise = false;
        }
    });
    return rise;
}

// By the exponents: one more than the largest sets the bit above them.
template <class Real>
bool not_finite(const Real* values, int64_t n) {
    using Bits = std::conditional_t<sizeof(Real) == 4, uint32_t, uint64_t>;
    constexpr Bits sign = Bits{1} << (8 * sizeof(Real) - 1);
    constexpr Bits one_more = Bits{1} << (std::numeric_limits<Real>::digits - 1);
    Bits found = 0;
    for (int64_t i = 0; i < n; ++i) {
        Bits bits;
        memcpy(&bits, values + i, sizeof(bits));
        found |= (bits & ~sign) + one_more;
    }
    return (found & sign) != 0;
}

template <class Real>
int64_t first_not_finite(const Real* values, int64_t n, int n_threads) {
    constexpr int64_t piece = 1 << 14;
    std::atomic<int64_t> found{n};
    share_evenly((n + piece - 1) / piece, n, n_threads, [&](int64_t first, int64_t last) {
        for (int64_t begin = first * piece; begin < std::min(last * piece, n); begin += piece) {
            const int64_t end = std::min(begin + piece, n);
            if (not_finite(values + begin, end - begin)) {
                int64_t i = begin;
                while (std::isfinite(values[i])) {
                    ++i;
                }
                int64_t before = found.load();
                while (i < before && !found.compare_exchange_weak(before, i)) {
                }
                return;
            }
        }
    });
    return found == n ? -1 : found.load();
}

template <class Real>
void count_nonzeros(const Real* dense, int64_t n_rows, int64_t n_columns, int64_t* counts, int n_threads) {
    share_evenly(n_rows, n_rows * n_columns, n_threads, [&](int64_t first, int64_t last) {
        for (int64_t i = first; i < last; ++i) {
            const Real* const row = dense + i * n_columns;
            int64_t count = 0;
            for (int64_t j = 0; j < n_columns; ++j) {
                count += !(row[j] == Real{0});
            }
            counts[i] = count;
        }
    });
}

// By bits but the sign's: a comparison of numbers takes twice as long.
inline bool is_not_zero(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return (bits << 1) != 0;
}
inline bool is_not_zero(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return (bits << 1) != 0;
}

template <class Real>
void copy_nonzeros(const Real* dense, int64_t n_rows, int64_t n_columns, const int64_t* begin,
                   int32_t* indices, Real* values, int n_threads) {
    share_evenly(n_rows, n_rows * n_columns, n_threads, [&](int64_t first, int64_t last) {
        // One past the end is written to as well: what is 0 is written over by what follows.
        std::vector<int32_t> of_row(static_cast<size_t>(n_columns) + 1);
        for (int64_t i = first; i < last; ++i) {
            const Real* const row = dense + i * n_columns;
            int64_t n = 0;
            for (int64_t j = 0; j < n_columns; ++j) {
                of_row[static_cast<size_t>(n)] = static_cast<int32_t>(j);
                n += is_not_zero(row[j]);
            }
            n = std::min(n, begin[i + 1] - begin[i]);
            memcpy(indices + begin[i], of_row.data(), static_cast<size_t>(n) * sizeof(int32_t));
            for (int64_t e = 0; e < n; ++e) {
                values[begin[i] + e] = row[of_row[static_cast<size_t>(e)]];
            }
        }
    });
}

template <class Real>
void copy_some_rows(const SparseMatrix<Real>& matrix, const int64_t* rows, int64_t n,
                    const int64_t* out_begin, int32_t* indices, Real* values, int n_threads) {
    share_evenly(n, out_begin[n], n_threads, [&](int64_t first, int64_t last) {
        for (int64_t i = first; i < last; ++i) {
            const int64_t from = matrix.begin[rows[i]];
            const auto count = static_cast<size_t>(matrix.begin[rows[i] + 1] - from);
            memcpy(indices + out_begin[i], matrix.indices + from, count * sizeof(int32_t));
            memcpy(values + out_begin[i], matrix.values + from, count * sizeof(Real));
        }
    });
}

#define CHAINRULE_NONZEROS(Real)                                                                            \
    template int64_t first_not_finite<Real>(const Real*, int64_t, int);                                     \
    template void count_nonzeros<Real>(const Real*, int64_t, int64_t, int64_t*, int);                       \
    template void copy_nonzeros<Real>(const Real*, int64_t, int64_t, const int64_t*, int32_t*, Real*, int); \
    template void copy_some_rows<Real>(const SparseMatrix<Real>&, const int64_t*, int64_t, const int64_t*,  \
                                       int32_t*, Real*, int);
CHAINRULE_NONZEROS(float)
CHAINRULE_NONZEROS(double)
#undef CHAINRULE_NONZEROS

}  // namespace chainrule
