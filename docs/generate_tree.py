"""The tree of src/lenet for docs/architecture.md, each file with the first line of its docstring.

python docs/generate_tree.py > docs/architecture.md.new
"""

import ast
import re
import sys
from pathlib import Path

DOCS = Path(__file__).parent
PACKAGE = DOCS.parent / "src" / "lenet"
# In the order in which data passes through them: none imports a later one (tests/test_package.py).
ROOMS = [
    "files",
    "images",
    "data",
    "networks",
    "engines",
    "pytorch",
    "models",
    "doctor",
    "ready",
    "runs",
    "display",
    "training",
    "analysis",
    "distributed",
    "sweeps",
    "explorer",
    "deploy",
    "sklearn",
    "d2l",
    "cli",
]
COLUMN = 26


def sentence(path: Path) -> str:
    """The first line of a Python file's docstring, or of a C++ file's first comment."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        lines = (ast.get_docstring(ast.parse(text)) or "").splitlines()
    else:
        comment = re.match(r"// (.*)", text)
        lines = [comment[1]] if comment else []
    return lines[0].rstrip(".") if lines else ""


def tree(folder: Path = PACKAGE, depth: int = 1) -> list[str]:
    """The lines for a folder: its files, then its folders."""
    lines = []
    paths = [path for path in folder.iterdir() if path.suffix in (".py", ".cpp", ".h") or path.is_dir()]
    order = {name: number for number, name in enumerate(ROOMS)}
    for path in sorted(paths, key=lambda path: (path.is_dir(), order.get(path.name, len(order)), path.name)):
        if path.name == "__pycache__" or (path.is_dir() and not list(path.glob("*.py"))):
            continue
        name = "  " * depth + path.name + ("/" if path.is_dir() else "")
        what = "" if path.is_dir() else sentence(path)
        lines.append(f"{name:<{COLUMN}} {what}".rstrip())
        if path.is_dir():
            lines += tree(path, depth + 1)
    return lines


def generate() -> str:
    """docs/architecture.md with the tree as it is now."""
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    block = "\n".join(["```text", "src/lenet/", *tree(), "```"])
    return re.sub(r"(<!-- tree -->\n).*?(<!-- /tree -->)", lambda m: m[1] + block + "\n" + m[2], page, flags=re.S)


if __name__ == "__main__":
    sys.stdout.write(generate())
