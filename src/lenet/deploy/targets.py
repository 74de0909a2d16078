"""What a trained network or the numbers of runs are exported to, and the one way to write an export: whole, or not at all.

    lenet.export("runs/first", to="onnx", out="first.onnx")
    lenet.export("runs/sweep", to="csv")

A new target is a function `make(trained, **options)`, or for several runs `make(sources, **options)`, that returns an Export,
and a line in TARGETS.
"""

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    """What a trained network, or the numbers of runs, can be exported to.

    Attributes:
        function: "module:name" of the function that makes it; it is called with a Run or TrainedNetwork and the options.
        ending: what follows the run's name in the default of `out`: a suffix for a file, else the end of a folder's name;
            None where the function writes into a store.
        options: the names of its options.
        takes_runs: whether the function is called with the names and paths of any number of runs instead.
    """

    function: str
    ending: str | None
    options: tuple[str, ...]
    takes_runs: bool = False


TARGETS = {
    "onnx": Target("lenet.deploy.onnx.export:make", ".onnx", ("batch", "check", "data", "data_dir")),
    "c": Target("lenet.deploy.c.export:make", "-c", ("int8", "accept_loss", "data", "data_dir")),
    "hub-folder": Target("lenet.deploy.hub.files:make", "-hub", ("data", "data_dir", "licence", "title", "repository")),
    "tensorboard": Target("lenet.deploy.tracking.events:make", "-tensorboard", (), takes_runs=True),
    "mlflow": Target("lenet.deploy.tracking.store:make", None, ("tracking_uri", "experiment"), takes_runs=True),
    "csv": Target("lenet.deploy.tracking.tables:make", "-csv", (), takes_runs=True),
}


@dataclass(frozen=True)
class Export:
    """What a target makes, before anything is written.

    Attributes:
        content: of a file; or of a folder, the contents of its files by their paths in it, with /, perhaps made one by one;
            None if the target has written into a store.
        notes: sentences for the user: what was made, and what was checked.
    """

    content: bytes | Mapping[str, bytes] | Iterator[tuple[str, bytes]] | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Exported:
    """What `export` wrote.

    Attributes:
        path: the file or folder; None for a store such as MLflow's.
        notes: sentences for the user: what was made, and what was checked.
    """

    path: Path | None
    notes: tuple[str, ...]

    def __fspath__(self) -> str:
        if self.path is None:
            raise TypeError("this export wrote into a store, which has no path")
        return str(self.path)


class CheckError(LenetError):
    """An export that does not compute what the network computes; it is not written."""


def export(
    run: "Source | Sequence[Source]", to: str = "onnx", out: str | os.PathLike[str] | None = None, **options: Any
) -> Exported:
    """Write a trained network, or the numbers of runs, in the form that another program takes.

    Args:
        run: a run, its directory, a weights file that lenet wrote (`.safetensors`), or an nn.Module with `classes` that is a
            chain of lenet's layers, such as one that lenet.d2l trained. For "tensorboard", "mlflow" and "csv" a run, its
            directory, a folder that holds runs, such as a sweep's, or several of these.
        to: the target, "onnx", "c", "hub-folder", "tensorboard", "mlflow" or "csv".
        out: the file or folder to write, which must not exist; by default the run's name in the current folder.
        **options: for "onnx", `batch`: images that the network takes at once, or "dynamic" for any number, by default 1;
            `check=True`: compare with what onnxruntime and OpenCV compute over the test set, which `data` and `data_dir`
            name as for `lenet.evaluate`. For "c", `int8=True`: compute in 8-bit integers, whose accuracy is measured on that
            test set; `accept_loss=True`: also write them if they cost more than 0.3 points. For "mlflow", `tracking_uri`: the
            store, by default as MLflow is set up; `experiment`: its name, by default "lenet".

    Returns:
        Where it was written, and sentences about it.

    Raises:
        ConfigError: the target or an option is unknown, or several runs were given for a target that takes one network.
        RunError: the run cannot be read, or `out` exists or cannot be written.
        ModelError: the target cannot express the network, or integers cost too much accuracy.
        DataError: the data of a check are not there.
        MissingExtra: a target or a check needs a package that is not installed.
        CheckError: the export computes something else than the network; nothing is written.
    """
    if to not in TARGETS:
        raise ConfigError(f"unknown target {printable(to)}", hint=choices_hint(str(to), TARGETS))
    target = TARGETS[to]
    for name in options:
        if name not in target.options:
            _refuse(name, to, target)

    sources: Sequence[Any] = run if isinstance(run, list | tuple) else [run]
    if not sources or (len(sources) > 1 and not target.takes_runs):
        raise ConfigError(
            f"{len(sources)} runs are given; {to} takes {'at least one' if target.takes_runs else 'one'}",
            hint="tensorboard, mlflow and csv take any number",
        )
    if target.takes_runs:
        given: Any = _paths(sources)
        name = name_of(given[0]) if len(given) == 1 else "runs"
    else:
        given = _opened(sources[0])
        name = name_of(given.path)
    path = _path(name, target, to, out)
    made: Export = resolve({to: target.function}, to)(given, **options)
    if path is not None and made.content is not None:
        write_new(path, made.content)
    return Exported(path, made.notes)


def _refuse(option: str, to: str, target: Target) -> None:
    """Raise ConfigError for an option that a target has not, named as it is typed."""
    typed, *others = ("--" + name.replace("_", "-") for name in (option, *target.options))
    if not others:
        raise ConfigError(f"{to} has no options; {typed} is given", hint=f"leave {typed} out")
    raise ConfigError(f"{to} has no option {typed}", hint=choices_hint(typed, others))


def _path(name: str, target: Target, to: str, out: str | os.PathLike[str] | None) -> Path | None:
    """Where the export is written; None for a store. Raises LenetError if something is there."""
    if target.ending is None:
        if out is not None:
            raise ConfigError(f"{to} writes no file for --out", hint="leave --out out; --tracking-uri names the store")
        return None
    path = Path(out) if out is not None else Path(name + target.ending)
    must_be_new(path)
    return path


def _paths(sources: Sequence[Any]) -> list[Path]:
    """The names and paths of runs."""
    for source in sources:
        if not isinstance(source, str | os.PathLike):
            raise RunError(
                f"a run is a {type(source).__name__}; expected a run, its directory, or a folder that holds some",
                hint="settings and metrics are in the run directory",
            )
    return [Path(source) for source in sources]


def _opened(source: "Source") -> Any:
    """The trained network of a run, a weights file or a module."""
    from lenet.runs.opening import is_module, open_trained

    trained = open_trained(source)
    if is_module(source):
        from lenet.pytorch.described import as_trained

        trained = as_trained(trained)  # type: ignore[arg-type]  # is_module has found out
    return trained


def write_new(path: Path, content: bytes | Mapping[str, bytes] | Iterator[tuple[str, bytes]]) -> None:
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
            _write_folder(path, content.items() if isinstance(content, Mapping) else content)
    except OSError as error:
        what, hint = durable.explain(error)
        raise RunError(
            f"cannot write {printable(path)}: {what}", hint=f"{hint}, or write elsewhere with --out"
        ) from error


def _write_folder(path: Path, content: Iterable[tuple[str, bytes]]) -> None:
    from lenet.files import durable

    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        for name, part in content:
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
