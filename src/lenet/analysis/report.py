"""What an experiment leaves behind: a table, conclusions in words, the numbers behind them as JSON, and a chart."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from lenet.analysis.statistics import Estimate
from lenet.display.style import rendered
from lenet.errors import ConfigError
from lenet.files import durable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Numbers: TypeAlias = dict[str, Any]  # measured, as JSON holds them


@dataclass(frozen=True)
class Table:
    """Rows of text under column titles, and sentences that draw conclusions from them."""

    columns: list[str]
    rows: list[list[str]]
    conclusions: list[str] = field(default_factory=list)

    def markdown(self) -> str:
        """Return the rows as a Markdown table; a `|` in a cell is escaped."""
        lines = [self.columns, ["---"] * len(self.columns), *self.rows]
        return "".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |\n" for line in lines)


@dataclass(frozen=True)
class Report:
    """The result of an experiment.

    Attributes:
        name: of its files.
        title: of the document.
        command: the command line that produced it.
        setting: how it was measured, a sentence or two.
        table: made of `numbers` alone.
        numbers: all that was measured, as JSON values.
    """

    name: str
    title: str
    command: str
    setting: str
    table: Table
    numbers: Numbers

    def markdown(self, heading: str = "#", folder: str = "") -> str:
        """Return the report as a document, or as a section of one.

        Args:
            heading: Markdown's mark of the heading's level.
            folder: where the chart NAME.png is, with a slash at its end; by default beside the document.
        """
        lines = [f"{heading} {self.title}", "", f"`{self.command}`", "", self.setting, "", self.table.markdown()]
        if self.table.conclusions:
            lines += [*(f"- {sentence}" for sentence in self.table.conclusions), ""]
        return "\n".join([*lines, f"![{self.title}]({folder}{self.name}.png)", ""])

    def save(self, folder: Path, figure: "Figure") -> list[Path]:
        """Write NAME.md, NAME.json and NAME.png.

        Args:
            folder: made if it is not there.
            figure: the chart.

        Returns:
            The paths of the files.

        Raises:
            ConfigError: a file cannot be written.
        """
        contents = {
            "md": self.markdown().encode(),
            "json": (json.dumps(self.numbers, indent=1, ensure_ascii=False) + "\n").encode(),
            "png": rendered(figure, "png"),
        }
        paths = []
        for suffix, content in contents.items():
            path = folder / f"{self.name}.{suffix}"
            try:
                folder.mkdir(parents=True, exist_ok=True)
                durable.write(path, content)
            except OSError as error:
                hint = "choose another folder with --out DIR"
                raise ConfigError(f"cannot write {path}: {error.strerror or error}", hint=hint) from error
            paths.append(path)
        return paths


def mean_and_interval(values: Sequence[float], digits: int = 4) -> str:
    """Return the mean ± half of its 95 % interval, `0.8107 ± 0.0061`; of a single value, that value."""
    estimate = Estimate.of(values)
    half = estimate.mean_interval
    return f"{estimate.mean:.{digits}f}" + ("" if half is None else f" ± {half:.{digits}f}")


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: `1 epoch`, `2 epochs`."""
    return f"{number} {noun}" + ("" if number == 1 else "s")
