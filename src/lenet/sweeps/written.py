"""Where a sweep is written down: a TOML file, the arguments of `lenet.sweep`, and the options of `lenet sweep`.

    seeds = 10
    [base]
    recipe = "fast"
    epochs = 2
    [vary]
    activation = ["relu", "tanh"]

Instead of [vary], [[variation]] tables with a `name` are a list of variations.
"""

import dataclasses
import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lenet.config import TrainConfig
from lenet.errors import ConfigError, choices_hint
from lenet.files import untrusted
from lenet.runs.command import settings_of
from lenet.sweeps.spec import NUM_SEEDS, Draft, Settings
from lenet.sweeps.values import FIXED, by_field, field_name, naming, seeds_of

TABLES = ("seeds", "base", "vary", "variation")
EXAMPLE = "docs/sweeps.md has examples"


def read_toml(path: Path) -> Draft:
    """Read a sweep from a TOML file.

    Args:
        path: the file.

    Returns:
        What it says; `Draft.spec` checks the settings.

    Raises:
        ConfigError: if it cannot be read, is not valid TOML, or has entries of another form.
    """
    try:
        content = tomllib.loads(untrusted.read(path, untrusted.MAX_JSON, ConfigError).decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {untrusted.printable(error)}", hint=EXAMPLE) from error
    for name in content:
        if name not in TABLES:
            hint = f"{choices_hint(name, TABLES)}; settings stand under [base]"
            raise ConfigError(f"{path}: unknown entry {name!r}", hint=hint)
    base, vary = (_table(path, name, content.get(name, {})) for name in ("base", "vary"))
    with naming(f"{path}, seeds"):
        seeds = seeds_of(content.get("seeds", NUM_SEEDS))
    return Draft(
        base=by_field(base, f"{path}, [base]"),
        grid=by_field(vary, f"{path}, [vary]"),
        named=_named(path, content.get("variation", [])),
        seeds=seeds,
    )


def from_arguments(base: Any, vary: Mapping[str, Any] | None, seeds: Any) -> Draft:
    """Make a draft of the arguments of `lenet.sweep`, which explains them.

    Raises:
        ConfigError: for a base or variations of another form.
    """
    if isinstance(base, TrainConfig):
        changed = {name: value for name, value in settings_of(base).items() if name not in FIXED}
        draft = Draft(by_field({"recipe": base.recipe} | changed, "base"))
    elif isinstance(base, Mapping):
        draft = Draft(by_field(base, "base"))
    elif isinstance(base, os.PathLike) or str(base).endswith(".toml"):
        draft = read_toml(Path(base))
    else:
        draft = Draft({"recipe": ("base", str(base))})
    if vary is not None and not isinstance(vary, Mapping):
        hint = 'such as vary={"activation": ["relu", "tanh"]}'
        raise ConfigError(f"vary is {vary!r}; expected values by setting", hint=hint)
    if vary:
        draft = dataclasses.replace(draft, **_varied(vary))
    return draft if seeds is None else dataclasses.replace(draft, seeds=seeds)


def with_options(draft: Draft, settings: Settings, vary: Sequence[str], seeds: str | None) -> Draft:
    """Change a draft by the options of `lenet sweep`.

    Args:
        draft: of the file, or an empty one.
        settings: options of the base, None where not given.
        vary: texts such as "activation=relu,tanh"; they replace the file's values of the same setting.
        seeds: their number, or seeds separated by commas.

    Returns:
        The draft.

    Raises:
        ConfigError: for a text of another form, or an unknown setting.
    """
    grid = dict(draft.grid)
    given = set()
    for text in vary:
        name, equals, values = text.partition("=")
        if not equals:
            hint = "write a setting and its values: --vary activation=relu,tanh"
            raise ConfigError(f"--vary {text}: expected NAME=VALUE,VALUE", hint=hint)
        field = field_name(name, f"--vary {text}")
        if field in given:
            raise ConfigError(f"--vary {text}: {name} is varied twice", hint="put all of its values into one --vary")
        given.add(field)
        grid[field] = (f"--vary {text}", values)
    base = dict(draft.base) | {name: ("", value) for name, value in settings.items() if value is not None}
    changed = dataclasses.replace(draft, base=base, grid=grid)
    return changed if seeds is None else dataclasses.replace(changed, seeds=seeds)


def _table(path: Path, name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ConfigError(f"{path}: {name} is not a table; expected [{name}] and settings below it", hint=EXAMPLE)
    return value


def _named(path: Path, tables: Any) -> dict[str, tuple[str, Settings]]:
    """The [[variation]] tables by name."""
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ConfigError(f"{path}: variation is not a list of tables; expected [[variation]]", hint=EXAMPLE)
    named: dict[str, tuple[str, Settings]] = {}
    for number, table in enumerate(tables, start=1):
        name = table.get("name")
        if not isinstance(name, str) or not name or name != untrusted.printable(name):
            raise ConfigError(f"{path}: [[variation]] {number} has no name", hint='add name = "…", one line of text')
        if name in named:
            raise ConfigError(f"{path}: two variations are called {name}", hint="give each a name of its own")
        settings = {key: value for key, value in table.items() if key != "name"}
        named[name] = (f"{path}, variation {name}", settings)
    return named


def _varied(vary: Mapping[str, Any]) -> dict[str, Any]:
    """The grid, or the named variations, of a mapping."""
    if all(isinstance(value, Mapping) for value in vary.values()):
        named = {str(name): (f"variation {name}", settings) for name, settings in vary.items()}
        return {"grid": {}, "named": named}
    return {"grid": by_field(vary, "vary"), "named": {}}
