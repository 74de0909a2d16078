"""The chart of the book's classes."""

import torch

from lenet import d2l


def test_a_board_averages(own_folder):
    board = d2l.ProgressBoard("x", "y", xlim=(0, 6), yscale="log", figsize=(3, 2))
    for x in range(6):
        board.draw(x, torch.tensor(float(x * x)), "square", every_n=2)
        board.draw(x, -x, "minus", every_n=4)
    assert board.data == {"square": [(0.5, 0.5), (2.5, 6.5), (4.5, 20.5)], "minus": [(1.5, -1.5)]}
    board.finish()
    assert list(own_folder.glob("*board.png"))
    (axes,) = board.fig.axes
    drawn = [(list(line.get_xdata()), list(line.get_ydata())) for line in axes.get_lines()]
    assert drawn == [([0.5, 2.5, 4.5], [0.5, 6.5, 20.5]), ([1.5], [-1.5])]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["square", "minus"]
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_xlim(), axes.get_yscale()) == ("x", "y", (0, 6), "log")
    hidden = d2l.ProgressBoard(display=False)
    hidden.draw(1, 2, "nothing")
    hidden.finish()
    assert len(list(own_folder.iterdir())) == 1
