"""The folder of a search, which several workers share, of one process or of many: who takes which trial.

A search is in search.json and the file of trials. A worker takes the next trial while it holds the folder's lock, so a trial
is done by one worker. Each process holds the lock of a folder of its own under workers/ as long as it lives: a trial whose
worker is gone is done again, under the same number and with the same settings.
"""

import contextlib
import os
import secrets
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lenet.errors import RunError
from lenet.files import durable, locks
from lenet.sweeps.tune.plan import STORAGES, Plan, is_maximized
from lenet.sweeps.tune.space import Space
from lenet.sweeps.tune.storage import explained, open_storage

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial, Trial

NAME = "lenet"  # of the study in its file
PAUSE = 0.02  # seconds between two tries to get a lock


@contextlib.contextmanager
def turn(folder: Path, stop: threading.Event | None = None) -> Iterator[bool]:
    """Wait until no other worker holds a folder, and hold it; yields False if `stop` was set meanwhile."""
    with contextlib.ExitStack() as stack:
        while True:
            try:
                stack.enter_context(locks.lock(folder))
                break
            except RunError:
                if stop is not None and stop.is_set():
                    yield False
                    return
                time.sleep(PAUSE)
        yield True


class SearchFolder:
    """A search on disk, opened by one process.

    Args:
        path: the folder.
        plan: how the search goes on.
        space: what is searched.
        seed: decides which settings are tried.
    """

    def __init__(self, path: Path, plan: Plan, space: Space, seed: int) -> None:
        self.path, self.plan, self.space, self.seed = path, plan, space, seed
        self.worker = f"{os.getpid()}-{secrets.token_hex(4)}"
        self.mutex = (
            threading.Lock()
        )  # where the file system has no locks, at least the workers of this process take turns
        self.study: Study

    @property
    def workers(self) -> Path:
        """Where each process at work has a folder."""
        return self.path / "workers"

    @contextlib.contextmanager
    def opened(self) -> Iterator[None]:
        """Open the file of trials, and be alive for other processes until the end."""
        own = self.workers / self.worker
        with contextlib.ExitStack() as stack:
            with turn(self.path):
                with explained(self.workers):
                    for folder in self.workers.iterdir() if self.workers.is_dir() else ():
                        if folder.is_dir() and locks.is_locked(folder) is False:
                            with contextlib.suppress(OSError):
                                folder.rmdir()
                    durable.make_folders(own)
                stack.callback(_remove, own)
                stack.enter_context(locks.lock(own))
                self.study = self._study()
            yield

    def claim(self) -> "Trial | None":
        """Take the next trial: one that another worker left, or a new one; None if the number of trials is reached."""
        from optuna.trial import Trial, TrialState

        with self.mutex, turn(self.path):
            trials = self.trials()
            left = [each for each in trials if each.state == TrialState.RUNNING and not self._is_under_way(each)]
            if not left and self.plan.trials is not None and len(trials) >= self.plan.trials:
                return None
            self.study.sampler = _sampler(self.plan.sampler, self.seed, left[0].number if left else len(trials))
            trial = Trial(self.study, left[0]._trial_id) if left else self.study.ask()
            trial.set_user_attr("worker", self.worker)
            self.space.suggest(trial)
            return trial

    def trials(self) -> "list[FrozenTrial]":
        """Return all trials so far, by number."""
        trials: list[FrozenTrial] = self.study.get_trials(deepcopy=False)
        return trials

    def num_under_way(self) -> int:
        """Return how many trials living workers do at present."""
        from optuna.trial import TrialState

        return sum(each.state == TrialState.RUNNING and self._is_under_way(each) for each in self.trials())

    def tell(self, trial: "Trial", value: float, is_pruned: bool, attributes: dict[str, Any]) -> None:
        """Keep what came of a trial."""
        from optuna.trial import TrialState

        for name, attribute in attributes.items():
            trial.set_user_attr(name, attribute)
        if is_pruned:
            self.study.tell(trial, state=TrialState.PRUNED)
        else:
            self.study.tell(trial, value)

    def _is_under_way(self, trial: "FrozenTrial") -> bool:
        name = trial.user_attrs.get("worker", "")
        folder = self.workers / name
        return bool(name) and folder.is_dir() and locks.is_locked(folder) is not False

    def _study(self) -> "Study":
        import optuna
        from optuna.study import StudyDirection

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        return optuna.create_study(
            study_name=NAME,
            storage=open_storage(self.plan.storage, self.path / STORAGES[self.plan.storage]),
            sampler=_sampler(self.plan.sampler, self.seed, 0),
            pruner=_pruner(self.plan.pruner),
            direction=StudyDirection.MAXIMIZE if is_maximized(self.plan.objective) else StudyDirection.MINIMIZE,
            load_if_exists=True,
        )


def _remove(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.rmdir()


def _sampler(kind: str, seed: int, number: int) -> Any:
    """What chooses the settings of a trial: they follow from the search's seed, its number, and the trials before."""
    import numpy as np
    import optuna

    own = int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
    if kind == "random":
        return optuna.samplers.RandomSampler(seed=own)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        # Trials under way count as bad ones, so that several workers do not all try the same place.
        return optuna.samplers.TPESampler(seed=own, multivariate=True, constant_liar=True)


def _pruner(kind: str) -> Any:
    import optuna

    return {
        "median": optuna.pruners.MedianPruner,
        "halving": optuna.pruners.SuccessiveHalvingPruner,
        "none": optuna.pruners.NopPruner,
    }[kind]()
