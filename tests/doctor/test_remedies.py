"""How often a remedy helped is what docs/doctor.md has measured."""

import re
from pathlib import Path

import pytest

from lenet.doctor.remedies import SUCCESSES, success

DOCUMENT = (Path(__file__).parents[2] / "docs/doctor.md").read_text(encoding="utf-8")
CHANGES = {
    "xavier-uniform": "sigmoid: `--init xavier-uniform`",
    "relu": "sigmoid: `--activation relu`",
    "rate": "ReLU: a tenth of the rate",
}


@pytest.mark.parametrize("remedy", CHANGES)
def test_a_remedy_says_how_often_it_was_measured_to_help(remedy):
    (row,) = re.findall(rf"^\| {re.escape(CHANGES[remedy])} \| all \| (\d+) \| (\d+) \|$", DOCUMENT, re.M)
    assert list(SUCCESSES) == list(CHANGES)
    assert success(remedy) == f"{row[0]} of {row[1]} such trainings"
