#include "training_masks.hpp"

#include "dense.hpp"

namespace chainrule {
namespace {

constexpr uint64_t purpose_of_dropout = 4;  // chainrule.kernels.Purpose.DROPOUT
constexpr int words_of_block = 16;          // of 16 bits
constexpr int resolution = 1 << 16;

struct Block {
    uint64_t words[4];
    int word(int number) const {
        return static_cast<int>(words[number / 4] >> (16 * (number % 4)) & (resolution - 1));
    }
};

uint64_t product(uint64_t a, uint64_t b, uint64_t& high) {
    __extension__ typedef unsigned __int128 Wide;
    const Wide wide = static_cast<Wide>(a) * b;
    high = static_cast<uint64_t>(wide >> 64);
    return static_cast<uint64_t>(wide);
}

// Block `number`, from 0, of the stream: NumPy counts up before it draws.
Block philox(const MaskKey& mask, uint64_t number) {
    constexpr uint64_t multiplier[2] = {0xD2E7470EE14C6C93U, 0xCA5A826395121157U};
    constexpr uint64_t weyl[2] = {0x9E3779B97F4A7C15U, 0xBB67AE8584CAA73BU};
    uint64_t c[4] = {number + 1, mask.layer, mask.epoch, mask.step};
    uint64_t key[2] = {mask.seed, purpose_of_dropout};
    for (int round = 0; round < 10; ++round) {
        uint64_t high[2];
        const uint64_t low[2] = {product(multiplier[0], c[0], high[0]),
                                 product(multiplier[1], c[2], high[1])};
        c[0] = high[1] ^ c[1] ^ key[0];
        c[2] = high[0] ^ c[3] ^ key[1];
        c[1] = low[1];
        c[3] = low[0];
        key[0] += weyl[0];
        key[1] += weyl[1];
    }
    return {{c[0], c[1], c[2], c[3]}};
}

}  // namespace

template <class Real>
void draw_mask(const MaskKey& key, int64_t first, int64_t last, int64_t units, Real* out,
               int64_t out_stride) {
    constexpr int64_t w = panel_columns<Real>;
    const Real kept = static_cast<Real>(static_cast<double>(resolution) / (resolution - key.threshold));
    int64_t word = first * units;
    Block block = philox(key, static_cast<uint64_t>(word / words_of_block));
    for (int64_t i = first; i < last; ++i) {
        for (int64_t u = 0; u < units; ++u, ++word) {
            const int place = static_cast<int>(word % words_of_block);
            if (place == 0) {
                block = philox(key, static_cast<uint64_t>(word / words_of_block));
            }
            out[u / w * out_stride + i * w + u % w] = block.word(place) >= key.threshold ? kept : Real{0};
        }
    }
}

template void draw_mask<float>(const MaskKey&, int64_t, int64_t, int64_t, float*, int64_t);
template void draw_mask<double>(const MaskKey&, int64_t, int64_t, int64_t, double*, int64_t);

}  // namespace chainrule
