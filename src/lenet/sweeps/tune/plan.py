"""How a search goes on: its budget, its workers, what it judges by."""

from dataclasses import dataclass, fields
from typing import Any

from lenet.errors import ConfigError, choices_hint

OBJECTIVES = ("accuracy", "loss")
SAMPLERS = ("tpe", "random")
PRUNERS = ("median", "halving", "none")
STORAGES = {"journal": "trials.journal", "sqlite": "trials.db"}
TRIALS = 100  # where neither a number nor seconds are given


@dataclass(frozen=True)
class Plan:
    """How a search goes on.

    Attributes:
        trials: how many in all, those of earlier calls and of other processes included; None for no limit but the time.
        seconds: after so many no trial of this call begins; None for no limit but the number.
        workers: trials at a time, one thread each; None for one on each core.
        objective: "accuracy" or "loss" on the held-out images.
        sampler: "tpe", which learns from the trials so far, or "random".
        pruner: gives up bad trials after an epoch: "median", "halving" (successive halving) or "none".
        storage: "journal" or "sqlite": the file that the trials are kept in.
        final_seeds: trainings of the best settings, and of the recipe, that are measured on the test set; 0 for none.
    """

    trials: int | None = None
    seconds: float | None = None
    workers: int | None = None
    objective: str = "accuracy"
    sampler: str = "tpe"
    pruner: str = "median"
    storage: str = "journal"
    final_seeds: int = 10

    def __post_init__(self) -> None:
        if self.trials is None and self.seconds is None:
            object.__setattr__(self, "trials", TRIALS)
        for name, least in {"trials": 1, "workers": 1, "final_seeds": 0}.items():
            number = getattr(self, name)
            if number is not None and (not isinstance(number, int) or number < least):
                raise ConfigError(f"{name} is {number!r}; expected a whole number of at least {least}")
        if self.seconds is not None and not (isinstance(self.seconds, int | float) and self.seconds > 0):
            raise ConfigError(f"seconds is {self.seconds!r}; expected a number above 0", hint="such as 600")
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                given = str(getattr(self, name))
                raise ConfigError(f"unknown {name} {given!r}", hint=choices_hint(given, choices))

    @property
    def kept(self) -> dict[str, Any]:
        """What stays the same in all calls of one search."""
        return {name: getattr(self, name) for name in CHOICES}


CHOICES = {"objective": OBJECTIVES, "sampler": SAMPLERS, "pruner": PRUNERS, "storage": tuple(STORAGES)}
NAMES = tuple(each.name for each in fields(Plan))


def is_maximized(objective: str) -> bool:
    """Return whether more of an objective is better."""
    return objective == "accuracy"
