"""The folder of a sweep: its manifest, and the lock that keeps other sweeps out meanwhile.

A folder belongs to one base: the settings that all its trainings share. The same base with more values, more varied settings
or more seeds continues there; finished trainings are not done again. Any other base is refused.
"""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lenet.config import FIELDS, TrainConfig
from lenet.configuration import to_dict
from lenet.errors import ConfigError, RunError
from lenet.files import durable, locks, untrusted
from lenet.sweeps.spec import Spec
from lenet.sweeps.values import text_of

MANIFEST = "manifest.json"
FORMAT = 1
DECIDES_DATA = ("size", "fit", "split_seed", "skip_bad")
HINT = "choose another folder with --out; the same sweep with more values or seeds can continue in this one"


def check(folder: Path, spec: Spec, fingerprint: str = "") -> None:
    """Check, before anything is trained, that the folder may take this sweep.

    Args:
        folder: of the sweep; it need not exist.
        spec: the sweep.
        fingerprint: of the data, empty if it varies or is not loaded yet.

    Raises:
        RunError: if the folder holds another sweep, or something else.
    """
    before = _read(folder)
    if before is not None:
        _compare(folder, before, _manifest(spec, fingerprint, {}))


@contextlib.contextmanager
def claimed(folder: Path, spec: Spec, fingerprint: str, variations: Mapping[str, str]) -> Iterator[None]:
    """Make the folder, keep other sweeps out meanwhile, and write its manifest.

    Args:
        folder: of the sweep.
        spec: the sweep.
        fingerprint: of the data, empty if the data varies.
        variations: their names by the folders of their runs; those of earlier sweeps are kept beside them.

    Raises:
        RunError: if another sweep runs in the folder, or it holds another one, or cannot be written.
    """
    try:
        durable.make_folders(folder)
    except OSError as error:
        raise RunError(
            f"cannot write in {folder}: {error.strerror or error}", hint="choose another with --out"
        ) from error
    with locks.lock(folder, hint="wait until that sweep has ended, or choose another folder with --out"):
        manifest = _manifest(spec, fingerprint, variations)
        before = _read(folder)
        if before is not None:
            _compare(folder, before, manifest)
            manifest["varied"] = sorted({*before["varied"], *manifest["varied"]})
            names = {*variations.values()}  # one may have had other settings before
            earlier = before.get("variations", {})
            manifest["variations"] |= {
                home: name for home, name in earlier.items() if home not in variations and name not in names
            }
        content = durable.as_json(manifest)
        try:
            if not durable.holds(folder / MANIFEST, content):
                durable.write(folder / MANIFEST, content)
        except OSError as error:
            what, hint = durable.explain(error)
            raise RunError(f"cannot write {folder / MANIFEST}: {what}", hint=hint) from error
        yield


def _manifest(spec: Spec, fingerprint: str, variations: Mapping[str, str]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "base": _base(spec),
        "varied": sorted(spec.varied),
        "data_fingerprint": fingerprint,
        "variations": dict(variations),
    }


def _base(spec: Spec) -> dict[str, Any]:
    """The settings that decide what all trainings share."""
    config: TrainConfig
    try:
        config = spec.config({})
    except ConfigError:  # a base that is possible only together with what is varied
        config = next(iter(spec.configs.values()))
    return {n: v for n, v in to_dict(config).items() if FIELDS[n].metadata["decides"] or n in DECIDES_DATA}


def _read(folder: Path) -> dict[str, Any] | None:
    """The manifest of the sweep in a folder; None for a folder that is new or empty."""
    path = folder / MANIFEST
    if not path.is_file():
        if folder.is_dir() and any(folder.iterdir()):
            raise RunError(
                f"{folder} is not empty and is not the folder of a sweep", hint="choose another folder with --out"
            )
        return None
    try:
        manifest = untrusted.parse_json(untrusted.read(path, untrusted.MAX_JSON))
        if manifest["format"] != FORMAT or not isinstance(manifest["base"], dict):
            raise ValueError(f"format is {untrusted.printable(manifest['format'])}; expected {FORMAT}")
        _ = [str(name) for name in manifest["varied"]], str(manifest["data_fingerprint"])
        _ = [str(name) for name in manifest.get("variations", {}).values()]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RunError(f"{path} cannot be used: {untrusted.printable(error)}", hint=HINT) from error
    return dict(manifest)


def _compare(folder: Path, before: dict[str, Any], now: dict[str, Any]) -> None:
    """Raise RunError if two manifests are of different sweeps. Settings that vary in either may differ in the base."""
    varied = {*before["varied"], *now["varied"]}
    for name, value in now["base"].items():
        other = before["base"].get(name, FIELDS[name].default)
        if name not in varied and other != value:
            option = name.replace("_", "-")
            message = f"{folder} holds another sweep, with {option} {text_of(other)}; here it is {text_of(value)}"
            raise RunError(untrusted.printable(message), hint=HINT)
    one, other = before["data_fingerprint"], now["data_fingerprint"]
    if one and other and one != other:
        raise RunError(f"{folder} holds a sweep on other data of the same name", hint=HINT)
