#include "processors.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

#if defined(__linux__)
#include <sched.h>
#endif

namespace chainrule {
namespace {

std::atomic<int> limit{no_quota};
std::atomic<bool> oversubscription{false};

int hardware_threads() { return std::max(1, static_cast<int>(std::thread::hardware_concurrency())); }

#if defined(__linux__)
int affinity() {
    constexpr int most = 1 << 16;
    cpu_set_t fixed;
    if (sched_getaffinity(0, sizeof fixed, &fixed) == 0) {
        return std::max(1, CPU_COUNT(&fixed));
    }
    for (int processors = 2 * CPU_SETSIZE; processors <= most;
         processors *= 2) {  // machines above 1,024 processors
        cpu_set_t* set = CPU_ALLOC(static_cast<size_t>(processors));
        const size_t size = CPU_ALLOC_SIZE(static_cast<size_t>(processors));
        const bool known = set && sched_getaffinity(0, size, set) == 0;
        const int found = known ? CPU_COUNT_S(size, set) : 0;
        CPU_FREE(set);
        if (known) {
            return std::max(1, found);
        }
    }
    return hardware_threads();
}
#else
int affinity() { return hardware_threads(); }
#endif

int rounded_up(double quota, double period) {
    const bool limited = quota > 0.0 && period > 0.0;
    return limited ? static_cast<int>(std::clamp(std::ceil(quota / period), 1.0, double{no_quota}))
                   : no_quota;
}

// "max 100000" or "150000 100000"
int quota_of_version_2(const std::string& folder) {
    std::ifstream file(folder + "/cpu.max");
    double quota = 0.0;
    double period = 0.0;
    return file >> quota >> period ? rounded_up(quota, period) : no_quota;
}

// -1 means no quota
int quota_of_version_1(const std::string& folder) {
    std::ifstream quota_file(folder + "/cpu.cfs_quota_us");
    std::ifstream period_file(folder + "/cpu.cfs_period_us");
    double quota = 0.0;
    double period = 0.0;
    return quota_file >> quota && period_file >> period ? rounded_up(quota, period) : no_quota;
}

// The least quota from the group up to the root: every ancestor's holds. In a container the path may not be
// visible; then the root is the container's own group.
int least_quota(int (*quota_of)(const std::string&), const std::string& root, std::string group) {
    int least = no_quota;
    while (true) {
        least = std::min(least, quota_of(root + (group == "/" ? "" : group)));
        const size_t slash = group.rfind('/');
        if (group.empty() || slash == std::string::npos) {
            return least;
        }
        group.resize(slash);
    }
}

bool lists_cpu(const std::string& controllers) {
    std::istringstream names(controllers);
    for (std::string name; std::getline(names, name, ',');) {
        if (name == "cpu") {
            return true;
        }
    }
    return false;
}

int environment_threads() {
    const char* text = std::getenv("OMP_NUM_THREADS");  // "4", or "4,2" for nested regions
    const long threads = text ? std::strtol(text, nullptr, 10) : 0;
    return threads >= 1 && threads < no_quota ? static_cast<int>(threads) : no_quota;
}

// Read when the module is loaded: the quota costs some file reads, the variable is a promise about the start.
const int limit_at_load =
    std::min(environment_threads(), cgroup_quota("/proc/self/cgroup", "/sys/fs/cgroup"));

}  // namespace

// One line per hierarchy: "number:controllers:group"; version 2 has number 0 and no controllers.
int cgroup_quota(const char* membership, const char* mount) {
    int least = no_quota;
    std::ifstream file(membership);
    for (std::string line; std::getline(file, line);) {
        const size_t first = line.find(':');
        const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
        if (second == std::string::npos) {
            continue;
        }
        const std::string controllers = line.substr(first + 1, second - first - 1);
        const std::string group = line.substr(second + 1);
        const std::string root = mount;
        if (controllers.empty()) {
            least = std::min(least, least_quota(quota_of_version_2, root, group));
        } else if (lists_cpu(controllers)) {
            least = std::min(least, least_quota(quota_of_version_1, root + "/" + controllers, group));
            least = std::min(least, least_quota(quota_of_version_1, root + "/cpu", group));
        }
    }
    return least;
}

int available_threads() {
    return std::min({affinity(), limit_at_load, limit.load(std::memory_order_relaxed)});
}

int thread_count(int requested) {
    const bool unlimited = oversubscription.load(std::memory_order_relaxed);
    return std::max(1, unlimited ? requested : std::min(requested, available_threads()));
}

// threadpoolctl ends a limit by setting the number that it had read, which may be that of an affinity that
// has been widened since.
void limit_threads(int threads) {
    const bool limits = threads < std::min(affinity(), limit_at_load);
    limit.store(limits ? std::max(1, threads) : no_quota, std::memory_order_relaxed);
}

void oversubscribe(bool allowed) { oversubscription.store(allowed, std::memory_order_relaxed); }

}  // namespace chainrule
