"""The trials of a search, on all cores or all workers of a cluster, until its budget is used up."""

import math
import sys
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

from lenet.display.plain import Lines
from lenet.display.streams import closable
from lenet.sweeps.tune.folder import SearchFolder
from lenet.sweeps.tune.objective import Objective, Outcome
from lenet.sweeps.tune.space import described
from lenet.training.interrupts import Interrupt, Interrupted, interrupts

if TYPE_CHECKING:
    from optuna.trial import Trial

POLL = 0.2  # seconds between two looks at the trials of other workers, and at how many can be done at a time
MOST = 4096  # trials at a time


class Progress:
    """A line for each trial, on stderr.

    Args:
        folder: of the search.
        objective: what the trials are judged by.
        is_quiet: whether to print nothing.
    """

    def __init__(self, folder: SearchFolder, objective: Objective, is_quiet: bool) -> None:
        self.folder, self.objective, self.is_quiet = folder, objective, is_quiet
        self.lines = Lines(closable(sys.stderr))
        self.lock = threading.Lock()

    def finished(self, trial: "Trial", outcome: Outcome) -> None:
        """Print what came of a trial."""
        if self.is_quiet:
            return
        total = f"/{self.folder.plan.trials}" if self.folder.plan.trials else ""
        epochs = len(outcome.attributes.get("loss", ()))
        what = f"{self.objective.name} {outcome.value:.4f}" + (
            f"  pruned after epoch {epochs}" if outcome.is_pruned else ""
        )
        reason = outcome.attributes.get("reason")
        settings = described(self.objective.space.settings(trial.params))
        seconds = f"{outcome.attributes['seconds']:.1f} s"
        with self.lock:
            self.lines.line(f"trial {trial.number + 1}{total}  {reason or what}  {seconds}  {settings}")

    def notice(self, text: str) -> None:
        """Print a line that says what happens."""
        if not self.is_quiet:
            self.lines.line(text)


def search(folder: SearchFolder, objective: Objective, progress: Progress) -> None:
    """Do trials until the budget is used up and no worker, of this process or another, does one any more.

    Args:
        folder: of the search, opened.
        objective: does a trial.
        progress: shows each that is finished.

    Raises:
        Interrupted: after a signal; the trials under way are done again by the next call.
    """
    plan = folder.plan
    deadline = time.monotonic() + (plan.seconds or math.inf)

    def work(interrupt: Interrupt) -> None:
        try:
            while not interrupt.is_set() and time.monotonic() < deadline:
                trial = folder.claim()
                if trial is not None:
                    _perform(folder, trial, objective, progress, interrupt)
                elif folder.num_under_way():  # their worker may end: then they are taken over
                    interrupt.wait(POLL)
                else:
                    return
        except BaseException:
            interrupt.set()  # the epochs under way end, and nothing else begins
            raise

    futures: list[Future[None]] = []
    with interrupts() as interrupt:
        with ThreadPoolExecutor(MOST) as pool:
            while not futures or wait(futures, POLL).not_done:
                number = min(max(1, objective.trials.num_workers()), plan.trials or MOST, MOST)
                futures += [pool.submit(work, interrupt) for _ in range(len(futures), number)]
        for future in futures:
            future.result()
        while not interrupt.is_set() and folder.num_under_way():
            interrupt.wait(POLL)
        if interrupt.is_set():
            raise stopped(folder, interrupt)


def stopped(folder: SearchFolder, interrupt: Interrupt) -> Interrupted:
    """Return the exception that says where an interrupted search stands."""
    done = sum(trial.state.is_finished() for trial in folder.trials())
    total = f" of {folder.plan.trials}" if folder.plan.trials else ""
    return Interrupted(f"stopped: {done}{total} trials are done, all is saved in {folder.path}", interrupt.exit_code)


def _perform(
    folder: SearchFolder, trial: "Trial", objective: Objective, progress: Progress, interrupt: Interrupt
) -> None:
    outcome = objective(trial, interrupt)
    if outcome is not None:
        folder.tell(trial, outcome.value, outcome.is_pruned, outcome.attributes)
        progress.finished(trial, outcome)
