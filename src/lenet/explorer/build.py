"""Joining the explorer's page: its modules become one classic script, and with style and data one file.

    build.page(data, static="<h1>…</h1>")

Browsers refuse ES modules in pages that are opened from a file. So each module of page/ becomes a function that returns what
it exports, and an import becomes a look at what an earlier one returned. Only the forms of import and export that the modules
use are known (docs/explorer.md has them); any other is an error.
"""

import base64
import functools
import json
import re
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.data.digits import originals
from lenet.engines.kernels.build import WEBASSEMBLY, build

PAGE = Path(__file__).parent / "page"
ENTRY = "main.js"
KERNELS = PAGE / "kernels.wasm"
# -Os makes it 15 % smaller than -O3, and in V8 training a quarter faster; logits take as long.
KERNEL_FLAGS = ("-Os", "-s")
IMPORT = re.compile(r'^import \{([^}]*)\} from "([^"]+)";\n', re.MULTILINE)
# A comment that has its lines to itself, and a type before an expression: a third of the modules, left out of the page.
COMMENT = re.compile(
    r"^[ \t]*(?:/\*\*(?:(?!\*/).)*\*/|//[^\n]*)[ \t]*\n|/\*\* @type \{[^*]*\} \*/ ?", re.MULTILINE | re.DOTALL
)
EXPORT = re.compile(r"^export (?=(?:async )?function\*? (\w+)|class (\w+)|const (\w+))", re.MULTILINE)
# No connection to anywhere, so that the page is known to work offline; a page that is served may ask its server.
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'wasm-unsafe-eval' blob:; style-src 'unsafe-inline'; "
    "img-src data: blob:; media-src blob:; worker-src blob:; connect-src {connect}"
)


class BuildError(Exception):
    """A module of the page is written in a form that cannot be joined."""


def page(data: Mapping[str, Any], static: str = "", title: str = "lenet explorer") -> bytes:
    """Make the page.

    Args:
        data: what it holds, as `page_data` makes it: JSON values, and NumPy arrays anywhere in it.
        static: HTML for browsers that run no scripts.
        title: of the page, until its script has set one.

    Returns:
        One HTML file, UTF-8. The same data gives the same bytes.
    """
    parts = {
        "title": _escaped(title),
        "policy": POLICY.format(connect="'self'" if data.get("live") else "'none'"),
        "style": (PAGE / "style.css").read_text(encoding="utf-8").strip(),
        "static": static,
        "data": to_json({**data, "kernels": _kernels(), "digits": _digits()}),
        "program": _packed(program()),
    }
    template = (PAGE / "page.html").read_text(encoding="utf-8")
    return re.sub(r"\{(\w+)\}", lambda found: parts[found[1]], template).encode()


def to_json(data: Any) -> str:
    """Return JSON that may stand in an HTML page; arrays as their dtype, shape, and deflated bytes in base64."""
    text = json.dumps(data, default=_binary, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


@functools.cache
def program() -> str:
    """Return the page's script: the modules in the order in which they import each other, then the call of `main`.

    Raises:
        BuildError: if a module cannot be joined.
    """
    ordered: dict[Path, str] = {}
    _collect(PAGE / ENTRY, ordered, ())
    numbers = {path: f"module{number}" for number, path in enumerate(ordered)}
    scopes = [_scope(path, text, numbers) for path, text in ordered.items()]
    script = "\n".join(['"use strict";', *scopes, f"{numbers[PAGE / ENTRY]}.main();"])
    if "</script" in script.lower() or "<!--" in script:
        raise BuildError("the script contains </script or <!--, which would end it or hide it in a page")
    return script


def _collect(path: Path, ordered: dict[Path, str], above: tuple[Path, ...]) -> None:
    """Add a module after those that it imports."""
    if path in above:
        raise BuildError(f"{path.name} imports itself, by way of {above[-1].name}")
    if path in ordered:
        return
    text = path.read_text(encoding="utf-8")
    for _, target in IMPORT.findall(text):
        _collect((path.parent / target).resolve(), ordered, (*above, path))
    ordered[path] = text


def _scope(path: Path, text: str, numbers: dict[Path, str]) -> str:
    """Return a module as a function that returns its exports."""

    def imported(found: re.Match[str]) -> str:
        names = re.sub(r"\s+as\s+", ": ", " ".join(found[1].split()))
        return f"const {{ {names} }} = {numbers[(path.parent / found[2]).resolve()]};\n"

    body = IMPORT.sub(imported, text)
    names = [next(filter(None, found)) for found in EXPORT.findall(body)]
    body = COMMENT.sub("", EXPORT.sub("", body))
    where = path.relative_to(PAGE).as_posix()
    if left := re.search(
        r"^(import|export)\b.*|\bimport\.meta\b.*|\bimport\(.*", _without_comments(body), re.MULTILINE
    ):
        raise BuildError(f"{where}: {left[0]!r} cannot be joined; docs/explorer.md has the forms that can")
    return f"// {where}\nconst {numbers[path]} = (() => {{\n{body}return {{ {', '.join(names)} }};\n}})();"


def _without_comments(text: str) -> str:
    return re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)


def build_kernels(out: Path) -> Path:
    """Build the kernels for the page, with ziglang, into a folder; return the file. `make wasm` brings it into page/."""
    return build(WEBASSEMBLY, out, KERNEL_FLAGS)


def _kernels() -> NDArray[np.uint8] | None:
    """The kernels as WebAssembly."""
    return np.frombuffer(KERNELS.read_bytes(), np.uint8) if KERNELS.exists() else None


def _digits() -> dict[str, NDArray[np.uint8]]:
    """The originals of the built-in digits, for a training in the page."""
    pixels, labels = originals()
    return {"pixels": pixels, "labels": labels}


def _binary(value: Any) -> Any:
    """An array, or a number of NumPy's, as JSON can hold it."""
    if isinstance(value, np.generic):
        return value.item()
    if not isinstance(value, np.ndarray):
        raise TypeError(f"{type(value).__name__} cannot be written to the page")
    content = value.astype(value.dtype.newbyteorder("<")).tobytes()
    return {"dtype": value.dtype.name, "shape": list(value.shape), "data": _deflated(content)}


@functools.cache
def _packed(script: str) -> str:
    """The script as the page holds it: a third of its size, which page.html restores."""
    return _deflated(script.encode())


def _deflated(content: bytes) -> str:
    """The bytes, deflated without a header, in base64."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return base64.b64encode(packer.compress(content) + packer.flush()).decode()


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
