"""A live table on a terminal, and a progress bar for downloads."""

from typing import Any

from rich.console import Console
from rich.live import Live
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from lenet.display import messages
from lenet.display.plain import Lines
from lenet.display.protocol import Header
from lenet.runs.points import ChunkPoint, EpochPoint
from lenet.runs.records import Summary
from lenet.runs.run import Run


class Terminal(Lines):
    """Shows finished epochs as rows of a table, and below them a progress bar with the elapsed and the remaining time.

    Args:
        stream: the terminal.
    """

    def __enter__(self) -> None:
        self.bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.percentage:.0f} %"),
            TimeElapsedColumn(),
            TextColumn("remaining"),
            TimeRemainingColumn(),
            console=self.console,
        )
        self.task: TaskID | None = None
        self.live = Live(self.bars, console=self.console, refresh_per_second=5, transient=True)

    def __exit__(self, *_: Any) -> None:
        self.live.stop()

    def download(self, file: str, num_bytes: int) -> "DownloadBar":
        return DownloadBar(self.console, file, num_bytes)

    def start(self, run: Run, header: Header, notice: str | None, num_epochs: int) -> None:
        if notice:
            self.notice(notice)
        for name, text in header:
            self.console.print(Text.assemble((f"{name:<7} ", "bold"), text))
        self.console.print()
        self.num_epochs = num_epochs
        self.titles: list[str] = []
        self.task = self.bars.add_task("", total=num_epochs)
        self.live.start()

    def chunk(self, point: ChunkPoint) -> None:
        if self.task is not None:
            self.bars.update(
                self.task,
                completed=point.epoch,
                description=f"epoch {int(point.epoch - 1e-9) + 1}/{self.num_epochs}  "
                f"loss {point.train_loss:.4f}  {point.images_per_second:,.0f} images/s",
            )

    def epoch(self, point: EpochPoint) -> None:
        cells = messages.epoch_cells(point)
        if not self.titles:
            self.titles = [title for title, _ in cells]
            self.line("epoch  " + "  ".join(f"{title:>{len(text)}}" for title, text in cells), style="bold")
        self.line(f"{point.epoch:>5}  " + "  ".join(f"{text:>{len(title)}}" for title, text in cells))

    def interrupted(self, run: Run) -> None:
        self.live.stop()
        super().interrupted(run)

    def finish(self, run: Run, summary: Summary) -> None:
        self.live.stop()
        super().finish(run, summary)


class DownloadBar:
    """A progress bar for one download, with the methods that `lenet.data.download` calls.

    Args:
        console: where it is drawn.
        file: name of the file being downloaded.
        num_bytes: size of the file.
    """

    def __init__(self, console: Console, file: str, num_bytes: int) -> None:
        self.bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self.task = self.bars.add_task(f"downloading {file}", total=num_bytes)
        self.total = num_bytes
        self.bars.start()

    def update(self, num_bytes: int) -> None:
        """Advance the bar by as many bytes as were received since the last call."""
        self.bars.advance(self.task, num_bytes)

    def reset(self) -> None:
        """Start again from zero bytes, as another source is tried."""
        self.bars.reset(self.task)

    def close(self) -> None:
        """Remove the bar."""
        self.bars.stop()
