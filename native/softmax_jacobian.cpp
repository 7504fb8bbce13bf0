// Row kernel of the softmax's Jacobian times a direction (SM.2), temperature (CE.5).
//
// p_k sum_j p_j (v_k - v_j) is computed as p_k ((v_k - c) - d), d = sum_j p_j (v_j - c), in float64 for both
// dtypes with every sum's rounding kept. What rounds is then of the size of the distances from c, so c has to
// be as near to the mean of v under p as the v_j are themselves. First c is v_t, t the class of the largest
// logit: on a confident row p_t, nearly 1, meets v_t - c = 0 and cancels nothing. In float32 that is enough
// for every row: float64 has digits to spare. In float64 c then moves to v_t + d, rounded: no v_j lies nearer
// to the mean. On confident rows that is v_t again, and nothing is left to do.
#include "kernels.hpp"
#include "row.hpp"

namespace chainrule::CHAINRULE_NAMESPACE {
namespace {

// Where the exponentials, in their units, come from: made and kept in a row (which may be the logits), read
// from there again, or made anew in each pass where the row that could keep them is the direction.
template <class Real, class Shift>
struct MadeAndKept {
    const Real* logits;
    Real* row;
    Shift shift;
    template <class Extent>
    CHAINRULE_INLINE Vector<Real> at(int64_t k, Extent extent) const {
        const Vector<Real> e = exponential(shift(load(logits + k, extent, static_cast<Real>(-infinity))));
        store(row + k, e, extent);
        return e;
    }
};
template <class Real>
struct Kept {
    const Real* row;
    template <class Extent>
    CHAINRULE_INLINE Vector<Real> at(int64_t k, Extent extent) const {
        return load(row + k, extent, 0);
    }
};
template <class Real, class Shift>
struct MadeAnew {
    const Real* logits;
    Shift shift;
    template <class Extent>
    CHAINRULE_INLINE Vector<Real> at(int64_t k, Extent extent) const {
        return exponential(shift(load(logits + k, extent, static_cast<Real>(-infinity))));
    }
};

// use(e, v, k, extent) for each run of 8 lanes, as float64.
template <class Extent, class Use>
CHAINRULE_INLINE void in_float64(Float64 e, Float64 v, int64_t k, Extent extent, Use use) {
    use(e, v, k, extent);
}
template <class Use>
CHAINRULE_INLINE void in_float64(Float32 e, Float32 v, int64_t k, Whole extent, Use use) {
    use(lower(e), lower(v), k, extent);
    use(upper(e), upper(v), k + Float64::lanes, extent);
}
template <class Use>
CHAINRULE_INLINE void in_float64(Float32 e, Float32 v, int64_t k, Part extent, Use use) {
    use(lower(e), lower(v), k, Part{lanes_from(extent, 0)});
    if (lanes_from(extent, Float64::lanes) > 0) {
        use(upper(e), upper(v), k + Float64::lanes, Part{lanes_from(extent, Float64::lanes)});
    }
}

// v - c in units of 1 / scale, a power of two.
struct Pivot {
    double scale;
    double centre;
    CHAINRULE_INLINE Float64 distance(Float64 v) const {
        return multiply_add(v, Float64::all(scale), Float64::all(-centre));
    }
};

struct Moments {
    double total;     // sum of e_j
    double weighted;  // sum of e_j (v_j - c)
};

// Every vector closes a block, so that the roundings of all additions are kept.
template <class Real, class Exponentials>
CHAINRULE_INLINE Moments moments(Exponentials exponentials, const Real* direction, int64_t n, Pivot pivot) {
    BlockedSum<double> total;
    BlockedSum<double> weighted;
    sweep<Vector<Real>::lanes>(n, [&](int64_t k, auto extent) {
        const Vector<Real> v = load(direction + k, extent, 0);  // beyond the row e is 0
        in_float64(exponentials.at(k, extent), v, k, extent, [&](Float64 e, Float64 half, int64_t, auto) {
            total.add(e);
            weighted.add(e * pivot.distance(half));
            total.close_block();
            weighted.close_block();
        });
    });
    return {sum_of_lanes(total.lanes()), sum_of_lanes(weighted.lanes())};
}

// What p_k ((v_k - c) - d) is multiplied by: `first`, then `second` twice. One product where that is a normal
// number; else its parts, each kept finite, so that a class without any mass has 0, not 0 * inf.
struct Factors {
    double first;
    double second;
};

CHAINRULE_INLINE double kept_finite(double x) {
    constexpr double largest = Limits<double>::largest;
    return x > largest ? largest : (x < -largest ? -largest : x);  // NaN stays NaN
}

CHAINRULE_INLINE Factors factors(double weight, double temperature) {
    const double whole = weight / temperature / temperature;
    const double size = __builtin_fabs(whole);
    if (size >= Limits<double>::smallest_normal && size <= Limits<double>::largest) {
        return {whole, 1.0};
    }
    return {kept_finite(weight), kept_finite(1.0 / temperature)};
}

template <class Real, class Exponentials>
CHAINRULE_INLINE void write_product(Exponentials exponentials, const Real* direction, Real* out, int64_t n,
                                    Pivot pivot, Moments sums, Factors factors) {
    const Float64 per_total = Float64::all(1.0 / sums.total);
    const Float64 mean = Float64::all(sums.weighted / sums.total);
    const Float64 first = Float64::all(factors.first);
    const Float64 second = Float64::all(factors.second);
    sweep<Vector<Real>::lanes>(n, [&](int64_t k, auto extent) {
        const Vector<Real> v = load(direction + k, extent, 0);
        in_float64(exponentials.at(k, extent), v, k, extent,
                   [&](Float64 e, Float64 half, int64_t place, auto part) {
                       const Float64 product = (e * per_total) * (pivot.distance(half) - mean);
                       store(out + place, product * first * second * second, part);
                   });
    });
}

// The first class with the largest logit. It is there; the bound is for a row that changes while it is read.
template <class Real>
CHAINRULE_INLINE int64_t class_of_largest(const Real* logits, int64_t n, Real largest) {
    using V = Vector<Real>;
    const V wanted = V::all(largest);
    int64_t k = 0;
    while (k + V::lanes < n && count(equal(load(logits + k, Whole{}, 0), wanted)) == 0) {
        k += V::lanes;
    }
    while (k < n - 1 && logits[k] != largest) {
        ++k;
    }
    return k;
}

// Directions beyond 2^900 are taken times this: no difference of two overflows then, nor any sum.
constexpr double downscale = 0x1p-130;

template <class Real>
struct JacobianRow {
    const JacobianTask<Real>& task;
    InverseTemperature<Real> inverse;

