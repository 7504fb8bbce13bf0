// Philox4x64-10 [Salmon2011]: random words that are a function of a key and a counter.
#pragma once

#include <stdint.h>

namespace chainrule {

struct PhiloxKey {
    uint64_t seed;
    uint64_t purpose;  // chainrule.kernels.Purpose
};

struct PhiloxBlock {
    uint64_t words[4];
};

inline uint64_t whole_product(uint64_t a, uint64_t b, uint64_t& high) {
    __extension__ typedef unsigned __int128 Wide;
    const Wide wide = static_cast<Wide>(a) * b;
    high = static_cast<uint64_t>(wide >> 64);
    return static_cast<uint64_t>(wide);
}

inline PhiloxBlock philox(PhiloxKey key, PhiloxBlock counter) {
    constexpr uint64_t multiplier[2] = {0xD2E7470EE14C6C93U, 0xCA5A826395121157U};
    constexpr uint64_t weyl[2] = {0x9E3779B97F4A7C15U, 0xBB67AE8584CAA73BU};
    uint64_t* const c = counter.words;
    for (int round = 0; round < 10; ++round) {
        uint64_t high[2];
        const uint64_t low[2] = {whole_product(multiplier[0], c[0], high[0]),
                                 whole_product(multiplier[1], c[2], high[1])};
        c[0] = high[1] ^ c[1] ^ key.seed;
        c[2] = high[0] ^ c[3] ^ key.purpose;
        c[1] = low[1];
        c[3] = low[0];
        key.seed += weyl[0];
        key.purpose += weyl[1];
    }
    return counter;
}

}  // namespace chainrule
