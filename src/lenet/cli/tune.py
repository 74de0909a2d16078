"""The command `lenet tune`: a search for the best settings."""

from pathlib import Path
from typing import Annotated, Any

import typer

from lenet.cli.lab import _repeatable
from lenet.cli.options import Json, Ray, on_ray, settings_options
from lenet.cli.output import note, print_report
from lenet.cli.train import check_data
from lenet.config import FIELDS
from lenet.errors import ConfigError

OWN = ("threads", "snapshots", "strict", "checkpoint_every", "patience", "keep")  # that a search decides itself
SETTINGS = [name for name in FIELDS if name not in OWN]


@settings_options(SETTINGS)
def tune(
    search: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=BOUNDS",
            help="Search a setting: learning-rate=1e-4..1e-1:log, channels=4..32, batch-size=16..128:step=16, or choices: "
            "activation=relu,tanh. Repeat the option for each setting.",
        ),
    ] = None,
    trials: Annotated[
        int | None, typer.Option(metavar="N", help="Trials in all.  [default: 100, without --seconds]", min=1)
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option(metavar="X", help="Start no further trial after this many seconds.  [default: no limit]"),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(metavar="N", help="Trials that run at the same time.  [default: one for each core]", min=1),
    ] = None,
    objective: Annotated[
        str, typer.Option(metavar="NAME", help="accuracy or loss, on the held-out images.")
    ] = "accuracy",
    sampler: Annotated[
        str, typer.Option(metavar="NAME", help="tpe, which learns from the trials so far, or random.")
    ] = "tpe",
    pruner: Annotated[
        str,
        typer.Option(metavar="NAME", help="How bad trials are stopped early: median, halving or none."),
    ] = "median",
    storage: Annotated[str, typer.Option(metavar="NAME", help="File of the trials: journal or sqlite.")] = "journal",
    final_seeds: Annotated[
        int,
        typer.Option(
            metavar="N",
            help="Train the best settings and the recipe with this many seeds, and test them; 0 to skip this.",
            min=0,
        ),
    ] = 10,
    out: Annotated[Path, typer.Option(metavar="DIR", help="The folder of the search.")] = Path("runs/tune"),
    ray: Ray = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Do not print a line for each trial.")] = False,
    json_: Json = False,
    **settings: Any,
) -> None:
    """Search for the best settings.

    Trains with one choice of settings after another, each on one thread and as many at once as there are cores, and judges
    them by held-out images, never by the test set: by --validation N of the training images, or else a sixth of them, at most
    10,000. Prints the best trials and what mattered. Then trains the best settings and the recipe with ten seeds, and reports
    what they reach on the test set. Needs the extra optuna.

    The same command resumes an interrupted search; started twice in one folder, the two share the work.

    Example: lenet tune --search learning-rate=1e-4..1e-1:log --search channels=4..32 --epochs 1 --seconds 600
    """
    given = _given(search or [])
    recipe, data = settings.pop("recipe"), settings.pop("data")
    if data is not None:
        check_data(data)

    from lenet.sweeps.tune import tune as tuning

    plan = {"trials": trials, "seconds": seconds, "workers": workers, "objective": objective, "sampler": sampler}
    plan |= {"pruner": pruner, "storage": storage, "final_seeds": final_seeds}
    progress = "quiet" if quiet else "auto"
    with _repeatable(), on_ray(ray) as executor:
        result = tuning.tune(
            data, search=given, recipe=recipe, out=out, progress=progress, executor=executor, **plan, **settings
        )
    print_report(result.report, [out / f"{tuning.NAME}.{suffix}" for suffix in ("md", "json", "png", "csv")], json_)
    if not json_:
        note(
            f"the final runs are in {out / 'runs'}"
            if final_seeds
            else "--final-seeds 0: nothing was measured on the test set"
        )


def _given(texts: list[str]) -> dict[str, str]:
    """The bounds by setting, from `NAME=BOUNDS`."""
    given: dict[str, str] = {}
    for text in texts:
        name, equals, bounds = text.partition("=")
        if not (name and equals and bounds):
            hint = "such as --search learning-rate=1e-4..1e-1:log or --search activation=relu,tanh"
            raise ConfigError(f"--search is {text!r}; expected NAME=BOUNDS", hint=hint)
        name = name.strip().removeprefix("--").replace("_", "-")  # as it is typed, for messages
        if name in given:
            raise ConfigError(f"--search gives {name} twice", hint="give each setting one range")
        given[name] = bounds
    return given
