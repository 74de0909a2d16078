"""The options of the commands: those that several share, and those made from the fields of TrainConfig."""

import contextlib
import inspect
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lenet.cli.output import note
from lenet.config import FIELDS, MODEL_FIELDS, TYPES
from lenet.configuration import RECIPES
from lenet.registry import READY

if TYPE_CHECKING:
    from lenet.distributed.cluster import RayExecutor

Command = Callable[..., None]


def announce(run: Any) -> Any:
    """Print a note where a name stands for a ready-made network, unless opening it warns anyway; returns `run`."""
    from lenet.runs import naming

    for path in run if isinstance(run, list) else [run]:
        named = naming.find(path) if path is not None else None
        if named and named.ready and not named.notice:
            note(f"note: {path} is the ready-made network, not a run of yours")
    return run


RUN_HELP = (
    "A run directory, a weights file written by lenet (.safetensors), a network on the Hub (hf://user/name), or a ready-made "
    f"one: {', '.join(READY)}."
)
RunPath = Annotated[Path, typer.Argument(metavar="RUN", callback=announce, help=RUN_HELP)]
DataDir = Annotated[str | None, typer.Option(metavar="DIR", help=FIELDS["data_dir"].metadata["help"])]
Device = Annotated[str, typer.Option(metavar="NAME", help=FIELDS["device"].metadata["help"])]
Ray = Annotated[
    str | None,
    typer.Option(
        "--ray",
        metavar="auto|HOST:PORT",
        help="Compute on the Ray cluster with its head there; auto: on the one that runs here, or else on one that is "
        "started on this machine.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one line of JSON on stdout, and everything else on stderr.")]

METAVARS: dict[Any, str] = {int: "N", int | None: "N", float: "X", float | None: "X", tuple[int, ...] | None: "N,N"}
OWN_METAVARS = {
    "data_dir": "DIR",
    "teacher": "RUN",
    "checkpoint_every": "INTERVAL",
    "class_weights": "X,X",
    "size": "N[,N]",
}


@contextlib.contextmanager
def on_ray(address: str | None) -> "Iterator[RayExecutor | None]":
    """Join the cluster that --ray names, and say on stderr what it has.

    Args:
        address: as it was typed; None for trainings in this process.

    Yields:
        What does trainings there, for `sweep`.
    """
    if address is None:
        yield None
        return
    from lenet.distributed.cluster import connect

    with connect(address) as executor:
        note(executor.describe())
        yield executor


def flag(name: str) -> str:
    """The option as it is typed: `--learning-rate` for `learning_rate`."""
    return "--" + name.replace("_", "-")


def settings_options(names: Iterable[str], *, with_defaults: bool = True) -> Callable[[Command], Command]:
    """Replace a command's `**settings` by an option for each of these fields of TrainConfig.

    The values stay the texts that were typed: `lenet.config` converts and checks them, so that limits and messages are the
    same on the command line and in Python.
    """

    def decorate(command: Command) -> Command:
        own = inspect.signature(command).parameters.values()
        parameters = [parameter for parameter in own if parameter.kind is not inspect.Parameter.VAR_KEYWORD]
        parameters += [_option(name, with_defaults) for name in names]
        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # typer reads the options from it
        command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return command

    return decorate


model_options = settings_options(MODEL_FIELDS, with_defaults=False)


def _option(name: str, with_default: bool) -> inspect.Parameter:
    spec, kind = FIELDS[name], TYPES[name]
    text = spec.metadata["help"]
    if spec.metadata["choices"]:
        text += f" One of {', '.join(spec.metadata['choices'])}."
    if with_default and spec.default not in (None, False, 0):
        decided = name != "recipe" and any(vars(recipe)[name] != spec.default for recipe in RECIPES.values())
        text += f"  [{'fast' if decided else 'default'}: {spec.default}]"
    option = typer.Option(metavar=OWN_METAVARS.get(name, METAVARS.get(kind, "NAME")), help=text)
    if kind is bool:
        option = typer.Option(help=text)
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[bool | None if kind is bool else str | None, option],
    )
