"""The command `lenet sweep`: trainings that differ in settings and seeds, and their comparison."""

import json
import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from lenet.cli.lab import Quiet, _repeatable
from lenet.cli.options import Json, Ray, on_ray, settings_options
from lenet.cli.output import print_report, print_table, say
from lenet.cli.train import check_data
from lenet.config import FIELDS
from lenet.errors import ConfigError

SETTINGS = [name for name in FIELDS if name not in ("seed", "threads", "snapshots", "strict")]


@settings_options(SETTINGS)
def sweep(
    spec: Annotated[
        Path | None,
        typer.Argument(metavar="SPEC", help="A TOML file with [base], [vary] or [[variation]], and seeds."),
    ] = None,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUES",
            help="Vary a setting: activation=relu,tanh. Several of them are combined, each value with each. Lists of numbers "
            "are separated by slashes: channels=6,16/12,32; the word default stands for a setting as it is without --vary.",
        ),
    ] = None,
    seeds: Annotated[
        str | None,
        typer.Option(metavar="N", help="Trainings of each variation, or their seeds, such as 0,3,7.  [default: 5]"),
    ] = None,
    against: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="What each variation is compared with: first, best (needs held-out images), or a variation's name.",
        ),
    ] = "first",
    out: Annotated[Path, typer.Option(metavar="DIR", help="The folder of runs and results.")] = Path("runs/sweep"),
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the trainings and their number, and train nothing.")
    ] = False,
    ray: Ray = None,
    quiet: Quiet = False,
    json_: Json = False,
    **settings: Any,
) -> None:
    """Train a network with different settings and seeds.

    Prints a table of the accuracies with intervals, and compares each variation with the first, seed by seed, corrected for
    the number of comparisons; writes both and a chart as Markdown, JSON, CSV and PNG. Every training has one thread, and as
    many run at once as there are cores.

    The same command resumes an interrupted sweep. With more values or seeds, only what is missing is trained; a sweep of
    other settings needs a folder of its own.

    Example: lenet sweep --vary activation=relu,tanh --seeds 10 --epochs 2 --out runs/activations
    """
    from lenet.sweeps import folder
    from lenet.sweeps.spec import Draft
    from lenet.sweeps.written import read_toml, with_options

    if spec is None and not vary and seeds is None:
        hint = "add --vary activation=relu,tanh, or only --seeds 10, or name a TOML file"
        raise ConfigError("there is nothing to vary", hint=hint)
    plan = with_options(read_toml(spec) if spec else Draft(), settings, vary or [], seeds).spec()
    for name in {config.data for config in plan.configs.values()}:
        check_data(name)
    _check_against(against, plan)
    folder.check(out, plan)
    if dry_run:
        _print_plan(plan, json_)
        return

    from lenet.sweeps.sweep import perform, save

    with _repeatable(), on_ray(ray) as executor:
        result = perform(plan, out, progress="quiet" if quiet else "auto", executor=executor)
        report = result.report(against, shlex.join(["lenet", *sys.argv[1:]]))
        print_report(report, save(result, report), json_)


def _check_against(against: str, plan: Any) -> None:
    """Raise ConfigError, before anything is trained, for a variation that is not there or cannot be chosen."""
    from lenet.data.own.path import own_path

    if against not in ("first", "best", *plan.variations):
        raise ConfigError(f"--against is {against}; expected first, best or {', '.join(plan.variations)}")
    configs = plan.configs.values()  # people's own images may have a validation set, which is known later
    if against == "best" and not all(config.validation or own_path(config.data) for config in configs):
        hint = "add --validation 5000, or compare with the first"
        raise ConfigError("no images are held out to choose the best by; the test set is not used to choose", hint=hint)


def _print_plan(plan: Any, as_json: bool) -> None:
    """Print what would be trained."""
    total = len(plan.variations) * len(plan.seeds)
    if as_json:
        say(json.dumps({"variations": [*plan.variations], "seeds": plan.seeds, "trainings": total}))
        return
    from lenet.analysis.report import counted

    seeds = ",".join(map(str, plan.seeds))
    print_table(["variation", "seeds"], [[name, seeds] for name in plan.variations])
    numbers = f"{counted(len(plan.variations), 'variation')} with {counted(len(plan.seeds), 'seed')}"
    say(f"{counted(total, 'training')}: {numbers}")
