"""What an investigation leaves: a table, what it says in words, the numbers behind it, and a picture."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from lenet.analysis.statistics import Estimate
from lenet.display.curve import rendered
from lenet.errors import ConfigError
from lenet.files import durable

Rows = list[list[str]]
Table = tuple[list[str], Rows, list[str]]  # titles, rows, and what they say in words


@dataclass(frozen=True)
class Report:
    """name: of its files; setting: how it was measured; numbers: everything the table was made of, as JSON can hold it."""

    name: str
    title: str
    command: str
    setting: str
    titles: list[str]
    rows: Rows
    verdicts: list[str]
    numbers: dict[str, Any]

    def markdown(self, heading: str = "#", folder: str = "") -> str:
        """The report as a document, or a section of one, with its picture in `folder`, by default beside it, as NAME.png."""
        lines = [f"{heading} {self.title}", "", f"`{self.command}`", "", self.setting, ""]
        lines += [markdown(self.titles, self.rows)]
        lines += [*(f"- {verdict}" for verdict in self.verdicts), ""] if self.verdicts else []
        return "\n".join([*lines, f"![{self.title}]({folder}{self.name}.png)", ""])

    def save(self, folder: Path, figure: Figure) -> list[Path]:
        """Writes NAME.md, NAME.json and NAME.png into `folder`; raises ConfigError if that cannot be."""
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


def markdown(titles: Sequence[str], rows: Rows) -> str:
    """A table in Markdown; a `|` inside a cell is escaped."""
    lines = [titles, ["---"] * len(titles), *rows]
    return "".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |\n" for line in lines)


def plus_minus(estimate: Estimate, digits: int = 4) -> str:
    """The mean with half of its 95 % interval: `0.8107 ± 0.0061`; of a single value, the value."""
    half = estimate.of_the_mean
    return f"{estimate.mean:.{digits}f}" + ("" if half is None else f" ± {half:.{digits}f}")
