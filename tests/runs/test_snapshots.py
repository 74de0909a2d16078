"""Snapshots on the disk: small, and only those that are whole and of the network."""

import numpy as np
import pytest

from lenet.networks import build
from lenet.networks.initialization import initialized
from lenet.runs import snapshots
from lenet.runs.folder import Folder


@pytest.fixture
def network():
    return initialized(build("lenet-bn", padding=2), "default", seed=1)


def test_weights_are_rounded_to_half_precision(tmp_path, network):
    network.weights[7] = 1e9
    Folder(tmp_path).write_snapshot(3, network)
    (found,) = snapshots.find(tmp_path / "snapshots", network.architecture)
    assert found.step == 3
    expected = np.minimum(network.weights, 65504).astype(np.float16).astype(np.float32)
    assert np.array_equal(found.network.weights, expected)
    assert (tmp_path / "snapshots/step-000003.safetensors").stat().st_size < 2.05 * len(network.weights) + 2000


def test_the_same_network_gives_the_same_bytes(network):
    assert snapshots.content(network) == snapshots.content(network.copy())


def test_what_is_damaged_or_of_another_network_is_left_out(tmp_path, network):
    folder = tmp_path / "snapshots"
    assert snapshots.find(folder, network.architecture) == []
    other = initialized(build("lenet"), "default", seed=1)
    broken = network.copy()
    broken.weights[0] = np.nan
    for step, each in enumerate([network, network, network, other, broken]):
        Folder(tmp_path).write_snapshot(step, each)
    changed = bytearray((folder / "step-000001.safetensors").read_bytes())
    changed[-1] ^= 1
    (folder / "step-000001.safetensors").write_bytes(changed)
    torn = (folder / "step-000002.safetensors").read_bytes()[:-7]
    (folder / "step-000002.safetensors").write_bytes(torn)
    (folder / ".step-000009.safetensors.0123abcd.tmp").write_bytes(b"half")
    assert [each.step for each in snapshots.find(folder, network.architecture)] == [0]


def test_snapshots_after_a_step_are_removed(tmp_path, network):
    for step in (0, 5, 9):
        Folder(tmp_path).write_snapshot(step, network)
    (tmp_path / "snapshots/.step-000009.safetensors.0123abcd.tmp").touch()
    Folder(tmp_path).tidy(5)
    assert [path.name for path in sorted((tmp_path / "snapshots").iterdir())] == [
        "step-000000.safetensors",
        "step-000005.safetensors",
    ]
