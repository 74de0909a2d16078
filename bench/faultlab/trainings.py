"""What the modules that interrupt trainings share: small images, child processes, intercepted system calls, comparison.

A child is forked from a server that has everything imported and has computed nothing: it starts in some hundredths of a
second, and can be killed at any moment.
"""

import contextlib
import functools
import hashlib
import io
import json
import multiprocessing
import multiprocessing.forkserver
import os
import signal
import struct
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from numpy.typing import NDArray

import lenet
from lenet.data.dataset import Dataset, Splits
from lenet.display import curve
from lenet.doctor.finding import Finding
from lenet.engines import choice, cpu  # noqa: F401  # imported here, once, for all children
from lenet.pytorch import reference  # noqa: F401  # imported here, once, for all children
from lenet.runs import checkpoints, environment, snapshots
from lenet.runs.checkpoints import Checkpoint
from lenet.runs.recorder import Recorder
from lenet.runs.run import Run
from lenet.training import resume, train

NUM_TRAIN, NUM_TEST = 320, 50
PATIENCE = 120  # seconds for a child that should need one, on a machine that may be busy
TIMES = {"images_per_second", "images_per_second_end_to_end", "seconds", "steps_seconds", "run"}  # and paths
CONTEXT = multiprocessing.get_context("forkserver")


@functools.cache
def small_images() -> Splits:
    """Ten classes of noisy patches, 28×28: learned in an epoch or two, made in some milliseconds."""
    random = np.random.default_rng(28)
    patches = random.integers(0, 200, (10, 28, 28))
    sets = []
    for number in (NUM_TRAIN, NUM_TEST):
        labels = random.integers(0, 10, number)
        images = (patches[labels] + random.integers(0, 56, (number, 28, 28))).astype(np.uint8)
        sets.append(Dataset("digits", images, labels, tuple("0123456789")))
    return Splits(sets[0], sets[1], "made for the laboratory")


@contextlib.contextmanager
def workplace() -> Iterator[Path]:
    """A folder for trainings that are killed, in memory where possible, because they sync all the time.

    For a process that is killed it makes no difference.
    """
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        yield Path(folder)


# Children.


class Child:
    """`act(*arguments)` in a process of its own, to be killed, signalled or waited for; starts when it is prepared."""

    def __init__(
        self, act: Callable[..., Any], *arguments: Any, prepare: Callable[[], None] | None = None, **named: Any
    ) -> None:
        _start_server()
        self.line, far = CONTEXT.Pipe()
        self.process = CONTEXT.Process(target=_work, args=(far, prepare, act, arguments, named))
        self.process.start()
        far.close()
        if not self.line.poll(PATIENCE):
            self.process.kill()
            raise TimeoutError("a child did not start")
        self.line.recv()
        self.began = time.monotonic()

    def signal(self, number: int) -> None:
        """Sends a signal, if the child still lives."""
        if self.process.pid is not None and self.process.exitcode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process.pid, number)

    def end(self) -> int:
        """Waits for its end and returns the exit code, which is negative for a signal."""
        self.process.join(PATIENCE)
        if self.process.exitcode is None:
            self.process.kill()
            raise TimeoutError(f"a child did not end within {PATIENCE} seconds")
        return self.process.exitcode

    def result(self) -> Any:
        """Returns what the act returned, or raises what it raised."""
        try:
            succeeded, value = self.line.recv()
        except EOFError:
            raise RuntimeError(f"a child ended with {self.end()}") from None
        self.end()
        if not succeeded:
            raise value
        return value


