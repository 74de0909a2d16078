"""The book's models."""

import pytest
import torch
import torch.nn.functional as F

from lenet import d2l


def test_losses_and_accuracies_of_a_classifier():
    model = d2l.Classifier()
    scores, classes_ = torch.tensor([[2.0, 1.0], [0.0, 3.0]]), torch.tensor([0, 0])
    assert model.accuracy(scores, classes_) == 0.5
    assert model.accuracy(scores, classes_, averaged=False).tolist() == [1, 0]
    assert torch.equal(model.loss(scores, classes_), F.cross_entropy(scores, classes_))
    assert torch.equal(
        model.loss(scores, classes_, averaged=False), F.cross_entropy(scores, classes_, reduction="none")
    )
    with pytest.raises(NotImplementedError):
        d2l.Module().loss(0, 0)


def test_the_summary_of_lenet(capsys):
    model = d2l.LeNet()
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    model.layer_summary((1, 1, 28, 28))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Conv2d output shape:\t torch.Size([1, 6, 28, 28])"
    assert lines[-1] == "Linear output shape:\t torch.Size([1, 10])"
    assert len(lines) == 12
    assert torch.equal(torch.rand(1), expected)
    d2l.layer_summary(model, (1, 1, 28, 28))
    assert capsys.readouterr().out.splitlines() == lines
