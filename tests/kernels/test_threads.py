"""How many threads are used: never more than anyone allowed."""

import os
import threading

import numpy as np
import pytest
import threadpoolctl

from chainrule.errors import ArgumentError, ArgumentTypeError
from chainrule.kernels import thread_count
from kernels import fresh_process
from kernels.row_calls import by_index

NO_QUOTA = 2**20
COUNT = "from chainrule.kernels import thread_count; print(thread_count({}))"
needs_two = pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one processor")
needs_affinity = pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity on this system")


def test_a_call_gets_no_more_threads_than_it_asks_for_or_than_there_are(compiled):
    assert thread_count(1) == 1
    assert thread_count(10**30) == thread_count(None) == compiled.available_threads()
    assert thread_count(np.int64(1)) == 1


@pytest.mark.parametrize("wrong", [0, -3])
def test_fewer_than_one_thread_is_refused(wrong):
    with pytest.raises(ArgumentError, match=rf"n_threads: .* at least 1, or None; got {wrong}\. Pass None"):
        thread_count(wrong)


@pytest.mark.parametrize("wrong", [1.5, "2"])
def test_what_is_no_whole_number_of_threads_is_refused(wrong):
    with pytest.raises(ArgumentTypeError, match=r"n_threads: .* whole number .*; got .*\. Pass None"):
        thread_count(wrong)


@pytest.mark.parametrize(
    ("value", "expected"), [("1", 1), ("1,4", 1), ("junk", None), ("0", None), ("", None)]
)
def test_omp_num_threads_holds_as_it_was_at_load(compiled, value, expected):
    got = fresh_process.run(COUNT.format("None"), {"OMP_NUM_THREADS": value})
    assert got == (expected or compiled.available_threads())
    assert fresh_process.run(COUNT.format("8"), {"OMP_NUM_THREADS": "1"}) == 1


@needs_affinity
def test_affinity_holds_also_when_it_changes_later(compiled):
    program = """
        import json, os
        from chainrule.kernels import thread_count
        before = thread_count(None)
        processors = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {min(processors)})
        alone = thread_count(None), thread_count(4)
        os.sched_setaffinity(0, processors)
        print(json.dumps([before, *alone, thread_count(None)]))
    """
    before, alone, asked, after = fresh_process.run(program)
    assert (alone, asked) == (1, 1)
    assert before == after == compiled.available_threads()


def _write(folder, **files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text + "\n")


def _quota(compiled, tmp_path, membership):
    (tmp_path / "cgroup").write_text(membership)
    return compiled.cgroup_quota(str(tmp_path / "cgroup"), str(tmp_path / "mount"))


def test_the_quota_of_a_control_group_is_rounded_up_and_the_least_up_to_the_root_holds(compiled, tmp_path):
    mount = tmp_path / "mount"
    _write(mount / "a" / "b", cpu__max="350000 100000")
    assert _quota(compiled, tmp_path, "0::/a/b\n") == 4
    _write(mount / "a", cpu__max="150000 100000")
    assert _quota(compiled, tmp_path, "0::/a/b\n") == 2
    _write(mount, cpu__max="10000 100000")
    assert _quota(compiled, tmp_path, "0::/a/b\n") == 1
    assert _quota(compiled, tmp_path, "0::/not/visible/here\n") == 1


def test_a_control_group_without_a_quota_limits_nothing(compiled, tmp_path):
    _write(tmp_path / "mount" / "a", cpu__max="max 100000")
    assert _quota(compiled, tmp_path, "0::/a\n") == NO_QUOTA
    assert _quota(compiled, tmp_path, "0::/\n") == NO_QUOTA
    assert _quota(compiled, tmp_path, "nonsense\n") == NO_QUOTA
    assert compiled.cgroup_quota(str(tmp_path / "missing"), str(tmp_path)) == NO_QUOTA


def test_control_groups_of_version_1_are_read_too(compiled, tmp_path):
    membership = "5:memory:/a\n4:cpu,cpuacct:/a\n3:cpuset:/a\n"
    _write(tmp_path / "mount" / "cpu,cpuacct" / "a", cpu__cfs_quota_us="-1", cpu__cfs_period_us="100000")
    assert _quota(compiled, tmp_path, membership) == NO_QUOTA
    _write(tmp_path / "mount" / "cpu,cpuacct" / "a", cpu__cfs_quota_us="250000")
    assert _quota(compiled, tmp_path, membership) == 3


