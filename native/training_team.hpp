// Phases of work that follow each other closely, on threads that stay together for all of them.
//
// Every thread goes through all phases; a phase begins when every piece of the one before is done. A piece
// has a thread that looks for it first, and whoever is free takes one that nobody has begun: the caller never
// waits for a thread that has not come. Which thread does a piece decides about no bit.
#pragma once

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
    explicit Team(int threads) : threads_(threads), begun_(new Counter[static_cast<size_t>(threads)]) {}
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
    struct alignas(128) Counter {
        std::atomic<int64_t> value{0};
    };

    template <class Phase>
    void take_part(int thread, int64_t n_phases, const Phase& phase) {
        int64_t number = done_.value.load(std::memory_order_acquire) / threads_;
        while (number < n_phases) {
            for (int i = 0; i < threads_; ++i) {
                const int piece = thread + i < threads_ ? thread + i : thread + i - threads_;
                int64_t expected = number;
                if (begun_[piece].value.load(std::memory_order_relaxed) == number &&
                    begun_[piece].value.compare_exchange_strong(expected, number + 1,
                                                                std::memory_order_acq_rel)) {
                    phase(number, piece);
                    done_.value.fetch_add(1, std::memory_order_acq_rel);
                }
            }
            wait_until_done(++number * threads_);
        }
    }

    void wait_until_done(int64_t pieces) const {
        constexpr int patience = 4096;  // then others may want the processor
        for (int tries = 0; done_.value.load(std::memory_order_acquire) < pieces; ++tries) {
            if (tries > patience) {
                std::this_thread::yield();
            }
#if defined(__x86_64__)
            _mm_pause();
#elif defined(__aarch64__)
            __asm__ volatile("yield");
#endif
        }
    }

    int threads_;
    std::unique_ptr<Counter[]> begun_;
    Counter done_;
};

}  // namespace chainrule
