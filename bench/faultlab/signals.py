"""Ctrl-C, SIGTERM and SIGHUP at random moments of `lenet train`: it ends soon, prints how to resume, and resumes.

Some signals are sent twice; some when the pipe or terminal is closed that the training writes to; and some to processes
started from a command line, at any moment from the first import to the end.
"""

import collections
import contextlib
import functools
import os
import pty
import random
import select
import shutil
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faultlab import Row
from faultlab.trainings import Child, default_signals, on_small_images, strays, traces, undrawn, workplace
from lenet.cli.main import main

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
STREAMS = ("file", "pipe", "terminal")
TRIALS, PROCESSES = 200, 8
SECONDS = 2.0
STOPPED = "stopped in training"
FIRST_LINE = (
    "import os, runpy, sys; os.close(int(sys.argv.pop(1))); "
    "runpy.run_module('lenet', run_name='__main__', alter_sys=True)"
)
SMALL = [
    "--data=digits",
    "--recipe=book-sgd",
    "--activation=relu",
    "--learning-rate=0.1",
    "--threads=1",
    "--batch-size=16",
]
TRAINING = [*SMALL, "--epochs=3", "--checkpoint-every=7"]
REAL = [*SMALL, "--epochs=1", "--checkpoint-every=200"]


@dataclass
class Fate:
    """How a training ended that was sent a signal."""

    wrong: str
    latency: float = 0.0
    place: str = ""


def examine(short: bool) -> Iterator[Row]:
    trials, processes = (12, 1) if short else (TRIALS, PROCESSES)
    draw = random.Random(15)
    with workplace() as folder:
        fates = [*started(folder, processes, draw)]
        fates += forked(folder, trials - sum(fate.place == STOPPED for fate in fates), draw)
    stopped = [fate for fate in fates if fate.place == STOPPED]
    others = [fate for fate in fates if fate.place != STOPPED]
    yield row("signals at random moments of lenet train", stopped, f"{trials} of {trials}, within 2 s and one chunk")
    if others:
        yield row("signals before the run begins, or in its last moment", others, "")


def row(fault: str, fates: list[Fate], wanted: str) -> Row:
    wrong = collections.Counter(fate.wrong for fate in fates if fate.wrong)
    latencies = [fate.latency for fate in fates if fate.latency]
    places = collections.Counter(fate.place for fate in fates)
    return Row(
        fault,
        len(fates),
        len(fates) - wrong.total(),
        f"exit code right, ended after {statistics.median(latencies):.2f} s (median), {max(latencies):.2f} s (longest), "
        f"resumed to the same end: {len(fates) - wrong.total()} ("
        + ", ".join(f"{number} {place}" for place, number in places.most_common())
        + ")"
        + "".join(f"; {number} × {what}" for what, number in wrong.most_common(6)),
        wanted,
    )


# Children, which start fast: nearly all of the trials.


