"""What a person sees while a network trains: a live table on a terminal, plain lines elsewhere, a chart in a notebook.

The trainer calls these methods; nothing here decides anything.
"""

import os
import shutil
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, TextIO, cast

from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, DownloadColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.text import Text

from lenet.display import curve
from lenet.display.style import rendered
from lenet.doctor.finding import Finding
from lenet.errors import ConfigError, quoted
from lenet.runs.points import ChunkPoint, EpochPoint, Point
from lenet.runs.records import Summary
from lenet.runs.run import Run

Header = list[tuple[str, str]]


class Progress(Protocol):
    """What the trainer tells. Entered before the first step, left in any case."""

    def __enter__(self) -> Any: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def download(self, file: str, num_bytes: int) -> Any:
        """A bar for a file being downloaded, or None."""

    def start(self, header: Header, notice: str | None, num_epochs: int) -> None:
        """Before the first step: what was decided, and what must not be missed."""

    def notice(self, notice: str) -> None:
        """Something about this training that must not be missed."""

    def chunk(self, point: ChunkPoint) -> None:
        """After a chunk of steps."""

    def epoch(self, point: EpochPoint) -> None:
        """After the evaluation at the end of an epoch."""

    def finding(self, finding: Finding) -> None:
        """When the doctor has found something: must not be missed either."""

    def interrupted(self, run: Run) -> None:
        """After Ctrl-C or its like, when all is saved."""

    def finish(self, run: Run, summary: Summary) -> None:
        """At the end, when all is saved."""


def choose_progress(kind: "str | Progress", stream: TextIO | None = None) -> Progress:
    """The Progress for "auto" or "quiet" on `stream`, by default stderr; a Progress is returned as it is."""
    if not isinstance(kind, str):
        return kind
    stream = lasting(stream or sys.stderr)
    if kind == "quiet":
        return Quiet(stream)
    if kind != "auto":
        raise ConfigError(f"unknown progress {kind!r}", hint="choose from auto, quiet")
    if in_notebook():
        return Notebook()
    return Terminal(stream) if stream.isatty() else Lines(stream)


def lasting(stream: TextIO) -> TextIO:
    """The stream, which from now on may go away."""
    return cast(TextIO, Lasting(stream))


def in_notebook() -> bool:
    """Whether this is a Jupyter kernel, which can show and replace a picture."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return hasattr(shell, "kernel")


class Lasting:
    """A stream that may go away, as a closed terminal or the other end of a pipe does: the training goes on in silence."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def write(self, text: str) -> int:
        try:
            return self.stream.write(text)
        except OSError:
            self._let_go()
            return len(text)

    def flush(self) -> None:
        try:
            self.stream.flush()
        except OSError:
            self._let_go()

    def _let_go(self) -> None:
        """What is left in the stream, too, goes nowhere from now on, so that Python's end is no error."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.stream.fileno())
        os.close(nowhere)


class Quiet:
    """Says only what must not be missed."""

    def __init__(self, stream: TextIO) -> None:
        self.console = Console(file=stream, highlight=False, soft_wrap=True, force_jupyter=False)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: Any) -> None:
        pass

    def download(self, file: str, num_bytes: int) -> Any:
        return None

    def start(self, header: Header, notice: str | None, num_epochs: int) -> None:
        if notice:
            self.notice(notice)

    def notice(self, notice: str) -> None:
        self.console.print(_notice(notice))

    def chunk(self, point: ChunkPoint) -> None:
        pass

    def epoch(self, point: EpochPoint) -> None:
        pass

    def finding(self, finding: Finding) -> None:
        self.console.print(_found(finding))

    def interrupted(self, run: Run) -> None:
        self.console.print(_stopped(run))

    def finish(self, run: Run, summary: Summary) -> None:
        pass


class Silent(Quiet):
    """One of many trainings: `speaker` speaks for all, and tells only what must not be missed of it, under its name."""

    def __init__(self, speaker: "Finished | None" = None, name: str = "") -> None:
        self.speaker, self.name = speaker, name

    def start(self, header: Header, notice: str | None, num_epochs: int) -> None:
        pass

    def notice(self, notice: str) -> None:
        if self.speaker is not None:
            self.speaker.notice(f"{self.name}: {notice}")

    def finding(self, finding: Finding) -> None:
        pass

    def interrupted(self, run: Run) -> None:
        pass


class Finished:
    """Of many trainings, a line for each that is finished."""

    def __init__(self, kind: str, total: int, stream: TextIO | None = None) -> None:
        if kind not in ("auto", "quiet"):
            raise ConfigError(f"unknown progress {kind!r}", hint="choose from auto, quiet")
        self.lines = Lines(lasting(stream or sys.stderr))
        self.quiet, self.total, self.count = kind == "quiet", total, 0

    def download(self, file: str, num_bytes: int) -> Any:
        return None if self.quiet else self.lines.download(file, num_bytes)

    def notice(self, notice: str | None) -> None:
        self.lines.start([], notice, 0)

    def finished(self, run: Run, name: str = "") -> None:
        self.count += 1
        found = ", ".join(finding.name for finding in run.findings)
        if found or not self.quiet:
            summary = run.summary
            name = name or f"{run.path}  {summary.recipe}, seed {summary.seed}"
            self.lines._line(
                f"{self.count:>{len(str(self.total))}}/{self.total}  {name}  test acc {summary.test_accuracy:.4f}  "
                f"{summary.seconds:.1f} s" + (f"  FINDINGS  {found}" if found else "")
            )


class Lines(Quiet):
    """One plain line per epoch, for logs and pipes."""

    def download(self, file: str, num_bytes: int) -> Any:
        self._line(f"downloading {file} ({num_bytes / 1e6:.1f} MB)")

    def start(self, header: Header, notice: str | None, num_epochs: int) -> None:
        super().start(header, notice, num_epochs)
        for name, text in header:
            self._line(f"{name:<7} {text}")
        self.num_epochs = num_epochs

    def epoch(self, point: EpochPoint) -> None:
        self._line(
            f"epoch {point.epoch:>{len(str(self.num_epochs))}}/{self.num_epochs}  "
            + "  ".join(f"{title} {text.strip()}" for title, text in _cells(point))
        )

    def finish(self, run: Run, summary: Summary) -> None:
        self.console.print(_saved(run, summary))

    def _line(self, text: str) -> None:
        self.console.print(Text(text))


class Terminal(Lines):
    """Finished epochs as the rows of a table, and below them the epoch under way with progress and remaining time."""

    def __enter__(self) -> None:
        self.bars = Bars(
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

    def download(self, file: str, num_bytes: int) -> Any:
        return DownloadBar(self.console, file, num_bytes)

    def start(self, header: Header, notice: str | None, num_epochs: int) -> None:
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
        cells = _cells(point)
        if not self.titles:
            self.titles = [title for title, _ in cells]
            self.console.print(Text("epoch  " + "  ".join(f"{t:>{len(v)}}" for t, v in cells), style="bold"))
        self._line(f"{point.epoch:>5}  " + "  ".join(f"{v:>{len(t)}}" for t, v in cells))

    def interrupted(self, run: Run) -> None:
        self.live.stop()
        super().interrupted(run)

    def finish(self, run: Run, summary: Summary) -> None:
        self.live.stop()
        super().finish(run, summary)


class Notebook(Quiet):
    """One chart, drawn again in place: at the end of an epoch, and in between for at most a tenth of the time."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)
        from IPython.display import display

        self.display = display
        self.points: list[Point] = []

    def start(self, header: Header, notice: str | None, num_epochs: int) -> None:
        super().start(header, notice, num_epochs)
        self.num_epochs = num_epochs
        self.title = header[1][1].split(" (")[0]
        began = time.perf_counter()
        self.handle = self.display(self._chart(), display_id=True)
        self.drawn_at = time.perf_counter()
        self.drawing_seconds = self.drawn_at - began

    def chunk(self, point: ChunkPoint) -> None:
        self.points.append(point)
        if time.perf_counter() - self.drawn_at > 10 * self.drawing_seconds:
            self.handle.update(self._chart())
            self.drawn_at = time.perf_counter()

    def epoch(self, point: EpochPoint) -> None:
        self.points.append(point)
        self.handle.update(self._chart())
        self.drawn_at = time.perf_counter()

    def finish(self, run: Run, summary: Summary) -> None:
        self.console.print(_saved(run, summary))

    def _chart(self) -> Any:
        from IPython.display import SVG

        return SVG(rendered(curve.draw(self.points, self.title, self.num_epochs), "svg"))


