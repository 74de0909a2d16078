"""What the server counts, as Prometheus reads it: requests, latencies, batches, answers."""

import os
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from lenet.version import __version__

SECONDS = (0.0005, 0.001, 0.002, 0.004, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0)
IMAGES = (1, 2, 4, 8, 16, 32, 64)
MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Histogram:
    """How many values lie below each of some bounds, and their sum."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds, self.counts, self.total = bounds, [0] * (len(bounds) + 1), 0.0

    def add(self, value: float) -> None:
        """Count a value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def lines(self, name: str, what: str) -> Iterator[str]:
        """The lines of a histogram for Prometheus."""
        yield f"# HELP {name} {what}"
        yield f"# TYPE {name} histogram"
        sofar = 0
        for bound, count in zip((*self.bounds, "+Inf"), self.counts, strict=True):
            sofar += count
            yield f'{name}_bucket{{le="{bound}"}} {sofar}'
        yield f"{name}_sum {self.total:.9g}"
        yield f"{name}_count {sofar}"


class NetworkMetrics:
    """What one network answered. Only the thread that computes changes it."""

    def __init__(self, num_classes: int) -> None:
        self.classes, self.confidence, self.unknown = [0] * num_classes, 0.0, 0

    def add(self, labels: Iterable[int], confidence: float, num_unknown: int) -> None:
        """Count the answers of a batch."""
        for label in labels:
            self.classes[label] += 1
        self.confidence += confidence
        self.unknown += num_unknown


class Metrics:
    """Everything that the server counts."""

    def __init__(self, networks: dict[str, tuple[str, ...]]) -> None:
        self.began = time.time()
        self.requests: Counter[tuple[str, int]] = Counter()
        self.seconds, self.batches = Histogram(SECONDS), Histogram(IMAGES)
        self.abandoned = 0
        self.classes = networks
        self.networks = {name: NetworkMetrics(len(classes)) for name, classes in networks.items()}

    def text(self, gauges: dict[str, int]) -> str:
        """Return all numbers in Prometheus' text form.

        Args:
            gauges: present values by name: connections, requests that wait, bytes of bodies.
        """
        return "\n".join([*self._lines(gauges), ""])

    def _lines(self, gauges: dict[str, int]) -> Iterator[str]:
        yield from _head("lenet_info", "gauge", "The version of lenet.")
        yield f'lenet_info{{version="{__version__}"}} 1'
        yield from _head("lenet_requests_total", "counter", "Requests, by path and status.")
        for (path, status), count in sorted(self.requests.items()):
            yield f'lenet_requests_total{{path="{_escaped(path)}",status="{status}"}} {count}'
        yield from self.seconds.lines("lenet_request_seconds", "From the last byte of a request to its answer.")
        yield from self.batches.lines("lenet_batch_images", "Images that were computed together.")
        yield from _head("lenet_abandoned_total", "counter", "Requests whose client left before the answer.")
        yield f"lenet_abandoned_total {self.abandoned}"
        yield from _head("lenet_images_total", "counter", "Images that were classified, by network and class.")
        for name, metrics in self.networks.items():
            for label, count in zip(self.classes[name], metrics.classes, strict=True):
                yield f'lenet_images_total{{model="{name}",class="{_escaped(label)}"}} {count}'
        yield from _head("lenet_unknown_total", "counter", "Images that the network reported as unknown.")
        for name, metrics in self.networks.items():
            yield f'lenet_unknown_total{{model="{name}"}} {metrics.unknown}'
        yield from _head("lenet_confidence_mean", "gauge", "Mean probability of the answers.")
        for name, metrics in self.networks.items():
            yield f'lenet_confidence_mean{{model="{name}"}} {metrics.confidence / max(1, sum(metrics.classes)):.9g}'
        for name, value in gauges.items():
            yield from _head(f"lenet_{name}", "gauge", "At this moment.")
            yield f"lenet_{name} {value}"
        yield from _head("process_start_time_seconds", "gauge", "Seconds since 1970.")
        yield f"process_start_time_seconds {self.began:.3f}"
        if (memory := _memory()) is not None:
            yield from _head("process_resident_memory_bytes", "gauge", "Memory of the process.")
            yield f"process_resident_memory_bytes {memory}"


def _memory() -> int | None:
    """The memory of this process in bytes, where the system says it in /proc."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None


def _head(name: str, kind: str, what: str) -> Iterator[str]:
    yield f"# HELP {name} {what}"
    yield f"# TYPE {name} {kind}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
