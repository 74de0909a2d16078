"""The package as a whole: its public names and their documentation, what importing costs, and which room imports which."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import docstrings
import pytest
from generate_tree import ROOMS

import lenet

pytestmark = pytest.mark.smoke


def run(code):
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True
    ).stdout


def test_importing_lenet_imports_no_heavy_library():
    heavy = "('torch', 'numpy', 'matplotlib', 'PIL', 'typer', 'rich', 'requests')"
    assert run(f"import sys, lenet; print([m for m in {heavy} if m in sys.modules])").strip() == "[]"


def test_loading_data_imports_no_heavy_library():
    heavy = "('torch', 'matplotlib', 'PIL', 'typer', 'rich', 'requests')"
    code = f"import sys, lenet; lenet.data.load('digits'); print([m for m in {heavy} if m in sys.modules])"
    assert run(code).strip() == "[]"


@pytest.mark.torch
def test_every_public_name_is_there():
    for name in lenet.__all__:
        assert getattr(lenet, name) is not None
        assert name in dir(lenet)
    with pytest.raises(AttributeError, match="module 'lenet' has no attribute 'nothing'"):
        _ = lenet.nothing


def test_imports_dictionary_and_all_name_the_same():
    tree = ast.parse(Path(lenet.__file__).read_text(encoding="utf-8"))
    guarded = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    imported = {}
    for node in guarded[0].body:
        assert isinstance(node, ast.ImportFrom)
        for alias in node.names:
            imported[alias.name] = f"lenet.{alias.name}" if node.module == "lenet" else node.module
    assert imported == lenet._MODULES
    assert list(lenet._MODULES) == sorted(lenet._MODULES)
    assert set(lenet.__all__) == {*imported, "__version__"}


# Public names whose docstrings are not as tests/support/docstrings.py asks. The list only shrinks.
NOT_YET = {
    "Evaluation.to_dict",
    "Prediction.to_dict",
    "TrainConfig.checkpoint_interval",
    "models.LeNet",
    "models.LeNet.forward",
    "models.LeNetAvg",
    "models.MLP",
    "models.Softmax",
    "models.build",
    "models.num_parameters",
}


@pytest.mark.torch
def test_public_names_are_documented():
    found = {
        name: problems
        for name, thing, owner in docstrings.public_names()
        if (problems := docstrings.problems(thing, owner))
    }
    assert not {name: problems for name, problems in found.items() if name not in NOT_YET}
    assert NOT_YET - set(found) == set(), "these are documented now, or gone: take them from the list"


def test_what_a_docstring_lacks_is_found():
    def measure(images, *, size=1) -> int:
        """Measures the images"""
        raise lenet.LenetError("no")

    def show() -> None:
        """Show all.

        Returns:
            Nothing.
        """

    measure.__module__ = "lenet.made_up"
    assert docstrings.problems(measure) == [
        "its first line is not a sentence",
        "its first line is not in the imperative",
        "it documents no arguments instead of images, size",
        "Returns: is missing",
        "Raises: is missing",
    ]
    assert docstrings.problems(show) == ["Returns: is superfluous"]
    assert docstrings.problems(lenet.configure) == []


GROUND = {
    "near_misses": set(),
    "errors": {"near_misses"},
    "version": set(),
    "extras": {"errors"},
    "metrics": set(),
    "registry": set(),
    "recipes": set(),
    "settings": {"errors"},
    "combinations": {"errors", "recipes"},
    "config": {"combinations", "errors", "recipes", "registry", "settings"},
}
PACKAGE = Path(lenet.__file__).parent


def imported(path):
    """The modules of lenet that a file imports, also within functions, as dotted names; `lenet` for its root."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names if alias.name.split(".")[0] == "lenet"}
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "lenet":
            assert node.level == 0
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                is_module = (PACKAGE.parent / name.replace(".", "/")).is_dir()
                is_module |= (PACKAGE.parent / (name.replace(".", "/") + ".py")).is_file()
                names.add(name if is_module else node.module)
    return names


def upward(path, room):
    """What a file of a room imports and may not: later rooms, and the package's own root."""
    later = ROOMS[ROOMS.index(room) + 1 :]
    return {name for name in imported(path) if name == "lenet" or name.split(".")[1] in later}


@pytest.mark.parametrize("room", ROOMS)
def test_no_room_imports_a_later_one(room):
    files = sorted((PACKAGE / room).rglob("*.py")) or [PACKAGE / f"{room}.py"]
    wrong = {str(path): names for path in files if (names := upward(path, room))}
    assert not wrong


def packages(path):
    """The packages of others that a file imports, also within functions."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names - sys.stdlib_module_names - {"lenet"}


def test_two_rooms_import_pytorch():
    importing = {path.relative_to(PACKAGE).parts[0] for path in PACKAGE.rglob("*.py") if "torch" in packages(path)}
    assert importing == {"pytorch", "d2l"}


@pytest.mark.parametrize("room", ROOMS[: ROOMS.index("engines")])
def test_a_room_before_the_engines_needs_the_core_alone(room):
    core = {"numpy", "PIL", "platformdirs", "requests", "safetensors"}
    optional = {"parquet.py": {"pyarrow"}, "heif.py": {"pillow_heif"}}
    for path in (PACKAGE / room).rglob("*.py"):
        assert packages(path) <= core | optional.get(path.name, set()), path
        assert not re.search(r"\b(has_torch|require_torch)\b", path.read_text(encoding="utf-8")), path


def test_the_bridge_of_d2l_does_not_import_its_names():
    files = sorted((PACKAGE / "d2l" / "bridge").rglob("*.py"))
    assert files
    assert not {path.name for path in files for name in imported(path) if name.startswith("lenet.d2l.names")}


def test_an_import_that_points_up_is_seen(tmp_path):
    path = tmp_path / "module.py"
    for line in (
        "import lenet",
        "import lenet.cli.main",
        "from lenet import errors, cli",
        "from lenet.runs.run import Run",
    ):
        path.write_text(f"def late():\n    {line}\n")
        assert upward(path, "engines"), line
    path.write_text("from lenet import errors\nfrom lenet.data.dataset import Dataset\n")
    assert not upward(path, "engines")


def test_the_ground_floor_imports_only_itself():
    for name, allowed in GROUND.items():
        assert {module.removeprefix("lenet.") for module in imported(PACKAGE / f"{name}.py")} <= allowed
