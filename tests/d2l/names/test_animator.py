"""The book's growing chart."""

import pytest
import torch
from PIL import Image

from lenet import d2l


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
    with Image.open(path) as image:
        assert image.size == (525, 375)
    assert capsys.readouterr() == ("", f"wrote   {path.name}\n")
    (axes,) = animator.axes
    assert [list(line.get_xdata()) for line in axes.get_lines()] == [[1, 2], [1, 2], [2]]
    drawn = [list(line.get_ydata()) for line in axes.get_lines()]
    assert drawn == [[0.9, 0.5], [0.5, pytest.approx(0.7)], [0.6]]
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


def test_lines_with_an_x_of_their_own():
    animator = d2l.Animator(xlabel="x", ylabel="y", xscale="log", xlim=(1, 10), ylim=(0, 5), legend=("a", "b"))
    animator.add((1, 2), (3, 4))
    animator.add((None, 5), (1, 2))  # no x, no point
    animator.finish()
    (axes,) = animator.axes
    assert [(list(line.get_xdata()), list(line.get_ydata())) for line in axes.get_lines()] == [
        ([1], [3]),
        ([2, 5], [4, 2]),
    ]
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_xscale(), axes.get_yscale()) == ("x", "y", "log", "linear")
    assert (axes.get_xlim(), axes.get_ylim()) == ((1, 10), (0, 5))


def test_the_legend_names_only_lines_that_are_there():
    animator = d2l.Animator(legend=["first", "second"])
    animator.add(1, 2)
    animator.finish()
    assert [text.get_text() for text in animator.axes[0].get_legend().get_texts()] == ["first"]
