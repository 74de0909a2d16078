"""The command `lenet explore`: the page that shows what a trained network does."""

from pathlib import Path
from typing import Annotated

import typer

from lenet.cli.options import DataDir, RunPath, announce
from lenet.cli.output import note


def explore(
    run: RunPath,
    other: Annotated[
        Path | None,
        typer.Argument(
            metavar="RUN2", callback=announce, help="A second one of the same classes and image size, to compare with."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The file to write; by default RUN-explorer.html in this folder."),
    ] = None,
    no_open: Annotated[bool, typer.Option("--no-open", help="Do not open it in the browser.")] = False,
    images: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Test images it holds; by default 1,000, or fewer if they are large."),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="The data set of the images, if not the run's own; a weights file needs one."
        ),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Write one HTML file that shows what a network does with an image, and open it.

    Draw or drop an image, and see every layer's output, the arithmetic of every number, why the answer is what it is, the
    mistakes on the test set, and how the network learned. The file works offline; it holds images of the data set.

    Example: lenet explore runs/first
    """
    from lenet.explorer.export import explore as write_page
    from lenet.explorer.export import open_in_browser

    page = write_page(run, other, out=out, open=False, images=images, data=data, data_dir=data_dir)
    for notice in page.notices:
        note(f"note: {notice}")
    note(f"wrote {page.path} ({len(page.content) / 1e6:.1f} MB)")
    if page.path and not no_open and not open_in_browser(page.path):
        note("open it in a browser; this machine has none")
