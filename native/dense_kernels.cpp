// Packs panels of B, and multiplies rows of A with panels (dense.hpp).
#include "dense_pack.hpp"
#include "dense_tile.hpp"
#include "kernels.hpp"

namespace chainrule::CHAINRULE_NAMESPACE {
namespace {

// Steps of A that are packed at a time, on the stack.
inline constexpr int64_t packed_inner_block = 256;
static_assert(packed_inner_block % chain_steps == 0);

// Rows of A of one tile: where they are when each lies along the inner index, else packed, side by side for
// every step.
template <class Real>
class TileOfA {
  public:
    TileOfA(const StridedMatrix<Real>& a, int64_t first_row, int rows, int64_t n_inner)
        : data_(a.data + first_row * a.row_stride),
          row_stride_(a.row_stride),
          inner_stride_(a.column_stride) {
        if (inner_stride_ == 1) {
            return;
        }
        if (row_stride_ == 1) {
            for (int64_t k = 0; k < n_inner; ++k) {
                sweep<Vector<Real>::lanes>(rows, [&](int64_t r, auto extent) {
                    store(packed_ + k * tile_rows + r, load(data_ + k * inner_stride_ + r, extent, 0),
                          extent);
                });
            }
        } else {
            for (int64_t k = 0; k < n_inner; ++k) {
                for (int r = 0; r < rows; ++r) {
                    packed_[k * tile_rows + r] = data_[r * row_stride_ + k * inner_stride_];
                }
            }
        }
        data_ = packed_;
        row_stride_ = 1;
        inner_stride_ = tile_rows;
    }
    TileOfA(const TileOfA&) = delete;
    TileOfA& operator=(const TileOfA&) = delete;
    const Real* data() const { return data_; }
    int64_t row_stride() const { return row_stride_; }
    int64_t inner_stride() const { return inner_stride_; }

  private:
    const Real* data_;
    int64_t row_stride_;
    int64_t inner_stride_;
    Real packed_[tile_rows * packed_inner_block];
};

// A tile that is not stored as it comes: at an edge, transposed, or with a bias.
template <class Real>
class Scratch {
    using V = Vector<Real>;
    static constexpr int columns = tile_vectors * V::lanes;

  public:
    Scratch(const ProductTask<Real>& task, int64_t row, int rows, int64_t column, int64_t count)
        : task_(task), row_(row), rows_(rows), column_(column), count_(count) {}
    Real* data() { return tile_; }
    static constexpr int64_t stride = columns;

    void fetch() {
        if (!task_.continued) {
            return;
        }
        task_.c_transposed ? fetch_transposed() : fetch_rows();
    }
    void deliver() const { task_.c_transposed ? deliver_transposed() : deliver_rows(); }

  private:
    Real* row_of_c(int64_t i) const { return task_.c + (row_ + i) * task_.c_stride + column_; }
    Real* column_of_c(int64_t j) const { return task_.c + (column_ + j) * task_.c_stride + row_; }

