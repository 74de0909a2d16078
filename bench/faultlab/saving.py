"""Full disks, quotas, read-only disks, removed folders and similar faults, at every write of a training.

The training starts from its first step, or resumes after it was killed.

Each fault occurs in two ways. It stays: the training ends with a named error, its last checkpoint is whole, and when the
fault is fixed it resumes to the same end, as does the copy that `SaveError.save_to` makes from memory. It passes: the second
attempt saves, and the training ends as if nothing had happened. Where this process has the rights, real disks are filled and
made read-only too. Writes that report success and did not write are detected.
"""

import collections
import contextlib
import errno
import functools
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faultlab import Row
from faultlab.corruption import cut
from faultlab.kills import STEPWISE, undisturbed
from faultlab.trainings import (
    CHANGES,
    Call,
    Ledger,
    begin,
    count,
    do,
    go_on,
    intercepted,
    newest,
    restart,
    strays,
    traces,
    workplace,
)
from lenet.errors import RunError, SaveError
from lenet.files import durable

WAYS = ("stays", "passes")
TAKE_ROOM = ("open", "write", "pwrite", "fsync", "fdatasync", "mkdir", "replace", "rename", "link", "ftruncate")


@dataclass(frozen=True)
class Kind:
    """A kind of fault: the error of the system, and which calls fail with it."""

    number: int
    calls: tuple[str, ...]


@dataclass(frozen=True)
class Training:
    """A training that meets the fault: from its first step, or resumed from the one that was killed in `killed`."""

    killed: Path | None = None

    def prepare(self, run: Path) -> None:
        if self.killed is not None:
            shutil.copytree(self.killed, run)

    def go(self, run: Path) -> None:
        """Trains to the end."""
        if self.killed is None:
            begin(run, STEPWISE)
        else:
            go_on(run)


ALL_OF_IT = Training()
KINDS = {
    "disk full": Kind(errno.ENOSPC, TAKE_ROOM),
    "quota used up": Kind(errno.EDQUOT, TAKE_ROOM),
    "read-only disk": Kind(errno.EROFS, CHANGES),
    "folder gone": Kind(errno.ENOENT, CHANGES),
    "temporaries on another file system": Kind(errno.EXDEV, ("replace", "rename", "link")),
    "largest size of a file": Kind(errno.EFBIG, ("write", "pwrite", "ftruncate")),
}
Fates = collections.Counter[str]  # what was wrong, and how often; "" if nothing was
NO_TRIAL = "the fault met nothing"  # for example a disk that was large enough: not counted


def examine(short: bool) -> Iterator[Row]:
    with workplace() as folder:
        _, expected, _ = do(undisturbed, folder / "whole", STEPWISE)
        cut(folder / "killed", before="step-000006.json")
        for fault, kind in KINDS.items():
            fates: dict[str, Fates] = {}
            where: list[str] = []
            for name, training in (("", ALL_OF_IT), ("resumed, ", Training(folder / "killed"))):
                total, numbers = writes(folder, kind.calls, short, training)
                where.append(f"{len(numbers)} of {total} writes")
                fates |= {name + way: do(suffer, folder, kind, way, numbers, expected, training) for way in WAYS}
            real = REAL.get(fault)
            if real is not None:
                fates |= do(real, folder, expected, short)
            yield row(
                f"saving fails: {fault} ({kind_name(kind)})",
                fates,
                f"at {where[0]}, and {where[1]} of a resumed training",
            )
        total, numbers = writes(folder, ("write",), short, ALL_OF_IT)
        lies = do(lied_to, folder, expected, numbers)
        yield row(
            "writes that report success and did not write",
            lies,
            f"in each of the three ways at {len(numbers)} of {total} writes",
        )


def row(fault: str, fates: dict[str, Fates], where: str) -> Row:
    for found in fates.values():
        del found[NO_TRIAL]
    trials = sum(found.total() for found in fates.values())
    whole = sum(found[""] for found in fates.values())
    wrong = sum(fates.values(), Fates())
    del wrong[""]
    parts = [f"{name} {found[''] if found else 'not allowed here'}" for name, found in fates.items()]
    return Row(
        fault,
        trials,
        whole,
        f"{where}: {', '.join(parts)}" + "".join(f"; {number} × {what}" for what, number in wrong.most_common(3)),
        "at every write",
    )


def kind_name(kind: Kind) -> str:
    return errno.errorcode[kind.number]


