// Phases of work that follow each other closely, on threads that stay together for all of them.
//
// Every thread goes through all phases; a phase begins when every piece of the one before is done. A piece
// has a thread that looks for it first, and whoever is free takes one that nobody has begun: the caller never
// waits for a thread that has not come. Which thread does a piece decides about no bit.
#pragma once

#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>

#include "thread_pool.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace chainrule {

class Team {
  public:
    explicit Team(int threads) : threads_(threads), pieces_(new Piece[static_cast<size_t>(threads)]) {}
    Team(const Team&) = delete;
    Team& operator=(const Team&) = delete;

    // phase(number, piece) for the phases 0..n - 1 in order, each with as many pieces as threads.
    template <class Phase>
    void run(int64_t n_phases, const Phase& phase) {
        if (threads_ == 1) {
            for (int64_t number = 0; number < n_phases; ++number) {
                phase(number, 0);
            }
            return;
        }
        run_chunks(threads_, threads_,
                   [&](int64_t thread) { take_part(static_cast<int>(thread), n_phases, phase); });
    }

  private:
    // Phases that were begun, and done, on lines of their own: the first is looked at by others in need only.
    struct Piece {
        alignas(128) std::atomic<int64_t> begun{0};
        alignas(128) std::atomic<int64_t> done{0};
    };

    template <class Phase>
    void take_part(int thread, int64_t n_phases, const Phase& phase) {
        int patience = usual_patience;
        for (int64_t number = phases_done(); number < n_phases; ++number) {
            take(number, thread, phase);
            for (int i = 0; i < threads_; ++i) {
                const int piece = thread + i < threads_ ? thread + i : thread + i - threads_;
                if (!is_done(number, piece, patience)) {
                    // Whoever has to help is quick to help again.
                    patience = take(number, piece, phase) ? 0 : usual_patience;
                    wait_until_done(number, piece);
                }
            }
        }
    }

    // Of all pieces.
    int64_t phases_done() const {
        int64_t least = pieces_[0].done.load(std::memory_order_acquire);
        for (int piece = 1; piece < threads_; ++piece) {
            least = std::min(least, pieces_[piece].done.load(std::memory_order_acquire));
        }
        return least;
    }

    // False where it was begun before.
    template <class Phase>
    bool take(int64_t number, int piece, const Phase& phase) {
        int64_t expected = number;
        Piece& own = pieces_[piece];
        if (!own.begun.compare_exchange_strong(expected, number + 1, std::memory_order_acq_rel)) {
            return false;
        }
        phase(number, piece);
        own.done.store(number + 1, std::memory_order_release);
        return true;
    }

    bool is_done(int64_t number, int piece, int tries) const {
        while (pieces_[piece].done.load(std::memory_order_acquire) <= number) {
            if (--tries < 0) {
                return false;
            }
            pause_briefly();
        }
        return true;
    }

    void wait_until_done(int64_t number, int piece) const {
        while (!is_done(number, piece, most_patience)) {
            std::this_thread::yield();  // others may want the processor
        }
    }

    static void pause_briefly() {
#if defined(__x86_64__)
        _mm_pause();
#elif defined(__aarch64__)
        __asm__ volatile("yield");
#endif
    }

    static constexpr int usual_patience = 64;  // some microseconds
    static constexpr int most_patience = 4096;

    int threads_;
    std::unique_ptr<Piece[]> pieces_;
};

}  // namespace chainrule
