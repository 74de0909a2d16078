"""search.json, which says what a folder searches: a call with anything else is refused there."""

from importlib import metadata
from pathlib import Path
from typing import Any

from lenet.config import FIELDS
from lenet.errors import RunError
from lenet.files import durable, untrusted
from lenet.sweeps.tune.folder import turn
from lenet.sweeps.tune.held_out import Base
from lenet.sweeps.tune.plan import Plan
from lenet.sweeps.tune.space import Space
from lenet.sweeps.values import text_of
from lenet.version import __version__

NAME = "search.json"
FORMAT = 1


def manifest(base: Base, space: Space, plan: Plan) -> dict[str, Any]:
    """Return what decides the trials of a search, as JSON can hold it."""
    values = base.to_dict()
    values["settings"] = {
        name: value
        for name, value in values["settings"].items()
        if FIELDS[name].metadata["decides"] and name not in {axis.field for axis in space.axes}
    }
    versions = {"lenet": __version__, "optuna": metadata.version("optuna")}
    return {"format": FORMAT, "versions": versions, "search": space.to_dict(), "plan": plan.kept, **values}


def claim(folder: Path, expected: dict[str, Any]) -> None:
    """Make a folder the one of a search, or check that it is.

    Args:
        folder: made if it is not there.
        expected: from `manifest`.

    Raises:
        RunError: if it holds another search or anything else, or cannot be written.
    """
    path = folder / NAME
    try:
        durable.make_folders(folder)
        with turn(folder):
            if path.is_file():
                _compare(folder, _read(path), expected)
            elif any(folder.iterdir()):
                raise RunError(
                    f"{folder} is not empty and is not the folder of a search", hint="choose another folder with --out"
                )
            else:
                durable.write(path, durable.as_json(expected))
    except OSError as error:
        what, hint = durable.explain(error)
        raise RunError(f"cannot write in {folder}: {what}", hint=f"{hint}, or choose another with --out") from error


def _read(path: Path) -> dict[str, Any]:
    try:
        values = untrusted.parse_json(untrusted.read(path, untrusted.MAX_JSON))
        parts = {name: values[name] for name in ("settings", "search", "plan", "versions")}
        if not all(isinstance(part, dict) for part in parts.values()):
            raise ValueError("expected the settings of a search")
    except (ValueError, KeyError, TypeError) as error:
        hint = "choose another folder with --out"
        raise RunError(f"{path} cannot be used: {untrusted.printable(error)}", hint=hint) from error
    return dict(values)


def _compare(folder: Path, before: dict[str, Any], now: dict[str, Any]) -> None:
    """Raise RunError that names the first thing in which a folder's search is another one."""
    hint = "choose another folder with --out; the same search with more trials or seconds can continue in this one"
    if before.get("format") != now["format"] or before["versions"] != now["versions"]:
        versions = ", ".join(f"{name} {version}" for name, version in before["versions"].items())
        here = ", ".join(f"{name} {version}" for name, version in now["versions"].items())
        message = f"the search in {folder} was started with {versions}; installed here: {here}"
        raise RunError(untrusted.printable(message), hint="use those versions, or start another search with --out")
    for part, what in {"search": "over", "plan": "with", "settings": "with"}.items():
        for name in dict.fromkeys([*before[part], *now[part]]):
            old, new = before[part].get(name), now[part].get(name)
            if old != new:
                flag = name.replace("_", "-")
                message = f"{folder} holds another search, {what} {flag} {text_of(old)}; here it is {text_of(new)}"
                raise RunError(untrusted.printable(message), hint=hint)
    if before.get("data") != now["data"]:
        raise RunError(f"{folder} holds a search on other data", hint=hint)
