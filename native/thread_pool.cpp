#include "thread_pool.hpp"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <new>
#include <system_error>
#include <thread>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace chainrule {
namespace {

constexpr int most_threads = 256;
// How long a thread that ran dry looks for more work before it sleeps. Waking it costs some 60 microseconds;
// between the passes of a solver the caller is alone for about 100.
constexpr auto spinning_time = std::chrono::microseconds(200);

void pause_briefly() {
#if defined(__x86_64__)
    _mm_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

// Rounding mode and treatment of subnormal numbers, so that a worker computes what the caller would.
class FloatingPointModes {
  public:
#if defined(__x86_64__)
    static FloatingPointModes current() { return {_mm_getcsr()}; }
    void apply() const { _mm_setcsr(static_cast<unsigned>(word_) & ~exception_flags); }
#elif defined(__aarch64__)
    static FloatingPointModes current() {
        uint64_t word;
        __asm__ volatile("mrs %0, fpcr" : "=r"(word));
        return {word};
    }
    void apply() const { __asm__ volatile("msr fpcr, %0" : : "r"(word_)); }
#else
    static FloatingPointModes current() { return {0}; }
    void apply() const {}
#endif

  private:
    FloatingPointModes(uint64_t word) : word_(word) {}
    static constexpr unsigned exception_flags = 0x3f;
    uint64_t word_;
};

// Wait until the value differs from `seen`: look for it for a while, then sleep. Returns the new value.
uint32_t wait_for_change(const std::atomic<uint32_t>& value, uint32_t seen) {
    const auto deadline = std::chrono::steady_clock::now() + spinning_time;
    do {
        for (int i = 0; i < 32; ++i) {
            const uint32_t now = value.load(std::memory_order_acquire);
            if (now != seen) {
                return now;
            }
            pause_briefly();
        }
    } while (std::chrono::steady_clock::now() < deadline);
    value.wait(seen, std::memory_order_acquire);
    return value.load(std::memory_order_acquire);
}

// The chunks that one thread starts with; when it has done them it helps with the others'.
struct alignas(64) Share {
    std::atomic<int64_t> next;
    int64_t end;
};

struct alignas(64) Signal {
    std::atomic<uint32_t> count{0};
};

// One region at a time. A worker enters (inside_ + 1) and only then looks whether the region is open; the
// caller closes the region and only then waits for inside_ = 0. In the one order of sequentially consistent
// operations either the worker sees it closed, or the caller sees the worker inside.
class Pool {
  public:
    // False when another thread's region is running.
    bool run(const ChunkedWork& work, int n_threads) {
        if (busy_.exchange(true, std::memory_order_acquire)) {
            return false;
        }
        const int threads = start_workers(n_threads);
        open_region(work, threads);
        do_chunks(0);
        close_region();
        busy_.store(false, std::memory_order_release);
        return true;
    }

  private:
    int start_workers(int n_threads) {
        const int wanted = std::min(n_threads, most_threads);
        sigset_t all;
        sigset_t before;
        sigfillset(&all);  // signals are for the program's own threads
        const bool starting = n_workers_ + 1 < wanted;
        if (starting) {
            pthread_sigmask(SIG_SETMASK, &all, &before);
        }
        try {
            while (n_workers_ + 1 < wanted) {
                const int index = n_workers_ + 1;
                std::thread([this, index] { work_forever(index); }).detach();
                ++n_workers_;
            }
        } catch (const std::system_error&) {
            // The system gives no more threads: those that there are do the work.
        }
        if (starting) {
            pthread_sigmask(SIG_SETMASK, &before, nullptr);
        }
        return std::min(wanted, n_workers_ + 1);
    }

    void open_region(const ChunkedWork& work, int threads) {
        work_ = work;
        threads_ = threads;
        modes_ = FloatingPointModes::current();
        for (int i = 0; i < threads; ++i) {
            shares_[i].next.store(work.n_chunks * i / threads, std::memory_order_relaxed);
            shares_[i].end = work.n_chunks * (i + 1) / threads;
        }
        open_.store(true);
        for (int i = 1; i < threads; ++i) {
            signals_[i].count.fetch_add(1);
            signals_[i].count.notify_one();
        }
    }

    void close_region() {
        open_.store(false);
        uint32_t inside = inside_.load();
        while (inside != 0) {
            inside = wait_for_change(inside_, inside);
        }
    }

    void do_chunks(int index) {
        for (int i = 0; i < threads_; ++i) {
            Share& share = shares_[(index + i) % threads_];
            for (int64_t chunk; (chunk = share.next.fetch_add(1, std::memory_order_relaxed)) < share.end;) {
                work_.run(work_.context, chunk);
            }
        }
    }

    void work_forever(int index) {
        uint32_t seen = 0;
        while (true) {
            seen = wait_for_change(signals_[index].count, seen);
            inside_.fetch_add(1);
            if (open_.load() && index < threads_) {
                modes_.apply();
                do_chunks(index);
            }
            if (inside_.fetch_sub(1) == 1) {
                inside_.notify_one();
            }
        }
    }

    std::atomic<bool> busy_{false};
    std::atomic<bool> open_{false};
    alignas(64) std::atomic<uint32_t> inside_{0};
    int n_workers_ = 0;
    int threads_ = 0;
    ChunkedWork work_{};
    FloatingPointModes modes_ = FloatingPointModes::current();
    Share shares_[most_threads];
    Signal signals_[most_threads];
};

// Never deleted: workers are detached and may look at it until the process ends.
std::atomic<Pool*> current_pool{nullptr};

// The child of fork() has none of the workers, and the pool may have been caught in the middle of a region.
void forget_pool() { current_pool.store(nullptr); }
const int fork_handler = pthread_atfork(nullptr, nullptr, forget_pool);

Pool* pool() {
    Pool* existing = current_pool.load(std::memory_order_acquire);
    if (existing) {
        return existing;
    }
    Pool* fresh = new (std::nothrow) Pool;
    if (fresh && !current_pool.compare_exchange_strong(existing, fresh)) {
        delete fresh;  // another thread was first; no worker has seen this one
        return existing;
    }
    return fresh;
}

}  // namespace

void run_chunks(const ChunkedWork& work, int n_threads) {
    if (n_threads > 1 && work.n_chunks > 1 && fork_handler == 0) {
        Pool* const shared = pool();
        if (shared && shared->run(work, n_threads)) {
            return;
        }
    }
    for (int64_t chunk = 0; chunk < work.n_chunks; ++chunk) {
        work.run(work.context, chunk);
    }
}

}  // namespace chainrule
