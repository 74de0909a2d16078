"""The commands that measure trained networks: `lenet evaluate` and `calibrate`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lenet.cli.options import RUN_HELP, DataDir, Device, Json, Ray, announce, on_ray
from lenet.cli.output import note, print_table, say
from lenet.cli.progress import Progress
from lenet.errors import LenetError, quoted

if TYPE_CHECKING:
    from lenet.analysis.evaluated import Evaluation, Reliability


def evaluate(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN", callback=announce, help=f"{RUN_HELP} Several give a table.")
    ],
    data: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="A data set other than the run's own, or a folder, archive or table of your own labelled images; a weights "
            "file needs one.",
        ),
    ] = None,
    data_dir: DataDir = None,
    split: Annotated[str, typer.Option(metavar="NAME", help="Which images: test, train or validation.")] = "test",
    plot: Annotated[
        bool,
        typer.Option("--plot", help="Write the confusion matrix and the most confident errors as PNG files."),
    ] = False,
    device: Device = "auto",
    ray: Ray = None,
    json_: Json = False,
) -> None:
    """Measure trained networks.

    Prints accuracy and loss, how far the probabilities can be trusted and how many of the images are known, precision and
    recall of each class, the confusion matrix, and the most confident errors. Of several networks it prints a table, and
    --json gives all numbers of each; one that cannot be measured is named on stderr, and the exit code is 2.

    Your own images are made similar to the training images, as lenet predict does it. A bad one is named on stderr, and the
    exit code is 2.

    With --ray, a worker of the cluster measures each network, on one thread of its CPU.

    Example: lenet evaluate runs/first --plot
    """
    from lenet.analysis import evaluations

    results: list[Evaluation | LenetError] = []
    hints = set[str]()
    if ray is not None:
        evaluations.check_device(device)
    evaluations.check(runs, data, split, data_dir)
    with on_ray(ray) as executor, Progress(len(runs), prints=False, what="networks") as progress:
        options: dict[str, Any] = {"split": split, "data_dir": data_dir, "device": device, "executor": executor}
        for run, result in zip(runs, evaluations.evaluate_each(runs, data, **options), strict=True):
            progress.clear()
            if len(runs) > 1 or not isinstance(result, LenetError):
                _note(run, result, plot, hints)
            results.append(result)
            progress.advance()
    _print(runs, results, json_)
    if any(isinstance(result, LenetError) or result.unreadable for result in results):
        raise typer.Exit(2)


def calibrate(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run directory.")],
    data_dir: DataDir = None,
    device: Device = "auto",
    json_: Json = False,
) -> None:
    """Let a finished run say what it does not know.

    Corrects its confidence on the images that it held out, and decides from which outlier score on an image is unknown. Both
    are stored in its model.safetensors, and used by lenet predict and evaluate. A training that holds out images does this at
    its end: with --validation N, or data with validation images.

    Example: lenet calibrate runs/first
    """
    from lenet.analysis import calibrate as calibration

    result = calibration.calibrate(run, data_dir=data_dir, device=device)
    if json_:
        say(json.dumps(result.numbers()))
        return
    say(
        f"calibrated on {result.num_held_out:,} held-out images, of which {result.coverage:.0%} are known; "
        f"temperature {result.temperature:.3f}"
    )
    note(f"lenet evaluate {quoted(run)} measures it on the test images")


def _note(run: Path, result: "Evaluation | LenetError", plot: bool, hints: set[str]) -> None:
    """Print what is wrong with a network or with images, and write the charts of a network."""
    from lenet.cli.answers import print_error

    if isinstance(result, LenetError):
        note(f"error: {result.message}")
        if result.hint and result.hint not in hints:
            note(f"hint: {result.hint}")
            hints.add(result.hint)
        return
    if plot:
        from lenet.analysis import plots

        for path in plots.save_evaluation(run, result):
            note(f"wrote {path}")
    for image in result.unreadable:
        print_error(image, hints)


def _print(runs: Sequence[Path], results: "Sequence[Evaluation | LenetError]", as_json: bool) -> None:
    """Print all of one network, or a line for each of several."""
    pairs = list(zip(runs, results, strict=True))
    if len(runs) > 1 and as_json:
        say(json.dumps([{"run": str(run), **_numbers(result)} for run, result in pairs]))
    elif len(runs) > 1:
        titles = ["run", "data", "split", "images", "accuracy", "loss", "calibration error", "known"]
        rows = [[str(run), *_row(result)] for run, result in pairs if not isinstance(result, LenetError)]
        if rows:
            print_table(titles, rows)
    else:
        [result] = results
        if isinstance(result, LenetError):
            raise result
        if as_json:
            say(json.dumps(result.to_dict()))
        else:
            _print_evaluation(result)


def _numbers(result: "Evaluation | LenetError") -> dict[str, Any]:
    if isinstance(result, LenetError):
        return {"error": result.message, "hint": result.hint}
    return result.to_dict()


def _row(result: "Evaluation") -> list[str]:
    reliability = result.reliability
    known = "" if reliability.coverage is None else f"{reliability.coverage:.1%}"
    numbers = [f"{result.num_images:,}", f"{result.accuracy:.4f}", f"{result.loss:.4f}", f"{reliability.error:.2%}"]
    return [result.data, result.split, *numbers, known]


def _print_evaluation(result: "Evaluation") -> None:
    say(
        f"{result.data}, {result.num_images:,} {result.split} images: "
        f"accuracy {result.accuracy:.4f}, loss {result.loss:.4f}"
    )
    say(f"{_reliability(result.reliability)}\n")
    rows = zip(result.classes, result.precision, result.recall, result.support, strict=True)
    print_table(
        ["class", "precision", "recall", "images"],
        [[name, f"{p:.4f}", f"{r:.4f}", f"{n:,}"] for name, p, r, n in rows],
    )
    say("\nconfusion matrix: a row for each true class, a column for each predicted one")
    print_table(
        ["", "", *map(str, range(len(result.classes)))],
        [[str(label), result.classes[label], *map(str, row)] for label, row in enumerate(result.confusion.tolist())],
    )
    say(f"\nmost confident of {result.num_mistakes:,} errors")
    print_table(
        ["image", "true", "predicted", "probability"],
        [
            [m.name or str(m.index), result.classes[m.label], result.classes[m.predicted], f"{m.probability:.4f}"]
            for m in result.mistakes[:10]
        ],
    )


def _reliability(found: "Reliability") -> str:
    """How far the probabilities can be trusted, in one line."""
    text = f"expected calibration error {found.error:.2%}"
    if found.coverage is None:
        return f"{text}; not calibrated (lenet calibrate RUN)"
    text += f" ({found.uncalibrated_error:.2%} before, temperature {found.temperature:.2f}); "
    text += f"known {found.coverage:.1%} of the images"
    return text if found.accepted_accuracy is None else f"{text}, accuracy on these {found.accepted_accuracy:.4f}"
