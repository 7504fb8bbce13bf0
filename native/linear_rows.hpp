// The rows of a linear head that count, in blocks: their features side by side, their logits, and the
// products of what is computed of them.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "dense.hpp"
#include "dense_threads.hpp"
#include "instruction_set.hpp"

namespace chainrule {

// Rows to a block, a constant of the algorithm: the sums over rows are sums of blocks. 96 rows of logits
// share one pass over the weights; more of them where the classes are few.
inline int64_t rows_of_block(int64_t n_rows, int64_t n_classes) {
    constexpr int64_t fewest = 96;
    constexpr int64_t most = 1536;
    constexpr int64_t logits = 1 << 18;
    return std::min(n_rows, std::clamp(logits / n_classes / fewest * fewest, fewest, most));
}

// The rows whose weight is not 0.
class CountingRows {
  public:
    CountingRows(const double* row_weight, int64_t n_rows)
        : all_(!row_weight || std::find(row_weight, row_weight + n_rows, 0.0) == row_weight + n_rows),
          count_(n_rows) {
        for (int64_t i = 0; !all_ && i < n_rows; ++i) {
            if (row_weight[i] != 0.0) {
                positions_.push_back(i);
            }
        }
        if (!all_) {
            count_ = static_cast<int64_t>(positions_.size());
        }
    }
    bool all() const { return all_; }
    int64_t count() const { return count_; }
    // Call use(RowBlock) for blocks of up to block_rows of them, in order.
    template <class Use>
    void for_each_block(int64_t block_rows, const Use& use) const;

  private:
    bool all_;
    int64_t count_;
    std::vector<int64_t> positions_;
};

// Some of the rows that count, in ascending order.
struct RowBlock {
    const int64_t* positions;  // or null: first, first + 1, ...
    int64_t first;
    int64_t count;

    int64_t position(int64_t i) const { return positions ? positions[i] : first + i; }
    bool side_by_side() const { return position(count - 1) - position(0) == count - 1; }
    // Call run(i, n) for each run of rows i .. i + n - 1, i >= begin, that lie side by side.
    template <class Run>
    void for_each_run(int64_t begin, int64_t end, const Run& run) const {
        for (int64_t i = begin; i < end;) {
            int64_t n = 1;
            while (i + n < end && position(i + n) == position(i) + n) {
                ++n;
            }
            run(i, n);
            i += n;
        }
    }
};

template <class Use>
void CountingRows::for_each_block(int64_t block_rows, const Use& use) const {
    for (int64_t i = 0; i < count_; i += block_rows) {
        use(RowBlock{all_ ? nullptr : positions_.data() + i, i, std::min(block_rows, count_ - i)});
    }
}

// The three products of a linear head for a block of rows, with the memory they work in.
template <class Real>
class LinearProducts {
  public:
    LinearProducts(const Real* weight, int64_t n_features, int64_t n_classes, int64_t block_rows,
                   int n_threads)
        : weight_(weight),
          n_features_(n_features),
          n_classes_(n_classes),
          block_rows_(block_rows),
          threads_(threads_for(block_rows, n_features, n_classes, n_threads)),
          features_classes_(std::min(classes_to_a_block(n_features), n_classes)),
          workspace_(new Real[workspace_size()]) {}

    int threads() const { return threads_; }

    // rows of X side by side: where they are, or copied.
    const Real* side_by_side(const Real* features, const RowBlock& block);

    // logits = x W^T + b; also of a direction.
    void logits(const Real* x, const Real* weight, const Real* bias, int64_t n_rows, Real* logits);

    // The rows of X's gradient: G W.
    void features_gradient(const Real* logits_gradient, const RowBlock& block, Real* gradient);

    // W's gradient, continued: G^T x.
    void weight_gradient(const Real* logits_gradient, const Real* x, int64_t n_rows, bool continued,
                         Real* gradient);

    // b's gradient: the totals over rows of G go on in `totals`.
    void bias_gradient(const Real* logits_gradient, int64_t n_rows, double* totals);

  private:
    size_t workspace_size() const;
    static int64_t classes_to_a_block(int64_t n_features);
    void features_gradient_by_panels(const Real* logits_gradient, int64_t n_rows, Real* out);

    const Real* weight_;
    int64_t n_features_;
    int64_t n_classes_;
    int64_t block_rows_;
    int threads_;
    int64_t features_classes_;
    std::unique_ptr<Real[]> workspace_;
    std::vector<Real> gathered_;
    std::vector<Real> scattered_;
};

}  // namespace chainrule
