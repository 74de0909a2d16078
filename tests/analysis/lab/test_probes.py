"""What comes out of the layers, in whatever chunks it is computed."""

import pytest
import torch

from lenet.analysis.lab import probes
from lenet.analysis.lab.probes import layer_outputs, probabilities
from lenet.engines.cpu import CpuEngine
from lenet.errors import EngineError


def test_the_layers_of_too_many_pictures_are_looked_at_in_chunks(tiny, tiny_run, monkeypatch):
    whole = layer_outputs(tiny_run, tiny.test.images)
    real, asked = probes.activations_of, []

    def narrow(net, images):
        asked.append(len(images))
        if len(images) > 60:
            raise RuntimeError("[enforce fail at alloc_cpu.cpp:124] DefaultCPUAllocator: can't allocate memory")
        return real(net, images)

    monkeypatch.setattr(probes, "activations_of", narrow)
    parts = layer_outputs(tiny_run, tiny.test.images)
    assert asked == [200, 100, 50, 50, 50, 50]
    assert list(parts) == list(whole) == ["layer 1", "layer 2"]
    for name, (values, still) in parts.items():
        torch.testing.assert_close(values, whole[name][0])
        assert still == whole[name][1]


@pytest.mark.parametrize("probe", [layer_outputs, probabilities])
def test_a_lack_of_memory_is_explained(tiny, tiny_run, monkeypatch, probe):
    def full(*arguments):
        raise MemoryError

    monkeypatch.setattr(probes, "activations_of", full)
    monkeypatch.setattr(CpuEngine, "logits", full)
    with pytest.raises(EngineError, match="this program is out of memory"):
        probe(tiny_run, tiny.test.images)
