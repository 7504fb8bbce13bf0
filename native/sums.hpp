// Sums of a row's elements, lane by lane, in an order that only the length of the row fixes.
#pragma once

#include "vector.hpp"

namespace chainrule::CHAINRULE_NAMESPACE {

// Vectors to a block. 16: the worst rounding inside a block, 15 u, stays under sqrt(K) u + 12 u for every K.
inline constexpr int64_t block_vectors = 16;

// A sum per lane: blocks in the dtype, their totals in float64 (float32) or with their roundings kept
// (float64).
template <class Real>
class BlockedSum;

template <>
class BlockedSum<float> {
  public:
    CHAINRULE_INLINE void add(Float32 a) { block_ = block_ + a; }
    CHAINRULE_INLINE void close_block() {
        total_ = total_ + (lower(block_) + upper(block_));
        block_ = Float32::all(0.0F);
    }
    // The totals of lane i and lane i + 8 together; every block must be closed.
    CHAINRULE_INLINE Float64 lanes() const { return total_; }

  private:
    Float32 block_ = Float32::all(0.0F);
    Float64 total_ = Float64::all(0.0);
};

template <>
class BlockedSum<double> {
  public:
    CHAINRULE_INLINE void add(Float64 a) { block_ = block_ + a; }
    CHAINRULE_INLINE void close_block() {
        const Float64 sum = total_ + block_;
        const Float64 added = sum - total_;
        lost_ = lost_ + ((total_ - (sum - added)) + (block_ - added));  // Knuth's exact error of the sum
        total_ = sum;
        block_ = Float64::all(0.0);
    }
    // An infinite total has lost NaN: it stays infinite.
    CHAINRULE_INLINE Float64 lanes() const {
        return total_ + select(equal(lost_, lost_), lost_, Float64::all(0.0));
    }

  private:
    Float64 block_ = Float64::all(0.0);
    Float64 total_ = Float64::all(0.0);
    Float64 lost_ = Float64::all(0.0);
};

struct LargestAndRest {
    double largest;
    double rest;
};

// The largest of numbers >= 0 and the sum of all the others, without ever subtracting: of each pair (largest
// so far, next number) the smaller is added and the larger kept. NaN makes the rest NaN.
template <class Real>
class SumWithoutLargest {
  public:
    CHAINRULE_INLINE void add(Vector<Real> a) {
        rest_.add(minimum(largest_, a));
        largest_ = maximum(a, largest_);
    }
    CHAINRULE_INLINE void close_block() { rest_.close_block(); }
    CHAINRULE_INLINE LargestAndRest result() const {
        Float64 rest = rest_.lanes();
        Float64 largest = fold(largest_, rest);
        merge(largest, rest, exchange<4>(largest), exchange<4>(rest));
        merge(largest, rest, exchange<2>(largest), exchange<2>(rest));
        merge(largest, rest, exchange<1>(largest), exchange<1>(rest));
        return {first_lane(largest), first_lane(rest)};
    }

  private:
    static CHAINRULE_INLINE void merge(Float64& largest, Float64& rest, Float64 largest_2, Float64 rest_2) {
        rest = (rest + rest_2) + minimum(largest, largest_2);
        largest = maximum(largest, largest_2);
    }
    static CHAINRULE_INLINE Float64 fold(Float32 largest, Float64& rest) {
        rest = rest + minimum(lower(largest), upper(largest));
        return maximum(lower(largest), upper(largest));
    }
    static CHAINRULE_INLINE Float64 fold(Float64 largest, Float64&) { return largest; }

    Vector<Real> largest_ = Vector<Real>::all(0);
    BlockedSum<Real> rest_;
};

// sweep() over n elements, with close() after every block of `block_vectors` vectors.
template <int lanes, class Body, class Close>
CHAINRULE_INLINE void sweep_blocks(int64_t n, Body body, Close close) {
    constexpr int64_t block = lanes * block_vectors;
    for (int64_t first = 0; first < n; first += block) {
        const int64_t size = n - first < block ? n - first : block;
        sweep<lanes>(size, [&](int64_t k, auto extent) { body(first + k, extent); });
        close();
    }
}

}  // namespace chainrule::CHAINRULE_NAMESPACE
