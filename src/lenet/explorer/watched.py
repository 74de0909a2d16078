"""A run as it is now, for a page that watches it: how far it is, its new points, and the page of its newest weights.

    watched = Watched(Path("runs/first"))
    watched.state, watched.news(offset=0), watched.page()

Making a page takes about a second of computing. So while the training goes on it is made anew only after a multiple of that.
"""

import html
import json
import threading
import time
import warnings
from functools import cached_property
from pathlib import Path
from typing import Any

from lenet.errors import LenetError, RunError, RunWarning
from lenet.files import durable, untrusted
from lenet.runs import checkpoints, stop_request
from lenet.runs.points import KINDS, read_points

WAITING = Path(__file__).parent / "page" / "waiting.html"
SHARE = 100  # how many times as long as it took, a page is shown before newer weights are offered
FRESH = 120.0  # seconds since the last point, after which a training without a lock is taken for stopped
MOST_BYTES = 1 << 20  # of new points at a time
NUM_IMAGES = 300  # test images of the page while the training goes on: they are measured each time
TRIES = 3  # a checkpoint may be replaced while it is read
ENTRIES = {"chunk": "chunks", "epoch": "epochs", "finding": "findings"}


class Watched:
    """A run that may still be written.

    Args:
        path: the run directory.
        data_dir: where to look for its data first.

    Raises:
        RunError: if there is no run.
    """

    def __init__(self, path: Path, data_dir: str | None = None) -> None:
        from lenet.runs.run import Run

        self.path, self.data_dir = Run.load(path, finished=False).path, data_dir
        self._lock = threading.Lock()  # one page at a time
        self._content, self._weights, self._problem = b"", "", ""  # the page, of which weights, or why there is none
        self._next = 0.0  # when newer weights are offered, by time.monotonic()
        self._positions: list[int] | None = None  # of the page's test images, the same in every page

    @property
    def state(self) -> str:
        """What the training does: "training", "stopping", "stopped" or "finished"."""
        if (self.path / "summary.json").is_file():
            return "finished"
        is_training = durable.is_locked(self.path)
        if is_training is None:
            is_training = time.time() - _changed(self.path / "metrics.jsonl", self.path / "config.json") < FRESH
        return ("stopping" if stop_request.is_requested(self.path) else "training") if is_training else "stopped"

    def stop(self) -> bool:
        """Ask the training to save and stop; whether there is one."""
        if self.state not in ("training", "stopping"):
            return False
        stop_request.request(self.path)
        return True

    def news(self, offset: int) -> dict[str, Any]:
        """Return what is new.

        Args:
            offset: how many bytes of metrics.jsonl are known.

        Returns:
            `state`; `epochsPlanned`; `weights`: a name of the weights that a page would show now; `isReset`: whether the run
            went back, so that nothing that was known holds; `chunks`, `epochs` and `findings`: new points; `offset`: for the
            next time; `problem`: why there is no page.
        """
        state = self.state  # before the points: after the end, they are all there
        path = self.path / "metrics.jsonl"
        size = path.stat().st_size if path.is_file() else 0
        news: dict[str, Any] = {"state": state, "isReset": offset > size, "problem": self._problem}
        points: dict[str, list[dict[str, Any]]] = {name: [] for name in ENTRIES.values()}
        if size > offset:
            with path.open("rb") as file:
                file.seek(offset)
                content = file.read(MOST_BYTES)
            content = content[: content.rfind(b"\n") + 1]
            try:
                for point in read_points(content):
                    points[ENTRIES[next(name for name in KINDS if isinstance(point, KINDS[name]))]].append(
                        point.to_dict()
                    )
            except ValueError as error:
                news["problem"] = f"{path} cannot be used: {untrusted.printable(error)}"
            offset += len(content)
        return {**news, **points, "offset": offset, "epochsPlanned": self._num_epochs, "weights": self._offered(state)}

    def page(self) -> bytes:
        """Return the page of the newest weights; one that waits for them, or says what is wrong, if there is none."""
        with self._lock:
            newest = self._newest()
            if newest and (newest != self._weights or self._problem):
                began = time.process_time()  # of computing, which takes longer on a machine that trains
                self._content, self._problem = self._made(newest)
                self._weights = newest
                self._next = time.monotonic() + SHARE * (time.process_time() - began)
            return self._content or waiting(self.path.name, self._problem)

    @cached_property
    def _num_epochs(self) -> int:
        from lenet.runs.run import Run

        return Run(self.path).config.epochs

    @cached_property
    def _splits(self) -> Any:
        """The run's data; None if it cannot be loaded, and then the page says why."""
        from lenet.runs.data import load_data
        from lenet.runs.run import Run

        try:
            return load_data(Run(self.path), self.data_dir)
        except LenetError:
            return None

    def _newest(self) -> str:
        """A name of the newest weights, or nothing."""
        if (self.path / "summary.json").is_file():
            return f"finished {_changed(self.path / 'summary.json', self.path / 'model.safetensors'):.3f}"
        try:
            return f"step {max(checkpoints.steps(self.path / 'checkpoints'))}"
        except (OSError, ValueError):
            return ""

    def _offered(self, state: str) -> str:
        """The newest weights; while the training goes on, those of the page until it is time for others."""
        is_waiting = state == "training" and self._weights and time.monotonic() < self._next
        return self._weights if is_waiting else self._newest()

    def _made(self, weights: str) -> tuple[bytes, str]:
        """The page of some weights, or why it cannot be made."""
        for attempt in range(1, TRIES + 1):
            try:
                return self._build(weights), ""
            except RunError as error:
                problem = error.message + (f" ({error.hint})" if error.hint else "")
                time.sleep(0.1 * attempt)
        return b"", problem

    def _build(self, weights: str) -> bytes:
        from lenet.explorer.build import page
        from lenet.explorer.page_data import opened, page_data
        from lenet.runs.run import Run

        path = self.path / "metrics.jsonl"
        offset = (
            path.stat().st_size if path.is_file() else 0
        )  # before the points are read: some come twice, none is lost
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RunWarning)
            network = opened(self.path)
        is_ended = weights.startswith("finished")
        made = page_data(
            network,
            data=self._splits,
            data_dir=self.data_dir,
            num_images=None if is_ended else NUM_IMAGES,
            positions=self._positions,
        )
        if self._positions is None and (images := made["runs"][0]["images"]["test"]):
            self._positions = images["positions"].tolist()
        stopped = network.stopped if isinstance(network, Run) else None
        if stopped and self.state in ("training", "stopping"):
            made["notices"] = [notice for notice in made["notices"] if notice != stopped.notice]
        live = {"state": "state", "stop": "stop", "weights": weights, "offset": offset}
        return page({**made, "live": live}, title=f"{made['runs'][0]['name']} – lenet explorer")


def waiting(name: str, problem: str) -> bytes:
    """Return a small page that waits for the first weights, and then shows the real one.

    Args:
        name: of the run.
        problem: why there is no other page.
    """
    text = WAITING.read_text(encoding="utf-8")
    data = json.dumps({"problem": problem}).replace("<", "\\u003c")
    return text.replace("{name}", html.escape(name)).replace("{data}", data).encode()


def _changed(*paths: Path) -> float:
    """When the newest of some files was changed; 0 if there is none."""
    return max((path.stat().st_mtime for path in paths if path.exists()), default=0.0)
