"""One thread computes: it takes the requests that wait, up to 16 images at a time, and answers them together.

A request that finds the thread idle is computed at once. Those that come in the meantime are its next batch, so that batches
grow with the load and no image waits for others that may never come. The kernels release the interpreter's lock, and every
image has a lane of its own: its answer is the same bits alone and among others. Large bodies and images in which the object
has to be found are prepared by two further threads first.
"""

import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue
from threading import Thread

import numpy as np

from lenet.deploy.server import bodies
from lenet.deploy.server.answers import Template, tensors
from lenet.deploy.server.explanation import Explainer
from lenet.deploy.server.limits import BATCH, SMALL, Limits
from lenet.deploy.server.metrics import Metrics
from lenet.deploy.server.responses import HttpError, Response
from lenet.deploy.server.served import ServedNetwork
from lenet.deploy.server.small_images import unfiltered
from lenet.deploy.server.tasks import EXPLAIN, INFER, Task
from lenet.deploy.server.tensors import read_tensor
from lenet.errors import LenetError
from lenet.images.as_they_are import as_they_are

READERS = 2  # threads that prepare large images; each may need 200 MB
INTERNAL = HttpError("internal", "an error in lenet; the server's log has it", "report it to lenet's authors").response


class Batcher:
    """Answers tasks, in threads of its own.

    Args:
        networks: by name.
        limits: of the server.
        metrics: what is counted.
        deliver: is called in a thread of the batcher with tasks that have their response.
    """

    def __init__(
        self,
        networks: dict[str, ServedNetwork],
        limits: Limits,
        metrics: Metrics,
        deliver: Callable[[Sequence[Task]], None],
    ) -> None:
        self.limits, self.metrics, self.deliver = limits, metrics, deliver
        self.templates = {name: Template(network) for name, network in networks.items()}
        self.explainers = {name: Explainer(network, self.templates[name]) for name, network in networks.items()}
        self.tasks: SimpleQueue[Task | None] = SimpleQueue()
        self.pool = ThreadPoolExecutor(READERS, "lenet-images")
        self.thread = Thread(target=self._run, name="lenet-compute", daemon=True)
        self.thread.start()

    def put(self, task: Task) -> None:
        """Answer a task; from any thread."""
        self.tasks.put(task)

    def close(self) -> None:
        """End the threads, once no request waits any more."""
        self.tasks.put(None)
        self.thread.join()
        self.pool.shutdown()

    def _run(self) -> None:
        is_open = True
        while is_open:
            taken = [self.tasks.get()]
            try:
                while len(taken) < BATCH:
                    taken.append(self.tasks.get_nowait())
            except Empty:
                pass
            is_open = None not in taken
            tasks = [task for task in taken if task is not None]
            done = self._answered(tasks)
            if done:
                self.deliver(done)

    def _answered(self, tasks: list[Task]) -> list[Task]:
        """Compute the responses of tasks; those that a thread of the pool prepares first are left out."""
        done: list[Task] = []
        by_network: dict[ServedNetwork, list[Task]] = {}
        for task in tasks:
            if task.is_abandoned:
                task.response = Response(499, b"")
                done.append(task)
            elif self._prepared(task, done):
                by_network.setdefault(task.network, []).append(task)
        for network, own in by_network.items():
            try:
                ready, others = self._framed(network, own)
            except Exception as error:
                _fail(own, error)
                done += own
                continue
            for task in others:
                self.pool.submit(self._read, task)
            for group in _groups(ready):
                try:
                    self._compute(network, group)
                except Exception as error:
                    _fail(group, error)
                done += group
        return done

    def _prepared(self, task: Task, done: list[Task]) -> bool:
        """Whether the images of a task are there; else it is done, or a thread of the pool prepares them."""
        if task.seen is not None:
            return True
        try:
            if task.kind == INFER and len(task.body) <= SMALL:
                read_tensor(task, self.limits)
                return True
            if task.kind != INFER and bodies.read_small(task, self.limits) and task.kind != EXPLAIN:
                return True
        except Exception as error:
            _fail([task], error)
            done.append(task)
            return False
        self.pool.submit(self._read, task)
        return False

    def _read(self, task: Task) -> None:
        """Prepare the images of a task, in a thread of the pool; an explanation is computed there too."""
        try:
            if task.is_abandoned:
                task.response = Response(499, b"")
            elif task.kind == INFER:
                read_tensor(task, self.limits)
            else:
                bodies.read(task, self.limits)
                if task.kind == EXPLAIN:
                    task.response = self.explainers[task.network.name].response(task)
        except Exception as error:
            _fail([task], error)
        if task.response is None:
            self.tasks.put(task)
        else:
            self.deliver([task])

    def _compute(self, network: ServedNetwork, tasks: list[Task]) -> None:
        """Compute the answers of tasks for one network."""
        seen = [task.seen for task in tasks if task.seen is not None]
        images = np.concatenate(seen) if len(seen) > 1 else seen[0]
        answers = network.answer(images)
        self.metrics.batches.add(len(images))
        best = answers.probabilities.max(axis=1)
        unknown = sum(reason is not None for reason in answers.reasons or ())
        labels = answers.probabilities.argmax(axis=1).tolist()
        self.metrics.networks[network.name].add(labels, float(best.sum()), unknown)
        template, start = self.templates[network.name], 0
        for task, own in zip(tasks, seen, strict=True):
            stop = start + len(own)
            make = tensors if task.kind == INFER else template.response
            task.response = make(task, answers, start, stop)
            start = stop

    def _framed(self, network: ServedNetwork, tasks: list[Task]) -> tuple[list[Task], list[Task]]:
        """Set `seen` of the tasks whose images are framed as the training images are; return those, and the others."""
        damaged = _decode(network, tasks)
        raw = [task for task in tasks if task.seen is None and task.pixels is not None]
        if not raw:
            return [task for task in tasks if task not in damaged], damaged
        pixels = [task.pixels for task in raw if task.pixels is not None]
        found = as_they_are(np.concatenate(pixels) if len(pixels) > 1 else pixels[0], network.preprocessing)
        start, others = 0, damaged
        for task, own in zip(raw, pixels, strict=True):
            part = slice(start, start + len(own))
            start += len(own)
            if not found.is_ready[part].all():
                others.append(task)
                continue
            task.seen = found.seen[part]
            if found.is_inverted[part].any():
                task.warnings = [[bodies.INVERTED] if each else [] for each in found.is_inverted[part]]
        return [task for task in tasks if task.seen is not None], others


