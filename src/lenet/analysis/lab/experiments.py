"""The types of the lab: an experiment, and the setup that a user gives it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lenet.analysis.report import Numbers, Table
from lenet.config import TrainConfig
from lenet.configuration import configure
from lenet.data.dataset import Splits
from lenet.data.loading import load
from lenet.errors import ConfigError
from lenet.recipes import DEFAULT_RECIPE
from lenet.runs.run import Run
from lenet.training.sweep import Result, Variation, sweep
from lenet.training.tasks import Executor

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What an experiment is done with.

    Attributes:
        recipe: the settings of its trainings, but for what the experiment varies.
        data_dir: the folder of the data set's files.
        folder: where the runs are kept; finished ones are not trained again.
        progress: "auto" or "quiet".
        executor: where variations are trained; by default in threads of this process.
        seeds: trainings of each variation.
        epochs: instead of the recipe's.
        data: the name of a data set.
        classes: names or numbers of the classes to look at; empty for all.
    """

    recipe: str
    data_dir: str | None
    folder: Path
    progress: str
    executor: Executor | None = None
    seeds: int = 5
    epochs: int | None = None
    data: str = "fashion-mnist"
    classes: Sequence[str] = ()

    @cached_property
    def splits(self) -> Splits:
        """The data, loaded when it is first used."""
        return load(self.data, self.data_dir)

    def config(self, **settings: Any) -> TrainConfig:
        """Return the recipe's settings for this data and so many epochs, changed by `settings`."""
        common = {"data": self.data, "data_dir": self.data_dir, "epochs": self.epochs, "device": "cpu"}
        return configure(self.recipe, **common | settings)

    def train(self, variations: Sequence[Variation]) -> list[Result]:
        """Train every variation with every seed; raises what `sweep` raises."""
        return sweep(variations, seeds=self.seeds, folder=self.folder, progress=self.progress, executor=self.executor)

    def train_recipe(self) -> tuple[Run, ...]:
        """Train the recipe unchanged and return the finished runs; ConfigError if there are none."""
        runs = self.train([Variation(self.recipe, self.config())])[0].runs
        if not runs:
            raise ConfigError(f"every training of {self.recipe} diverged", hint="take another --recipe")
        return runs

    def numbers(self) -> Numbers:
        """Return what a report says about the setup."""
        config = self.config()
        return {"recipe": self.recipe, "epochs": config.epochs, "seeds": self.seeds, "data": config.data}


@dataclass(frozen=True)
class Experiment:
    """A question and how to answer it.

    Attributes:
        question: the title of its report.
        perform: measures; returns the numbers and a chart.
        table: makes the table of a report from those numbers alone.
        options: the command-line options that it takes; none if it trains nothing.
        recipe: what it trains unless another is asked for.
        spread: a sentence about how the numbers of several seeds are put together.
    """

    question: str
    perform: Callable[[Setup], "tuple[Numbers, Figure]"]
    table: Callable[[Mapping[str, Any]], Table]
    options: tuple[str, ...] = ("seeds", "epochs", "recipe", "data")
    recipe: str = DEFAULT_RECIPE
    spread: str = "Numbers are the mean over the seeds ± half of its 95 % confidence interval (Student's t)."
