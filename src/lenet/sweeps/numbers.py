"""The numbers of a sweep, as its JSON file holds them, and the table that is made of them alone."""

import csv
import dataclasses
import io
from collections.abc import Mapping, Sequence
from typing import Any

from lenet.analysis.report import Numbers, Table, counted, mean_and_interval
from lenet.analysis.statistics import Estimate
from lenet.errors import ConfigError, choices_hint
from lenet.sweeps.compare import BEST, FIRST, BySeed, Comparison, compare, p_text
from lenet.sweeps.spec import Spec
from lenet.training.sweep import Result

HELD_OUT, TEST = "validation_accuracy", "test_accuracy"
MAX_SENTENCES = 10


def measured(spec: Spec, results: Sequence[Result]) -> Numbers:
    """Return what the runs of a sweep gave.

    Args:
        spec: the sweep.
        results: of its variations.

    Returns:
        By variation its settings, and lists over the seeds that finished; `measure` says what variations are judged by: the
        accuracy on held-out images where every run has one, else that on the test set.
    """
    variations: Numbers = {}
    for result in results:
        name, runs = result.variation.name, result.runs
        summaries = [run.summary for run in runs]
        settings = {each: _plain(value) for each, value in spec.variations[name].items()}
        variations[name] = {
            "settings": settings,
            "epochs": result.variation.config.epochs,
            "seeds": [run.config.seed for run in runs],
            HELD_OUT: [summary.validation_accuracy for summary in summaries],
            TEST: [summary.test_accuracy for summary in summaries],
            "seconds": [summary.seconds for summary in summaries],
            "parameters": summaries[0].parameters if summaries else None,
            "weights_sha256": [summary.weights_sha256 for summary in summaries],
            "diverged": list(result.diverged),
            "runs": ["/".join(run.path.parts[-3:]) for run in runs],  # below the sweep's folder
        }
    held_out = [accuracy for each in variations.values() for accuracy in each[HELD_OUT]]
    return {"measure": HELD_OUT if held_out and None not in held_out else TEST, "variations": variations}


def best_of(numbers: Mapping[str, Any]) -> str | None:
    """Return the variation with the highest mean held-out accuracy; None without one: the test set is not used to choose."""
    if numbers["measure"] != HELD_OUT:
        return None
    means = {name: Estimate.of(each[HELD_OUT]).mean for name, each in numbers["variations"].items() if each["seeds"]}
    return max(means, key=means.__getitem__) if means else None


def by_seed(numbers: Mapping[str, Any]) -> dict[str, BySeed]:
    """Return the accuracies that variations are judged by, by variation and seed."""
    measure = numbers["measure"]
    return {name: dict(zip(each["seeds"], each[measure], strict=True)) for name, each in numbers["variations"].items()}


def comparisons(numbers: Mapping[str, Any], against: str = FIRST) -> tuple[Comparison, ...]:
    """Compare each variation with one of them.

    Args:
        numbers: of `measured`.
        against: "first", "best", or the name of a variation.

    Raises:
        ConfigError: for an unknown name, or for "best" without held-out images.
    """
    names = [*numbers["variations"]]
    reference = {FIRST: names[0], BEST: best_of(numbers)}.get(against, against)
    if reference is None:
        hint = "--validation 5000 holds some out; or compare with the first"
        raise ConfigError("no images are held out, so no variation can be chosen as the best", hint=hint)
    if reference not in names:
        raise ConfigError(f"unknown variation {against!r}", hint=choices_hint(against, [FIRST, BEST, *names]))
    return compare(by_seed(numbers), reference, chosen=against == BEST)


def table(numbers: Mapping[str, Any], compared: Sequence[Comparison]) -> Table:
    """Make a row for each variation, with its comparison, and say which column is which."""
    has_held_out = numbers["measure"] == HELD_OUT
    columns = ["variation", *(["held-out accuracy"] if has_held_out else []), "test accuracy"]
    columns += ["lowest … highest", "runs", "diverged"]
    if compared:
        columns += [f"against {compared[0].reference}", "corrected p"]
    by_name = {comparison.variation: comparison for comparison in compared}
    rows = []
    for name, each in numbers["variations"].items():
        accuracy = each[numbers["measure"]]
        row = [name, *([_mean(each[HELD_OUT])] if has_held_out else []), _mean(each[TEST])]
        row += [f"{min(accuracy):.4f} … {max(accuracy):.4f}" if accuracy else "", str(len(accuracy))]
        row.append(str(len(each["diverged"])))
        rows.append(row + (_compared(by_name.get(name)) if compared else []))
    return Table(columns, rows, [*_explained(numbers), *_sentences(numbers, compared)])


def as_csv(numbers: Mapping[str, Any]) -> str:
    """Return the trainings as CSV, a line each, with the settings that vary as columns."""
    varied = list(dict.fromkeys(name for each in numbers["variations"].values() for name in each["settings"]))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["variation", *varied, "seed", HELD_OUT, TEST, "seconds", "diverged", "run"])
    for name, each in numbers["variations"].items():
        settings = [each["settings"].get(field) for field in varied]
        cells = [" ".join(map(str, value)) if isinstance(value, list) else value for value in settings]
        runs = zip(*(each[key] for key in ("seeds", HELD_OUT, TEST, "seconds", "runs")), strict=True)
        writer.writerows([name, *cells, seed, *values, 0, path] for seed, *values, path in runs)
        writer.writerows([name, *cells, seed, "", "", "", 1, ""] for seed in each["diverged"])
    return text.getvalue()


def as_json(compared: Sequence[Comparison]) -> list[dict[str, Any]]:
    """Return comparisons as JSON can hold them."""
    return [dataclasses.asdict(comparison) for comparison in compared]


def _explained(numbers: Mapping[str, Any]) -> list[str]:
    best = best_of(numbers)
    if numbers["measure"] != HELD_OUT:
        return [
            "Accuracy is on the test set, which is not used to choose: no best is named. --validation N holds images out to "
            "choose by."
        ]
    sentences = [
        "Held-out accuracy is on training images that no step sees; variations are compared and chosen by it. Test accuracy "
        "is on the test set, which is not used to choose."
    ]
    if best:
        each = numbers["variations"][best]
        sentences.append(
            f"Best on held-out images: {best}, {_mean(each[HELD_OUT])}; on the test set {_mean(each[TEST])}."
        )
    return sentences


def _sentences(numbers: Mapping[str, Any], compared: Sequence[Comparison]) -> list[str]:
    """What the comparisons say, and which trainings diverged."""
    sentences = []
    clear = [comparison for comparison in compared if comparison.is_significant]
    if compared:
        sentences.append(f"Significant differences from {compared[0].reference}: {len(clear)} of {len(compared)}.")
    clear.sort(key=lambda comparison: -abs(comparison.difference or 0))
    sentences += [f"{comparison}." for comparison in clear[:MAX_SENTENCES]]
    for name, each in numbers["variations"].items():
        if each["diverged"]:
            number = len(each["diverged"]) + len(each["seeds"])
            sentences.append(f"{name}: {len(each['diverged'])} of {counted(number, 'training')} diverged.")
    return sentences


def _mean(values: Sequence[float]) -> str:
    return mean_and_interval(values) if values else ""


def _compared(comparison: Comparison | None) -> list[str]:
    if comparison is None or comparison.difference is None:
        return ["", ""]
    interval = "" if comparison.interval is None else f" ± {comparison.interval:.4f}"
    return [f"{comparison.difference:+.4f}{interval}", p_text(comparison.corrected)]


def _plain(value: Any) -> Any:
    """A setting as JSON can hold it."""
    return list(value) if isinstance(value, tuple) else value
