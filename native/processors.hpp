// How many threads this process may use.
#pragma once

namespace chainrule {

// min(affinity, cgroup quota rounded up, OMP_NUM_THREADS at load, limit), at least 1. The affinity is asked
// each time.
int available_threads();

// min(requested, available_threads()); requested >= 1.
int thread_count(int requested);

// A limit for the whole process, as threadpoolctl sets it; values below 1 count as 1. A number that reaches
// what affinity, quota and OMP_NUM_THREADS allow at this moment means no limit.
void limit_threads(int limit);

// For tests only: let thread_count() return what was requested, to run more threads than there are
// processors.
void oversubscribe(bool allowed);

// The quota of the control group that `membership` (in the format of /proc/self/cgroup) names, in threads,
// rounded up and at least 1; no_quota when there is none. `mount` is where the cgroup file system is:
// /sys/fs/cgroup.
inline constexpr int no_quota = 1 << 20;
int cgroup_quota(const char* membership, const char* mount);

}  // namespace chainrule
