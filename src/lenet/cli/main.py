"""The command line: one function per command, each parse → call the library → print. Nothing else.

What was asked for goes to stdout, everything else to stderr; with --json all but that goes to stderr. A user's mistake
ends with `error: …`, `hint: …` and exit code 2.
"""

import contextlib
import inspect
import json
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from lenet.config import FIELDS, RECIPES, TYPES
from lenet.errors import ConfigError, LenetError, quoted
from lenet.files import untrusted
from lenet.recipes import DEFAULT_RECIPE
from lenet.training.interrupts import orderly_end
from lenet.version import __version__

if TYPE_CHECKING:
    from lenet.analysis.report import Report

app = typer.Typer(
    name="lenet",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="Train, evaluate and use the small convolutional networks of the LeNet family.",
    epilog="Example: lenet train --data fashion-mnist --recipe fast",
)
data_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Look at, fetch and check the data sets.",
    epilog="Example: lenet data list",
)
app.add_typer(data_app, name="data")

DataDir = Annotated[
    str | None, typer.Option(help="Folder to look for the data in, before the cache.  [env: LENET_DATA]")
]
Json = Annotated[bool, typer.Option("--json", help="One line of JSON on stdout; all else on stderr.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")]
RunPath = Annotated[
    Path, typer.Argument(metavar="RUN", help="A run directory, or a weights file of lenet (.safetensors).")
]


def main() -> NoReturn:
    """The entry point: runs a command, and turns errors into messages and exit codes."""
    arguments = sys.argv[1:]
    until = arguments.index("--") if "--" in arguments else len(arguments)
    debug = "--debug" in arguments[:until]  # wherever it stands
    arguments = [a for a in arguments[:until] if a != "--debug"] + arguments[until:]
    try:
        with orderly_end():
            app(args=arguments, prog_name="lenet")
    except LenetError as error:
        if debug:
            traceback.print_exc()
        typer.echo(f"error: {error}", err=True)
        sys.exit(2)
    except Exception as error:
        if debug:
            traceback.print_exc()
        if _is_out_of_memory(error):
            typer.echo("error: this program is out of memory", err=True)
            typer.echo("hint: end other programs, or give it less to do at a time", err=True)
            sys.exit(2)
        typer.echo(f"error: {type(error).__name__}: {error}", err=True)
        typer.echo("hint: this is a fault of lenet; the same command with --debug shows where", err=True)
        sys.exit(1)
    sys.exit(0)


def _is_out_of_memory(error: Exception) -> bool:
    """Of what nobody explained; PyTorch, if it is not in memory yet, is not taken there now."""
    memory = sys.modules.get("lenet.pytorch.memory")
    return memory.is_out_of_memory(error) if memory else isinstance(error, MemoryError)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"lenet {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error; stands anywhere.")] = False,
) -> None:
    pass


def _train(
    resume: Path | None, out: Path | None, rescue: Path | None, quiet: bool, json_: bool, **settings: Any
) -> None:
    """Train a network.

    Saves weights, numbers and a chart in a run directory.

    Without flags: the recipe fast on Fashion-MNIST, or on the built-in digits where Fashion-MNIST cannot be had.
    The recipes are fast, sprint, book-sgd, book-adam and book-adam-01; every other flag changes one thing about the recipe.
    """
    from lenet.display.progress import choose_progress
    from lenet.training import train

    show = choose_progress("quiet" if quiet else "auto", sys.stderr if json_ or quiet else sys.stdout)
    try:
        if resume is not None:
            given = [
                name for name, value in settings.items() if value is not None and name not in ("data_dir", "epochs")
            ]
            if given or out is not None:
                raise ConfigError(
                    f"--resume goes on with the settings of the run; {_flag(given[0]) if given else '--out'} "
                    "cannot change them",
                    hint="leave it out, or start a new training without --resume",
                )
            where = {name: settings[name] for name in ("data_dir", "epochs")}
            run = train.resume(resume, **where, rescue=rescue, progress=show)
        else:
            recipe = settings.pop("recipe") or DEFAULT_RECIPE
            run = train.train(recipe=recipe, out=out, rescue=rescue, progress=show, **settings)
    except train.Interrupted as stop:
        raise typer.Exit(stop.exit_code) from None
    if json_:
        typer.echo(json.dumps(run.summary))


