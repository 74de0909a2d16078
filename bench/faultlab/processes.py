"""Eight processes that want the same data at the same moment, with one empty cache and no locks.

Real processes and a real server. All of them load the same data; when they have ended, the cache holds the four files and
nothing else. If some are killed in the middle, the others notice nothing, and the next fetch clears up.
"""

import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path

import requests  # noqa: F401  # for those that are forked

from faultlab import Row, toy
from faultlab.server import Server
from lenet.data import cache
from lenet.data.entry import Entry
from lenet.data.fetch import fetch
from lenet.data.loading import load
from lenet.errors import DataError

NUM_PROCESSES = 8


def examine(short: bool) -> Iterator[Row]:
    rounds = 3 if short else 50
    with (
        tempfile.TemporaryDirectory() as root,
        Nursery() as nursery,
        Server(toy.pack(contents := toy.make())) as server,
    ):
        yield undisturbed(toy.describe(contents, server.source("good")), Path(root), rounds, server, nursery)
        yield disturbed(toy.describe(contents, server.source("slow")), Path(root), rounds, nursery)


def undisturbed(entry: Entry, root: Path, rounds: int, server: Server, nursery: "Nursery") -> Row:
    wanted = fingerprint(entry, root / "first")
    before = len(server.asked)
    ends: Counter[str] = Counter()
    strays = 0
    for number in range(rounds):
        folder = root / f"good-{number}"
        processes = [nursery.start(entry, folder) for _ in range(NUM_PROCESSES)]
        for process in processes:
            process.go()
        ends.update(process.answer() for process in processes)
        strays += len(strays_in(folder, entry))
    files = (len(server.asked) - before) / rounds
    return Row(
        f"eight processes at once, one empty cache, no locks: {rounds} rounds",
        rounds * NUM_PROCESSES,
        ends[wanted] if not strays else 0,
        f"{ends[wanted]} loads with the fingerprint {wanted[:12]}…, {ends.total() - ends[wanted]} otherwise; "
        f"{files:.0f} downloads a round of the 4 files; {strays} strays",
        "400 of 400",
    )


def disturbed(entry: Entry, root: Path, rounds: int, nursery: "Nursery") -> Row:
    """Three of the eight are killed while they download, publish or record checked files."""
    wanted = fingerprint(entry, root / "second")
    chance = random.Random(6)
    ends: Counter[str] = Counter()
    num_killed = strays = swept = 0
    for number in range(rounds):
        folder = root / f"killed-{number}"
        processes = [nursery.start(entry, folder) for _ in range(NUM_PROCESSES)]
        for process in processes:
            process.go()
        victims, others = processes[:3], processes[3:]
        for victim in victims:
            time.sleep(chance.random() * 0.4)
            num_killed += victim.kill(signal.SIGKILL)
        ends.update(other.answer() for other in others)
        swept += len(strays_in(folder, entry))
        before, cache.UNTOUCHED_SECONDS = (
            cache.UNTOUCHED_SECONDS,
            0.0,
        )  # all have ended: every temporary file is left over
        with toy.known(entry, folder):
            fetch("toy")
        cache.UNTOUCHED_SECONDS = before
        strays += len(strays_in(folder, entry))
    num_others = rounds * (NUM_PROCESSES - 3)
    return Row(
        f"the same with three of the eight killed (SIGKILL) at random moments: {rounds} rounds",
        num_others,
        ends[wanted] if not strays else 0,
        f"{num_killed} killed before they had ended; of the others {ends[wanted]} loads with the right fingerprint, "
        f"{ends.total() - ends[wanted]} otherwise; {swept} files left by killed processes, {strays} after the next fetch",
    )


class Process:
    """A process that is ready to load the data set and waits for a message."""

    def __init__(self, connection: Connection, entry: Entry, folder: Path) -> None:
        self.connection = connection
        connection.send((entry, folder))
        self.pid: int = connection.recv()

    def go(self) -> None:
        self.connection.send("go")

    def answer(self) -> str:
        """The fingerprint of the loaded data, or what went wrong."""
        try:
            answer: str = self.connection.recv()
        except (EOFError, ConnectionResetError):
            answer = "died"
        return answer

    def kill(self, number: signal.Signals) -> bool:
        """Sends it a signal and waits for its end; returns whether it was still working."""
        was_at_work = not self.connection.poll()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)
        while self.answer() != "died":
            pass
        return was_at_work


class Nursery:
    """A process that has imported everything and forks the others on request."""

    def __enter__(self) -> "Nursery":
        self.folder = tempfile.TemporaryDirectory()
        self.listener = Listener(str(Path(self.folder.name) / "line"))
        path = os.pathsep.join(part for part in sys.path if part)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "faultlab.processes", str(self.listener.address)],
            stdin=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate()
        self.listener.close()
        self.folder.cleanup()

    def start(self, entry: Entry, folder: Path) -> Process:
        """A process that has only to load the data set into that cache."""
        assert self.process.stdin
        self.process.stdin.write(b"!")
        self.process.stdin.flush()
        return Process(self.listener.accept(), entry, folder)


def nurse(address: str) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while os.read(0, 1):
        if os.fork() == 0:
            with Client(address) as connection:
                work(connection)
            os._exit(0)


def work(connection: Connection) -> None:
    entry, folder = connection.recv()
    with toy.known(entry, folder), contextlib.suppress(KeyboardInterrupt):
        connection.send(os.getpid())
        connection.recv()
        try:
            connection.send(load("toy").fingerprint)
        except DataError as error:
            connection.send(str(error))


def fingerprint(entry: Entry, folder: Path) -> str:
    with toy.known(entry, folder):
        return load("toy").fingerprint


def strays_in(folder: Path, entry: Entry) -> list[str]:
    """Files in a cache other than the four, and those of the four that are missing."""
    hidden = {path.name for path in folder.glob(".*")}
    return sorted({path.name for path in (folder / "toy").iterdir()} ^ {file.name for file in entry.files} | hidden)


if __name__ == "__main__":
    nurse(sys.argv[1])
