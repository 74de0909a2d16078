"""What is wrong with a learner's labels, before the first step."""

import pytest
import torch
from torch import nn

from lenet import d2l
from lenet.d2l.bridge.label_errors import explain_label_error
from lenet.errors import DataError

LABELS = torch.arange(64) % 10


@pytest.mark.parametrize(
    ("labels", "message", "hint"),
    [
        (LABELS.int(), r"labels are int32 of shape \(64,\); expected int64 of shape \(64,\)", "y.long()"),
        (LABELS.float(), r"labels are float32 of shape \(64,\)", "y.long()"),
        (LABELS[:, None], r"labels are int64 of shape \(64, 1\)", "y.squeeze(1)"),
        (torch.eye(10)[LABELS], r"labels are float32 of shape \(64, 10\)", "y.argmax(dim=1)"),
        (LABELS[:32], r"labels are int64 of shape \(32,\)", None),
        (LABELS + 1, "a label is 10; expected 0 to 9: the network has 10 outputs", "subtract 1"),
        (LABELS - 1, "a label is -1; expected 0 to 9", "subtract 1"),
    ],
)
def test_labels_that_a_classifier_cannot_learn(labels, message, hint):
    net = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    before = net[1].weight.clone()
    batches = [(torch.rand(64, 1, 28, 28), labels)]
    with pytest.raises(DataError, match=message) as raised:
        d2l.train_ch6(net, batches, batches, 1, 0.1, "cpu", init=False)
    assert raised.value.hint is None if hint is None else hint in raised.value.hint
    assert torch.equal(net[1].weight, before)


def test_labels_that_are_not_the_reason():
    assert explain_label_error(torch.zeros(64, 10), LABELS) is None
    assert explain_label_error(torch.zeros(64, 1), LABELS.float()) is None
    assert explain_label_error(torch.zeros(64), LABELS.float()) is None