def _decode(network: ServedNetwork, tasks: list[Task]) -> list[Task]:
    """Set `pixels` of the tasks with rows of PNGs; return those that are damaged."""
    waiting = [task for task in tasks if task.filtered]
    rows = [each for task in waiting for each in task.filtered]
    if not rows:
        return []
    try:
        pixels = unfiltered(rows, network.preprocessing.shape)
    except ValueError:
        if len(waiting) > 1:
            return [damaged for task in waiting for damaged in _decode(network, [task])]
        waiting[0].filtered = []
        return waiting
    start = 0
    for task in waiting:
        stop = start + len(task.filtered)
        task.pixels, task.filtered, start = pixels[start:stop], [], stop
    return []


def _groups(tasks: list[Task]) -> Iterator[list[Task]]:
    """Tasks with BATCH images together, or one task with more."""
    group: list[Task] = []
    count = 0
    for task in tasks:
        own = 0 if task.seen is None else len(task.seen)
        if group and count + own > BATCH:
            yield group
            group, count = [], 0
        group.append(task)
        count += own
    if group:
        yield group


def _fail(tasks: list[Task], error: Exception) -> None:
    """Set the responses of tasks that cannot be answered."""
    if isinstance(error, HttpError):
        response = error.response
    elif isinstance(error, LenetError):
        response = HttpError.of(error).response
    else:
        traceback.print_exception(error)
        response = INTERNAL
    for task in tasks:
        task.response = response
