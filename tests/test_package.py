import subprocess
import sys

import pytest

import lenet


def run(code):
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True
    ).stdout


def test_importing_lenet_imports_no_heavy_library():
    heavy = "('torch', 'numpy', 'matplotlib', 'sklearn', 'PIL', 'typer', 'rich', 'requests')"
    assert run(f"import sys, lenet; print([m for m in {heavy} if m in sys.modules])").strip() == "[]"


def test_looking_at_data_does_not_wait_for_torch():
    code = "import sys, lenet; lenet.data.load('digits'); print('torch' in sys.modules)"
    assert run(code).strip() == "False"


def test_help_does_not_wait_for_torch():
    code = (
        "import sys\nfrom lenet.cli import main\nsys.argv = ['lenet', '--help']\n"
        "try: main()\nexcept SystemExit: pass\nprint([m for m in ('torch', 'numpy', 'matplotlib') if m in sys.modules])"
    )
    assert run(code).splitlines()[-1] == "[]"


def test_every_public_name_is_there():
    for name in lenet.__all__:
        assert getattr(lenet, name) is not None
        assert name in dir(lenet)
    with pytest.raises(AttributeError, match="module 'lenet' has no attribute 'nothing'"):
        _ = lenet.nothing


def test_every_public_thing_is_documented():
    for name in lenet.__all__:
        if name != "RECIPES":
            assert getattr(lenet, name).__doc__, name


def test_later_folders_are_never_imported_by_earlier_ones():
    """data ← models ← engines ← training ← analysis ← d2l; config and errors import none of them."""
    import re
    from pathlib import Path

    order = ["data", "models", "engines", "training", "analysis", "d2l"]
    package = Path(lenet.__file__).parent
    for number, folder in enumerate(order):
        for path in (package / folder).glob("*.py"):
            used = re.findall(r"(?:from|import) lenet\.(\w+)|from lenet import (\w+)", path.read_text(encoding="utf-8"))
            for name in (a or b for a, b in used):
                assert name not in [*order[number + 1 :], "cli"], f"{path} imports lenet.{name}"
    for name, allowed in (("config", {"errors"}), ("errors", set())):
        used = re.findall(r"(?:from|import) lenet\.(\w+)|from lenet import (\w+)", (package / f"{name}.py").read_text())
        assert {a or b for a, b in used} <= allowed


def test_names_that_stand_in_two_places_are_the_same():
    """config.py lists names so that a mistake is found before PyTorch is loaded; the classes stand in models/."""
    from lenet import config, models
    from lenet.models import lenet as family

    assert tuple(models.MODELS) == config.MODEL_NAMES
    assert tuple(config.RECIPES) == config.RECIPE_NAMES
    assert set(family.ACTIVATIONS) == set(config.ACTIVATIONS)
    assert set(family.POOLINGS) == set(config.POOLINGS)
