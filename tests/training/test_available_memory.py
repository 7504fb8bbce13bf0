"""What is left of memory, by files as Linux writes them."""

import sys

import pytest

from chainrule.training.available_memory import available_memory

MIB = 1 << 20


def machine(folder, groups="", available="MemAvailable:  8388608 kB\n"):
    (folder / "self").mkdir()
    (folder / "meminfo").write_text("MemTotal:  16777216 kB\nMemFree: 12 kB\n" + available)
    (folder / "self" / "status").write_text("VmSize:\t  1048576 kB\nVmData:\t 524288 kB\n")
    (folder / "self" / "cgroup").write_text(groups)
    return folder


def group(folder, limit, usage, stat="", names=("memory.max", "memory.current")):
    folder.mkdir(parents=True)
    (folder / names[0]).write_text(f"{limit}\n")
    (folder / names[1]).write_text(f"{usage}\n")
    (folder / "memory.stat").write_text(stat)


def test_a_machine_gives_what_it_can_without_swapping(tmp_path):
    assert available_memory(machine(tmp_path), tmp_path / "none") == (
        8192 * MIB,
        "free memory of the machine",
    )


@pytest.mark.parametrize(
    ("inner", "outer", "expected"),
    [
        ((900 * MIB, 300 * MIB), ("max", 0), (600 * MIB, "what the control group /a/b has left")),
        ((900 * MIB, 300 * MIB), (400 * MIB, 300 * MIB), (100 * MIB, "what the control group /a has left")),
        ((900 * MIB, 950 * MIB), ("max", 0), (0, "what the control group /a/b has left")),
        (("max", 300 * MIB), ("max", 0), (8192 * MIB, "free memory of the machine")),
    ],
)
def test_the_narrowest_control_group_decides(inner, outer, expected, tmp_path):
    group(tmp_path / "cg" / "a", *outer)
    group(tmp_path / "cg" / "a" / "b", *inner)
    (tmp_path / "proc").mkdir()
    assert available_memory(machine(tmp_path / "proc", "0::/a/b\n"), tmp_path / "cg") == expected


def test_pages_of_files_that_can_be_dropped_are_free(tmp_path):
    group(tmp_path / "cg" / "a", 900 * MIB, 800 * MIB, f"anon 5\ninactive_file {500 * MIB}\n")
    (tmp_path / "proc").mkdir()
    found = available_memory(machine(tmp_path / "proc", "0::/a\n"), tmp_path / "cg")
    assert found == (600 * MIB, "what the control group /a has left")


def test_control_groups_of_the_first_version_are_read(tmp_path):
    names = ("memory.limit_in_bytes", "memory.usage_in_bytes")
    stat = f"inactive_file 1\ntotal_inactive_file {10 * MIB}\n"
    group(tmp_path / "cg" / "memory" / "a", 900 * MIB, 300 * MIB, stat, names)
    group(tmp_path / "cg" / "memory" / "b", 9223372036854771712, 300 * MIB, "", names)
    for name, expected in (("a", (610 * MIB, "what the control group /a has left")), ("b", 8192 * MIB)):
        (tmp_path / name).mkdir()
        proc = machine(tmp_path / name, f"5:cpu:/x\n4:memory:/{name}\n0::/\n")
        found = available_memory(proc, tmp_path / "cg")
        assert found == expected or found[0] == expected


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such limits")
def test_limits_of_the_process_are_seen(tmp_path, monkeypatch):
    import resource

    limits = {resource.RLIMIT_AS: 3 << 30, resource.RLIMIT_DATA: 1 << 30}
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (limits[kind], resource.RLIM_INFINITY))
    found = available_memory(machine(tmp_path), tmp_path / "none")
    assert found == (512 * MIB, "what the limit of data (ulimit -d) leaves")
    limits[resource.RLIMIT_DATA] = resource.RLIM_INFINITY
    assert available_memory(tmp_path, tmp_path / "none") == (
        2048 * MIB,
        "what the limit of address space (ulimit -v) leaves",
    )


def test_without_files_the_whole_machine_is_the_bound(tmp_path):
    found = available_memory(tmp_path / "none", tmp_path / "none")
    assert found is None or found[1] == "memory of the machine"
