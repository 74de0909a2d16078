import pytest

from lenet.config import FIELDS
from lenet.near_misses import OTHER_NAMES, nearest

OPTIONS = [f"--{name.replace('_', '-')}" for name in FIELDS]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("--lr", "--learning-rate"),
        ("--LR", "--learning-rate"),
        ("--learning_rate", "--learning-rate"),
        ("--bs", "--batch-size"),
        ("--wd", "--weight-decay"),
        ("--batchsize", "--batch-size"),
        ("--label-smooth", "--label-smoothing"),
        ("--num_epochs", "--epochs"),
        ("--dataset", "--data"),
        ("--modle", "--model"),
        ("--wings", None),
    ],
)
def test_an_unknown_option_leads_to_the_one_that_is_meant(name, meant):
    assert nearest(name, OPTIONS, cutoff=0.7) == meant


def test_settings_are_understood_as_options_are():
    assert nearest("lr", FIELDS) == "learning_rate"
    assert nearest("batch-size", FIELDS) == "batch_size"


def test_other_names_lead_to_names_that_there_are():
    known = {name.replace("_", "-") for name in FIELDS} | {"out"}
    assert set(OTHER_NAMES.values()) <= known
    assert not set(OTHER_NAMES) & known
