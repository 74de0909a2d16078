"""SIGKILL at every system call of a save, and at random moments of a training that saves after each step.

After each kill the newest whole checkpoint is the last one that was saved, or the one being saved, with the tensors of its
step; and the next start ends as if nothing had happened, without stray files.
"""

import collections
import random
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from faultlab import Row
from faultlab.trainings import (
    STEPS,
    Call,
    Child,
    Ledger,
    begin,
    count,
    die,
    digest,
    do,
    intercepted,
    newest,
    restart,
    strays,
    traces,
    workplace,
)

SMALL: dict[str, Any] = {
    "recipe": "book-sgd",
    "activation": "relu",
    "learning_rate": 0.1,
    "engine": "cpu",
    "threads": 1,
    "snapshots": 3,
}
STEPWISE = {**SMALL, "epochs": 2, "batch_size": 80, "checkpoint_every": "3"}  # 8 steps
INCESSANT = {**SMALL, "epochs": 2, "batch_size": 32, "checkpoint_every": "1"}  # 20 steps, each saved
TRIALS = 1000


def examine(short: bool) -> Iterator[Row]:
    with workplace() as folder:
        steps = at_every_step(folder, 15 if short else None)
        yield steps
        yield at_random_moments(folder, 10 if short else max(200, TRIALS - steps.trials))


def at_every_step(folder: Path, most: int | None) -> Row:
    """Kills a training before each of its calls on the run directory, and in the middle of each write."""
    calls, expected, digests = do(undisturbed, folder / "whole", STEPWISE)
    deaths = [(number, False) for number in range(1, len(calls) + 1)]
    deaths += [(number, True) for number, name in enumerate(calls, start=1) if name in ("write", "pwrite")]
    if most is not None:
        deaths = random.Random(1).sample(deaths, most)
    killed = collections.Counter(f"in the middle of {calls[n - 1]}" if half else calls[n - 1] for n, half in deaths)
    fates: list[str] = []
    for number, half in deaths:
        child = Child(dying, folder / "run", STEPWISE, number, half)
        fates.append(fate(child, folder / "run", STEPWISE, expected, digests))
    return row(
        f"SIGKILL at every step of every save of a training ({len(calls)} system calls)",
        fates,
        ", ".join(f"{n} {name}" for name, n in killed.most_common()),
    )


def at_random_moments(folder: Path, trials: int) -> Row:
    """Kills a training that saves after each step, at random moments."""
    draw = random.Random(2)
    _, expected, digests = do(undisturbed, folder / "incessant", INCESSANT)
    child = Child(recorded, folder / "timed", INCESSANT)
    child.result()
    seconds = time.monotonic() - child.began
    fates: list[str] = []
    while len(fates) < trials:
        child = Child(recorded, folder / "run", INCESSANT)
        time.sleep(draw.random() * seconds)
        child.signal(signal.SIGKILL)
        if child.end() == -signal.SIGKILL:
            fates.append(fate(child, folder / "run", INCESSANT, expected, digests))
        else:  # the child had ended: not counted
            forget(folder / "run")
            seconds *= 0.98
    return row("SIGKILL at random moments of a training that saves each step", fates, f"within {seconds:.2f} s")


def undisturbed(run: Path, settings: dict[str, Any]) -> tuple[list[str], dict[str, str], dict[int, str]]:
    """Trains without a kill; returns the calls, the traces, and the digests of the checkpoints."""
    with ledger(run).kept() as digests:
        calls = count(run, STEPS, begin, run, settings)
    return calls, traces(run), dict(digests)


def recorded(run: Path, settings: dict[str, Any]) -> None:
    with ledger(run).kept():
        begin(run, settings)


def dying(run: Path, settings: dict[str, Any], number: int, half: bool) -> None:
    """Trains, and is killed before the call of that number, or when half of its bytes are written."""

    def meet(call: Call) -> Any:
        if call.number < number:
            return call.go()
        if half:
            descriptor, content, *rest = call.arguments
            call.really(descriptor, bytes(content)[: len(content) // 2], *rest)
        return die()

    with ledger(run).kept(), intercepted(run, STEPS, meet):
        begin(run, settings)


def fate(child: Child, run: Path, settings: dict[str, Any], expected: dict[str, str], digests: dict[int, str]) -> str:
    """What is wrong after a kill, or an empty string. Removes the run."""
    try:
        if child.end() != -signal.SIGKILL:
            return "not killed"
        begun, returned = ledger(run).read()
        found = newest(run) if run.exists() else None
        if (found.step if found else 0) not in (begun, returned):
            return "an older checkpoint"
        if found and digest(found.tensors) != digests[found.step]:
            return "other tensors"
        do(restart, run, settings)
        if traces(run) != expected:
            return "another end"
        return f"stray {', '.join(strays(run))}" if strays(run) else ""
    except Exception as error:
        return f"{type(error).__name__}: {str(error).splitlines()[0].replace(str(run), 'RUN')}"
    finally:
        forget(run)


def row(fault: str, fates: list[str], where: str) -> Row:
    wrong = collections.Counter(filter(None, fates))
    whole = len(fates) - wrong.total()
    return Row(
        fault,
        len(fates),
        whole,
        f"newest checkpoint right, resumed to the same end, no stray files: {whole}"
        + "".join(f"; {number} × {what}" for what, number in wrong.most_common(4))
        + f" ({where})",
        "1,000 of 1,000, with SIGKILL at the other moments",
    )


def ledger(run: Path) -> Ledger:
    return Ledger(run.with_name(f"{run.name}.ledger"))


def forget(run: Path) -> None:
    shutil.rmtree(run, ignore_errors=True)
    if ledger(run).path.exists():
        ledger(run).path.unlink()
