"""The numbers of a search, as tune.json holds them, and the table that is made of them alone."""

import csv
import dataclasses
import io
import statistics
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lenet.analysis.lab.verdicts import Outcome
from lenet.analysis.report import Numbers, Table, mean_and_interval
from lenet.analysis.statistics import paired_p_value
from lenet.sweeps.tune.plan import is_maximized
from lenet.sweeps.tune.space import Space, described
from lenet.sweeps.values import text_of
from lenet.training.sweep import Result

if TYPE_CHECKING:
    from optuna import Study

BEST = "best trial"  # what its settings are called beside the recipe
ROWS = 10  # in the table
FEWEST = 10  # finished trials, for a statement about what mattered
SIGNIFICANT = 0.05


def measured(study: "Study", space: Space) -> Numbers:
    """Return what the trials of a search gave.

    Args:
        study: the search.
        space: what was searched.
    """
    trials = []
    for trial in study.get_trials(deepcopy=False):
        if trial.state.is_finished():
            kept = trial.user_attrs
            trials.append(
                {
                    "trial": trial.number + 1,
                    "state": "failed" if "reason" in kept else trial.state.name.lower(),
                    "settings": {n: _plain(value) for n, value in space.settings(trial.params).items()},
                    "accuracy": kept.get("accuracy", []),
                    "loss": kept.get("loss", []),
                    "seconds": kept.get("seconds", 0.0),
                    "reason": kept.get("reason"),
                }
            )
    return {"search": space.to_dict(), "trials": trials, "importances": _importances(study, space)}


def best_of(numbers: Mapping[str, Any], objective: str) -> dict[str, Any] | None:
    """Return the best of the trials that had all their epochs; of equals the first. None if there is none."""
    done = [trial for trial in numbers["trials"] if trial["state"] == "complete"]
    sign = 1 if is_maximized(objective) else -1
    best: dict[str, Any] | None = max(done, key=lambda trial: sign * trial[objective][-1], default=None)
    return best


def final(results: Sequence[Result]) -> Numbers:
    """Return what the final trainings gave, by name."""
    return {result.variation.name: dataclasses.asdict(Outcome.of(result)) for result in results}


def table(numbers: Mapping[str, Any]) -> Table:
    """Make a row for each of the best trials; the conclusions say what mattered, and what the test set says."""
    objective = numbers["objective"]
    sign = 1 if is_maximized(objective) else -1
    done = [trial for trial in numbers["trials"] if trial["loss"]]
    # Trials that were pruned stand below those that had all epochs.
    ranked = sorted(done, key=lambda t: (t["state"] != "complete", -sign * t[objective][-1], t["trial"]))
    names = [*ranked[0]["settings"]] if ranked else []
    columns = [
        "trial",
        "held-out accuracy",
        "held-out loss",
        "epochs",
        "s",
        *(name.replace("_", "-") for name in names),
    ]
    rows = [
        [
            str(trial["trial"]),
            f"{trial['accuracy'][-1]:.4f}",
            f"{trial['loss'][-1]:.4f}",
            f"{len(trial['loss'])}" + (" (pruned)" if trial["state"] == "pruned" else ""),
            f"{trial['seconds']:.1f}",
            *(_short(trial["settings"][name]) for name in names),
        ]
        for trial in ranked[:ROWS]
    ]
    return Table(columns, rows, [*_about_trials(numbers), *_about_importances(numbers), *_about_test(numbers)])


def as_csv(numbers: Mapping[str, Any]) -> str:
    """Return a table of all trials."""
    names = [*numbers["trials"][0]["settings"]] if numbers["trials"] else []
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["trial", "state", "accuracy", "loss", "epochs", "seconds", *names, "reason"])
    for trial in numbers["trials"]:
        ends = [trial[name][-1] if trial[name] else "" for name in ("accuracy", "loss")]
        settings = [text_of(trial["settings"][name]) for name in names]
        row = [trial["trial"], trial["state"], *ends, len(trial["loss"]), round(trial["seconds"], 3)]
        writer.writerow([*row, *settings, trial["reason"] or ""])
    return text.getvalue()


def _importances(study: "Study", space: Space) -> dict[str, float]:
    """What share of the differences between trials each setting explains, by PED-ANOVA, which needs no scikit-learn."""
    from optuna.exceptions import ExperimentalWarning
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
    from optuna.trial import TrialState

    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len(complete) < FEWEST or len({trial.value for trial in complete}) < 2:
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)  # in Optuna 4
        found = get_param_importances(study, evaluator=PedAnovaImportanceEvaluator())
    shares: dict[str, float] = {}
    for axis in space.axes:
        shares[axis.field] = shares.get(axis.field, 0.0) + found.get(axis.name, 0.0)
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


def _about_trials(numbers: Mapping[str, Any]) -> list[str]:
    best = best_of(numbers, numbers["objective"])
    if best is None:
        return []
    failed = [trial for trial in numbers["trials"] if trial["state"] == "failed"]
    typed = described(best["settings"])
    sentences = [
        f"The best trial is number {best['trial']}: accuracy {best['accuracy'][-1]:.4f} on the held-out images, with "
        + (f"`{typed}`." if typed else "the settings of the recipe.")
    ]
    if failed:
        count = f"{len(failed)} trials have" if len(failed) > 1 else "One trial has"
        sentences.append(f"{count} no result, the last because {failed[-1]['reason']}.")
    return sentences


def _about_importances(numbers: Mapping[str, Any]) -> list[str]:
    shares = numbers["importances"]
    complete = [trial for trial in numbers["trials"] if trial["state"] in ("complete", "failed")]
    if not shares and len(complete) >= FEWEST:
        return ["All trials are equally good, so nothing can be said of what mattered."]
    if not shares:
        return [f"Too few trials ran all their epochs to say what mattered; {FEWEST} are needed."]
    texts = [f"{name.replace('_', '-')} {share:.0%}" for name, share in shares.items()]
    return [f"What mattered for being among the best trials (PED-ANOVA): {', '.join(texts)}."]


def _about_test(numbers: Mapping[str, Any]) -> list[str]:
    """What the final trainings reached on the test set."""
    outcomes = {name: Outcome(**values) for name, values in numbers["final"].items()}
    sentences = []
    for name, outcome in outcomes.items():
        if outcome.final_accuracy:
            number = len(outcome.final_accuracy)
            sentences.append(
                f"{name[0].upper()}{name[1:]}: accuracy {mean_and_interval(outcome.final_accuracy)} on the test set, mean of "
                f"{number} seed{'s' if number > 1 else ''}" + (f", {outcome.failures}." if outcome.failures else ".")
            )
    curves = [outcome.final_accuracy for outcome in outcomes.values() if not outcome.diverged]
    if len(curves) == 2:
        differences = [a - b for a, b in zip(*curves, strict=True)]
        p = paired_p_value(differences)
        if p is not None:
            verdict = "statistically significant" if p < SIGNIFICANT else "not statistically significant"
            mean = f"{statistics.fmean(differences):+.4f}"
            sentences.append(f"The difference is {mean}, {verdict} (paired t-test, p = {p:.2g}).")
    return sentences


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else text_of(value)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