    CHAINRULE_INLINE void operator()(int64_t i) const {
        const int64_t n = task.n_classes;
        const Real* logits = task.logits + i * n;
        const Real* direction = task.direction + i * n;
        Real* out = task.out + i * n;
        const double weight = task.row_weight ? task.row_weight[i] : 1.0;
        const Real largest = weight == 0.0 ? Real{0} : largest_logit(logits, n);
        if (weight == 0.0 || largest == static_cast<Real>(-infinity)) {
            fill_row(out, n, static_cast<Real>(weight == 0.0 ? 0.0 : not_a_number));
            return;
        }
        const double at_largest = direction[class_of_largest(logits, n, largest)];
        with_shift(largest, inverse, [&](auto shift) {
            using Shift = decltype(shift);
            if (out == direction) {
                const MadeAnew<Real, Shift> made{logits, shift};
                finish(made, made, direction, out, largest, at_largest, weight);
            } else {
                const MadeAndKept<Real, Shift> made{logits, out, shift};
                finish(made, Kept<Real>{out}, direction, out, largest, at_largest, weight);
            }
        });
    }

  private:
    template <class Made, class Again>
    CHAINRULE_INLINE void finish(Made made, Again again, const Real* direction, Real* out, Real largest,
                                 double at_largest, double weight) const {
        const int64_t n = task.n_classes;
        Pivot pivot{1.0, at_largest};
        Moments sums = moments(made, direction, n, pivot);
        if (!__builtin_isfinite(sums.weighted)) {
            pivot = {downscale, at_largest * downscale};
            sums = moments(again, direction, n, pivot);
        }
        const bool several_infinite =
            largest == static_cast<Real>(infinity) && sums.total * exponential_unit<Real> != 1.0;
        if (several_infinite || !__builtin_isfinite(sums.weighted)) {
            fill_row(out, n, static_cast<Real>(not_a_number));
            return;
        }
        if constexpr (sizeof(Real) == sizeof(double)) {
            const double nearest_to_mean = pivot.centre + sums.weighted / sums.total;
            if (nearest_to_mean != pivot.centre) {
                pivot.centre = nearest_to_mean;
                sums = moments(again, direction, n, pivot);
            }
        }
        write_product(again, direction, out, n, pivot, sums,
                      factors(weight * task.scale / pivot.scale, task.temperature));
    }
};

template <class Real>
void jacobian_rows(const JacobianTask<Real>& task, int64_t first, int64_t last) {
    const JacobianRow<Real> row{task, inverse_temperature<Real>(task.temperature)};
    for (int64_t i = first; i < last; ++i) {
        row(i);
    }
}

}  // namespace

void add_softmax_jacobian(Kernels& kernels) {
    kernels.float32.softmax_jacobian = jacobian_rows<float>;
    kernels.float64.softmax_jacobian = jacobian_rows<double>;
}

}  // namespace chainrule::CHAINRULE_NAMESPACE
