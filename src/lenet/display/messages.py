"""The texts that displays show: numbers of an epoch, findings, the result and the next commands."""

import shutil
import sys
from pathlib import Path

from lenet.doctor.finding import Finding
from lenet.errors import quoted
from lenet.runs.points import EpochPoint
from lenet.runs.records import Summary
from lenet.runs.run import Run


def epoch_cells(point: EpochPoint) -> list[tuple[str, str]]:
    """Return titles and texts of an epoch's numbers; texts are at least as wide as their titles."""
    cells = [("train loss", f"{point.train_loss:10.4f}"), ("train acc", f"{point.train_accuracy:9.4f}")]
    if point.validation_accuracy is not None:
        cells.append(("validation acc", f"{point.validation_accuracy:14.4f}"))
    cells += [("test loss", f"{point.test_loss:9.4f}"), ("test acc", f"{point.test_accuracy:8.4f}")]
    return [*cells, ("images/s", f"{point.images_per_second:9,.0f}")]


def finding_lines(finding: Finding) -> list[str]:
    """Return a finding's headline, and its evidence and remedy."""
    position = f"epoch {finding.epoch:g}" if finding.step else "before the first step"
    return [
        f"FINDING  {finding.name}: {finding.message}",
        f"         evidence  {finding.numbers} ({position})",
        f"         remedy    {finding.remedy}",
    ]


def interrupted(run: Run) -> str:
    """Return the text for a stopped training, with the command that resumes it."""
    return f"stopped; all is saved in {run.path}\nnext    {program()} train --resume {quoted(run.path)}"


def finished(run: Run, summary: Summary) -> str:
    """Return the text for a finished training, with the commands that may come next."""
    epochs = f"{summary.epochs} epoch{'s' if summary.epochs > 1 else ''}"
    kept = f" of epoch {summary.kept_epoch}, the best on the validation images," if summary.kept_epoch else ""
    ended = f"ended   {summary.ended}\n" if summary.ended else ""
    return (
        f"\ntest accuracy {summary.test_accuracy:.4f}{kept} after {epochs} in {summary.seconds:.1f} s"
        f" ({summary.images_per_second:,.0f} images/s in the steps alone, "
        f"{summary.images_per_second_end_to_end:,.0f} with loading, evaluation and saving)\n"
        f"{ended}saved   {run.path} (weights, numbers, curve.png)\n"
        f"next    {program()} evaluate {quoted(run.path)} --plot\n"
        f"        {program()} predict {quoted(run.path)} IMAGE"
    )


def program() -> str:
    """Return how to call lenet from here: by name if the shell finds it, else by its path beside this Python."""
    beside = Path(sys.executable).with_name("lenet")
    if shutil.which("lenet") or not beside.is_file():
        return "lenet"
    return quoted(beside.relative_to(Path.cwd()) if beside.is_relative_to(Path.cwd()) else beside)