def writes(folder: Path, calls: tuple[str, ...], short: bool, training: Training) -> tuple[int, range]:
    """How many such calls a training makes, and the numbers of those that fail."""
    run = folder / "counted"
    training.prepare(run)
    total = len(do(count, run, calls, training.go, run))
    shutil.rmtree(run)
    return total, range(1, total + 1, max(1, total // 2) if short else 1)


# Simulated faults, all in one child.


def suffer(folder: Path, kind: Kind, way: str, numbers: range, expected: dict[str, str], training: Training) -> Fates:
    """Runs one training for each of the writes, which fails there in that way."""
    durable.RETRY_SECONDS = 0
    return Fates(fate(folder, kind, way, number, expected, training) for number in numbers)


def fate(
    folder: Path, kind: Kind, way: str, number: int, expected: dict[str, str], training: Training = ALL_OF_IT
) -> str:
    """What is wrong after one training whose write of that number failed."""
    run, away = folder / "run", folder / "away"
    gone = kind.number == errno.ENOENT
    met: list[int] = []

    def meet(call: Call) -> Any:
        if call.number < number or (call.number > number and way == "passes"):
            return call.go()
        met.append(call.number)
        if gone and way != "passes" and call.number == number:
            move(run, away)
        if gone and way != "passes":
            return call.go()  # which fails by itself
        raise OSError(kind.number, "simulated by the laboratory", call.path)

    def repair() -> None:
        if (run / "config.json").exists():  # the folder was created again, because the run had not begun
            shutil.rmtree(away, ignore_errors=True)
        elif away.exists():
            shutil.rmtree(run, ignore_errors=True)
            away.rename(run)

    fault = intercepted(run, kind.calls, meet)
    return outcome(folder, run, way, fault, repair, explained(kind.number), expected, met, training)


def move(run: Path, away: Path) -> None:
    if run.exists():
        run.rename(away)


def outcome(
    folder: Path,
    run: Path,
    way: str,
    fault: contextlib.AbstractContextManager[Any],
    repair: Callable[[], None],
    causes: tuple[str, ...],
    expected: dict[str, str],
    met: list[int] | None = None,
    training: Training = ALL_OF_IT,
) -> str:
    """Trains with the fault and returns what is wrong, or an empty string.

    met: the calls that failed, filled meanwhile; without it, an error shows that the fault occurred.
    """
    ledger, error = Ledger(folder / "ledger"), None
    training.prepare(run)
    try:
        with ledger.kept(check=True), fault:
            training.go(run)
    except Exception as raised:
        error = raised
    try:
        repair()
        if not met and error is None:
            return NO_TRIAL
        _, returned = ledger.read()
        begun = (run / "config.json").exists()
        if error is not None:
            if (way != WAYS[0] and begun) or not says_all(error, run, causes, begun):
                return f"{type(error).__name__}: {str(error).splitlines()[0].replace(str(folder), '')}"
            found = newest(run)
            if (found.step if found else 0) < returned:
                return f"the checkpoint of step {returned} is lost"
            if isinstance(error, SaveError) and error.training is not None:
                saved = error.save_to(folder / "saved").path
                restart(saved, STEPWISE)
                # It has the snapshots from then on.
                if traces(saved) | {"snapshots": expected["snapshots"]} != expected or strays(saved):
                    return "what was saved from memory comes to another end"
            restart(run, STEPWISE)
        if traces(run) != expected:
            return "another end"
        return f"stray {', '.join(strays(run))}" if strays(run) else ""
    except Exception as second:
        return f"afterwards {type(second).__name__}: {str(second).splitlines()[0].replace(str(folder), '')}"
    finally:
        for used in (run, folder / "saved"):
            shutil.rmtree(used, ignore_errors=True)
        ledger.path.unlink(missing_ok=True)


def says_all(error: Exception, run: Path, causes: tuple[str, ...], begun: bool) -> bool:
    """Whether an error is of the right class, and names the place, the cause and what to do."""
    named = isinstance(error, SaveError) or (isinstance(error, RunError) and not begun)
    return named and str(run) in str(error) and any(map(str(error).__contains__, causes)) and "hint: " in str(error)


def explained(number: int) -> tuple[str, ...]:
    """How lenet explains the error of that number."""
    return (durable.explain(OSError(number, ""))[0],)


# Real disks.


def full_disks(folder: Path, expected: dict[str, str], short: bool) -> dict[str, Fates]:
    """File systems of 16 kB to a megabyte, too small for the training."""
    sizes = range(16, 1024, 512 if short else 64)
    return {f"a real disk of {sizes[0]} to {sizes[-1]} kB": on_disks(folder, sizes, expected)}


def on_disks(folder: Path, sizes: range, expected: dict[str, str]) -> Fates:
    durable.RETRY_SECONDS = 0
    fates = Fates()
    for size in sizes:
        with mounted(folder / "disk", size) as disk:
            if disk is None:
                break
            fault = contextlib.nullcontext()
            repair = functools.partial(remount, disk, f"size={16 << 10}k")
            fates[outcome(folder, disk / "run", WAYS[0], fault, repair, explained(errno.ENOSPC), expected)] += 1
    return fates


def read_only_disks(folder: Path, expected: dict[str, str], short: bool) -> dict[str, Fates]:
    """A file system that becomes read-only during the training, before it opens a file to write."""
    durable.RETRY_SECONDS = 0
    fates = Fates()
    for number in range(5, 60, 25 if short else 5):
        with mounted(folder / "disk", 16 << 10) as disk:
            if disk is None:
                break

            def meet(call: Call, disk: Path = disk, number: int = number) -> Any:
                if call.number == number:
                    remount(disk, "ro")
                return call.go()

            fault = intercepted(disk / "run", ("open",), meet)
            repair = functools.partial(remount, disk, "rw")
            fates[outcome(folder, disk / "run", WAYS[0], fault, repair, explained(errno.EROFS), expected)] += 1
    return {"a real disk made read-only": fates}


def small_files(folder: Path, expected: dict[str, str], short: bool) -> dict[str, Fates]:
    """The system's limit on the size of a file, too small for some file of the training."""
    durable.RETRY_SECONDS = 0
    found = Fates()
    largest = max(file.stat().st_size for file in (folder / "whole").rglob("*"))
    for size in range(200, largest, largest // (3 if short else 20)):
        free = functools.partial(resource.setrlimit, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        found[outcome(folder, folder / "run", WAYS[0], limited(size), free, explained(errno.EFBIG), expected)] += 1
    return {"a real limit (RLIMIT_FSIZE)": found}


@contextlib.contextmanager
def limited(size: int) -> Iterator[None]:
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))


def real_others(folder: Path, expected: dict[str, str], short: bool) -> dict[str, Fates]:
    """Checkpoints on a file system of their own, where nothing should fail."""
    run, found = folder / "run", Fates()
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, run, ignore_errors=True)

        def meet(call: Call) -> Any:
            answer = call.go()
            if (
                call.path == str(run / "checkpoints")
                and stack.enter_context(mounted(Path(call.path), 16 << 10)) is None
            ):
                raise PermissionError
            return answer

        with contextlib.suppress(PermissionError), intercepted(run, ("mkdir",), meet):
            begin(run, STEPWISE)
            found["" if traces(run) == expected and not strays(run) else "another end"] += 1
    return {"checkpoints on a real other file system": found}


REAL = {
    "disk full": full_disks,
    "read-only disk": read_only_disks,
    "temporaries on another file system": real_others,
    "largest size of a file": small_files,
}


@contextlib.contextmanager
def mounted(disk: Path, kilobytes: int) -> Iterator[Path | None]:
    """A file system in memory of that size, mounted within; None if mounting is not allowed."""
    disk.mkdir(exist_ok=True)
    if not run_quietly("mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(disk)):
        yield None
        return
    try:
        yield disk
    finally:
        run_quietly("umount", "-l", str(disk))


def remount(disk: Path, option: str) -> None:
    if not run_quietly("mount", "-o", f"remount,{option}", str(disk)):
        raise RuntimeError(f"the laboratory's disk cannot be remounted with {option}")


def run_quietly(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


# Writes that report success and did not write.

LIES_FOUND = "what is read back is not what was written", "what was written is not there"


def lied_to(folder: Path, expected: dict[str, str], numbers: range) -> dict[str, Fates]:
    """Writes that report success and wrote nothing, half, or something else; once, and from then on."""
    durable.RETRY_SECONDS = 0
    run = folder / "run"
    lies: dict[str, Callable[[bytes], bytes]] = {
        "nothing written": lambda content: b"",
        "half written": lambda content: content[: len(content) // 2],
        "one bit changed": lambda content: content[:-1] + bytes([content[-1] ^ 1]),
    }
    fates: dict[str, Fates] = {}
    for name, lie in lies.items():
        for way in WAYS:
            found = fates.setdefault(name, Fates())
            for number in numbers:
                met: list[int] = []

                def meet(call: Call, lie: Any = lie, way: str = way, number: int = number, met: Any = met) -> Any:
                    if call.number < number or (call.number > number and way == "passes"):
                        return call.go()
                    met.append(call.number)
                    descriptor, content = call.arguments
                    call.really(descriptor, lie(bytes(content)))
                    return len(content)

                fault = intercepted(run, ("write",), meet)
                found[outcome(folder, run, way, fault, lambda: None, LIES_FOUND, expected, met)] += 1
    return fates
