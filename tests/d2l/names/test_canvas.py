"""Where a growing chart is seen: a terminal, a file, a notebook."""

import subprocess
import sys

import pytest
from terminal import FakeTerminal

from lenet import d2l
from lenet.d2l.names import canvas


def test_on_a_terminal_one_line_is_rewritten(monkeypatch):
    terminal = FakeTerminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    animator = d2l.Animator(xlabel="epoch", legend=["train loss", "test acc"])
    animator.add(0.2, (1.5, None))
    animator.add(1, (1.25, 0.5))
    assert terminal.getvalue() == (
        "\repoch 0.2  train loss 1.500\x1b[K\repoch 1.0  train loss 1.250  test acc 0.500\x1b[K"
    )
    animator.finish()
    assert "\r\x1b[K\rwrote " in terminal.getvalue()


def test_a_folder_that_is_gone_ends_no_training(own_folder, capsys):
    animator = d2l.Animator()
    animator.canvas.folder = own_folder / "gone" / "far"
    animator.add(0, 1)
    animator.finish()
    assert "cannot write" in capsys.readouterr().err


@pytest.mark.process
def test_a_script_leaves_its_animator_behind_when_it_ends(tmp_path):
    script = tmp_path / "mine.py"
    script.write_text(
        "from lenet import d2l\nanimator = d2l.Animator(xlim=[0, 2])\nanimator.add(1, 2)\n"
        "import sys; assert 'matplotlib.pyplot' not in sys.modules\nd2l.plt.figure()\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stderr == "wrote   mine-animator.png\n"
    assert (tmp_path / "mine-animator.png").is_file()


@pytest.mark.notebook
def test_in_a_notebook_one_chart_is_drawn_in_place(tmp_path):
    import nbformat
    from nbclient import NotebookClient

    code = [
        "from lenet import d2l\nimport time\n"
        "animator = d2l.Animator(xlabel='epoch', legend=['loss'])\n"
        "began = time.perf_counter()\n"
        "for i in range(2000):\n    animator.add(i, 1 / (i + 1))\n"
        "assert time.perf_counter() - began < 5, 'drawn at every point'",
        "assert not animator.canvas.is_stale\naxes = d2l.show_images([[[0, 1], [1, 0]]] * 2, 1, 2)",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in code])
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    first, second = (
        [output for output in cell.outputs if output.output_type == "display_data"] for cell in notebook.cells
    )
    assert len(first) == 1
    assert "image/svg+xml" in first[0]["data"]
    assert len(second) == 1
    assert list(tmp_path.glob("*.png")) == []


def test_a_line_is_nothing_where_there_is_no_terminal(capsys):
    with canvas.Line() as line:
        line.show("epoch 1")
    assert capsys.readouterr() == ("", "")


def test_a_script_from_stdin_has_no_name(monkeypatch):
    for script, name in (("<stdin>", None), ("mine/boots.py", "boots"), (None, None)):
        monkeypatch.setattr(sys.modules["__main__"], "__file__", script, raising=False)
        assert canvas.script_name() == name
