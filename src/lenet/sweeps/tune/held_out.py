"""The settings and the images of a search. Its trials see training images alone; what judges them is held out of these."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lenet.config import TrainConfig
from lenet.configuration import configure, to_dict
from lenet.data.dataset import Splits
from lenet.data.plan import held_out
from lenet.errors import ConfigError
from lenet.training.own import with_own_settings

SHARE, MOST = 6, 10_000  # by default, one in SHARE training images is held out, but no more than MOST
# The same for every trial: one thread, and all epochs, unless it is pruned.
TRIAL: dict[str, Any] = {"threads": 1, "snapshots": 0, "keep": "last", "validation": 0, "patience": None}


@dataclass(frozen=True)
class Base:
    """What a search starts from.

    Attributes:
        recipe: its name.
        given: the settings that were given beside it, the name of the data included.
        splits: the data.
    """

    recipe: str
    given: Mapping[str, Any]
    splits: Splits

    def config(self, settings: Mapping[str, Any]) -> TrainConfig:
        """Return the settings of a training in which these differ from the base."""
        changed = {**self.given, **settings}
        return with_own_settings(configure(self.recipe, **changed), self.splits.train, changed)

    def trial_config(self, settings: Mapping[str, Any]) -> TrainConfig:
        """Return the settings of a trial: it holds no images out, since `trial_splits` did, and computes on one thread."""
        return self.config({**settings, **TRIAL})

    @cached_property
    def held(self) -> TrainConfig:
        """The base's settings with the number of images that are held out; 0 where the data have a validation set."""
        config, count = self.config({}), len(self.splits.train)
        if config.validation or self.splits.validation is not None:
            number = config.validation
        elif self.given.get("validation") is not None or count < SHARE:
            why = "--validation is 0" if count >= SHARE else f"there are only {count} training images"
            raise ConfigError(
                f"no images are held out to judge the trials by: {why}; the test set is not used to choose",
                hint="leave --validation out, or give it a number of training images that you can spare",
            )
        else:
            number = min(count // SHARE, MOST)
        if number >= count:
            raise ConfigError(
                f"validation is {number:,}, but {self.splits.name} has {count:,} training images",
                hint="hold out fewer with --validation N",
            )
        return dataclasses.replace(config, validation=number)

    @cached_property
    def trial_splits(self) -> Splits:
        """The images of the trials: none of the test set, in whose place stand the held-out images."""
        held = held_out(self.held, len(self.splits.train))
        train = self.splits.train
        judge = train.subset(held) if len(held) else self.splits.validation
        if judge is None:
            raise ValueError("no images are held out")  # refused by `held`
        return Splits(train.without(held), judge, self.splits.source, validation=judge)

    def to_dict(self) -> dict[str, Any]:
        """Return what decides the trials, as JSON can hold it."""
        settings = to_dict(self.trial_config({})) | {"validation": self.held.validation}
        return {"data": self.splits.fingerprint, "settings": settings}
