"""Charts and pictures without a notebook and with one."""

import io
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from lenet import d2l
from lenet.d2l.names import plotting
from lenet.errors import ConfigError, DataError


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_an_animator_collects_points_and_becomes_a_png(own_folder, capsys):
    animator = d2l.Animator(xlabel="epoch", xlim=[0, 2], ylim=[0, 1], legend=["loss", "train acc", "test acc"])
    animator.add(1, (0.9, torch.tensor(0.5), None))
    animator.add(2, (0.5, 0.7, None))
    animator.add(2, (None, None, 0.6))
    assert animator.X == [[1, 2], [1, 2], [2]]
    assert [[0.9, 0.5], [0.5, pytest.approx(0.7)], [0.6]] == animator.Y
    assert list(own_folder.iterdir()) == []
    animator.finish()
    animator.finish()
    (path,) = own_folder.iterdir()
    assert path.name.endswith("animator.png")
    with Image.open(path) as picture:
        assert picture.size == (525, 375)
    assert capsys.readouterr() == ("", f"wrote   {path.name}\n")
    (axes,) = animator.axes
    assert [line.get_ydata()[-1] for line in axes.get_lines()] == pytest.approx([0.5, 0.7, 0.6])
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["loss", "train acc", "test acc"]
    assert (axes.get_xlabel(), axes.get_xlim(), axes.get_ylim()) == ("epoch", (0, 2), (0, 1))


def test_an_animator_of_one_line_and_of_many():
    animator = d2l.Animator(yscale="log", nrows=1, ncols=2, figsize=(6, 2), fmts=("r-",))
    for x in range(3):
        animator.add(x, 10.0**x)
    assert (animator.X, animator.Y) == ([[0, 1, 2]], [[1, 10, 100]])
    assert len(animator.axes) == 2
    animator.finish()
    assert animator.axes[0].get_yscale() == "log"
    many = d2l.Animator()
    many.add(0, range(6))  # more than there are formats: published, the fifth is lost
    many.finish()
    assert len(many.axes[0].get_lines()) == 6


def test_a_second_chart_does_not_overwrite_the_first(own_folder):
    for _ in range(2):
        animator = d2l.Animator()
        animator.add(0, 1)
        animator.finish()
    assert len(list(own_folder.iterdir())) == 2


def test_on_a_terminal_one_line_is_rewritten(monkeypatch):
    terminal = Terminal()
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


def test_show_images_takes_tensors_arrays_and_pillow(own_folder, capsys):
    pictures = [torch.rand(28, 28), torch.rand(1, 28, 28), np.zeros((5, 5)), Image.new("RGB", (4, 4))]
    axes = d2l.show_images(pictures, 2, 3, titles=["a", "b"], scale=1)
    assert axes.shape == (6,)
    assert [each.get_title() for each in axes] == ["a", "b", "", "", "", ""]
    assert [len(each.images) for each in axes] == [1, 1, 1, 1, 0, 0]
    assert capsys.readouterr().err.startswith("wrote ")
    assert list(own_folder.glob("*images.png"))
    with pytest.raises(ConfigError, match="0 rows"):
        d2l.show_images([], 0, 2)


def test_show_fashion_mnist(own_folder):
    axes = d2l.show_fashion_mnist(torch.rand(3, 1, 28, 28), ["coat", "bag", "shirt"])
    assert [each.get_title() for each in axes] == ["coat", "bag", "shirt"]
    assert list(own_folder.glob("*fashion_mnist.png"))


def test_predict_ch3_shows_true_labels_above_predicted(iterators, own_folder):
    net = nn.Sequential(nn.Flatten(), nn.Linear(784, 10), nn.Dropout(0.99))
    nn.init.zeros_(net[1].weight)
    with torch.no_grad():
        net[1].bias.copy_(torch.arange(10.0))  # ankle boots, all of them
    axes = d2l.predict_ch3(net, iterators[1], n=3)
    _, labels = next(iter(iterators[1]))
    expected = [f"{name}\nankle boot" for name in d2l.get_fashion_mnist_labels(labels[:3])]
    assert [each.get_title() for each in axes] == expected
    assert net.training
    assert len(d2l.predict_ch3(lambda X: X.flatten(1)[:, :10], iterators[1], n=1000)) == 50


def test_settings_of_figures():
    d2l.use_svg_display()
    d2l.set_figsize((4, 3))
    import matplotlib

    assert matplotlib.rcParams["figure.figsize"] == [4, 3]
    d2l.set_figsize()


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
    with plotting.Line() as line:
        line.show("epoch 1")
    assert capsys.readouterr() == ("", "")


def test_nothing_to_predict_is_said():
    with pytest.raises(DataError, match="the iterator to predict gives no batch"):
        d2l.predict_ch3(nn.Flatten(), [])
