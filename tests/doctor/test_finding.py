import json

import pytest

from lenet.doctor.finding import Finding
from lenet.errors import RunError


def test_three_lines_of_text_and_a_way_through_json():
    finding = Finding(
        "x", "something is wrong", {"loss": 2.30259, "images": 60_000, "is": "nan"}, "fix it", epoch=0.5, step=7
    )
    assert str(finding).splitlines() == [
        "x: something is wrong",
        "  evidence  loss 2.303, images 60,000, is nan",
        "  remedy    fix it",
    ]
    values = json.loads(json.dumps(finding.to_dict(), allow_nan=False))
    assert Finding.from_dict(values) == finding
    for change in ({"evidence": []}, {"name": None}, {"step": "7"}, {"more": 1}):
        with pytest.raises(RunError, match="a finding is"):
            Finding.from_dict(values | change)
