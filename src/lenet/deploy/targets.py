"""What a trained network can be exported to, and the one way to write an export: whole, or not at all.

    lenet.export("runs/first", to="onnx", out="first.onnx")

A new target is a function `make(trained, **options)` that returns an Export, and a line in TARGETS.
"""

import contextlib
import os
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lenet.errors import ConfigError, LenetError, RunError, choices_hint
from lenet.files.untrusted import printable
from lenet.registry import resolve

if TYPE_CHECKING:
    from lenet.runs.opening import Source


@dataclass(frozen=True)
class Target:
    """What a trained network can be exported to.

    Attributes:
        function: "module:name" of the function that makes it; it is called with a Run or TrainedNetwork and the options.
        ending: what follows the run's name in the default of `out`: a suffix for a file, else the end of a folder's name.
        options: the names of its options.
    """

    function: str
    ending: str
    options: tuple[str, ...]


TARGETS = {
    "onnx": Target("lenet.deploy.onnx.export:make", ".onnx", ("batch", "check", "data", "data_dir")),
    "c": Target("lenet.deploy.c.export:make", "-c", ("int8", "accept_loss", "data", "data_dir")),
    "hub-folder": Target("lenet.deploy.hub.files:make", "-hub", ("data", "data_dir", "licence", "title", "repository")),
}


@dataclass(frozen=True)
class Export:
    """What a target makes, before anything is written.

    Attributes:
        content: of a file; or of a folder, the contents of its files by their paths in it, with /.
        notes: sentences for the user: what was made, and what was checked.
    """

    content: bytes | Mapping[str, bytes]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Exported:
    """What `export` wrote.

    Attributes:
        path: the file or folder.
        notes: sentences for the user: what was made, and what was checked.
    """

    path: Path
    notes: tuple[str, ...]

    def __fspath__(self) -> str:
        return str(self.path)


class CheckError(LenetError):
    """An export that does not compute what the network computes; it is not written."""


def export(run: "Source", to: str = "onnx", out: str | os.PathLike[str] | None = None, **options: Any) -> Exported:
    """Write a trained network in the form that another program takes.

    Args:
        run: a run, its directory, a weights file that lenet wrote (`.safetensors`), or an nn.Module with `classes` that is a
            chain of lenet's layers, such as one that lenet.d2l trained.
        to: the target, "onnx", "c" or "hub-folder".
        out: the file or folder to write, which must not exist; by default the run's name in the current folder.
        **options: for "onnx", `batch`: images that the network takes at once, or "dynamic" for any number, by default 1;
            `check=True`: compare with what onnxruntime and OpenCV compute over the test set, which `data` and `data_dir`
            name as for `lenet.evaluate`. For "c", `int8=True`: compute in 8-bit integers, whose accuracy is measured on that
            test set; `accept_loss=True`: also write them if they cost more than 0.3 points.

    Returns:
        Where it was written, and sentences about it.

    Raises:
        ConfigError: the target or an option is unknown.
        RunError: the run cannot be read, or `out` exists or cannot be written.
        ModelError: the target cannot express the network, or integers cost too much accuracy.
        DataError: the data of a check are not there.
        MissingExtra: a check needs a package that is not installed.
        CheckError: the export computes something else than the network; nothing is written.
    """
    if to not in TARGETS:
        raise ConfigError(f"unknown target {printable(to)}", hint=choices_hint(str(to), TARGETS))
    target = TARGETS[to]
    for name in options:
        if name not in target.options:
            raise ConfigError(f"the target {to} has no option {name}", hint=choices_hint(name, target.options))

    from lenet.runs.opening import is_module, open_trained

    trained = open_trained(run)
    if is_module(run):
        from lenet.pytorch.described import as_trained

        trained = as_trained(trained)  # type: ignore[arg-type]  # is_module has found out
    path = Path(out) if out is not None else Path(name_of(trained.path) + target.ending)
    must_be_new(path)
    made: Export = resolve({to: target.function}, to)(trained, **options)
    write_new(path, made.content)
    return Exported(path, made.notes)


def write_new(path: Path, content: bytes | Mapping[str, bytes]) -> None:
    """Write a new file, or a new folder with its files, atomically; missing parent folders are made.

    Raises:
        RunError: if it exists, or cannot be written; nothing is left of it then.
    """
    from lenet.files import durable

    must_be_new(path)
    try:
        durable.make_folders(path.absolute().parent)
        if isinstance(content, bytes):
            durable.write(path, content)
        else:
            _write_folder(path, content)
    except OSError as error:
        what, hint = durable.explain(error)
        raise RunError(
            f"cannot write {printable(path)}: {what}", hint=f"{hint}, or write elsewhere with --out"
        ) from error


def _write_folder(path: Path, content: Mapping[str, bytes]) -> None:
    from lenet.files import durable

    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        for name, part in content.items():
            file = temporary / name
            durable.make_folders(file.absolute().parent)
            durable.write(file, part)
        os.rename(temporary, path)  # noqa: PTH104  # a call of the system, as in durable.py
    except BaseException:
        with contextlib.suppress(OSError):
            shutil.rmtree(temporary)
        raise
    durable.sync_folder(path.absolute().parent)


def must_be_new(path: Path) -> None:
    """Raise RunError if something is there."""
    if os.path.lexists(path):
        raise RunError(f"{printable(path)} exists", hint="name another with --out, or remove it")


def name_of(path: Path) -> str:
    """Return the name of a run directory, of a weights file without its suffix, or of a network from the Hub."""
    from lenet.runs.hub.address import name_in_cache

    return name_in_cache(path) or (path.stem if path.suffix == ".safetensors" else path.absolute().name)
