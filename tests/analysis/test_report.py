"""A report in Markdown and on disk."""

import json

import pytest
from matplotlib.figure import Figure
from PIL import Image

from lenet.analysis.report import Report, Table, counted, mean_and_interval
from lenet.errors import ConfigError

REPORT = Report(
    "size", "How large", "lenet lab size", "As it is.", Table(["a", "b"], [["1", "x | y"]], ["It grows."]), {"one": 1}
)


def test_markdown():
    assert REPORT.table.markdown() == "| a | b |\n| --- | --- |\n| 1 | x \\| y |\n"
    text = REPORT.markdown()
    assert text.startswith("# How large\n\n`lenet lab size`\n\nAs it is.\n\n| a | b |\n")
    assert text.endswith("\n- It grows.\n\n![How large](size.png)\n")
    assert "![How large](lab/size.png)" in REPORT.markdown("##", "lab/")


def test_mean_and_interval():
    assert mean_and_interval([0.5]) == "0.5000"
    assert mean_and_interval([0.80, 0.82], 3) == "0.810 ± 0.127"  # 12.706 × 0.01414 / √2


def test_counted():
    assert [counted(number, "epoch") for number in (0, 1, 2)] == ["0 epochs", "1 epoch", "2 epochs"]


def test_save(tmp_path):
    paths = REPORT.save(tmp_path / "new" / "folder", Figure(figsize=(2, 1)))
    assert [path.name for path in paths] == ["size.md", "size.json", "size.png"]
    assert paths[0].read_text() == REPORT.markdown()
    assert json.loads(paths[1].read_text()) == {"one": 1}
    with Image.open(paths[2]) as image:
        assert image.size == (300, 150)


def test_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"cannot write .*file.size\.md") as caught:
        REPORT.save(tmp_path / "file", Figure())
    assert "--out" in caught.value.hint