    void fetch_rows() {
        for (int i = 0; i < rows_; ++i) {
            sweep<V::lanes>(count_, [&](int64_t j, auto extent) {
                store(tile_ + i * columns + j, load(row_of_c(i) + j, extent, 0), Whole{});
            });
        }
    }
    void deliver_rows() const {
        sweep<V::lanes>(count_, [&](int64_t j, auto extent) {
            const V bias = task_.bias ? load(task_.bias + column_ + j, extent, 0) : V::all(0);
            for (int i = 0; i < rows_; ++i) {
                const V c = load(tile_ + i * columns + j, Whole{}, 0);
                store(row_of_c(i) + j, task_.bias ? c + bias : c, extent);
            }
        });
    }
    void fetch_transposed() {
        for_each_square([&](int64_t i, int64_t j, auto extent) {
            V square[V::lanes];
            for (int64_t k = 0; k < V::lanes; ++k) {
                square[k] = j + k < count_ ? load(column_of_c(j + k) + i, extent, 0) : V::all(0);
            }
            transpose(square);
            for (int64_t k = 0; k < V::lanes && i + k < rows_; ++k) {
                store(tile_ + (i + k) * columns + j, square[k], Whole{});
            }
        });
    }
    void deliver_transposed() const {
        for_each_square([&](int64_t i, int64_t j, auto extent) {
            const V bias = task_.bias ? load(task_.bias + row_ + i, extent, 0) : V::all(0);
            V square[V::lanes];
            for (int64_t k = 0; k < V::lanes; ++k) {
                square[k] = i + k < rows_ ? load(tile_ + (i + k) * columns + j, Whole{}, 0) : V::all(0);
            }
            transpose(square);
            for (int64_t k = 0; k < V::lanes && j + k < count_; ++k) {
                store(column_of_c(j + k) + i, task_.bias ? square[k] + bias : square[k], extent);
            }
        });
    }
    // use(i, j, extent) for the squares of the tile; `extent` is that of the rows from i on.
    template <class Use>
    void for_each_square(Use use) const {
        sweep<V::lanes>(rows_, [&](int64_t i, auto extent) {
            for (int64_t j = 0; j < count_; j += V::lanes) {
                use(i, j, extent);
            }
        });
    }

    const ProductTask<Real>& task_;
    int64_t row_;
    int rows_;
    int64_t column_;
    int64_t count_;
    Real tile_[tile_rows * columns];
};

// What is brought near while a tile is computed: the next B where there is one, else what the next rows need:
// their C where it is read, else their A. The steps of 96 rows suffice for as much B as they use, those of a
// row of tiles for as much C.
template <class Real>
class Neighbourhood {
  public:
    Neighbourhood(const ProductTask<Real>& task, int64_t first_row, int64_t row, int rows)
        : task_(task), next_row_(row + rows), rows_(rows) {
        const int64_t pairs = task.n_inner / steps_to_two_lines;
        if (task.next_b.data) {
            lines_ = task.next_b.data + (row - first_row) / tile_rows * pairs * task.next_b.row_stride;
            stride_ = task.next_b.row_stride * static_cast<int64_t>(sizeof(Real));
        } else {
            by_a_ = !task.continued || task.c_transposed;
            lines_ = by_a_ ? task.a.data + next_row_ * task.a.row_stride : task.c + next_row_ * task.c_stride;
            step_ = pairs * 2 * cache_line;
        }
    }

    // For the tile at `column`, number `number` of its row of tiles.
    Ahead at(int64_t column, int64_t number) const {
        if (task_.next_b.data) {
            return {reinterpret_cast<const char*>(lines_ + column), stride_};
        }
        return {reinterpret_cast<const char*>(lines_) + number * step_, 2 * cache_line};
    }

    // The share of tile `number` of `count` in the A of the next rows, unless that is what lies ahead.
    void bring_a_near(int64_t number, int64_t count, int64_t last_row) const {
        if (by_a_ || next_row_ >= last_row) {
            return;
        }
        constexpr int64_t line = cache_line / static_cast<int64_t>(sizeof(Real));
        const bool along_rows = task_.a.column_stride == 1;
        const int64_t lines = along_rows ? (task_.n_inner + line - 1) / line * rows_ : task_.n_inner;
        for (int64_t i = lines * number / count; i < lines * (number + 1) / count; ++i) {
            const int64_t row = along_rows ? next_row_ + i % rows_ : next_row_;
            const int64_t column = along_rows ? i / rows_ * line : i;
            bring_near(task_.a.data + row * task_.a.row_stride + column * task_.a.column_stride);
        }
    }