class DownloadBar:
    """A progress bar on a terminal, as a download moves it."""

    def __init__(self, console: Console, file: str, num_bytes: int) -> None:
        self.bars = Bars(
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
        self.bars.advance(self.task, num_bytes)

    def reset(self) -> None:
        self.bars.reset(self.task)

    def close(self) -> None:
        self.bars.stop()


def _cells(point: EpochPoint) -> list[tuple[str, str]]:
    """Titles and texts of an epoch's numbers; texts are as wide as their titles or wider."""
    cells = [("train loss", f"{point.train_loss:10.4f}"), ("train acc", f"{point.train_accuracy:9.4f}")]
    if point.validation_accuracy is not None:
        cells.append(("validation acc", f"{point.validation_accuracy:14.4f}"))
    cells += [("test loss", f"{point.test_loss:9.4f}"), ("test acc", f"{point.test_accuracy:8.4f}")]
    return [*cells, ("images/s", f"{point.images_per_second:9,.0f}")]


def program() -> str:
    """How to call lenet from here: by its name if the shell finds it, else by its place beside this Python."""
    beside = Path(sys.executable).with_name("lenet")
    if shutil.which("lenet") or not beside.is_file():
        return "lenet"
    return quoted(beside.relative_to(Path.cwd()) if beside.is_relative_to(Path.cwd()) else beside)


def _notice(text: str) -> Text:
    return Text(f"NOTICE  {text}", style="bold yellow")


def _found(finding: Finding) -> Text:
    where = f"epoch {finding.epoch:g}" if finding.step else "before the first step"
    lines = ("evidence", f"{finding.numbers} ({where})"), ("remedy", finding.remedy)
    return Text.assemble(
        (f"FINDING  {finding.name}: {finding.message}", "bold"),
        *(f"\n         {name:<8}  {text}" for name, text in lines),
    )


def _stopped(run: Run) -> Text:
    return Text(f"stopped; all is saved in {run.path}\nnext    {program()} train --resume {quoted(run.path)}")


def _saved(run: Run, summary: Summary) -> Text:
    epochs = f"{summary.epochs} epoch{'s' if summary.epochs > 1 else ''}"
    return Text(
        f"\ntest accuracy {summary.test_accuracy:.4f} after {epochs} in {summary.seconds:.1f} s"
        f" ({summary.images_per_second:,.0f} images/s in the steps alone, "
        f"{summary.images_per_second_end_to_end:,.0f} with loading, evaluation and saving)\n"
        f"saved   {run.path} (weights, numbers, curve.png)\n"
        f"next    {program()} evaluate {quoted(run.path)} --plot\n"
        f"        {program()} predict {quoted(run.path)} PICTURE"
    )
