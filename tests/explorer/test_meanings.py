"""The page explains every finding of the doctor."""

import re
from pathlib import Path

import lenet.doctor
from lenet.explorer import build


def test_every_finding_has_a_meaning():
    text = (build.PAGE / "panels/units/meanings.js").read_text(encoding="utf-8")
    explained = set(re.findall(r'"?([a-z-]+)"?: "', text))
    sources = [path.read_text(encoding="utf-8") for path in Path(lenet.doctor.__file__).parent.glob("*.py")]
    named = {name for source in sources for name in re.findall(r'Finding\(\s*"([a-z-]+)"', source)}
    assert len(named) > 20
    assert named - explained == set()
