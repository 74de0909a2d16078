"""Write the notebooks beside the scripts: each cell of NAME.py becomes a cell of NAME.ipynb.

    python examples/notebooks.py

The scripts, in the percent form (`# %%` begins a cell of code, `# %% [markdown]` one of text), are the source. The notebooks
have no outputs, and change only when a script does; a test compares them. `make docs` calls this.
"""

import re
from pathlib import Path

import nbformat
from nbformat import NotebookNode

FOLDER = Path(__file__).parent
MARK = re.compile(r"^# %%( \[markdown\])?\n", re.MULTILINE)
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def scripts() -> list[Path]:
    """Return the programs, in the order of their names."""
    return sorted(path for path in FOLDER.glob("*.py") if path.name != Path(__file__).name)


def notebook(script: str) -> NotebookNode:
    """Return the notebook of a script's text.

    Raises:
        ValueError: for text before the first cell.
    """
    before, *parts = MARK.split(script)
    if before:
        raise ValueError(f"a script begins with '# %%' or '# %% [markdown]'; this one with {before.splitlines()[0]!r}")
    marked = zip(parts[::2], parts[1::2], strict=True)
    cells = [cell(mark is not None, source, f"cell-{number}") for number, (mark, source) in enumerate(marked, start=1)]
    made = nbformat.v4.new_notebook(cells=cells, metadata=METADATA)
    nbformat.validate(made)
    return made


def cell(is_text: bool, source: str, name: str) -> NotebookNode:
    """Return one cell with `name` as its id, so that the same script gives the same bytes."""
    if is_text:
        return nbformat.v4.new_markdown_cell(re.sub(r"^# ?", "", source.strip(), flags=re.MULTILINE), id=name)
    return nbformat.v4.new_code_cell(source.strip(), id=name)


def text(script: str) -> str:
    """Return the content of the notebook's file."""
    return nbformat.writes(notebook(script)) + "\n"


def main() -> None:
    for path in scripts():
        path.with_suffix(".ipynb").write_text(text(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
