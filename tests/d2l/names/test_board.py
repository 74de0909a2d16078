"""The chart of the book's classes."""

import torch

from lenet import d2l


def test_a_board_averages(own_folder):
    board = d2l.ProgressBoard("x", figsize=(3, 2))
    for x in range(6):
        board.draw(x, torch.tensor(float(x * x)), "square", every_n=2)
        board.draw(x, -x, "minus", every_n=4)
    assert board.data == {"square": [(0.5, 0.5), (2.5, 6.5), (4.5, 20.5)], "minus": [(1.5, -1.5)]}
    board.finish()
    assert list(own_folder.glob("*board.png"))
    hidden = d2l.ProgressBoard(display=False)
    hidden.draw(1, 2, "nothing")
    hidden.finish()
    assert len(list(own_folder.iterdir())) == 1
