"""What the table of a search says of its trials."""

import pytest

from lenet.sweeps.tune.numbers import FEWEST, table


def numbers(accuracies, settings, importances=None):
    trials = [
        {"trial": number, "state": "complete", "settings": settings, "accuracy": [each], "loss": [1.0], "seconds": 1.0}
        | {"reason": None}
        for number, each in enumerate(accuracies, start=1)
    ]
    return {"objective": "accuracy", "trials": trials, "importances": importances or {}, "final": {}}


@pytest.mark.parametrize(
    ("count", "importances", "sentence"),
    [
        (FEWEST - 1, {}, f"Too few trials ran all their epochs to say what mattered; {FEWEST} are needed."),
        (FEWEST, {}, "All trials are equally good, so nothing can be said of what mattered."),
        (FEWEST, {"ema": 1.0}, "What mattered for being among the best trials (PED-ANOVA): ema 100%."),
    ],
)
def test_what_mattered(count, importances, sentence):
    assert sentence in table(numbers([0.5] * count, {"ema": 0.9}, importances)).conclusions


def test_the_best_settings_are_printed_as_they_are_typed():
    sentence = table(numbers([0.5], {"teacher": None, "ema": 0.9})).conclusions[0]
    assert sentence == "The best trial is number 1: accuracy 0.5000 on the held-out images, with `--ema 0.9`."
    assert "with the settings of the recipe." in table(numbers([0.5], {"teacher": None})).conclusions[0]
