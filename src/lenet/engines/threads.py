"""How many threads to compute with."""

import os

MAX_THREADS = 256


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def num_threads(requested: int | None) -> int:
    """Return the number of threads for a training: as requested, else OMP_NUM_THREADS, else one for each core."""
    if requested is None:
        variable = os.environ.get("OMP_NUM_THREADS", "")
        requested = int(variable) if variable.isdecimal() and int(variable) else cores()
    return min(requested, MAX_THREADS)