def do(act: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """The result of an act in a child."""
    return Child(act, *arguments, **named).result()


@functools.cache
def _start_server() -> None:
    CONTEXT.set_forkserver_preload([__name__])
    # The server finds modules by this variable: it does not inherit sys.path.
    with mock.patch.dict(os.environ, PYTHONPATH=os.pathsep.join(part for part in sys.path if part)):
        multiprocessing.forkserver.ensure_running()


def _work(
    line: Any,
    prepare: Callable[[], None] | None,
    act: Callable[..., Any],
    arguments: tuple[Any, ...],
    named: dict[str, Any],
) -> None:
    default_signals()  # before any can arrive
    if prepare:
        prepare()
    line.send("ready")
    try:
        answer = True, act(*arguments, **named)
    except Exception as error:
        answer = False, error
    line.send(answer)


def default_signals() -> None:
    """Resets the signals to those of a process that a person starts; Python handles Ctrl-C only later."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


# What children do.


def begin(folder: Path, settings: dict[str, Any]) -> None:
    """Trains in `folder`."""
    with undrawn(), contextlib.redirect_stderr(io.StringIO()):
        lenet.train(small_images(), out=folder, progress="quiet", **{"recipe": "fast", **settings})


def go_on(folder: Path, **named: Any) -> str:
    """Resumes the run in `folder`; returns what it printed on stderr."""
    with undrawn(), contextlib.redirect_stderr(io.StringIO()) as stderr:
        lenet.resume(folder, data=small_images(), **{"progress": "quiet", **named})
    return stderr.getvalue()


def restart(folder: Path, settings: dict[str, Any]) -> None:
    """What a person does after an interruption: resumes what has begun, and begins what has not."""
    if (folder / "summary.json").exists():
        return  # it came to its end nevertheless
    if (folder / "config.json").exists():
        go_on(folder)
    else:
        begin(folder, settings)


@contextlib.contextmanager
def undrawn() -> Iterator[None]:
    """The chart is written but not drawn, and git is not called: both take longer than such a small training."""
    with (
        mock.patch.object(environment, "git_commit", return_value=None),
        mock.patch.object(curve, "draw"),
        mock.patch.object(curve, "rendered", lambda _, suffix: suffix.encode() * 1000),
    ):
        yield


@contextlib.contextmanager
def on_small_images() -> Iterator[None]:
    """`lenet train` and `lenet train --resume` use the small images as their data set."""
    with (
        mock.patch.object(train, "load", return_value=small_images()),
        mock.patch.object(resume, "load_data", return_value=small_images()),
    ):
        yield


# Intercepted system calls.

CHANGES = ("open", "write", "pwrite", "fsync", "fdatasync", "replace", "rename", "link", "mkdir", "ftruncate", "unlink")
STEPS = (*CHANGES, "remove", "rmdir", "read", "pread", "close")


@dataclass(frozen=True)
class Call:
    """A call of a function of `os` on a folder: its number, from 1, its name, its path, and the call itself."""

    number: int
    name: str
    path: str
    arguments: tuple[Any, ...]
    really: Callable[..., Any]

    def go(self) -> Any:
        return self.really(*self.arguments)


@contextlib.contextmanager
def intercepted(folder: Path, names: tuple[str, ...], meet: Callable[[Call], Any]) -> Iterator[None]:
    """Passes each call of those functions of `os` on files in `folder` to `meet`.

    Calls of `open` only if they write: a full disk can still be read.
    """
    inside = str(folder)
    opened: dict[int, str] = {}
    number = 0

    def wrap(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **named: Any) -> Any:
            nonlocal number
            subject = arguments[0]
            path = opened.get(subject, "") if isinstance(subject, int) else os.fsdecode(subject)
            call = Call(number + 1, name, path, arguments, functools.partial(real, **named))
            reads = name == "open" and not arguments[1] & (os.O_WRONLY | os.O_RDWR)
            if (path == inside or path.startswith(inside + os.sep)) and name in names and not reads:
                number += 1
                answer = meet(call)
            else:
                answer = call.go()
            if name == "open":
                opened[answer] = path
            elif name == "close":
                opened.pop(subject, None)
            return answer

        return wrapped

    with contextlib.ExitStack() as stack:
        for name in STEPS:
            stack.enter_context(mock.patch.object(os, name, wrap(name, getattr(os, name))))
        yield


def count(folder: Path, names: tuple[str, ...], act: Callable[..., Any], *arguments: Any) -> list[str]:
    """Returns the names of the calls that an act makes in `folder`."""
    calls: list[str] = []

    def meet(call: Call) -> Any:
        calls.append(call.name)
        return call.go()

    with intercepted(folder, names, meet):
        act(*arguments)
    return calls


def die() -> None:
    """Kills this process at once."""
    os.kill(os.getpid(), signal.SIGKILL)


# What a training leaves.


def traces(path: Path, *, findings: bool = True) -> dict[str, str]:
    """SHA-256 of what two equal trainings have in common: weights, metrics, summary, snapshots, but for times and paths.

    findings: whether to include the doctor's findings and the snapshots, which depend on the number of epochs.
    """
    run = lenet.load(path)
    lines = [point.to_dict() for point in run.metrics if findings or not isinstance(point, Finding)]
    points = [{key: value for key, value in line.items() if key not in TIMES} for line in lines]
    summary = {key: value for key, value in run.summary.to_dict().items() if key not in TIMES}
    weights = hashlib.sha256((path / "model.safetensors").read_bytes()).hexdigest()
    if summary.get("weights_sha256", weights) != weights:
        raise ValueError(f"{path}: summary.json names other weights than those of model.safetensors")
    found = {"weights": weights, "metrics": _sha256(points), "summary": _sha256(summary)}
    return found | ({"snapshots": _sha256(_snapshots(path))} if findings else {})


def _snapshots(path: Path) -> dict[str, str]:
    """SHA-256 of each snapshot."""
    files = sorted((path / snapshots.NAME).glob("step-*.safetensors"))
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def strays(path: Path) -> list[str]:
    """The files in a run directory that do not belong there: left by something that was killed or failed."""
    own = {"config.json", "environment.json", "metrics.jsonl", "model.safetensors", "summary.json"}
    own |= {"curve.svg", "curve.png"}
    steps = sorted(file.stem for file in (path / "checkpoints").glob("step-*.json"))[-checkpoints.KEPT :]
    own |= {f"checkpoints/{step}.{suffix}" for step in steps for suffix in ("json", "safetensors")}
    own |= {f"{snapshots.NAME}/{name}" for name in _snapshots(path)}
    return sorted(
        str(file.relative_to(path))
        for file in path.rglob("*")
        if not file.is_dir() and str(file.relative_to(path)) not in own
    )


def newest(path: Path) -> Checkpoint | None:
    """The newest whole checkpoint of a run, at any moment from its first step to its end."""
    with contextlib.redirect_stderr(io.StringIO()):
        if not (path / "config.json").exists():
            return None
        return Recorder.open(Run.load(path, finished=False)).find_checkpoint()[0]


def digest(tensors: dict[str, NDArray[Any]]) -> str:
    """SHA-256 over the names and the content of tensors."""
    found = hashlib.sha256()
    for name in sorted(tensors):
        found.update(name.encode() + tensors[name].tobytes())
    return found.hexdigest()


def _sha256(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


# What was saved when.


class Ledger:
    """A file beside a run: the steps whose saves began last and returned last. It survives a killed child."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> tuple[int, int]:
        """The last step whose save began, and the last whose save returned; 0 for none."""
        content = self.path.read_bytes() if self.path.exists() else b""
        began, returned = struct.unpack("<qq", content.ljust(16, b"\0"))
        return began, returned

    @contextlib.contextmanager
    def kept(self, *, check: bool = False) -> Iterator[dict[int, str]]:
        """Notes when each checkpoint begins and returns; fills a dictionary with the digests of their tensors.

        check: whether to test after each save that the checkpoint is there, if the folder exists.
        """
        save, digests = Recorder.checkpoint, {}
        content = bytearray(self.path.read_bytes() if self.path.exists() else bytes(16))
        self.path.write_bytes(content)
        descriptor = os.open(self.path, os.O_WRONLY)
        write = os.pwrite  # the original, not intercepted

        def checkpoint(
            run: Recorder, step: int, tensors: dict[str, NDArray[Any]], *arguments: Any, **named: Any
        ) -> Any:
            write(descriptor, struct.pack("<q", step), 0)
            answer = save(run, step, tensors, *arguments, **named)
            write(descriptor, struct.pack("<q", step), 8)
            digests[step] = digest(tensors)
            if (
                check
                and run.path.exists()
                and ((found := run.find_checkpoint()[0]) is None or digest(found.tensors) != digests[step])
            ):
                raise AssertionError(f"the checkpoint of step {step} is not there after its save")
            return answer

        with mock.patch.object(Recorder, "checkpoint", checkpoint):
            yield digests
        os.close(descriptor)
