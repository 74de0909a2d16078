"""Downloads: a source that fails in 24 ways, a disk that fails in four, and fetches that are killed.

Every trial has a cache of its own. It ends in good data or in a named error with a hint, within a bounded time; no
file stands in the cache under its name that is not whole; and the next try, with a good source, brings good data and
leaves nothing else in the cache.
"""

import dataclasses
import os
import random
import re
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from faultlab import Row, toy
from faultlab.processes import Nursery, strays_in
from faultlab.server import CERTIFICATE, Server, altered
from lenet.data import cache, download, http
from lenet.data.cache import cache_folder
from lenet.data.catalogue import CATALOGUE
from lenet.data.entry import Entry
from lenet.data.fetch import fetch, verify
from lenet.data.loading import load
from lenet.errors import DataError

HASTE = (
    (http, "ANSWER_SECONDS", 1.0),
    (http, "STALL_SECONDS", 0.6),
    (download, "SLOW_SECONDS", 0.4),
    (download, "RETRIES", 2),
    (download, "BACKOFF_SECONDS", 0.02),
)
BOUND_SECONDS = 30.0
BOUND_BYTES = 64 << 20  # of memory, for one trial; the bomb holds four times as much
GOOD = "good data"

# What the source does, its way (see server.py) or address, and the result: good data, or an error with this text.
FAULTS = {
    "403": ("forbidden", "403 Forbidden"),
    "404": ("gone", "404 Not Found"),
    "429, come back in an hour": ("crowded-for-an-hour", "asks to wait 3,600 seconds"),
    "429, always, without Retry-After": ("crowded", "429 Too Many Requests"),
    "503, once": ("unavailable-once", GOOD),
    "redirects to itself": ("loop", "redirects more than"),
    "redirects from https to http": ("https downgrade", "which is not https"),
    "silent before the header": ("silent", "sends nothing for"),
    "silent in the body": ("stall", "sends nothing for"),
    "a drip": ("drip", "less than 1,024 bytes a second"),
    "resets in the middle, always": ("reset", "the connection broke off"),
    "resets in the middle, once": ("reset-once", GOOD),
    "a body too short": ("short", "the connection broke off"),
    "a body too long": ("long", "truncated or damaged"),
    "a body without end": ("endless", "sends more than"),
    "a web page": ("page", "is a web page"),
    "wrong bytes": ("wrong", "SHA-256"),
    "another data set's file": ("another", "SHA-256"),
    "damaged gzip": ("bad-gzip", "truncated or damaged"),
    "a gzip bomb": ("bomb", "holds more than"),
    "a certificate that nobody signed": ("https good", "certificate is not trusted"),
    "a proxy that refuses": ("proxy", r"the proxy 127.0.0.1:\d+ \(correct or unset http_proxy\) refuses"),
    "an unknown host": ("http://name.invalid/", "name is unknown"),
    "a host that refuses": ("refused", "refuses the connection"),
}


def examine(short: bool) -> Iterator[Row]:
    with Laboratory() as laboratory:
        yield row("a source fails in one of 24 ways", map(laboratory.source, FAULTS), "24 of 24")
        mirrored = [fault for fault in FAULTS if fault != "a proxy that refuses"]  # which is not the source's fault
        if not short:
            mirrored_trials = (laboratory.source(fault, mirror=True) for fault in mirrored)
            yield row("the same, with a good mirror behind it", mirrored_trials, "")
        yield row("the cache's disk fails under a fetch", map(laboratory.disk, DISKS), "")
        chance = random.Random(5)
        moments = [(number, chance.random()) for number in range(6 if short else 40)]
        killed = (
            laboratory.kill(signal.SIGKILL if number % 2 else signal.SIGINT, moment) for number, moment in moments
        )
        yield row("a fetch is killed (SIGKILL, SIGINT) at a random moment", killed, "")


@dataclasses.dataclass
class Ending:
    """Of one trial: what it ended in, such as GOOD, what promise was broken, if any, and whether it could be tried."""

    kind: str
    broken: str | None = None
    is_tried: bool = True


def row(fault: str, endings: Iterator[Ending], wanted: str) -> Row:
    found = list(endings)
    kinds = Counter(ending.kind for ending in found)
    tried = [ending for ending in found if ending.is_tried]
    survived = sum(ending.broken is None for ending in tried)
    evidence = ", ".join(f"{kind} {count}" for kind, count in kinds.items())
    broken = [ending.broken for ending in tried if ending.broken]
    then = f"then {survived} of {len(tried)} good" if not broken else f"LOST: {'; '.join(broken)[:500]}"
    return Row(fault, len(tried), survived, f"{evidence}; {then}", wanted)


