"""The commands `lenet explore` and `lenet watch`: the page that shows what a trained network does, and how it learns."""

import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from lenet.cli.options import DataDir, RunPath, announce
from lenet.cli.output import note
from lenet.errors import ConfigError
from lenet.explorer.live import LOOPBACK, lower_priority, served
from lenet.explorer.server import Answer, PageServer

Host = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help=f"The address to serve at; 0.0.0.0 for every machine in this network.  [default: {LOOPBACK}]",
    ),
]
Port = Annotated[
    int | None, typer.Option(metavar="N", min=0, max=65_535, help="The port to serve at; by default any that is free.")
]


def explore(
    run: RunPath,
    other: Annotated[
        Path | None,
        typer.Argument(
            metavar="RUN2",
            callback=announce,
            help="A second run or network with the same classes and image size, to compare with.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The file to write; by default RUN-explorer.html in this folder."),
    ] = None,
    no_open: Annotated[bool, typer.Option("--no-open", help="Do not open the page in the browser.")] = False,
    images: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Test images in the page; by default 1,000, or fewer if they are large."),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="The data set of the images, if not the run's own; a weights file needs one."
        ),
    ] = None,
    data_dir: DataDir = None,
    serve: Annotated[
        bool, typer.Option("--serve", help="Serve the page, for this machine or with --host for phones; write no file.")
    ] = False,
    host: Host = None,
    port: Port = None,
) -> None:
    """Write one HTML file that shows what a network does with an image, and open it.

    Draw or drop an image, and see every layer's output, the arithmetic of every number, why the answer is what it is, the
    mistakes on the test set, and how the network learned. The file works offline; it holds images of the data set.

    Example: lenet explore runs/first
    """
    if not serve and (host or port):
        raise ConfigError(
            "--host and --port apply only to a page that is served", hint="add --serve, or leave them out"
        )
    if serve and out:
        raise ConfigError("--serve writes no file, and --out names one", hint="leave one of them out")
    from lenet.explorer.export import file_for, open_in_browser, page_of, write
    from lenet.explorer.page_data import opened

    networks = [opened(each) for each in (run, other) if each is not None]  # once, as opening may warn
    path = None if serve else file_for(networks[0], out)
    page = page_of(*networks, images=images, data=data, data_dir=data_dir)
    _print_notices(page.notices)
    if path is None:
        routes = {("GET", ""): lambda query: Answer.html(page.content)}
        run_server(PageServer(host or LOOPBACK, port or 0, routes), is_opened=not no_open)
        return
    write(page, path)
    note(f"wrote {path} ({len(page.content) / 1e6:.1f} MB)")
    if not no_open and not open_in_browser(path):
        note("open it in a browser; this machine has none")


def watch(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run directory; its training may still be running.")],
    no_open: Annotated[bool, typer.Option("--no-open", help="Do not open the page in the browser.")] = False,
    data_dir: DataDir = None,
    host: Host = None,
    port: Port = None,
) -> None:
    """Serve the page of a run, which follows its training live.

    The page has the newest checkpoint's weights and every new point of the curves, and a button that saves and stops the
    training, as Ctrl-C in its terminal does. The page is still served when the training ends. Ctrl-C here ends only this
    command.

    Example: lenet watch runs/first
    """
    server = served(run, host or LOOPBACK, port or 0, data_dir)
    lower_priority()
    run_server(server, is_opened=not no_open)


def run_server(server: PageServer, *, is_opened: bool) -> None:
    """Serve until Ctrl-C or SIGTERM; print where, and warn if others in the network can see it."""
    from lenet.explorer.export import open_in_browser

    with server:
        if server.is_public:
            note(
                "warning: everyone in this network who has this address can see the page and the images in it, and use its "
                "buttons; nothing is encrypted"
            )
        note(f"serving {server.url}; Ctrl-C ends it")
        if is_opened:
            open_in_browser(server.url)
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()


def _print_notices(notices: Iterable[str]) -> None:
    for notice in notices:
        note(f"note: {notice}")
