"""The names."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import lenet
from lenet import d2l


def test_every_name_is_there_and_documented():
    modules = {"F", "nn", "np", "plt", "torch"}
    for name in d2l.__all__:
        assert getattr(d2l, name).__doc__ or name in modules, name
    assert lenet.d2l is d2l
    assert d2l.torch.nn is d2l.nn
    with pytest.raises(AttributeError, match="has no 'train_ch13'"):
        _ = d2l.train_ch13


@pytest.mark.process
def test_every_way_to_import_it_is_light():
    code = (
        "import lenet\nfrom lenet import d2l\nimport lenet.d2l as again\nfrom lenet.d2l import train_ch5\nimport sys\n"
        "assert d2l is again is lenet.d2l\nheavy = ('matplotlib', 'IPython', 'PIL', 'rich', 'torch._dynamo')\n"
        "sys.stdout.write(repr([name for name in heavy if name in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]"


def test_the_page_has_every_name():
    page = (Path(__file__).parents[2] / "docs" / "d2l.md").read_text(encoding="utf-8")
    code = set(re.findall(r"\w+", " ".join(re.findall(r"`[^`]+`", page))))
    assert set(d2l.__all__) <= code