class Laboratory:
    """The servers, good and bad at once, the data set they have, and trials."""

    def __enter__(self) -> "Laboratory":
        with ExitStack() as stack:
            self.contents = toy.make()
            packed, other = toy.pack(self.contents), toy.pack(toy.make(seed=4))
            self.server = stack.enter_context(Server(packed, other))
            self.safe = stack.enter_context(Server(packed, other, tls=True))
            altered("bomb", packed["train-images-idx3-ubyte.gz"], b"")  # takes a second, and is kept
            self.nursery = stack.enter_context(Nursery())
            self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
            self.good = self.entry(self.server.source("good"))
            with toy.known(self.good, self.folder / "first"):
                self.fingerprint = load("toy").fingerprint
            self.number = 0
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.close()

    def entry(self, *sources: str) -> Entry:
        return toy.describe(self.contents, *sources)

    def new_cache(self) -> Path:
        self.number += 1
        return self.folder / str(self.number)

    def source(self, fault: str, *, mirror: bool = False) -> Ending:
        """A trial with a source that has a fault, and perhaps another that has none."""
        way, expected = FAULTS[fault]
        folder = self.new_cache()
        with ExitStack() as stack:
            environment = {}
            closed = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            refusing = f"127.0.0.1:{closed.getsockname()[1]}"
            closed.close()
            source = self.server.source(way)
            if way.startswith("https "):
                source = self.safe.source(way.removeprefix("https "))
                environment = {"REQUESTS_CA_BUNDLE": str(CERTIFICATE)} if "downgrade" in way else {}
            elif way == "proxy":
                source = self.server.source("good")
                environment = {"http_proxy": f"http://{refusing}", "no_proxy": ""}
            elif way == "refused":
                source = f"http://{refusing}/"
            elif ":" in way:
                source = way
            good = self.server.source("good")
            stack.enter_context(toy.known(self.entry(source, *([good] if mirror else [])), folder))
            stack.enter_context(hurried())
            stack.enter_context(environ(environment))
            memory, num_sent = peak_memory(anew=True), self.server.num_sent
            kind, error, seconds = self.attempt()
            broken = []
            if kind != GOOD and mirror:
                broken.append("the mirror was not asked")
            elif not mirror and (GOOD if kind == GOOD else expected) != expected:
                broken.append(f"it was to end in {expected}")
            elif kind != GOOD and not (error and error.hint and re.search(expected, error.message)):
                broken.append(f"the error does not name it: {error}")
            if seconds > BOUND_SECONDS:
                broken.append(f"it took {seconds:.0f} s")
            if peak_memory() - memory > BOUND_BYTES:
                broken.append(f"it took {(peak_memory() - memory) >> 20} MB")
            if way == "endless" and self.server.num_sent - num_sent > BOUND_BYTES:
                broken.append("it went on receiving")
            broken += self.strays(kind)
        return Ending(kind, f"{fault}: {', '.join(broken)}" if broken else self.clean(fault, folder))

    def disk(self, kind: str) -> Ending:
        """A trial with a disk that fails under the cache."""
        folder = self.new_cache()
        folder.mkdir()
        with ExitStack() as stack:
            stack.enter_context(toy.known(self.entry(self.server.source("slow")), folder))
            try:
                name = stack.enter_context(DISKS[kind](folder))
            except (OSError, subprocess.CalledProcessError):
                return Ending(f"{kind}: not allowed here, not tried", is_tried=False)
            ended, error, seconds = self.attempt()
            broken = []
            if ended != GOOD and not (
                error and error.hint and str(folder) in error.message and "LENET_CACHE" in error.hint
            ):
                broken.append(f"the error does not name it: {error}")
            if seconds > BOUND_SECONDS:
                broken.append(f"it took {seconds:.0f} s")
            broken += self.strays(ended)
            if any(path.is_file() for path in folder.rglob(".*")):
                broken.append("something half-written stayed")
        return Ending(f"{name}: {ended}", f"{kind}: {', '.join(broken)}" if broken else self.clean(kind, folder))

    def kill(self, number: signal.Signals, moment: float) -> Ending:
        """A trial with a process that is killed; the next one, a minute later or at once, continues the download."""
        folder = self.new_cache()
        entry = self.entry(self.server.source("slow"))
        process = self.nursery.start(entry, folder)
        process.go()
        time.sleep(moment * 2.5)
        process.kill(number)
        size = max((path.stat().st_size for path in folder.rglob(".*.part")), default=0)
        whole = len([path for path in folder.rglob("*ubyte") if not path.name.startswith(".")])
        kind = "before the first byte" if not size and not whole else "under way" if whole < 4 else "after the end"
        asked = len(self.server.asked)
        with toy.known(entry, folder), patience(0.0 if number == signal.SIGKILL else 60.0):
            broken = self.strays("")
            ended, error, _ = self.attempt()
            if ended != GOOD:
                broken.append(f"the next fetch ended in {error}")
            goes_on = any(start for _, _, start in self.server.asked[asked:])
            if size and not goes_on and whole < 4:
                broken.append(f"the next fetch did not continue after {size:,} bytes")
        if goes_on:
            kind = "interrupted and continued"
        return Ending(kind, f"{number.name}: {', '.join(broken)}" if broken else self.clean("killed", folder))

    def attempt(self) -> tuple[str, DataError | None, float]:
        """Loads the data; what it ended in, the error if it is one that lenet means, and how long it took."""
        began = time.monotonic()
        try:
            kind = GOOD if load("toy").fingerprint == self.fingerprint else "OTHER DATA"
            return kind, None, time.monotonic() - began
        except DataError as error:
            return "a named error", error, time.monotonic() - began

    def strays(self, kind: str) -> list[str]:
        """Incomplete, superfluous or missing files in the cache."""
        faults = []
        entry, folder = CATALOGUE["toy"], cache_folder("toy")
        wanted = dict(zip((file.name for file in entry.files), self.contents, strict=True))
        found = [path for path in folder.iterdir() if not path.name.startswith(".")] if folder.is_dir() else []
        for path in found:
            if path.read_bytes() != wanted.get(path.name):
                faults.append(f"{path.name} is published and not whole")
        if kind == GOOD and len(found) != len(wanted) and folder.is_dir():
            faults.append(f"{len(found)} files are published")
        return faults

    def clean(self, fault: str, folder: Path) -> str | None:
        """A fetch without a fault; None if it returns good data and leaves nothing else."""
        with toy.known(self.good, folder), patience(0.0):
            kind, error, _ = self.attempt()
            if kind != GOOD:
                return f"{fault}: the next try ended in {error or kind}"
            fetch("toy")
            if any(check.fault for check in verify("toy")):
                return f"{fault}: the next try left a damaged cache"
            if strays := strays_in(folder, self.good):
                return f"{fault}: the next try left {', '.join(strays)}"
        shutil.rmtree(folder, ignore_errors=True)
        return None


