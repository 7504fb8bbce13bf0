#include "training_masks.hpp"

#include "dense.hpp"
#include "philox.hpp"

namespace chainrule {
namespace {

constexpr uint64_t purpose_of_dropout = 4;  // chainrule.kernels.Purpose.DROPOUT
constexpr int words_of_block = 16;          // of 16 bits
constexpr int resolution = 1 << 16;

struct Block {
    PhiloxBlock block;
    int word(int number) const {
        return static_cast<int>(block.words[number / 4] >> (16 * (number % 4)) & (resolution - 1));
    }
};

// Block `number`, from 0, of the stream: NumPy counts up before it draws.
Block block_of(const MaskKey& mask, uint64_t number) {
    return {philox({mask.seed, purpose_of_dropout}, {{number + 1, mask.layer, mask.epoch, mask.step}})};
}

}  // namespace

template <class Real>
void draw_mask(const MaskKey& key, int64_t first, int64_t last, int64_t units, Real* out,
               int64_t out_stride) {
    constexpr int64_t w = panel_columns<Real>;
    const Real kept = static_cast<Real>(static_cast<double>(resolution) / (resolution - key.threshold));
    int64_t word = first * units;
    Block block = block_of(key, static_cast<uint64_t>(word / words_of_block));
    for (int64_t i = first; i < last; ++i) {
        for (int64_t u = 0; u < units; ++u, ++word) {
            const int place = static_cast<int>(word % words_of_block);
            if (place == 0) {
                block = block_of(key, static_cast<uint64_t>(word / words_of_block));
            }
            out[u / w * out_stride + i * w + u % w] = block.word(place) >= key.threshold ? kept : Real{0};
        }
    }
}

template void draw_mask<float>(const MaskKey&, int64_t, int64_t, int64_t, float*, int64_t);
template void draw_mask<double>(const MaskKey&, int64_t, int64_t, int64_t, double*, int64_t);

}  // namespace chainrule
