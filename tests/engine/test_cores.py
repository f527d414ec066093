"""How many threads a process may use."""

import os
from pathlib import Path

import pytest

from gategrad.engine import cores, thread_count


@pytest.fixture
def roomy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight cores, without a limit."""
    monkeypatch.delenv(cores.VARIABLE, raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(cores, "_granted", lambda: None)


def test_the_cores_that_the_process_may_run_on(roomy) -> None:
    assert cores.usable_cores() == thread_count(None) == 8


def test_the_variable_caps_what_is_not_asked_for(roomy, monkeypatch) -> None:
    monkeypatch.setenv("GATEGRAD_THREADS", "3")
    assert (cores.usable_cores(), thread_count(None), thread_count(5)) == (3, 3, 5)
    monkeypatch.setenv("GATEGRAD_THREADS", "30")
    assert cores.usable_cores() == 8


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5"])
def test_a_variable_that_is_no_number(roomy, monkeypatch, text: str) -> None:
    monkeypatch.setenv("GATEGRAD_THREADS", text)
    with pytest.raises(ValueError, match=rf"GATEGRAD_THREADS='{text}' is no number of threads"):
        cores.usable_cores()


def test_the_containers_share(roomy, monkeypatch) -> None:
    monkeypatch.setattr(cores, "_granted", lambda: 2)
    assert cores.usable_cores() == 2


def files(tmp_path: Path, groups: str, limits: dict[str, str]) -> tuple[Path, Path]:
    (tmp_path / "cgroup").write_text(groups)
    for name, text in limits.items():
        path = tmp_path / "sys" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "cgroup", tmp_path / "sys"


@pytest.mark.parametrize(
    ("groups", "limits", "expected"),
    [
        ("0::/\n", {"cpu.max": "150000 100000\n"}, 1.5),
        ("0::/\n", {"cpu.max": "max 100000\n"}, None),
        ("0::/a/b\n", {"a/b/cpu.max": "max 100000", "a/cpu.max": "400000 100000"}, 4),
        # In a container the path of the host is not there: what is mounted is the group's own.
        ("0::/docker/123\n", {"cpu.max": "200000 100000"}, 2),
        (
            "4:cpu,cpuacct:/\n1:memory:/x\n",
            {"cpu,cpuacct/cpu.cfs_quota_us": "300000", "cpu,cpuacct/cpu.cfs_period_us": "100000"},
            3,
        ),
        (
            "4:cpuacct,cpu:/x\n",
            {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"},
            None,
        ),
        ("", {}, None),
    ],
)
def test_quotas_of_both_versions(tmp_path, groups: str, limits: dict, expected: float) -> None:
    assert cores.quota(*files(tmp_path, groups, limits)) == expected


def test_less_than_a_core_is_one_thread(monkeypatch) -> None:
    monkeypatch.setattr(cores, "quota", lambda: 0.5)
    assert cores._granted.__wrapped__() == 1