@needs_two
@pytest.mark.usefixtures("compiled")
def test_limits_of_threadpoolctl_hold_and_end():
    before = thread_count(None)
    with threadpoolctl.threadpool_limits(1):
        assert thread_count(None) == thread_count(2) == 1
    assert thread_count(None) == before
    with threadpoolctl.threadpool_limits(1, user_api="chainrule"):
        assert thread_count(None) == 1
    with threadpoolctl.threadpool_limits(1, user_api="blas"):
        assert thread_count(None) == before
    with threadpoolctl.threadpool_limits(10_000, user_api="chainrule"):
        assert thread_count(None) == before


@needs_two
@needs_affinity
@pytest.mark.usefixtures("compiled")
def test_a_limit_that_limits_nothing_does_not_outlive_a_narrow_affinity():
    program = """
        import json, os
        import threadpoolctl
        from chainrule.kernels import native, thread_count
        before = thread_count(None)
        processors = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {min(processors)})
        with threadpoolctl.threadpool_limits(4, user_api="chainrule"):
            pass
        os.sched_setaffinity(0, processors)
        after = thread_count(None)
        with threadpoolctl.threadpool_limits(1, user_api="chainrule"):
            limited = thread_count(None)
        print(json.dumps([before, after, limited]))
    """
    before, after, limited = fresh_process.run(program)
    assert before == after > 1
    assert limited == 1


def test_threadpoolctl_lists_the_pool_once(compiled):
    mine = [pool for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "chainrule"]
    assert [pool["num_threads"] for pool in mine] == [compiled.available_threads()]


@pytest.mark.usefixtures("compiled")
def test_workers_of_joblib_share_the_processors():
    program = """
        import json
        import joblib
        from chainrule.kernels import thread_count
        n_jobs = joblib.cpu_count()
        with joblib.parallel_config("loky", inner_max_num_threads=1):
            counts = joblib.Parallel(n_jobs=2)(joblib.delayed(thread_count)(None) for _ in range(4))
        shared = joblib.Parallel(n_jobs=n_jobs, backend="loky")(
            joblib.delayed(thread_count)(4) for _ in range(n_jobs)
        )
        print(json.dumps([counts, shared]))
    """
    counts, shared = fresh_process.run(program)
    assert counts == [1, 1, 1, 1]
    assert set(shared) == {1}


def test_several_python_threads_at_once_get_the_right_results(many_threads):
    logits = np.random.default_rng(0).normal(size=(3000, 50)).astype(np.float32)
    targets = np.arange(3000) % 50
    expected = [np.asarray(part).tobytes() for part in by_index(many_threads, logits, targets)]
    wrong = []

    def work(n_threads):
        for _ in range(40):
            got = by_index(many_threads, logits, targets, n_threads=n_threads)
            if [np.asarray(part).tobytes() for part in got] != expected:
                wrong.append(n_threads)

    threads = [threading.Thread(target=work, args=(n,)) for n in (2, 3, 5, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.usefixtures("compiled")
@pytest.mark.skipif(os.uname().machine != "x86_64", reason="sets the modes by an x86 register")
def test_workers_take_the_rounding_mode_of_the_caller():
    program = """
        import ctypes, json
        import numpy as np
        from chainrule.kernels import native
        compiled = native()
        compiled.oversubscribe(True)
        logits = np.random.default_rng(0).normal(size=(4000, 100))
        results = {}
        def softmax(n_threads):
            out = np.empty_like(logits)
            compiled.softmax_rows(logits, out, n_threads)
            return out
        library = ctypes.CDLL(None)
        nearest = softmax(4)
        toward_zero = 0xC00
        assert library.fesetround(toward_zero) == 0
        alone, together = softmax(1), softmax(4)
        library.fesetround(0)
        print(json.dumps([bool((alone == together).all()), bool((alone != nearest).any())]))
    """
    same, differs = fresh_process.run(program)
    assert same
    assert differs
