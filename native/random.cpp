#include "random.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <numeric>
#include <vector>

#include "thread_pool.hpp"

namespace chainrule {
namespace {

// Blocks, and words to be ordered, that are worth a thread.
constexpr int64_t blocks_of_thread = 1024;
constexpr int64_t words_of_thread = 4096;
int threads_for(int64_t n, int64_t n_of_thread, int n_threads) {
    return static_cast<int>(std::clamp<int64_t>(n / n_of_thread, 1, std::max(n_threads, 1)));
}

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

// Room for so many entries, that of the last call if it was no larger than a megabyte: fresh memory takes as
// long as sorting.
class Room {
  public:
    explicit Room(int64_t n) : own_(n > kept_entries ? new uint64_t[static_cast<size_t>(n)] : nullptr) {
        thread_local std::unique_ptr<uint64_t[]> kept;
        if (!own_ && !kept) {
            kept.reset(new uint64_t[kept_entries]);
        }
        start_ = own_ ? own_.get() : kept.get();
    }
    uint64_t* start() const { return start_; }

  private:
    static constexpr int64_t kept_entries = int64_t{1} << 17;
    std::unique_ptr<uint64_t[]> own_;
    uint64_t* start_;
};

// Words of one share of the values that words have: each thread orders those of its own.
struct ValueShare {
    uint64_t first_upper_part;
    uint64_t last_upper_part;
    bool holds(uint64_t word) const {
        return (word >> 32) - first_upper_part < last_upper_part - first_upper_part;
    }
};
ValueShare value_share(int number, int count) {
    const auto bound = [&](int i) { return (static_cast<uint64_t>(i) << 32) / static_cast<uint64_t>(count); };
    return {bound(number), bound(number + 1)};
}

int64_t count_of(const ValueShare& share, const uint64_t* words, int64_t n) {
    int64_t count = 0;
    for (int64_t i = 0; i < n; ++i) {
        count += share.holds(words[i]) ? 1 : 0;
    }
    return count;
}

// The `count` words of a share in their order, by way of two arrays with room for as many and one more.
void order_share(const ValueShare& share, const uint64_t* words, int64_t n, const Digits& digits,
                 int64_t count, uint64_t* room, int64_t* order) {
    uint64_t* const rooms[2] = {room, room + count + 1};
    uint64_t* from = rooms[0];
    std::array<Counts, most_digits> counts{};
    for (int64_t i = 0, k = 0; i < n; ++i) {
        from[k] = (words[i] & ~number_bits) | static_cast<uint64_t>(i);
        k += share.holds(words[i]) ? 1 : 0;  // a jump would be foreseen half of the time
    }
    for (int64_t k = 0; k < count; ++k) {
        for (int pass = 0; pass < digits.n; ++pass) {
            ++counts[static_cast<size_t>(pass)][digits.of(from[k], pass)];
        }
    }
    for (int pass = 0; pass < digits.n; ++pass) {
        Counts& next = counts[static_cast<size_t>(pass)];
        to_starts(next);
        uint64_t* const to = rooms[(pass + 1) % 2];
        for (int64_t k = 0; k < count; ++k) {
            to[next[digits.of(from[k], pass)]++] = from[k];
        }
        from = to;
    }
    sort_ties(digits, words, from, count);
    for (int64_t k = 0; k < count; ++k) {
        order[k] = static_cast<int64_t>(from[k] & number_bits);
    }
}

}  // namespace

void random_words(const PhiloxKey& key, const PhiloxBlock& start, uint64_t* words, int64_t n, int n_threads) {
    constexpr int64_t words_of_block = 4;
    const int64_t blocks = (n + words_of_block - 1) / words_of_block;
    const int threads = threads_for(blocks, blocks_of_thread, n_threads);
    run_chunks(threads, threads, [&](int64_t thread) {
        const int64_t first = blocks * thread / threads;
        const int64_t last = blocks * (thread + 1) / threads;
        PhiloxBlock counter = start;
        counter.words[0] += static_cast<uint64_t>(first);
        for (int64_t i = first * words_of_block; i < last * words_of_block; i += words_of_block) {
            ++counter.words[0];  // NumPy counts up before it draws
            const PhiloxBlock block = philox(key, counter);
            std::copy_n(block.words, std::min(n - i, words_of_block), words + i);
        }
    });
}

void stable_order(const uint64_t* words, int64_t n, int64_t* order, int n_threads) {
    const int threads = threads_for(n, words_of_thread, n_threads);
    const Digits digits = digits_of(n);
    std::vector<int64_t> ends(static_cast<size_t>(threads));
    run_chunks(threads, threads, [&](int64_t thread) {
        const ValueShare share = value_share(static_cast<int>(thread), threads);
        ends[static_cast<size_t>(thread)] = threads == 1 ? n : count_of(share, words, n);
    });
    std::partial_sum(ends.begin(), ends.end(), ends.begin());
    const Room room(2 * (n + threads));
    run_chunks(threads, threads, [&](int64_t thread) {
        const int64_t first = thread ? ends[static_cast<size_t>(thread) - 1] : 0;
        order_share(value_share(static_cast<int>(thread), threads), words, n, digits,
                    ends[static_cast<size_t>(thread)] - first, room.start() + 2 * (first + thread),
                    order + first);
    });
}

}  // namespace chainrule
