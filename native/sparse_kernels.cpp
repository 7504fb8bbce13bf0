// The kernels of sparse features (sparse_tasks.hpp).
#include "dense.hpp"
#include "kernels.hpp"
#include "vector.hpp"

namespace chainrule::CHAINRULE_NAMESPACE {
namespace {

// One stretch of at most chains * chain_steps entries.
template <class Real, int vectors, int chains>
CHAINRULE_INLINE void add_stretch(const int32_t* indices, const Real* values, int64_t n, const Real* matrix,
                                  int64_t stride, Vector<Real> (&total)[vectors]) {
    using V = Vector<Real>;
    V c[chains][vectors];
#pragma GCC unroll 8
    for (int q = 0; q < chains; ++q) {
#pragma GCC unroll 8
        for (int v = 0; v < vectors; ++v) {
            c[q][v] = V::all(0);
        }
    }
    int64_t e = 0;
    for (; e + chains <= n; e += chains) {
#pragma GCC unroll 8
        for (int q = 0; q < chains; ++q) {
            const Real* const line = matrix + indices[e + q] * stride;
            const V factor = V::all(values[e + q]);
#pragma GCC unroll 8
            for (int v = 0; v < vectors; ++v) {
                c[q][v] = multiply_add(factor, load(line + v * V::lanes, Whole{}, 0), c[q][v]);
            }
        }
    }
    for (; e < n; ++e) {
        const Real* const line = matrix + indices[e] * stride;
        const V factor = V::all(values[e]);
#pragma GCC unroll 8
        for (int v = 0; v < vectors; ++v) {
            c[0][v] = multiply_add(factor, load(line + v * V::lanes, Whole{}, 0), c[0][v]);
        }
    }
#pragma GCC unroll 8
    for (int v = 0; v < vectors; ++v) {
        if constexpr (chains == 4) {
            total[v] = total[v] + ((c[0][v] + c[1][v]) + (c[2][v] + c[3][v]));
        } else if constexpr (chains == 2) {
            total[v] = total[v] + (c[0][v] + c[1][v]);
        } else {
            total[v] = total[v] + c[0][v];
        }
    }
}

template <class Real, int vectors>
CHAINRULE_INLINE void add_line(const int32_t* indices, const Real* values, int64_t n, const Real* matrix,
                               int64_t stride, Vector<Real> (&total)[vectors]) {
    constexpr int chains = sparse_chains(vectors);
    constexpr int64_t stretch = chains * chain_steps;
    for (; n > stretch; n -= stretch, indices += stretch, values += stretch) {
        add_stretch<Real, vectors, chains>(indices, values, stretch, matrix, stride, total);
    }
    add_stretch<Real, vectors, chains>(indices, values, n, matrix, stride, total);
}

// Columns first..first + vectors * lanes of M for some rows.
template <class Real, int vectors>
void rows_of_columns(const SparseRowsTask<Real>& task, int64_t first_row, int64_t last_row, int64_t first) {
    using V = Vector<Real>;
    const int64_t stride = sparse_padded<Real>(task.n_columns);
    const int64_t left = task.n_columns - first - (vectors - 1) * V::lanes;
    const Part last{static_cast<int>(left)};
    for (int64_t i = first_row; i < last_row; ++i) {
        V total[vectors];
#pragma GCC unroll 8
        for (int v = 0; v < vectors; ++v) {
            total[v] = load(task.bias + first + v * V::lanes, Whole{}, 0);
        }
        const int64_t row = task.rows ? task.rows[i] : i;
        const int64_t begin = task.begin[row];
        add_line<Real, vectors>(task.indices + begin, task.values + begin, task.begin[row + 1] - begin,
                                task.matrix + first, stride, total);
        Real* const out = task.out + (i - task.out_first) * task.out_stride + first;
#pragma GCC unroll 8
        for (int v = 0; v + 1 < vectors; ++v) {
            store(out + v * V::lanes, total[v], Whole{});
        }
        if (left >= V::lanes) {
            store(out + (vectors - 1) * V::lanes, total[vectors - 1], Whole{});
        } else {
            store(out + (vectors - 1) * V::lanes, total[vectors - 1], last);
        }
    }
}

CHAINRULE_INLINE void add_to_totals(double* totals, Float64 sum) {
    store(totals, load(totals, Whole{}, 0) + sum, Whole{});
}
CHAINRULE_INLINE void add_to_totals(double* totals, Float32 sum) {
    add_to_totals(totals, lower(sum));
    add_to_totals(totals + Float64::lanes, upper(sum));
}

CHAINRULE_INLINE void set_totals(double* totals, Float64 sum) { store(totals, sum, Whole{}); }
CHAINRULE_INLINE void set_totals(double* totals, Float32 sum) {
    set_totals(totals, lower(sum));
    set_totals(totals + Float64::lanes, upper(sum));
}

template <class Real, int vectors>
void runs_of_columns(const SparseRunsTask<Real>& task, int64_t first_run, int64_t last_run, int64_t begin,
                     int64_t first) {
    using V = Vector<Real>;
    const int64_t stride = sparse_padded<Real>(task.n_columns);
    for (int64_t r = first_run; r < last_run; ++r) {
        V total[vectors];
#pragma GCC unroll 8
        for (int v = 0; v < vectors; ++v) {
            total[v] = V::all(0);
        }
        const int64_t end = task.ends[r];
        add_line<Real, vectors>(task.rows + begin, task.values + begin, end - begin, task.matrix + first,
                                stride, total);
        begin = end;
        double* const totals = task.totals + task.columns[r] * stride + first;
#pragma GCC unroll 8
        for (int v = 0; v < vectors; ++v) {
            add_to_totals(totals + v * V::lanes, total[v]);
        }
    }
}

// Some entries of a row side by side: no column comes twice.
template <class Real, int vectors, int abreast>
CHAINRULE_INLINE void scatter_entries(const int32_t* indices, const Real* values, int64_t stride,
                                      const Vector<Real> (&g)[vectors], Real* totals) {
    using V = Vector<Real>;
    Real* line[abreast];  // stores may be to anything, so nothing is read again after one
    V factor[abreast];
#pragma GCC unroll 4
    for (int q = 0; q < abreast; ++q) {
        line[q] = totals + indices[q] * stride;
        factor[q] = V::all(values[q]);
    }
#pragma GCC unroll 8
    for (int v = 0; v < vectors; ++v) {
        V sums[abreast];
#pragma GCC unroll 4
        for (int q = 0; q < abreast; ++q) {
            sums[q] = multiply_add(factor[q], g[v], load(line[q] + v * V::lanes, Whole{}, 0));
        }
#pragma GCC unroll 4
        for (int q = 0; q < abreast; ++q) {
            store(line[q] + v * V::lanes, sums[q], Whole{});
        }
    }
}

// Columns first..first + vectors * lanes of the totals.
template <class Real, int vectors>
void scatter_columns(const SparseScatterTask<Real>& given, int64_t first_row, int64_t last_row,
                     int64_t first) {
    using V = Vector<Real>;
    constexpr int abreast = 4;
    const SparseScatterTask<Real> task = given;
    const int64_t stride = sparse_padded<Real>(task.n_columns);
    Real* const totals = task.totals + first;
    for (int64_t i = first_row; i < last_row; ++i) {
        const Real* const gradient = task.gradient + (i - first_row) * stride + first;
        V g[vectors];
#pragma GCC unroll 8
        for (int v = 0; v < vectors; ++v) {
            g[v] = load(gradient + v * V::lanes, Whole{}, 0);
        }
        const int64_t row = task.rows ? task.rows[i] : i;
        const int32_t* indices = task.indices + task.begin[row];
        const Real* values = task.values + task.begin[row];
        int64_t n = task.begin[row + 1] - task.begin[row];
        for (; n >= abreast; n -= abreast, indices += abreast, values += abreast) {
            scatter_entries<Real, vectors, abreast>(indices, values, stride, g, totals);
        }
        for (; n > 0; --n, ++indices, ++values) {
            scatter_entries<Real, vectors, 1>(indices, values, stride, g, totals);
        }
    }
}

template <class Real>
void sparse_settle(const SparseSettleTask<Real>& task) {
    using V = Vector<Real>;
    const V zero = V::all(0);
    for (int64_t k = 0; k < task.n; k += V::lanes) {
        const V total = load(task.totals + k, Whole{}, 0);
        if (task.first) {
            set_totals(task.sums + k, total);
        } else {
            add_to_totals(task.sums + k, total);
        }
        store(task.totals + k, zero, Whole{});
    }
}

// call(number of vectors as a constant, first column) for stretches of M's columns.
template <class Real, int vectors = sparse_most_vectors, class Call>
void with_vectors(int64_t wanted, const Call& call) {
    if constexpr (vectors > 1) {
        if (wanted < vectors) {
            return with_vectors<Real, vectors - 1>(wanted, call);
        }
    }
    call.template operator()<vectors>();
}
template <class Real, class Call>
void over_columns(int64_t n_columns, const Call& call) {
    constexpr int64_t lanes = Vector<Real>::lanes;
    for (int64_t first = 0; first < n_columns; first += sparse_most_vectors * lanes) {
        const int64_t left = (n_columns - first + lanes - 1) / lanes;
        with_vectors<Real>(left, [&]<int vectors>() { call.template operator()<vectors>(first); });
    }
}

template <class Real>
void sparse_rows(const SparseRowsTask<Real>& task, int64_t first_row, int64_t last_row) {
    over_columns<Real>(task.n_columns, [&]<int vectors>(int64_t first) {
        rows_of_columns<Real, vectors>(task, first_row, last_row, first);
    });
}

template <class Real>
void sparse_runs(const SparseRunsTask<Real>& task, int64_t first_run, int64_t last_run, int64_t begin) {
    over_columns<Real>(task.n_columns, [&]<int vectors>(int64_t first) {
        runs_of_columns<Real, vectors>(task, first_run, last_run, begin, first);
    });
}

template <class Real>
void sparse_scatter(const SparseScatterTask<Real>& task, int64_t first_row, int64_t last_row) {
    over_columns<Real>(task.n_columns, [&]<int vectors>(int64_t first) {
        scatter_columns<Real, vectors>(task, first_row, last_row, first);
    });
}

template <class Real>
void add_sparse_of(KernelsOf<Real>& kernels) {
    kernels.sparse_rows = sparse_rows<Real>;
    kernels.sparse_runs = sparse_runs<Real>;
    kernels.sparse_scatter = sparse_scatter<Real>;
    kernels.sparse_settle = sparse_settle<Real>;
}

}  // namespace

void add_sparse(Kernels& kernels) {
    add_sparse_of(kernels.float32);
    add_sparse_of(kernels.float64);
}

}  // namespace chainrule::CHAINRULE_NAMESPACE
