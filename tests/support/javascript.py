"""Functions of the explorer's JavaScript, called from Python: node runs once for many calls.

results = called([("images/numbers.js", "median", [values]), ("images/pixels.js", "toGrey", [pixels])])
"""

import base64
import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from webassembly import node

PROGRAM = Path(__file__).with_suffix(".mjs")
Call = tuple[str, str, Sequence[Any]]  # a module of the page, its function, the arguments


def called(calls: Sequence[Call]) -> list[Any]:
    """Call functions of the page's modules.

    Args:
        calls: arguments are what JSON can hold, and arrays. One of one axis becomes a typed array; one of two or three axes
            an image {width, height, channels, data}, whose data are a typed array; booleans become the numbers 0 and 1.
            {"set": names} becomes a Set.

    Returns:
        What each has returned, with arrays of typed arrays and images; {"problem": code, "values": …} for an ImageProblem.
    """
    with tempfile.TemporaryDirectory() as name:
        source, target = Path(name) / "calls.json", Path(name) / "results.json"
        source.write_text(
            json.dumps([[module, function, list(map(_packed, rest))] for module, function, rest in calls])
        )
        subprocess.run([*node(), str(PROGRAM), str(source), str(target)], check=True)
        return [_unpacked(result) for result in json.loads(target.read_text())]


def _packed(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        array = value.astype(np.uint8) if value.dtype == np.bool_ else value
        return {"dtype": array.dtype.name, "shape": array.shape, "base64": base64.b64encode(array.tobytes()).decode()}
    return [_packed(part) for part in value] if isinstance(value, list | tuple) else value


def _unpacked(value: Any) -> Any:
    if isinstance(value, list):
        return [_unpacked(part) for part in value]
    if isinstance(value, dict) and "base64" in value:
        return np.frombuffer(base64.b64decode(value["base64"]), value["dtype"]).reshape(value["shape"])
    return {key: _unpacked(part) for key, part in value.items()} if isinstance(value, dict) else value
