"""Damaged checkpoints and torn lines: refused and reported, then the training resumes from the checkpoint before."""

import collections
import contextlib
import json
import random
import shutil
import signal
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from faultlab import Row
from faultlab.kills import STEPWISE
from faultlab.trainings import STEPS, Call, Child, begin, die, do, go_on, intercepted, newest, strays, traces, workplace
from lenet.doctor.finding import Finding
from lenet.runs.run import Run

TRUNCATIONS, FLIPS = 256, 1000  # of both files of the checkpoint together
Harm = tuple[str, bytes]  # a file of the run, and what it holds after the harm
Fates = collections.Counter[str]


def examine(short: bool) -> Iterator[Row]:
    draw = random.Random(8)
    with workplace() as folder:
        do(begin, folder / "whole", STEPWISE)
        expected = traces(folder / "whole")
        cut(folder / "cut", before="model.safetensors")
        files = newest_files(folder / "cut")
        truncated = truncations(files, 12 if short else TRUNCATIONS)
        yield row("checkpoint cut off", truncated, do(fates_of, folder, truncated, expected, refused), files)
        flipped = flips(files, 24 if short else FLIPS, draw)
        yield row("checkpoint with one bit flipped", flipped, do(fates_of, folder, flipped, expected, refused), files)
        shutil.rmtree(folder / "cut")
        cut(folder / "cut", before="metrics.jsonl", number=lines_of(folder / "whole"))
        harms = list(torn(folder / "cut"))[:: 20 if short else 1]
        fates = do(fates_of, folder, harms, expected, read_on)
        yield Row(
            "metrics.jsonl with a torn last line",
            len(harms),
            fates[""],
            f"cut off at each byte, also within characters of two bytes, and filled up with zeros: read, resumed to the same "
            f"end: {fates['']}" + faults_of(fates),
            "all",
        )


def row(fault: str, harms: list[Harm], fates: Fates, files: dict[str, bytes]) -> Row:
    where = collections.Counter(name for name, _ in harms)
    sizes = ", ".join(f"{where[name]} × {Path(name).suffix} of {len(files[name]):,} bytes" for name in files)
    return Row(
        fault,
        len(harms),
        fates[""],
        f"refused and reported, resumed from the one before to the same end: {fates['']} ({sizes})" + faults_of(fates),
        "all",
    )


def faults_of(fates: Fates) -> str:
    return "".join(f"; {number} × {what}" for what, number in fates.most_common() if what)[:300]


def cut(run: Path, before: str, number: int = 1) -> None:
    """Trains, and is killed before the call that opens a file of this name for the `number`-th time."""
    child = Child(die_before, run, before, number)
    if child.end() != -signal.SIGKILL:
        raise RuntimeError("the training was not cut")


def die_before(run: Path, name: str, number: int) -> None:
    opened = 0

    def meet(call: Call) -> Any:
        nonlocal opened
        opened += call.name == "open" and name in call.path
        return die() if opened == number else call.go()

    with intercepted(run, STEPS, meet):
        begin(run, STEPWISE)


def lines_of(run: Path) -> int:
    return len((run / "metrics.jsonl").read_bytes().splitlines())


def newest_files(run: Path) -> dict[str, bytes]:
    """The two files of the newest checkpoint, by their names in the run directory."""
    stem = max(path.stem for path in (run / "checkpoints").glob("step-*.json"))
    names = [f"checkpoints/{stem}.safetensors", f"checkpoints/{stem}.json"]
    return {name: (run / name).read_bytes() for name in names}


def truncations(files: dict[str, bytes], number: int) -> list[Harm]:
    """Each file cut off at sizes spread evenly from nothing to all but its last byte; half the trials for each file."""
    each = number // len(files)
    return [
        (name, content[: round(place * (len(content) - 1) / (each - 1))])
        for name, content in files.items()
        for place in range(each)
    ]


def flips(files: dict[str, bytes], number: int, draw: random.Random) -> list[Harm]:
    """One bit flipped anywhere in either file; half of those in the tensors are in their header, which is short."""
    flipped: dict[tuple[str, int], None] = {}  # each only once, in the order in which they were drawn
    while len(flipped) < number:
        name = list(files)[len(flipped) % len(files)]
        most = len(files[name]) if len(flipped) % 4 else min(len(files[name]), 1024)
        flipped[name, draw.randrange(8 * most)] = None
    harms = []
    for name, bit in flipped:
        content = bytearray(files[name])
        content[bit // 8] ^= 1 << bit % 8
        harms.append((name, bytes(content)))
    return harms


def torn(run: Path) -> Iterator[Harm]:
    """The last line of metrics.jsonl torn at each of its bytes, followed by nothing or by zeros."""
    content = (run / "metrics.jsonl").read_bytes()
    whole, last = content[: content[:-1].rindex(b"\n") + 1], content[content[:-1].rindex(b"\n") + 1 :]
    finding = Finding("loss-rising", "größer, schöner, 更大", {}, "take a smaller one", step=99)
    words = json.dumps(finding.to_dict(), ensure_ascii=False)
    for before, line in ((whole, last), (content, words.encode() + b"\n")):
        for size in range(len(line)):
            if size:
                yield "metrics.jsonl", before + line[:size]
            yield "metrics.jsonl", before + line[:size] + bytes(len(line) - size)


def fates_of(
    folder: Path, harms: Iterable[Harm], expected: dict[str, str], judge: Callable[[Path, str, bytes], str]
) -> Fates:
    """Damages copies of the cut run, lets `judge` resume each, and counts what is wrong."""
    fates = Fates()
    for name, content in harms:
        with damaged(folder, name, content) as run:
            try:
                wrong = judge(run, name, content)
                whole = traces(run) == expected and not strays(run)
            except Exception as error:
                wrong, whole = f"{type(error).__name__}: {str(error).splitlines()[0].replace(str(folder), '')}", True
            fates[wrong or ("" if whole else "another end")] += 1
    return fates


def refused(run: Path, name: str, content: bytes) -> str:
    """What is wrong when a run with a damaged newest checkpoint is resumed."""
    steps = sorted(int(path.stem[5:]) for path in (run / "checkpoints").glob("step-*.json"))
    found = newest(run)
    printed = go_on(run)
    if found is None or found.step != steps[-2]:
        return f"took step {found.step if found else None} of {steps}"
    return "" if Path(name).stem in printed and "damaged" in printed else "printed nothing"


def read_on(run: Path, name: str, content: bytes) -> str:
    """What is wrong when a run with a torn metrics.jsonl is read and resumed."""
    whole = content[: content.rindex(b"\n") + 1].splitlines()
    points = [point.to_dict() for point in Run.load(run, finished=False).metrics]
    go_on(run)
    right = points[: len(whole)] == [json.loads(line) for line in whole] and len(points) <= len(whole) + 1
    return "" if right else "other points were read"


@contextlib.contextmanager
def damaged(folder: Path, name: str, content: bytes) -> Iterator[Path]:
    """A copy of the cut run in which one file has other content."""
    run = folder / "run"
    shutil.copytree(folder / "cut", run)
    try:
        (run / name).write_bytes(content)
        yield run
    finally:
        shutil.rmtree(run)