  private:
    const ProductTask<Real>& task_;
    int64_t next_row_;
    int rows_;
    const Real* lines_;
    int64_t stride_ = 0;
    int64_t step_ = 0;
    bool by_a_ = false;
};

// One row of tiles.
template <class Real>
void multiply_rows(const ProductTask<Real>& task, int64_t first_row, int64_t row, int64_t last_row,
                   int64_t first_panel, int64_t last_panel) {
    constexpr int64_t lanes = Vector<Real>::lanes;
    constexpr int64_t tile_columns = tile_vectors * lanes;
    const int rows = static_cast<int>(last_row - row < tile_rows ? last_row - row : tile_rows);
    const TileOfA<Real> a(task.a, row, rows, task.n_inner);
    const Neighbourhood<Real> near(task, first_row, row, rows);
    const TileFunction<Real> whole = tile_function<Real>(rows, tile_vectors);
    const int64_t first = first_panel * panel_columns<Real>;
    const int64_t last = last_panel * panel_columns<Real>;
    const int64_t end = last < task.n_columns ? last : task.n_columns;
    const int64_t tiles = (end - first + tile_columns - 1) / tile_columns;
    for (int64_t number = 0; number < tiles; ++number) {
        const int64_t j = first + number * tile_columns;
        const int64_t count = end - j < tile_columns ? end - j : tile_columns;
        const Real* const b =
            task.panels + j / panel_columns<Real> * task.panel_stride + j % panel_columns<Real>;
        TileTask<Real> tile{a.data(), a.row_stride(), a.inner_stride(),  b, task.n_inner, nullptr,
                            0,        task.continued, near.at(j, number)};
        near.bring_a_near(number, tiles, last_row);
        if (count == tile_columns && !task.c_transposed && !task.bias) {
            tile.c = task.c + row * task.c_stride + j;
            tile.c_stride = task.c_stride;
            whole(tile);
        } else {
            Scratch<Real> scratch(task, row, rows, j, count);
            scratch.fetch();
            tile.c = scratch.data();
            tile.c_stride = Scratch<Real>::stride;
            count > lanes ? whole(tile) : tile_function<Real>(rows, 1)(tile);
            scratch.deliver();
        }
    }
}

template <class Real>
void multiply_block(const ProductTask<Real>& task, int64_t first_row, int64_t last_row, int64_t first_panel,
                    int64_t last_panel) {
    for (int64_t row = first_row; row < last_row; row += tile_rows) {
        multiply_rows(task, first_row, row, last_row, first_panel, last_panel);
    }
}

template <class Real>
void dense_product(const ProductTask<Real>& task, int64_t first_row, int64_t last_row, int64_t first_panel,
                   int64_t last_panel) {
    if (task.a.column_stride == 1 || task.n_inner <= packed_inner_block) {
        multiply_block(task, first_row, last_row, first_panel, last_panel);
        return;
    }
    ProductTask<Real> block = task;
    for (int64_t k = 0; k < task.n_inner; k += packed_inner_block) {
        const int64_t rest = task.n_inner - k;
        block.n_inner = rest < packed_inner_block ? rest : packed_inner_block;
        block.a = from_column(task.a, k);
        block.panels = task.panels + k * panel_columns<Real>;
        block.continued = task.continued || k > 0;
        block.bias = block.n_inner == rest ? task.bias : nullptr;
        multiply_block(block, first_row, last_row, first_panel, last_panel);
    }
}

template <class Real>
void column_totals(const ColumnTotalsTask<Real>& task, int64_t first, int64_t last) {
    for (int64_t i = 0; i < task.n_rows; ++i) {
        const Real* const row = task.rows + i * task.n_columns;
        sweep<Float64::lanes>(last - first, [&](int64_t k, auto extent) {
            double* const totals = task.totals + first + k;
            store(totals, load(totals, extent, 0.0) + load_float64(row + first + k, extent, 0.0), extent);
        });
    }
}

template <class Real>
void add_dense_of(KernelsOf<Real>& kernels) {
    kernels.pack_panels = pack_panels<Real>;
    kernels.dense_product = dense_product<Real>;
    kernels.column_totals = column_totals<Real>;
}

}  // namespace

void add_dense(Kernels& kernels) {
    add_dense_of(kernels.float32);
    add_dense_of(kernels.float64);
}

}  // namespace chainrule::CHAINRULE_NAMESPACE
