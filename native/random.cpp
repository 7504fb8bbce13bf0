#include "random.hpp"

#include <algorithm>
#include <array>
#include <memory>

namespace chainrule {
namespace {

// The upper part of a word and the number of its row, sorted by radix: comparisons of random words take two
// or three times as long, for no processor foresees them.
constexpr int digit_bits = 11;
constexpr int most_digits = 3;
constexpr int64_t many = int64_t{1} << 18;  // words, of which many would agree in two digits
constexpr uint64_t number_bits = 0xffffffff;
using Counts = std::array<int64_t, size_t{1} << digit_bits>;

// The digits that words are sorted by, from the lowest: the uppermost 22 bits, or 32.
struct Digits {
    int n;
    int lowest_bit[most_digits];
    size_t of(uint64_t entry, int pass) const {
        return static_cast<size_t>(entry >> lowest_bit[pass]) & ((size_t{1} << digit_bits) - 1);
    }
    bool agree(uint64_t a, uint64_t b) const { return a >> lowest_bit[0] == b >> lowest_bit[0]; }
};
Digits digits_of(int64_t n) { return n <= many ? Digits{2, {42, 53}} : Digits{3, {32, 43, 54}}; }

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

// Entries whose digits are equal, by their whole words.
void sort_ties(const Digits& digits, const uint64_t* words, uint64_t* entries, int64_t n) {
    for (int64_t first = 0; first < n;) {
        int64_t last = first + 1;
        while (last < n && digits.agree(entries[last], entries[first])) {
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

void random_words(const PhiloxKey& key, PhiloxBlock counter, uint64_t* words, int64_t n) {
    for (int64_t i = 0; i < n; i += 4) {
        ++counter.words[0];  // NumPy counts up before it draws
        const PhiloxBlock block = philox(key, counter);
        std::copy_n(block.words, std::min(n - i, int64_t{4}), words + i);
    }
}

void stable_order(const uint64_t* words, int64_t n, int64_t* order) {
    const Digits digits = digits_of(n);
    std::array<Counts, most_digits> counts{};
    for (int64_t i = 0; i < n; ++i) {
        for (int pass = 0; pass < digits.n; ++pass) {
            ++counts[static_cast<size_t>(pass)][digits.of(words[i], pass)];
        }
    }
    for (Counts& of_pass : counts) {
        to_starts(of_pass);
    }
    const std::unique_ptr<uint64_t[]> other(new uint64_t[static_cast<size_t>(n)]);
    auto* const entries = reinterpret_cast<uint64_t*>(order);
    const auto place = [&](uint64_t* to, uint64_t entry, int pass) {
        to[counts[static_cast<size_t>(pass)][digits.of(entry, pass)]++] = entry;
    };
    // The last pass writes to the entries, each one before it to the other of the two.
    uint64_t* to = digits.n % 2 == 1 ? entries : other.get();
    for (int64_t i = 0; i < n; ++i) {
        place(to, entry_of(words, i), 0);
    }
    for (int pass = 1; pass < digits.n; ++pass) {
        const uint64_t* const from = to;
        to = from == entries ? other.get() : entries;
        for (int64_t i = 0; i < n; ++i) {
            place(to, from[i], pass);
        }
    }
    sort_ties(digits, words, entries, n);
    for (int64_t i = 0; i < n; ++i) {
        order[i] = static_cast<int64_t>(entries[i] & number_bits);
    }
}

}  // namespace chainrule