def forked(folder: Path, trials: int, draw: random.Random) -> Iterator[Fate]:
    whole = folder / "whole"
    child = in_a_child(["train", *TRAINING, "--out", str(whole)], folder / "output")
    child.end()
    expected = traces(whole)
    began = time.time() - (time.monotonic() - child.began)
    beginning, end = ((whole / name).stat().st_mtime - began for name in ("config.json", "summary.json"))
    number = stopped = 0
    while stopped < trials:
        stream, sent = STREAMS[number % 3], SIGNALS[number // 3 % 3]
        run, output = folder / "run", folder / "output"
        given = ["train", *TRAINING, "--out", str(run)]
        with reader(stream, output) as (place, leave):
            child = in_a_child(given, place, stream, drawn=number % 5 == 0)
            moment = draw.uniform(0, beginning) if number % 8 == 7 else draw.uniform(beginning, end)
            time.sleep(max(0.0, child.began + moment - time.monotonic()))
            if child.process.exitcode is not None:  # it had ended: not counted
                shutil.rmtree(run)
                end *= 0.97
                continue
            began = time.monotonic()
            if stream == "terminal" and sent == signal.SIGHUP:
                leave()  # the system sends the signal
            else:
                child.signal(sent)
                if stream == "pipe":
                    leave()
            twice = number % 4 == 3
            if twice:
                time.sleep(draw.random() * 0.03)
                child.signal(sent)
            code = child.end()
        latency = time.monotonic() - began
        text = output.read_text() if stream == "file" else None
        if twice and code == -sent:
            code = 128 + sent  # the second signal killed it; a shell sees the same exit code
        fate = judge(run, code, sent, latency, text if not twice else None, expected, lambda run=run: again(run))
        if fate.wrong:
            fate.wrong += f" ({stream}{', sent twice' if twice else ''})"
        yield fate
        shutil.rmtree(run, ignore_errors=True)
        number += 1
        stopped += fate.place == STOPPED


def in_a_child(arguments: list[str], stream: Path, kind: str = "file", drawn: bool = False) -> Child:
    """`lenet` with those arguments, writing to that file, named pipe or terminal."""
    return Child(command, arguments, drawn, prepare=functools.partial(write_to, stream, kind))


def write_to(stream: Path, kind: str) -> None:
    """In the child: redirects stdout and stderr."""
    if kind == "terminal":
        os.setsid()  # so that the terminal opened next controls this process, which ends with it
    descriptor = os.open(stream, os.O_RDWR if kind == "terminal" else os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for standard in (1, 2):
        os.dup2(descriptor, standard)
    sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", buffering=1, closefd=False)


def command(arguments: list[str], drawn: bool) -> None:
    """In the child: does what a process started from a command line does."""
    sys.argv = ["lenet", *arguments]
    try:
        try:
            signal.signal(signal.SIGINT, signal.default_int_handler)  # as Python does when it starts
            with on_small_images(), contextlib.nullcontext() if drawn else undrawn():
                main()
        finally:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # and when it ends
    except KeyboardInterrupt:  # as Python does when nothing catches it: a shell sees the exit code 130
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)


@contextlib.contextmanager
def reader(stream: str, output: Path) -> Iterator[tuple[Path, Any]]:
    """A stream of that kind for a training to write to, and a function that closes our end of it."""
    with contextlib.ExitStack() as stack:
        if stream == "file":
            yield output, stack.close
            return
        if stream == "pipe":
            fifo = output.with_suffix(".fifo")
            os.mkfifo(fifo)
            stack.callback(fifo.unlink)
            stack.callback(os.close, os.open(fifo, os.O_RDONLY | os.O_NONBLOCK))
            yield fifo, stack.close
            return
        ours, theirs = pty.openpty()
        stack.callback(os.close, theirs)
        stack.callback(os.close, ours)
        stack.enter_context(read_all(ours))
        yield Path(os.ttyname(theirs)), stack.close


@contextlib.contextmanager
def read_all(descriptor: int) -> Iterator[None]:
    """Reads meanwhile what is written to a terminal, as its window does; otherwise the writer would block."""
    gone = threading.Event()

    def read() -> None:
        while not gone.is_set():
            if select.select([descriptor], [], [], 0.01)[0]:
                os.read(descriptor, 1 << 16)

    reading = threading.Thread(target=read)
    reading.start()
    try:
        yield
    finally:
        gone.set()
        reading.join()


def again(run: Path) -> None:
    """Resumes the run if it had begun, starts it otherwise, as a user would."""
    given = ["--resume", str(run)] if (run / "config.json").exists() else [*TRAINING, "--out", str(run)]
    code = in_a_child(["train", *given], run.with_name("output")).end()
    if code:
        raise RuntimeError(f"lenet train {given[0]} ended with {code}: {run.with_name('output').read_text()[-200:]}")


# Processes started from a command line.


def started(folder: Path, trials: int, draw: random.Random) -> Iterator[Fate]:
    whole, run, output = folder / "real", folder / "run", folder / "output"
    began = time.monotonic()
    with output.open("w") as out:
        wait(start(whole, out))
    seconds, expected = time.monotonic() - began, traces(whole)
    number = 0
    while number < trials:
        sent = SIGNALS[number % 3]
        with output.open("w") as out:
            process = start(run, out)
            time.sleep((number + draw.random()) / trials * seconds)
            early = process.poll() is None
            began = time.monotonic()
            process.send_signal(sent)
            code = wait(process)
        if early:
            latency = time.monotonic() - began
            yield judge(run, code, sent, latency, output.read_text(), expected, lambda: start_again(run, output))
            number += 1
        else:  # it had ended: not counted
            seconds *= 0.9
        shutil.rmtree(run, ignore_errors=True)


def start(run: Path, out: Any) -> "subprocess.Popen[bytes]":
    """Starts `python -m lenet train` and waits for its first line; earlier signals concern Python alone."""
    given = ["--resume", str(run)] if (run / "config.json").exists() else [*REAL, "--out", str(run)]
    ours, theirs = os.pipe()
    try:
        process = subprocess.Popen(
            [sys.executable, "-c", FIRST_LINE, str(theirs), "train", *given],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(part for part in sys.path if part)},
            stdout=out,
            stderr=subprocess.STDOUT,
            pass_fds=[theirs],
            preexec_fn=default_signals,
        )
        os.close(theirs)
        os.read(ours, 1)  # until the process closes its end
    finally:
        os.close(ours)
    return process


def start_again(run: Path, output: Path) -> None:
    with output.open("w") as out:
        if code := wait(start(run, out)):
            raise RuntimeError(f"lenet train ended with {code}: {output.read_text()[-200:]}")


def wait(process: "subprocess.Popen[bytes]") -> int:
    try:
        return process.wait(120)
    finally:
        process.kill()


# Both.


def judge(
    run: Path, code: int, sent: int, latency: float, text: str | None, expected: dict[str, str], go_on: Any
) -> Fate:
    """Whether a training ended as it should, and resumes to the same end as without the signal."""
    begun, finished = (run / "config.json").exists(), (run / "summary.json").exists()
    place = "ended anyway" if finished else STOPPED if begun else "before the run began"
    fate = Fate("", latency, place)
    # As a shell reports it; a process killed by the signal itself has the same code there.
    ends = {128 + sent, *((-sent,) if finished or not begun else ()), *((0,) if finished else ())}
    if code not in ends:
        fate.wrong = f"exit code {code} for signal {sent} {place}"
    elif latency > SECONDS:
        fate.wrong = f"ended only after {latency:.1f} s"
    elif text is not None and place == STOPPED and f"--resume {run}" not in text:
        fate.wrong = f"did not print how to resume: {text[-60:]!r}"
    else:
        try:
            if not finished:
                go_on()
            if traces(run) != expected or strays(run):
                fate.wrong = f"another end, or stray {strays(run)}, after one {place}"
        except Exception as error:
            fate.wrong = f"{type(error).__name__}: {str(error)[:150]}"
    return fate
