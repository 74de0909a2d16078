"""The page's modules: their own tests in node, and their size."""

import subprocess
from pathlib import Path

import pytest
from page import TOOLS
from webassembly import node

from lenet.explorer import build

HERE = Path(__file__).parent
MODULES = sorted(build.PAGE.rglob("*.js"))

needs_node = pytest.mark.skipif(not node(), reason="needs node")


@needs_node
@pytest.mark.process
def test_the_tests_of_the_modules_pass():
    tests = sorted(str(path) for path in HERE.glob("*.test.mjs"))
    done = subprocess.run([*node(), "--test", "--test-reporter=tap", *tests], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.page
def test_the_types_are_right():
    """In the modules: JSDoc, checked by TypeScript's compiler."""
    compiler = TOOLS / "typescript/bin/tsc"
    assert compiler.exists(), "run `make page`, which installs TypeScript"
    done = subprocess.run([*node(), str(compiler), "-p", str(build.PAGE)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", MODULES, ids=[path.relative_to(build.PAGE).as_posix() for path in MODULES])
def test_a_module_is_short(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) < 250


def test_a_folder_holds_at_most_twelve_modules():
    folders = {path.parent for path in MODULES}
    assert {
        str(folder): len(list(folder.glob("*.js"))) for folder in folders if len(list(folder.glob("*.js"))) > 12
    } == {}
