"""A run as it is now, for a page that watches it: how far it is, its new points, and the page of its newest weights.

    watched = Watched(Path("runs/first"))
    watched.state, watched.news(offset=0), watched.page()

Making a page takes about a second of computing, which the training would have used. So while it goes on, all pages together
take at most a small share of its time, and nothing is imported here that only a page needs.
"""

import json
import os
import re
import threading
import time
import warnings
from functools import cached_property
from pathlib import Path
from typing import Any

from lenet.errors import LenetError, RunWarning
from lenet.explorer.waiting import NO_POINTS, waiting
from lenet.files import locks, untrusted
from lenet.runs import stop_request

LIMIT = 0.015  # of the time that a training has taken so far: how long this process may compute for pages
LIMIT_ASIDE = 0.2  # the same where the training leaves half of the cores alone
FIRST = 1.0  # seconds of computing that a page takes, until that is known
FRESH = 120.0  # seconds since the last point, after which a training without a lock is taken for stopped
MOST_BYTES = 1 << 20  # of new points at a time
NUM_IMAGES = 300  # test images of the page while the training goes on: they are measured each time
PATIENCE = 3.0  # seconds that a browser waits for a page before it gets what is there
TRIES = 3  # a checkpoint may be replaced while it is read
CHECKPOINT = re.compile(r"step-([0-9]+)\.json")
ENTRIES = {"chunk": "chunks", "epoch": "epochs", "finding": "findings"}


class Watched:
    """A run that may still be written.

    Args:
        path: the run directory.
        data_dir: where to look for its data first.
    """

    def __init__(self, path: Path, data_dir: str | None = None) -> None:
        self.path, self.data_dir = path, data_dir
        self._content, self._weights = b"", ""  # the page that is there, and of which weights it is
        self._tried, self._problem = "", ""  # the weights that were tried last, and why there is no page of them
        self._making: threading.Thread | None = None
        self._lock = threading.Lock()  # one page at a time
        self._cost = FIRST
        self._positions: list[int] | None = None  # of the page's test images, the same in every page

    @property
    def state(self) -> str:
        """What the training does: "training", "stopping", "stopped" or "finished"."""
        if (self.path / "summary.json").is_file():
            return "finished"
        is_training = locks.is_locked(self.path)
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
            `state`; `epochsPlanned`; `weights`: a name of the weights of the page that is there; `isReset`: whether the run
            went back, so that nothing that was known holds; `chunks`, `epochs` and `findings`: new points; `offset`: for the
            next time; `problem`: why there is no page.
        """
        state = self.state  # before the points: after the end, they are all there
        path = self.path / "metrics.jsonl"
        size = path.stat().st_size if path.is_file() else 0
        news: dict[str, Any] = {"state": state, "isReset": offset > size, "problem": self._problem}
        points: dict[str, list[dict[str, Any]]] = {name: [] for name in NO_POINTS}
        if size > offset:
            with path.open("rb") as file:
                file.seek(offset)
                content = file.read(MOST_BYTES)
            content = content[: content.rfind(b"\n") + 1]
            try:
                for point in map(json.loads, content.splitlines()):
                    points.get(ENTRIES.get(point["kind"], ""), []).append(point)
            except (ValueError, KeyError, TypeError) as error:
                news["problem"] = f"{path} cannot be used: {untrusted.printable(error)}"
            offset += len(content)
        return {**news, **points, "offset": offset, "epochsPlanned": self._num_epochs, "weights": self._offered(state)}

    def page(self) -> bytes:
        """Return the page of the newest weights, or what there is until it is made: an older one, or one that waits."""
        making = self._make(self.state)
        if making:
            making.join(PATIENCE)
        return self._content or waiting(self.path.name, self._problem)

    def _make(self, state: str) -> threading.Thread | None:
        """Begin to make the page of the newest weights, if it is not there and may be made; the thread that does it."""
        with self._lock:
            newest, is_free = self._newest(), not (self._making and self._making.is_alive())
            if newest and newest != self._tried and is_free and (state != "training" or self._may_compute()):
                self._making = threading.Thread(target=self._made, args=(newest,), daemon=True)
                self._making.start()
            return self._making

    @property
    def _num_epochs(self) -> int:
        epochs = self._json("config.json").get("config", {}).get("epochs", 0)
        return epochs if isinstance(epochs, int) else 0

    def _may_compute(self) -> bool:
        """Whether a page may be made beside the training."""
        threads = self._json("environment.json").get("threads")
        is_aside = isinstance(threads, int) and 2 * threads <= (os.cpu_count() or 1)
        seconds = time.time() - _changed(self.path / "config.json", self.path / "environment.json")
        return time.process_time() + self._cost <= seconds * (LIMIT_ASIDE if is_aside else LIMIT)

    def _json(self, name: str) -> dict[str, Any]:
        """A file of the run as it is now; empty if it cannot be read."""
        try:
            values = untrusted.parse_json(untrusted.read(self.path / name, untrusted.MAX_JSON))
        except (OSError, ValueError):
            return {}
        return values if isinstance(values, dict) else {}

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
            found = map(CHECKPOINT.fullmatch, os.listdir(self.path / "checkpoints"))  # noqa: PTH208 (names are enough)
            return f"step {max(int(match[1]) for match in found if match)}"
        except (OSError, ValueError):
            return ""

    def _offered(self, state: str) -> str:
        """The weights of the page that is there; that of newer ones is begun."""
        self._make(state)
        return self._weights

    def _made(self, weights: str) -> None:
        """Make the page of some weights, or note why that cannot be done."""
        began, problem = time.process_time(), ""  # of computing, which takes longer on a machine that trains
        for attempt in range(1, TRIES + 1):
            try:
                self._content, self._weights, problem = self._build(weights), weights, ""
                break
            except LenetError as error:
                problem = error.message + (f" ({error.hint})" if error.hint else "")
            except Exception as error:  # whatever is wrong, the page says it
                problem = f"{type(error).__name__}: {untrusted.printable(error)}"
            time.sleep(0.1 * attempt)
        self._problem, self._tried = problem, weights
        self._cost = time.process_time() - began

    def _build(self, weights: str) -> bytes:
        from lenet.explorer.build import page
        from lenet.explorer.page_data import opened, page_data
        from lenet.runs.run import Run

        path = self.path / "metrics.jsonl"
        # Before the points are read: some come twice, none is lost.
        offset = path.stat().st_size if path.is_file() else 0
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


def _changed(*paths: Path) -> float:
    """When the newest of some files was changed; 0 if there is none."""
    return max((path.stat().st_mtime for path in paths if path.exists()), default=0.0)
