"""What the training reports while it runs: the methods that a display has. Nothing here or in a display decides anything."""

from types import TracebackType
from typing import Any, Protocol

from lenet.doctor.finding import Finding
from lenet.runs.points import ChunkPoint, EpochPoint
from lenet.runs.records import Summary
from lenet.runs.run import Run

Header = list[tuple[str, str]]


class Display(Protocol):
    """Shows a training. Entered before the first step, left in any case."""

    def __enter__(self) -> Any: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def download(self, file: str, num_bytes: int) -> Any:
        """Return a progress bar for a file being downloaded, or None."""

    def start(self, run: Run, header: Header, notice: str | None, num_epochs: int) -> None:
        """Show, before the first step, what was decided, and what the user must not miss."""

    def notice(self, notice: str) -> None:
        """Show something about this training that the user must not miss."""

    def chunk(self, point: ChunkPoint) -> None:
        """Show the numbers of a chunk of steps."""

    def epoch(self, point: EpochPoint) -> None:
        """Show the numbers of an epoch, after its evaluation."""

    def finding(self, finding: Finding) -> None:
        """Show a finding of the doctor, which the user must not miss either."""

    def interrupted(self, run: Run) -> None:
        """Show that the training was stopped, by Ctrl-C for example, when all is saved."""

    def finish(self, run: Run, summary: Summary) -> None:
        """Show the result, when all is saved."""
