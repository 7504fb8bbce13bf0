#include "stable_order.hpp"

#include <algorithm>
#include <array>
#include <memory>

namespace chainrule {
namespace {

// The upper half of a word and the number of its row, sorted by radix: comparisons of random words take two
// or three times as long, for no processor foresees them.
constexpr int digit_bits = 11;
constexpr int lowest_bit[] = {32, 43, 54};  // of each digit; the last has 10 bits
constexpr uint64_t number_bits = 0xffffffff;
using Counts = std::array<int64_t, size_t{1} << digit_bits>;

size_t digit_of(uint64_t entry, int pass) {
    return static_cast<size_t>(entry >> lowest_bit[pass]) & ((size_t{1} << digit_bits) - 1);
}

uint64_t entry_of(const uint64_t* words, int64_t i) {
    return (words[i] & ~number_bits) | static_cast<uint64_t>(i);
}

void to_starts(Counts& counts) {
    int64_t sum = 0;
    for (int64_t& count : counts) {
        const int64_t own = count;
        count = sum;
        sum += own;
    }
}

// Entries whose upper halves are equal, by their whole words.
void sort_ties(const uint64_t* words, uint64_t* entries, int64_t n) {
    for (int64_t first = 0; first < n;) {
        int64_t last = first + 1;
        while (last < n && entries[last] >> 32 == entries[first] >> 32) {
            ++last;
        }
        if (last - first > 1) {
            std::stable_sort(entries + first, entries + last, [&](uint64_t a, uint64_t b) {
                return words[a & number_bits] < words[b & number_bits];
            });
        }
        first = last;
    }
}

}  // namespace

void stable_order(const uint64_t* words, int64_t n, int64_t* order) {
    std::array<Counts, 3> counts{};
    for (int64_t i = 0; i < n; ++i) {
        for (int pass = 0; pass < 3; ++pass) {
            ++counts[static_cast<size_t>(pass)][digit_of(words[i], pass)];
        }
    }
    for (Counts& of_pass : counts) {
        to_starts(of_pass);
    }
    const std::unique_ptr<uint64_t[]> other(new uint64_t[static_cast<size_t>(n)]);
    auto* const entries = reinterpret_cast<uint64_t*>(order);
    const auto place = [&](uint64_t entry, int pass) -> int64_t {
        return counts[static_cast<size_t>(pass)][digit_of(entry, pass)]++;
    };
    for (int64_t i = 0; i < n; ++i) {
        const uint64_t entry = entry_of(words, i);
        entries[place(entry, 0)] = entry;
    }
    for (int64_t i = 0; i < n; ++i) {
        other[static_cast<size_t>(place(entries[i], 1))] = entries[i];
    }
    for (int64_t i = 0; i < n; ++i) {
        const uint64_t entry = other[static_cast<size_t>(i)];
        entries[place(entry, 2)] = entry;
    }
    sort_ties(words, entries, n);
    for (int64_t i = 0; i < n; ++i) {
        order[i] = static_cast<int64_t>(entries[i] & number_bits);
    }
}

}  // namespace chainrule
