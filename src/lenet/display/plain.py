"""Plain lines of text, for logs, pipes and many trainings at once. rich is imported when the first display is made."""

import sys
from typing import Any, TextIO

from lenet.display import messages
from lenet.display.protocol import Header
from lenet.display.streams import closable
from lenet.doctor.finding import Finding
from lenet.errors import ConfigError
from lenet.runs.points import ChunkPoint, EpochPoint
from lenet.runs.records import Summary
from lenet.runs.run import Run


class Quiet:
    """Shows notices, findings and interruptions, and nothing else. Its methods are those of `protocol.Display`.

    Args:
        stream: where it prints.
    """

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console

        self.console = Console(file=stream, highlight=False, soft_wrap=True, force_jupyter=False)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: Any) -> None:
        pass

    def download(self, file: str, num_bytes: int) -> Any:
        return None

    def start(self, run: Run, header: Header, notice: str | None, num_epochs: int) -> None:
        if notice:
            self.notice(notice)

    def notice(self, notice: str) -> None:
        self.line(f"NOTICE  {notice}", style="bold yellow")

    def chunk(self, point: ChunkPoint) -> None:
        pass

    def epoch(self, point: EpochPoint) -> None:
        pass

    def finding(self, finding: Finding) -> None:
        from rich.text import Text

        headline, *details = messages.finding_lines(finding)
        self.console.print(Text.assemble((headline, "bold"), *(f"\n{detail}" for detail in details)))

    def interrupted(self, run: Run) -> None:
        self.line(messages.interrupted(run))

    def finish(self, run: Run, summary: Summary) -> None:
        pass

    def line(self, text: str, style: str = "") -> None:
        """Print a line.

        Args:
            text: the line, without markup.
            style: a style of rich, "bold yellow" for example; only a terminal shows it.
        """
        from rich.text import Text

        self.console.print(Text(text, style=style))


class Lines(Quiet):
    """Prints the header, then one line per epoch and one at the end, besides what Quiet shows."""

    def download(self, file: str, num_bytes: int) -> Any:
        self.line(f"downloading {file} ({num_bytes / 1e6:.1f} MB)")

    def start(self, run: Run, header: Header, notice: str | None, num_epochs: int) -> None:
        super().start(run, header, notice, num_epochs)
        for name, text in header:
            self.line(f"{name:<7} {text}")
        self.num_epochs = num_epochs

    def epoch(self, point: EpochPoint) -> None:
        self.line(
            f"epoch {point.epoch:>{len(str(self.num_epochs))}}/{self.num_epochs}  "
            + "  ".join(f"{title} {text.strip()}" for title, text in messages.epoch_cells(point))
        )

    def finish(self, run: Run, summary: Summary) -> None:
        self.line(messages.finished(run, summary))


class Finished:
    """Prints one line for each training of many that is finished, or diverged.

    Args:
        kind: "auto", or "quiet" to print only notices and the trainings that have findings.
        total: number of trainings.
        stream: where to print; stderr by default.

    Raises:
        ConfigError: for another kind.
    """

    def __init__(self, kind: str, total: int, stream: TextIO | None = None) -> None:
        if kind not in ("auto", "quiet"):
            raise ConfigError(f"unknown progress {kind!r}", hint="choose from auto, quiet")
        self.lines = Lines(closable(stream or sys.stderr))
        self.quiet, self.total, self.count = kind == "quiet", total, 0

    def download(self, file: str, num_bytes: int) -> Any:
        return None if self.quiet else self.lines.download(file, num_bytes)

    def notice(self, notice: str | None) -> None:
        if notice:
            self.lines.notice(notice)

    def finished(self, run: Run, name: str = "") -> None:
        """Print the line of a finished training.

        Args:
            run: the training.
            name: what to call it; its directory, recipe and seed by default.
        """
        findings = ", ".join(finding.name for finding in run.findings)
        summary = run.summary
        name = name or f"{run.path}  {summary.recipe}, seed {summary.seed}"
        text = f"{name}  test acc {summary.test_accuracy:.4f}  {summary.seconds:.1f} s"
        self._count(text + (f"  FINDINGS  {findings}" if findings else ""), self.quiet and not findings)

    def diverged(self, name: str) -> None:
        """Print the line of a training whose loss became NaN or infinite.

        Args:
            name: what to call it.
        """
        self._count(f"{name}  diverged", self.quiet)

    def _count(self, text: str, silently: bool) -> None:
        self.count += 1
        if not silently:
            self.lines.line(f"{self.count:>{len(str(self.total))}}/{self.total}  {text}")


class Silent(Quiet):
    """Passes the notices of one training among many to a common display, and shows nothing else.

    Args:
        display: the common display; None drops the notices.
        name: the training's name, put before each notice.
    """

    def __init__(self, display: Finished | None = None, name: str = "") -> None:
        self.display, self.name = display, name

    def start(self, run: Run, header: Header, notice: str | None, num_epochs: int) -> None:
        pass

    def notice(self, notice: str) -> None:
        if self.display is not None:
            self.display.notice(f"{self.name}: {notice}")

    def finding(self, finding: Finding) -> None:
        pass

    def interrupted(self, run: Run) -> None:
        pass
