"""Watching a training in the browser: the page of its run, served to this machine by a process of low priority.

server = served(Path("runs/first"))         # lenet watch
display = Live(choose_display("auto"))      # lenet train --live: starts `python -m lenet.explorer.live`
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from lenet.explorer.server import Answer, PageServer
from lenet.explorer.waiting import NO_NEWS, waiting
from lenet.explorer.watched import Watched

if TYPE_CHECKING:
    from lenet.display.protocol import Display, Header
    from lenet.doctor.finding import Finding
    from lenet.runs.points import ChunkPoint, EpochPoint
    from lenet.runs.records import Summary
    from lenet.runs.run import Run

LOOPBACK = "127.0.0.1"
LINGER = 600.0  # seconds without a request after which the page of an ended training is served no longer
LOOK = 2.0  # seconds between two looks whether that is so
LOWEST = 19  # niceness
TITLE = "page"
COMMAND = [sys.executable, "-m", "lenet.explorer.live"]


def served(path: Path, host: str = LOOPBACK, port: int = 0, data_dir: str | None = None) -> PageServer:
    """Make a server of a run's page, which follows the training if it goes on.

    Args:
        path: the run directory.
        host: the address to listen at.
        port: the port; 0 for any that is free.
        data_dir: where to look for the run's data first.

    Raises:
        ConfigError: if it cannot listen there.
        RunError: if there is no run.
    """
    from lenet.runs.run import Run

    found: Future[Watched] = Future()
    found.set_result(Watched(Run.load(path, finished=False).path, data_dir))
    return PageServer(host, port, _routes(found))


def _routes(found: Future[Watched]) -> dict[tuple[str, str], Any]:
    """What the server of a run answers, also before the run is known."""

    def page(query: Any) -> Answer:
        return Answer.html(found.result().page() if found.done() else waiting("lenet", ""))

    def state(query: Any) -> Answer:
        offset = query.get("from", "0")
        if not offset.isdecimal() or len(offset) > 12:
            return Answer.json({"problem": f"from is {offset!r}; expected a number of bytes"}, status=400)
        return Answer.json(found.result().news(int(offset)) if found.done() else NO_NEWS)

    def stop(query: Any) -> Answer:
        try:
            is_stopping = found.result().stop()
        except OSError as error:
            return Answer.json({"isStopping": False, "problem": str(error)}, status=500)
        return Answer.json({"isStopping": is_stopping}, status=200 if is_stopping else 409)

    return {
        ("GET", ""): page,
        ("GET", "state"): state,
        ("POST", "stop"): stop,
    }


class Live:
    """A display that also has the page of the run served, by a process that is started before the data is loaded.

    All else is that of the display within.

    Args:
        display: what is shown besides.

    Attributes:
        url: where the page is; empty if it could not be served.
        server: the process that serves it.
    """

    def __init__(self, display: "Display") -> None:
        self._display, self.url = display, ""
        environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self.server = subprocess.Popen(
            COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )

    def __enter__(self) -> Any:
        return self._display.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._display.__exit__(kind, error, trace)

    def start(self, run: "Run", header: "Header", notice: str | None, num_epochs: int) -> None:
        """Show what was decided, and where the page is."""
        stdin, stdout = self.server.stdin, self.server.stdout
        with contextlib.suppress(OSError, ValueError):
            if stdin and stdout:
                self.url = json.loads(stdout.readline() or b'""')
                stdin.write(os.fsencode(run.path.absolute()))
        self.close()
        from lenet.display.plain import Quiet

        place = self.url or "cannot be served"
        self._display.start(run, [*header, (TITLE, place)], notice, num_epochs)
        if type(self._display) is Quiet:  # which shows no header
            self._display.line(f"{TITLE}    {place}")

    def download(self, file: str, num_bytes: int) -> Any:
        return self._display.download(file, num_bytes)

    def notice(self, notice: str) -> None:
        self._display.notice(notice)

    def chunk(self, point: "ChunkPoint") -> None:
        self._display.chunk(point)

    def epoch(self, point: "EpochPoint") -> None:
        self._display.epoch(point)

    def finding(self, finding: "Finding") -> None:
        self._display.finding(finding)

    def interrupted(self, run: "Run") -> None:
        self._display.interrupted(run)

    def finish(self, run: "Run", summary: "Summary") -> None:
        self._display.finish(run, summary)

    def close(self) -> None:
        """Let the server go its own way; without a run it ends."""
        with contextlib.suppress(OSError):
            for stream in (self.server.stdin, self.server.stdout):
                if stream:
                    stream.close()


def main() -> None:
    """Serve the run whose path comes on stdin, until the training has ended and nobody asks for the page any more.

    The address is printed at once, as JSON. Ctrl-C and a terminal that closes are meant for the training.
    """
    for name in ("SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    lower_priority()
    found: Future[Watched] = Future()
    server = PageServer(LOOPBACK, 0, _routes(found))
    with contextlib.suppress(OSError):  # nobody reads it if the training has ended already
        os.write(sys.stdout.fileno(), f"{json.dumps(server.url)}\n".encode())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    path = sys.stdin.buffer.read()
    if not path:  # the training did not begin
        return
    run = Watched(Path(os.fsdecode(path)))
    found.set_result(run)
    server.asked_at = time.monotonic()
    while run.state in ("training", "stopping") or time.monotonic() - server.asked_at < LINGER:
        time.sleep(LOOK)


def lower_priority() -> None:
    """Let everything else on this machine go first, above all the training that is watched."""
    if hasattr(os, "nice"):
        os.nice(LOWEST)
        # Linux gives a core back at once to what was waiting for it only if this computes "when idle".
        if sys.platform == "linux":
            with contextlib.suppress(OSError):
                os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    elif sys.platform == "win32":
        import ctypes

        idle_priority = 0x40
        ctypes.windll.kernel32.SetPriorityClass(ctypes.windll.kernel32.GetCurrentProcess(), idle_priority)


if __name__ == "__main__":
    main()