@contextmanager
def full(folder: Path) -> Iterator[str]:
    """A file system of 300 kB: the packed file has 470."""
    with mounted(folder, "size=300k"):
        yield "full, a tmpfs"


@contextmanager
def read_only(folder: Path) -> Iterator[str]:
    with mounted(folder, "size=8m"):
        subprocess.run(["mount", "-o", "remount,ro", folder], check=True, capture_output=True)
        yield "read-only, a tmpfs"


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[None]:
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True, capture_output=True)


@contextmanager
def limited(_: Path) -> Iterator[str]:
    """A limit on the size of files, which needs no special rights."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, before[1]))
    try:
        yield "limited, RLIMIT_FSIZE"
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def vanishing(folder: Path) -> Iterator[str]:
    """The cache is removed while the first file is downloaded."""
    thread = threading.Timer(0.3, shutil.rmtree, (folder,), {"ignore_errors": True})
    thread.start()
    yield "removed"
    thread.join()


DISKS = {"full": full, "limited": limited, "read-only": read_only, "removed": vanishing}


@contextmanager
def hurried() -> Iterator[None]:
    """The waits of a download, short."""
    before = [(module, name, getattr(module, name)) for module, name, _ in HASTE]
    for module, name, value in HASTE:
        setattr(module, name, value)
    try:
        yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Counts a temporary file as left over once it is untouched for so many seconds; 0 if its writer is known to be dead."""
    before = cache.UNTOUCHED_SECONDS
    cache.UNTOUCHED_SECONDS = seconds
    try:
        yield
    finally:
        cache.UNTOUCHED_SECONDS = before


@contextmanager
def environ(changes: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, text in before.items():
            if text is None:
                del os.environ[name]
            else:
                os.environ[name] = text


def peak_memory(*, anew: bool = False) -> int:
    """Peak memory of this process in bytes, since the last call with `anew`."""
    with suppress(OSError):  # Linux only; on other systems since the start
        if anew:
            Path("/proc/self/clear_refs").write_text("5")
        return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
