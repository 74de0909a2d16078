"""The small page that is there before the real one can be made. Needs nothing of lenet that takes time to import."""

import html
import json
from pathlib import Path
from typing import Any

WAITING = Path(__file__).parent / "page" / "waiting.html"
NO_POINTS: dict[str, list[Any]] = {"chunks": [], "epochs": [], "findings": []}
NO_NEWS = {
    **NO_POINTS,
    "state": "training",
    "isReset": False,
    "problem": "",
    "offset": 0,
    "epochsPlanned": 0,
    "weights": "",
}


def waiting(name: str, problem: str) -> bytes:
    """Return a small page that waits for the first weights, and then shows the real one.

    Args:
        name: of the run.
        problem: why there is no other page.
    """
    text = WAITING.read_text(encoding="utf-8")
    data = json.dumps({"problem": problem}).replace("<", "\\u003c")
    return text.replace("{name}", html.escape(name)).replace("{data}", data).encode()
