"""The number of threads: as requested, else as the environment says, else one for each core."""

import os

import pytest

from lenet.engines.threads import cores, num_threads


@pytest.mark.parametrize(
    ("requested", "variable", "expected"),
    [
        (3, "5", 3),
        (None, "5", 5),
        (None, "0", 7),
        (None, "", 7),
        (None, None, 7),
        (None, "four", 7),
        (None, "-2", 7),
        (None, "1.5", 7),
        (256, None, 256),
        (257, None, 256),
        (None, "4096", 256),
    ],
)
def test_threads_are_as_requested_else_of_the_environment_else_one_for_each_core(
    monkeypatch, requested, variable, expected
):
    monkeypatch.setattr("lenet.engines.threads.cores", lambda: 7)
    if variable is None:
        monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    else:
        monkeypatch.setenv("OMP_NUM_THREADS", variable)
    assert num_threads(requested) == expected


def test_cores_are_those_that_this_process_may_use(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0: {2, 5, 7}}[process], raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 16)
    assert cores() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    assert cores() == 16
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert cores() == 1