def _train_signature() -> inspect.Signature:
    """The flags of `lenet train`: its own, then one for each field of TrainConfig."""

    def flag(name: str, kind: Any, *declarations: str, default: Any = None, **options: Any) -> inspect.Parameter:
        return inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=default,
            annotation=Annotated[kind, typer.Option(*declarations, **options)],
        )

    parameters = [
        flag("out", Path | None, metavar="DIR", help="The run directory; by default runs/DATE-TIME-DATA-MODEL."),
        flag(
            "resume",
            Path | None,
            metavar="RUN",
            help="Go on with an interrupted run; with --epochs also a finished one.",
        ),
        flag(
            "rescue",
            Path | None,
            metavar="DIR",
            help="Go on in this folder if the run directory can no longer be written.",
        ),
        flag("quiet", bool, "--quiet", default=False, help="Say nothing but what must not be missed."),
        flag("json_", bool, "--json", default=False, help="One line of JSON on stdout; all else on stderr."),
    ]
    kinds: dict[Any, Any] = {bool: bool | None, int: int | None, float: float | None, int | None: int | None}
    for name, spec in FIELDS.items():
        choices = f" One of {', '.join(spec.metadata['choices'])}." if spec.metadata["choices"] else ""
        where = "fast" if any(vars(recipe)[name] != spec.default for recipe in RECIPES.values()) else "default"
        where = "default" if name == "recipe" else where
        default = "" if spec.default in (None, False, 0) else f"  [{where}: {spec.default}]"
        parameters.append(
            flag(name, kinds.get(TYPES[name], str | None), help=spec.metadata["help"] + choices + default)
        )
    return inspect.Signature(parameters)


_train.__signature__ = _train_signature()  # type: ignore[attr-defined]  # typer reads the flags from it
_train.__annotations__ = {name: p.annotation for name, p in _train_signature().parameters.items()}
app.command("train", epilog="Example: lenet train --data mnist --recipe book-sgd --epochs 2 --out runs/first")(_train)


@app.command(epilog="Example: lenet evaluate runs/first --plot")
def evaluate(
    run: RunPath,
    data: Annotated[
        str | None, typer.Option(help="Another data set than the run's own; a weights file needs one.")
    ] = None,
    data_dir: DataDir = None,
    split: Annotated[str, typer.Option(help="Which pictures: test, train or validation.")] = "test",
    plot: Annotated[
        bool,
        typer.Option(
            "--plot", help="Write confusion matrix and worst mistakes as PNG into the run, or beside the file."
        ),
    ] = False,
    device: Device = "auto",
    json_: Json = False,
) -> None:
    """Measure a trained network.

    Accuracy, loss, precision and recall of each class, the confusion matrix, and the worst mistakes.
    """
    from lenet.analysis import evaluation, plots

    result = evaluation.evaluate(run, data, split=split, data_dir=data_dir, device=device)
    if plot:
        for path in plots.save_evaluation(run, result):
            typer.echo(f"wrote {path}", err=True)
    if json_:
        typer.echo(json.dumps(result.to_dict()))
        return
    typer.echo(
        f"{result.data}, {result.num_images:,} {result.split} pictures: "
        f"accuracy {result.accuracy:.4f}, loss {result.loss:.4f}\n"
    )
    rows = zip(result.classes, result.precision, result.recall, result.support, strict=True)
    _print_table(
        ["class", "precision", "recall", "pictures"],
        [[name, f"{p:.4f}", f"{r:.4f}", f"{n:,}"] for name, p, r, n in rows],
    )
    typer.echo("\nconfusion matrix: a row for each true class, a column for each predicted one")
    _print_table(
        ["", "", *map(str, range(len(result.classes)))],
        [[str(label), result.classes[label], *map(str, row)] for label, row in enumerate(result.confusion.tolist())],
    )
    typer.echo(f"\nworst of {result.num_mistakes:,} mistakes: sure, and wrong")
    _print_table(
        ["picture", "true", "predicted", "probability"],
        [
            [str(m.index), result.classes[m.label], result.classes[m.predicted], f"{m.probability:.4f}"]
            for m in result.mistakes[:10]
        ],
    )


