"""The command `lenet export`: a trained network in the form that another program takes."""

from pathlib import Path
from typing import Annotated, Any

import typer

from lenet.cli import messages
from lenet.cli.options import RunPath
from lenet.cli.output import note, say
from lenet.deploy.targets import TARGETS


def export(
    run: RunPath,
    to: Annotated[str, typer.Option(metavar="TARGET", help=f"What to write: {', '.join(TARGETS)}.")],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH", help="Where to write it; by default under the run's name in this folder. It must not exist."
        ),
    ] = None,
    batch: Annotated[
        str | None,
        typer.Option(metavar="N", help="onnx: images at once, or dynamic for any number.  [default: 1]"),
    ] = None,
) -> None:
    """Write a trained network for other programs.

    onnx: one file for onnxruntime, OpenCV, browsers and converters. It takes pixels divided by 255, contains the
    normalisation, and computes logits and probabilities.

    Example: lenet export runs/first --to onnx
    """
    from lenet.deploy import targets

    given: dict[str, Any] = {"batch": batch}
    options = {name: value for name, value in given.items() if value is not None and value is not False}
    try:
        exported = targets.export(run, to, out, **options)
    except targets.CheckError as error:
        messages.print_error(error, "export")
        raise typer.Exit(messages.BUG) from error
    for text in exported.notes:
        say(text)
    note(f"wrote {exported.path}")
