"""Writing the explorer's page, opening it in the browser, and showing it in a notebook.

lenet.explore("runs/first")
"""

import html
import os
import sys
import webbrowser
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from lenet.display.notebook import in_notebook
from lenet.errors import ConfigError, RunError
from lenet.files import durable
from lenet.files.names import file_name
from lenet.files.untrusted import printable
from lenet.runs.run import Run

if TYPE_CHECKING:
    from lenet.data.dataset import Splits
    from lenet.runs.opening import Source

ENDING = "-explorer.html"
MARK = b'<script type="application/json" id="data">'  # by which a page of lenet's is known
START = 1 << 20  # bytes of a file in which the mark is looked for
HEIGHT = 900  # pixels, in a notebook


@dataclass(frozen=True)
class Explored:
    """A page that `explore` made. A notebook shows it where it is the last value of a cell.

    Attributes:
        content: the page, UTF-8.
        path: the file; None if nothing was written.
        notices: what the page says is missing, and why; not what opening a run warned of.
    """

    content: bytes
    path: Path | None
    notices: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Explored({str(self.path) if self.path else f'{len(self.content):,} bytes'})"

    def _repr_html_(self) -> str:
        """Return the page in a frame of its own, as notebooks show it."""
        page = html.escape(self.content.decode(), quote=True)
        style = f"width: 100%; height: {HEIGHT}px; border: 1px solid #d5d9e0"
        return f'<iframe title="lenet explorer" srcdoc="{page}" style="{style}"></iframe>'


def explore(
    run: "Source",
    other: "Source | None" = None,
    *,
    out: str | os.PathLike[str] | None = None,
    open: bool | None = None,  # noqa: A002
    images: int | None = None,
    data: "str | os.PathLike[str] | Splits | None" = None,
) -> Explored:
    """Make one HTML file that shows what a trained network does with an image, layer by layer, and how it learned.

        lenet.explore("runs/first")
        lenet.explore("runs/first", "runs/second", out="both.html", open=False)

    The file needs no network and no server, and holds images of the data set: remember that before you send it to others.

    Args:
        run: a run, its directory, a ready-made network, a weights file, one on the Hub, or an nn.Module as for `export`.
        other: a second one, of the same classes and input size, to compare with.
        out: the file, or the folder for it; by default RUN-explorer.html in the current folder. A notebook gets none unless
            one is named. Only pages written by this function are overwritten.
        open: whether to open it in the browser; by default unless this is a notebook, which shows it.
        images: how many test images it holds; by default 1,000, or fewer if they are large.
        data: the data set of the images; by default the run's own. Only a run records that. LENET_DATA names its folder.

    Returns:
        The page, and where it is.

    Raises:
        ConfigError: for a number of images below 1.
        RunError: if a run cannot be read, or the file cannot be written.
        ModelError: if a module is not a chain of lenet's layers.
    """
    from lenet.explorer.page_data import opened

    networks = [opened(each) for each in (run, other) if each is not None]  # once, as opening may warn
    shown = in_notebook()
    path = None if shown and out is None else file_for(networks[0], out)
    made = page_of(*networks, images=images, data=data)
    if path is None:
        return made
    made = write(made, path)
    if open or (open is None and not shown):
        open_in_browser(path)
    return made


def page_of(
    run: "Source",
    other: "Source | None" = None,
    *,
    images: int | None = None,
    data: "str | os.PathLike[str] | Splits | None" = None,
    data_dir: str | None = None,
) -> Explored:
    """Make the page of `explore`, and write nothing. Args and Raises as there; data_dir: where to look for the data first."""
    if images is not None and images < 1:
        raise ConfigError(f"images is {images}; expected at least 1", hint="leave it out: 1,000, if they are small")
    from lenet.explorer.build import page
    from lenet.explorer.page_data import opened, page_data
    from lenet.explorer.static import static
    from lenet.runs.opening import network_of

    networks = [opened(each) for each in (run, other) if each is not None]
    made = page_data(*networks, data=data, data_dir=data_dir, num_images=images)
    without_script = static(made, [network_of(each) for each in networks])
    content = page(made, without_script, title=f"{' · '.join(each['name'] for each in made['runs'])} – lenet explorer")
    warned = {each.stopped.notice for each in networks if isinstance(each, Run) and each.stopped}
    return Explored(content, None, tuple(notice for notice in made["notices"] if notice not in warned))


def open_in_browser(page: Path | str) -> bool:
    """Open a file or an address in the browser; return whether there is one. A browser in the terminal does not count."""
    has_screen = sys.platform in ("win32", "darwin") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME")
    )
    try:
        return has_screen and webbrowser.open(page if isinstance(page, str) else page.absolute().as_uri())
    except (OSError, webbrowser.Error):
        return False


def file_for(run: "Source", out: str | os.PathLike[str] | None = None) -> Path:
    """Return the file for the page of a run, as `explore` has it.

    Args:
        run: the run or network.
        out: the file, or the folder for it; None for the current folder.

    Raises:
        RunError: if the run cannot be read, the folder is not there, or the file is not a page.
    """
    from lenet.explorer.description import name_of
    from lenet.explorer.page_data import opened

    path = Path(out if out is not None else ".")
    network = opened(run)
    if path.is_dir():
        path = path / f"{file_name(name_of(network))}{ENDING}"
    _must_be_ours(path)
    return path


def _must_be_ours(path: Path) -> None:
    """Raise RunError if the file exists and is not a page of lenet's, or its folder does not exist."""
    if not path.absolute().parent.is_dir():
        raise RunError(f"cannot write {printable(path)}: its folder is not there", hint="name another file with --out")
    if not os.path.lexists(path):
        return
    try:
        with path.open("rb") as file:
            is_ours = MARK in file.read(START)
    except OSError:
        is_ours = False
    if not is_ours:
        raise RunError(
            f"{printable(path)} exists and was not written by lenet explore", hint="name another file with --out"
        )


def write(page: Explored, path: Path) -> Explored:
    """Write a page to a file; return it with its path.

    Raises:
        RunError: if the file cannot be written.
    """
    try:
        durable.write(path, page.content)
    except OSError as error:
        what, hint = durable.explain(error)
        raise RunError(
            f"cannot write {printable(path)}: {what}", hint=f"{hint}, or name another file with --out"
        ) from error
    return replace(page, path=path)