@app.command(epilog="Example: lenet predict runs/first boot.png --show")
def predict(
    run: RunPath,
    pictures: Annotated[list[Path], typer.Argument(metavar="PICTURE", help="Picture files of your own.")],
    top: Annotated[int, typer.Option(help="How many classes to name.", min=1)] = 3,
    show: Annotated[
        bool, typer.Option("--show", help="Write what the network saw to NAME-seen.png in this folder.")
    ] = False,
    device: Device = "auto",
    json_: Json = False,
) -> None:
    """Name what is in your own pictures.

    With probabilities. A picture is turned upright, made grey, inverted where its ground is the other way round from the
    training pictures', cropped to its content, scaled and centred, as the network knows pictures.
    """
    from lenet.analysis import plots, prediction

    predictions = prediction.predict_many(run, pictures, device=device)
    for result in predictions:
        if json_:
            typer.echo(json.dumps(result.to_dict()))
        else:
            typer.echo(f"{result.picture}  " + "  ".join(f"{name} {p:.1%}" for name, p in result.top(top)))
    if show:
        for path in plots.save_seen(predictions, Path()):
            typer.echo(f"wrote {path}", err=True)


@app.command(
    "import-weights",
    epilog="Example: lenet import-weights net.pt --model lenet-avg --data fashion-mnist --out net.safetensors",
)
def import_weights(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What PyTorch saved: .pt, .pth or .safetensors.")],
    model: Annotated[str, typer.Option(help="The network: lenet, lenet-avg, softmax or mlp.")],
    data: Annotated[str, typer.Option(help="What it was trained on; gives the classes.")],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The new file; by default beside the old one.")
    ] = None,
    kernel_size: Annotated[int | None, typer.Option(help=FIELDS["kernel_size"].metadata["help"])] = None,
    channels: Annotated[str | None, typer.Option(help=FIELDS["channels"].metadata["help"])] = None,
    hidden: Annotated[str | None, typer.Option(help=FIELDS["hidden"].metadata["help"])] = None,
    activation: Annotated[str | None, typer.Option(help=FIELDS["activation"].metadata["help"])] = None,
    pooling: Annotated[str | None, typer.Option(help=FIELDS["pooling"].metadata["help"])] = None,
    padding: Annotated[int | None, typer.Option(help=FIELDS["padding"].metadata["help"])] = None,
    normalize: Annotated[
        bool, typer.Option("--normalize", help="It was trained on pixels of mean 0 and deviation 1: measure both.")
    ] = False,
    mean: Annotated[float | None, typer.Option(help="The mean that Normalize was given in training.")] = None,
    std: Annotated[float | None, typer.Option(help="The deviation that Normalize was given in training.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Make weights from elsewhere usable.

    Reads a state dict that PyTorch saved, without running anything in it, and writes a weights file for evaluate and
    predict. Tensors are matched by name, else by shape; activation and pooling leave no trace in weights, so they must be
    as they were in training.
    """
    from lenet.files.safetensors import format_shape
    from lenet.pytorch import import_weights

    imported = import_weights.import_weights(
        file,
        model=model,
        data=data,
        out=out,
        kernel_size=kernel_size,
        channels=channels,
        hidden=hidden,
        activation=activation,
        pooling=pooling,
        padding=padding,
        normalize=normalize,
        mean=mean,
        std=std,
        data_dir=data_dir,
    )
    network = imported.network
    shapes = {name: tuple(weights.shape) for name, weights in network.blank().state_dict().items()}
    _print_table(
        ["in the file", "in the network", "shape"],
        [[untrusted.printable(theirs), ours, format_shape(shapes[ours])] for theirs, ours in imported.names.items()],
    )
    for note in imported.notes:
        typer.echo(f"- {note}")
    typer.echo(f"wrote {network.path}", err=True)
    typer.echo(f"next: lenet evaluate {quoted(network.path)} --data {data}", err=True)


@app.command(epilog="Example: lenet show LeNetAvg    or: lenet show mlp --input 3x1000x1000 --hidden 256")
def show(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="lenet, lenet-avg, softmax or mlp.")],
    input_: Annotated[str, typer.Option("--input", help="Channels, height and width of a picture.")] = "1x28x28",
    classes: Annotated[int, typer.Option(help="Number of classes.", min=1)] = 10,
    kernel_size: Annotated[int | None, typer.Option(help=FIELDS["kernel_size"].metadata["help"])] = None,
    channels: Annotated[str | None, typer.Option(help=FIELDS["channels"].metadata["help"])] = None,
    hidden: Annotated[str | None, typer.Option(help=FIELDS["hidden"].metadata["help"])] = None,
    activation: Annotated[str | None, typer.Option(help=FIELDS["activation"].metadata["help"])] = None,
    pooling: Annotated[str | None, typer.Option(help=FIELDS["pooling"].metadata["help"])] = None,
    padding: Annotated[int | None, typer.Option(help=FIELDS["padding"].metadata["help"])] = None,
) -> None:
    """Print the layers of a network.

    Output shape, parameters, multiply-adds and memory, for one picture. Nothing is allocated.
    """
    from lenet.config import checked
    from lenet.networks import summary

    sizes = summary.parse_input(input_)
    given = {
        "kernel_size": kernel_size,
        "channels": channels,
        "hidden": hidden,
        "activation": activation,
        "pooling": pooling,
        "padding": padding,
    }
    arguments = {name: checked(name, value) for name, value in given.items()}
    table = summary.layers(model, sizes[0], sizes[1:], num_classes=classes, **arguments)
    rows = [
        [
            layer.name,
            str(layer.output_shape),
            f"{layer.num_parameters:,}",
            f"{layer.multiply_adds:,}",
            summary.in_bytes(layer.parameter_bytes),
            summary.in_bytes(layer.output_bytes),
        ]
        for layer in table
    ]
    total = summary.total(table)
    rows.append(
        [
            "total",
            "",
            f"{total.num_parameters:,}",
            f"{total.multiply_adds:,}",
            summary.in_bytes(total.parameter_bytes),
            summary.in_bytes(sum(layer.output_bytes for layer in table)),
        ]
    )
    _print_table(
        ["layer", "output shape", "parameters", "multiply-adds", "fp32 parameters", "fp32 output"], rows, last=True
    )


@app.command(epilog="Example: lenet runs")
def runs(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the run directories are.")] = Path("runs"),
    json_: Json = False,
) -> None:
    """List the runs in a folder."""
    from lenet.runs.run import find_runs

    if not folder.is_dir():
        raise LenetError(f"no folder {folder}", hint="lenet train makes a first run under runs/")
    found, faults = find_runs(folder)
    for fault in faults:
        typer.echo(f"left out: {fault.message}", err=True)
    if json_:
        typer.echo(json.dumps([(run.summary if run.is_finished else {}) | {"run": str(run.path)} for run in found]))
        return
    if not found:
        typer.echo(f"no runs in {folder}", err=True)
    else:
        _print_table(*_table_of(found))


@app.command(epilog="Example: lenet compare runs/first runs/second")
def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN", help="Two run directories or more.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where the chart goes, .png or .svg.")] = Path(
        "compare.png"
    ),
) -> None:
    """Set runs side by side.

    One table, one chart, and the settings in which they differ.
    """
    from lenet.analysis import plots
    from lenet.runs.run import load

    found = [load(run) for run in runs]
    plots.save_comparison(found, out)
    _print_table(*_table_of(found))
    differing = plots.differences(found)
    if differing:
        typer.echo("\nsettings that differ")
        _print_table(
            ["setting", *plots.labels(found)],
            [[name, *map(str, values)] for name, values in differing.items()],
        )
    typer.echo(f"wrote {out}", err=True)


@app.command(epilog="Example: lenet reproduce --seeds 5")
def reproduce(
    seeds: Annotated[int, typer.Option(help="Trainings of each recipe: the seeds 0 to N - 1.", min=1)] = 5,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where report and runs go.")] = Path("runs/reproduction"),
    data_dir: DataDir = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No line for each training.")] = False,
    json_: Json = False,
) -> None:
    """Compare every published result of the chapter with what it is here.

    Trains the published recipes over seeds on Fashion-MNIST, and says for each published figure whether it falls into the
    95 % interval of one run here. Writes the table as Markdown and JSON, and a chart with every seed's curve. Called again it
    goes on where it was stopped.
    """
    from lenet.analysis import reproduction

    with _going_on():
        report, figure = reproduction.reproduce(
            seeds=seeds, folder=out / "runs", data_dir=data_dir, progress="quiet" if quiet else "auto"
        )
    _print_report(report, report.save(out, figure), json_)


@app.command(epilog="Example: lenet lab pooling --seeds 5")
def lab(
    experiment: Annotated[
        str | None,
        typer.Argument(metavar="EXPERIMENT", help="Which; without it, all are listed. all: one after another."),
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(help="Trainings of each variation: the seeds 0 to N - 1.  [default: 5]", min=1)
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Epochs, instead of the recipe's.", min=1)] = None,
    recipe: Annotated[
        str | None, typer.Option(help="Recipe, for activations, noise and strangers.  [default: fast]")
    ] = None,
    data: Annotated[str | None, typer.Option(help="Data set.  [default: fashion-mnist]")] = None,
    data_dir: DataDir = None,
    classes: Annotated[
        str | None, typer.Option(help="For activations: the classes to show, such as 0,9 or Sandal,Bag.")
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where reports and runs go.")] = Path("runs/lab"),
    quiet: Annotated[bool, typer.Option("--quiet", help="No line for each training.")] = False,
    json_: Json = False,
) -> None:
    """Do an exercise of the chapter.

    A table over seeds, what it says in words, and a picture, written as Markdown, JSON and PNG. The runs are kept: called
    again it goes on where it was stopped, and what one experiment has trained no other trains again.
    """
    from lenet.analysis.lab import laboratory

    flags: dict[str, Any] = {
        "seeds": seeds,
        "epochs": epochs,
        "recipe": recipe,
        "data": data,
        "classes": [part.strip() for part in classes.split(",")] if classes else (),
    }
    if experiment is None:
        _print_table(["experiment", "what it asks"], [[*item] for item in laboratory.EXPERIMENTS.items()])
        return
    for name in laboratory.EXPERIMENTS if experiment == "all" else [experiment]:
        taken = laboratory.taken(name) if experiment == "all" else flags
        with _going_on():
            report, figure = laboratory.perform(
                name,
                **{flag: flags[flag] for flag in taken},
                data_dir=data_dir,
                folder=out / "runs",
                progress="quiet" if quiet else "auto",
            )
        _print_report(report, report.save(out, figure), json_)


@data_app.command("list", epilog="Example: lenet data list")
def data_list(data_dir: DataDir = None) -> None:
    """List the data sets, and where they are."""
    from lenet.data import CATALOGUE
    from lenet.data.locate import locate

    rows = []
    for name, entry in CATALOGUE.items():
        located = locate(name, data_dir)
        absent = (
            f"download, {sum(file.size for file in entry.files) / 1e6:.0f} MB" if entry.sources else "made when needed"
        )
        where = located.source if located and not located.is_foreign() else absent
        rows.append(
            [name, f"{entry.num_train:,}", f"{entry.num_test:,}", str(len(entry.classes)), entry.licence, where]
        )
    _print_table(["name", "train", "test", "classes", "licence", "where"], rows)


@data_app.command("show", epilog="Example: lenet data show digits --plot")
def data_show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The data set.")],
    data_dir: DataDir = None,
    plot: Annotated[bool, typer.Option("--plot", help="Write NAME.png here: pictures of each class.")] = False,
) -> None:
    """Say what a data set is and what is in it."""
    import numpy as np

    from lenet import data
    from lenet.data.catalogue import entry

    found = entry(name.lower())
    splits = data.load(name, data_dir, progress=_download_bar)
    typer.echo(f"{found.title} ({found.name})\n{found.description}\n")
    facts = {
        "licence": found.licence,
        "homepage": found.homepage,
        "read from": splits.source,
        "train": f"{len(splits.train):,} pictures",
        "test": f"{len(splits.test):,} pictures",
        "size": "{}×{}, uint8".format(*splits.train.size),
        "fingerprint": splits.fingerprint,
    }
    for title, fact in facts.items():
        typer.echo(f"{title:<11}  {fact}")
    counts = [np.bincount(dataset.labels, minlength=len(found.classes)) for dataset in splits]
    _print_table(
        ["label", "class", "train", "test"],
        [
            [str(label), name, f"{counts[0][label]:,}", f"{counts[1][label]:,}"]
            for label, name in enumerate(found.classes)
        ],
    )
    if plot:
        from lenet.analysis import plots

        typer.echo(f"wrote {plots.save_samples(splits.train, Path())}", err=True)


@data_app.command("fetch", epilog="Example: lenet data fetch fashion-mnist")
def data_fetch(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The data set.")],
    force: Annotated[bool, typer.Option("--force", help="Also what is in the cache already.")] = False,
) -> None:
    """Download a data set into the cache.

    Checked by SHA-256; what is there already is kept.
    """
    from lenet.data import fetch

    located = fetch.fetch(name.lower(), force=force, progress=_download_bar)
    typer.echo(f"{located.entry.title}: {located.folder} ({located.source})")


@data_app.command("verify", epilog="Example: lenet data verify fashion-mnist")
def data_verify(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="The data set; otherwise all that are there.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Check the files of a data set, and mend the cache.

    Each by its SHA-256. What is damaged or missing in the cache is fetched again, or else removed; files of your own are
    only named. Exit code 2 if one is not what it says and could not be mended.
    """
    from lenet.data import fetch
    from lenet.errors import DataError

    sets, errors = (
        fetch.verify_all(data_dir, progress=_download_bar)
        if name is None
        else (
            [fetch.verify(name.lower(), data_dir, progress=_download_bar)],
            [],
        )
    )
    faults = []
    for check in (check for checks in sets for check in checks):
        typer.echo(f"{'ok  ' if check.fault is None else 'new ' if check.is_mended else 'BAD '}  {check.path}")
        if check.is_mended:
            typer.echo(f"{check.fault}; {check.outcome}", err=True)
        elif check.fault:
            faults.append(DataError("; ".join(filter(None, (check.fault, check.outcome))), hint=check.hint))
    faults += errors
    if faults:
        raise DataError("; ".join(dict.fromkeys(fault.message for fault in faults)), hint=faults[0].hint)


@data_app.command("import", epilog="Example: lenet data import ~/downloads/FashionMNIST")
def data_import(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Holds the four files, .gz or not.")],
    name: Annotated[str | None, typer.Option(help="Only this data set; otherwise all that are found.")] = None,
) -> None:
    """Copy files that you have into the cache.

    Whole data sets, recognised by their content and checked by SHA-256; the folder stays as it is.
    """
    from lenet.data import fetch

    imported, faults = fetch.import_folder(folder, name.lower() if name else None)
    for fault in faults:
        typer.echo(f"left out: {fault.message}", err=True)
    for located in imported:
        typer.echo(f"{located.entry.title}: {located.folder}")


def _download_bar(file: str, num_bytes: int) -> Any:
    """A bar on stderr for a file being downloaded."""
    from lenet.display.progress import choose_progress

    return choose_progress("auto", sys.stderr).download(file, num_bytes)


def _table_of(found: list[Any]) -> tuple[list[str], list[list[str]]]:
    """Columns and rows for runs, finished or not."""
    titles = ["run", "data", "model", "recipe", "epochs", "parameters", "train acc", "test acc", "seconds", "images/s"]
    rows = []
    for run in found:
        numbers = ["unfinished", "", "", ""]
        if run.is_finished:
            summary = run.summary
            forms = {"train_accuracy": ".4f", "test_accuracy": ".4f", "seconds": ".1f", "images_per_second": ",.0f"}
            numbers = [format(summary[name], form) if name in summary else "" for name, form in forms.items()]
        rows.append(
            [
                str(run.path),
                run.resolved["data"],
                run.resolved["model"]["name"],
                run.config.recipe,
                str(run.config.epochs),
                f"{run.resolved['model']['parameters']:,}",
                *numbers,
            ]
        )
    return titles, rows


@contextlib.contextmanager
def _going_on() -> Iterator[None]:
    """Ctrl-C or its like during a sweep: says that the same command goes on, and exits as a shell expects."""
    from lenet.training.sweep import SweepInterrupted

    try:
        yield
    except SweepInterrupted as stop:
        typer.echo(f"{stop}\nhint: the same command goes on", err=True)
        raise typer.Exit(stop.exit_code) from None


def _print_report(report: "Report", paths: list[Path], json_: bool) -> None:
    for path in paths:
        typer.echo(f"wrote {path}", err=True)
    if json_:
        typer.echo(json.dumps(report.numbers))
        return
    typer.echo(f"{report.title}\n{report.setting}\n")
    _print_table(report.titles, report.rows)
    for verdict in report.verdicts:
        typer.echo(f"- {verdict}")


def _print_table(titles: list[str], rows: list[list[str]], *, last: bool = False) -> None:
    """A table on stdout, numbers to the right: on a terminal as wide as it is, elsewhere as wide as it needs."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for number, title in enumerate(titles):
        is_text = number == 0 or all(not row[number][:1].isdigit() for row in rows if row[number])
        table.add_column(title, justify="left" if is_text else "right", overflow="fold")
    for number, row in enumerate(rows):
        if last and number == len(rows) - 1:
            table.add_section()
        table.add_row(*row)
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 10_000
    with console.capture() as captured:
        console.print(table)
    typer.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


def _flag(name: str) -> str:
    return "--" + name.rstrip("_").replace("_", "-")


if __name__ == "__main__":
    main()
