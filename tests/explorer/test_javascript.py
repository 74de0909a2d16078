"""The page's modules: their own tests in node, and their size."""

import re
import subprocess
from pathlib import Path

import pytest
from page import TOOLS
from webassembly import node

from lenet.explorer import build

HERE = Path(__file__).parent
MODULES = sorted(build.PAGE.rglob("*.js"))


@pytest.mark.node
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


def test_exports_are_imported():
    """An export that only tests import is used in its own module as well: else it is dead."""
    texts = {path: path.read_text(encoding="utf-8") for path in MODULES}
    tests = [path.read_text(encoding="utf-8") for path in HERE.parent.glob("*/*.mjs")]
    python = "".join(path.read_text(encoding="utf-8") for path in HERE.glob("*.py"))
    by_modules, by_tests = imports(texts.values()), imports(tests)
    called_in_python = set(re.findall(r'"(\w+)"', python))
    needless = []
    for path, text in texts.items():
        code = re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.DOTALL)
        for name in (next(filter(None, found)) for found in build.EXPORT.findall(text)):
            is_tested = (path.name, name) in by_tests or name in called_in_python
            is_used_here = len(re.findall(rf"\b{name}\b", code)) > 1
            if (path.name, name) not in by_modules and not (is_tested and is_used_here):
                needless.append((path.name, name))
    assert needless == [(build.ENTRY, "main")]


def imports(texts):
    """The names that modules import, also for types: pairs of the file's name and the name in it."""
    names = set()
    for text in texts:
        names |= {(Path(module).name, name) for module, name in re.findall(r'import\("([^"]+)"\)\.(\w+)', text)}
        for several, module in build.IMPORT.findall(text):
            names |= {(Path(module).name, name.split(" as ")[0].strip()) for name in several.split(",")}
    return names
