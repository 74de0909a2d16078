"""The published programs: they run, scripts and notebooks alike, and only their import lines know lenet."""

import ast
import json
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "examples"
RECORD = (ROOT / "bench/records/examples.log").read_text(encoding="utf-8")
NOTEBOOKS = runpy.run_path(str(FOLDER / "notebooks.py"))
PUBLISHED = {name: found["published"] for name, found in json.loads(RECORD.splitlines()[-1])["programs"].items()}

ACCURACY = r"(?:0\.\d{3}|1\.000)"
EPOCH = rf"epoch 1, loss \d\.\d{{4}}, train acc {ACCURACY}, test acc ({ACCURACY}), time \d+\.\d sec\n"
SUMMARY = rf"loss \d\.\d{{3}}, train acc {ACCURACY}, test acc ({ACCURACY})\n\d+\.\d examples/sec on \S+\n"
MAX_POOL = r"LeNet\(\n(?:.*\n)+\)\ntraining on \S+\n" + EPOCH
PRINTED = {
    "max_pool_adam_train_cuda_cpu": MAX_POOL,
    "max_pool_adam_train_ch5": MAX_POOL,
    "max_pool_adam_01_train": MAX_POOL,
    "avg_pool_sgd_train_ch6": r"(?:\w+ output shape:\t torch\.Size\(\[.*\]\)\n){13}training on \S+\n" + SUMMARY,
    "avg_pool_sgd_own_loop": r"training on \S+\n" + SUMMARY,
}
CHARTED = [name for name in PRINTED if name.startswith("avg_pool")]
LEARNT = ["max_pool_adam_train_cuda_cpu", "max_pool_adam_train_ch5"]  # in one epoch, of every seed; the others of most

SLOWEST = "avg_pool_sgd_own_loop"
RUN = [pytest.param(name, marks=[pytest.mark.proof] if name == SLOWEST else []) for name in sorted(PRINTED)]

programs = pytest.mark.parametrize("name", sorted(PRINTED))


@pytest.fixture
def learner(real_data, monkeypatch):
    """The programs find the real data."""
    monkeypatch.setenv("LENET_DATA", str(real_data))


def script(name):
    return (FOLDER / f"{name}.py").read_text(encoding="utf-8")


def shortened(text):
    """The program with one epoch instead of its own number; nothing else is changed."""
    text, count = re.subn(r"^(lr, num_epochs = 0\.\d+), (?:5|10)$", r"\1, 1", text, flags=re.M)
    assert count == 1
    return text


def judged(name, printed):
    found = re.fullmatch(PRINTED[name], printed)
    assert found, printed
    if name in LEARNT:
        assert float(found[1]) > 0.3


def test_every_script_is_one_of_the_five():
    assert [path.stem for path in NOTEBOOKS["scripts"]()] == sorted(PRINTED) == sorted(PUBLISHED)


@pytest.mark.docs
@pytest.mark.parametrize("name", RUN)
def test_a_script_runs_and_prints_as_published(name, learner, tmp_path):
    path = tmp_path / f"{name}.py"
    path.write_text(shortened(script(name)), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", str(path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=os.environ | {"PYTHONUTF8": "1"},
    )
    assert done.returncode == 0, done.stderr
    judged(name, done.stdout)
    assert "warning" not in done.stderr.lower()
    images = [each.name for each in tmp_path.glob("*.png")]
    assert len(images) == (name in CHARTED)
    assert all(f"wrote   {image}" in done.stderr for image in images)


@pytest.mark.parametrize("name", ["avg_pool_sgd_train_ch6", "max_pool_adam_train_cuda_cpu"])
@pytest.mark.docs
@pytest.mark.notebook
def test_a_notebook_runs_in_a_kernel(name, learner, tmp_path):
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    cell = notebook.cells[-1]
    cell.source = shortened(cell.source)
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=resources).execute()
    outputs = [output for each in notebook.cells for output in each.get("outputs", [])]
    judged(name, "".join(output.text for output in outputs if output.get("name") == "stdout"))
    displays = [output for output in outputs if output.output_type == "display_data"]
    assert len(displays) == (name in CHARTED)
    assert all("<svg" in output.data["image/svg+xml"] for output in displays)


@programs
def test_the_import_alone_names_lenet(name):
    """With the published line in its place, nothing of lenet is left in the code."""
    text = script(name)
    (line,) = re.findall(r"^(?:from|import) lenet.*$", text, flags=re.M)
    published = text.replace(f"\n{line}\n", f"\n{PUBLISHED[name]}\n")
    assert "lenet" in ast.unparse(ast.parse(text))  # which leaves the comments out
    assert "lenet" not in ast.unparse(ast.parse(published))
    assert text.count(f"`{PUBLISHED[name]}`") == 2  # in the text at its beginning, in both languages


@programs
def test_a_notebook_is_what_its_script_gives(name):
    there = (FOLDER / f"{name}.ipynb").read_text(encoding="utf-8")
    assert there == NOTEBOOKS["text"](script(name)), "run make docs"
    notebook = nbformat.reads(there, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            compile(cell.source, name, "exec")
            assert not cell.outputs


def test_a_script_begins_with_a_cell():
    with pytest.raises(ValueError, match=r"begins with '# %%'.*this one with 'import torch'"):
        NOTEBOOKS["notebook"]("import torch\n# %%\nprint(1)\n")


@programs
def test_comments_are_english_and_chinese(name):
    """Every block of whole comment lines, a text cell's as well as one above code."""
    blocks = re.findall(r"(?:^#(?! %%).*\n)+", script(name), flags=re.M)
    assert len(blocks) >= 4
    for block in blocks:
        chinese = [line for line in block.splitlines() if re.search(r"[\u4e00-\u9fff]", line)]
        english = [line for line in block.splitlines() if line not in chinese and re.search(r"[a-z]{3}", line)]
        assert chinese, block
        assert english, block
