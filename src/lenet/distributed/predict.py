"""Classifying the files of a folder on a Ray cluster, by Ray Data: parts go to whichever node is free, and rows come back.

A part is a row of a data set, and one task classifies it. Ray does a task again whose worker or node has died; lenet writes
what comes back, each part once, also one that was done twice. Only names and rows travel: the nodes read the files from
storage that they share.
"""

import contextlib
import hashlib
import importlib.util
import json
import logging
import os
import pickle
import platform
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from lenet import errors
from lenet.analysis.many.classify import Classifier, Job
from lenet.analysis.many.predict import Classifies
from lenet.analysis.many.rows import Row
from lenet.analysis.many.workers import Done, Part
from lenet.distributed.cluster import connect
from lenet.distributed.orders import Installed, variant
from lenet.errors import EngineError, LenetError, MissingExtra
from lenet.extras import require

WINDOW = 256  # parts whose names are in the object store at once, at least: a million files, about 60 MB
EACH = 4  # parts for each CPU, if that is more
NEEDED = ("pandas", "pyarrow")  # that Ray Data imports


@contextlib.contextmanager
def cluster(address: str, say: Callable[[str], None]) -> Iterator[Classifies]:
    """Join a cluster, and leave it at the end.

    Args:
        address: as for `lenet.distributed.cluster.connect`.
        say: is given a line about what the cluster has.

    Yields:
        What classifies there, for `predict_folder`.

    Raises:
        MissingExtra: Ray, or a package that Ray Data needs, is not installed.
        EngineError: no cluster answers, or it cannot be joined.
    """
    require("ray", "--ray")
    for package in NEEDED:
        if importlib.util.find_spec(package) is None:
            raise MissingExtra(f"Ray Data needs {package}, which is not installed", hint='pip install "lenet[ray]"')
    with connect(address) as executor:
        say(executor.describe())
        yield classify


def classify(job: Job, parts: Iterable[Part], _num_files: int) -> Iterator[Done]:
    """Classify parts on the cluster that this process has joined.

    Args:
        job: what is to be done; its folder is one that all nodes see.
        parts: the files.

    Yields:
        Each part, with its rows, as it comes.

    Raises:
        EngineError: a node does not see the folder, or has other versions than this process.
        LenetError: as a Classifier raises it.
    """
    import ray

    content = pickle.dumps(job)
    key = hashlib.sha256(content).hexdigest()
    order = (key, [ray.put(content)], Installed.here(), variant())
    rest, count = iter(parts), max(WINDOW, EACH * int(ray.cluster_resources().get("CPU", 0)))
    while window := list(islice(rest, count)):
        waiting = {part.number: part for part in window}
        for number, answer in _answers(window, order):
            part = waiting.pop(number, None)
            if part is not None:
                yield Done(part, len(part.names), [Row(*cells) for cells in answer])
        if waiting:
            raise EngineError(f"Ray has lost {len(waiting)} parts", hint="the same command does what is missing")


def _answers(window: list[Part], order: tuple[Any, ...]) -> Iterator[tuple[int, Any]]:
    """What the cluster answers for some parts: the number of each, and the cells of its rows."""
    import ray
    from ray.exceptions import RayError

    rows = [{"number": part.number, "names": json.dumps(part.names)} for part in window]
    with _quiet():
        try:
            data = ray.data.from_items(rows, override_num_blocks=len(rows))
            done = data.map_batches(_classified, batch_size=None, fn_args=order, num_cpus=1)
            for row in done.iter_rows():
                answer = json.loads(row["answer"])
                if isinstance(answer, dict):
                    raise getattr(errors, answer["error"])(answer["message"], hint=answer["hint"])
                yield int(row["number"]), answer
        except RayError as error:
            raise _explained(error) from error


def _explained(error: Exception) -> LenetError:
    """What Ray reports, in words of its user."""
    text = str(error)
    if "ModuleNotFoundError" in text or "No module named" in text:
        return EngineError(
            "the Python of Ray on a node lacks lenet or a package that it needs",
            hint="pip install lenet[ray] on every node, in the environment that runs Ray",
        )
    lines = [line.strip() for line in text.splitlines() if line.strip()] or [type(error).__name__]
    return EngineError(
        f"the Ray cluster does not go on: {lines[-1][:300]}", hint="the same command does what is missing"
    )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Let Ray Data print nothing, as lenet shows the progress itself."""
    from ray.data import DataContext

    context: Any = DataContext.get_current()
    log = logging.getLogger("ray.data")
    before = context.enable_progress_bars, log.level, log.propagate
    context.enable_progress_bars = False
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        context.enable_progress_bars = before[0]
        log.setLevel(before[1])


def _classified(
    batch: dict[str, Any], key: str, reference: list[Any], installed: Installed, kernels: str | None
) -> dict[str, Any]:
    """Classify parts on a node; what is wrong there is an answer too, as Ray would do the task again."""
    answers = []
    for text in batch["names"].tolist():
        names = json.loads(text)
        try:
            answer: Any = _at_work(names, key, reference, installed, kernels)(names)
        except LenetError as error:
            answer = {"error": type(error).__name__, "message": error.message, "hint": error.hint}
        answers.append(json.dumps(answer))
    return {"number": batch["number"], "answer": answers}


_AT_WORK: dict[str, Classifier] = {}  # in a process of Ray's, what it classifies with, until another job comes


def _at_work(names: list[str], key: str, reference: list[Any], installed: Installed, kernels: str | None) -> Classifier:
    """What classifies on this node. Raises EngineError if its answers would not be those of other nodes."""
    if key not in _AT_WORK:
        import ray

        _AT_WORK.clear()
        if kernels is not None:
            os.environ["LENET_KERNELS"] = kernels
        if differences := installed.differences(Installed.here()):
            raise EngineError(
                f"the node {platform.node()} has {', '.join(differences)}",
                hint="install the same on all nodes; LENET_KERNELS, set where lenet is started, names a variant of the "
                "kernels that all of them run: sse4",
            )
        _AT_WORK[key] = Classifier(pickle.loads(ray.get(reference[0])))
    folder = _AT_WORK[key].job.folder
    if not any(os.path.lexists(os.path.join(folder, name)) for name in names):  # noqa: PTH118 (Path takes longer)
        raise EngineError(
            f"the node {platform.node()} does not see the images in {folder}",
            hint="the folder must lie on storage that all nodes share, under one path; what is done is kept",
        )
    return _AT_WORK[key]
