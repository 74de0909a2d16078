"""What tests of trainings share: a stop by a real signal, and runs compared bit for bit."""

import os
import signal
import sys

from lenet.display.progress import Quiet

TIMES = ("seconds", "images_per_second", "steps_seconds", "run")


def without_times(values):
    return {key: value for key, value in values.items() if not key.startswith(TIMES)}


class StopAfter(Quiet):
    """Ctrl-C after so many chunks, as a person would press it: a real signal to this process."""

    def __init__(self, chunks):
        super().__init__(sys.stderr)
        self.left = chunks

    def chunk(self, point):
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGINT)


def same(one, other):
    """Two runs with the same bits, times and paths aside."""
    return (
        (one.path / "model.safetensors").read_bytes() == (other.path / "model.safetensors").read_bytes()
        and [without_times(p) for p in one.metrics] == [without_times(p) for p in other.metrics]
        and without_times(one.summary) == without_times(other.summary)
    )


def content(run):
    """What a run holds, without times."""
    metrics = [{k: v for k, v in point.items() if "second" not in k} for point in run.metrics]
    return (run.path / "model.safetensors").read_bytes(), metrics
