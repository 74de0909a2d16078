"""Which engine and device a training takes that leaves both to lenet."""

import dataclasses
import json
from pathlib import Path

import pytest
from engines import network_for
from made_up import noise, patterns

import lenet
from lenet.configuration import configure
from lenet.engines import gpu, measured
from lenet.engines.measured import Candidate, decide
from lenet.errors import EngineError
from lenet.images.preprocess import Preprocessing

CONFIG = configure("fast")
TRAIN = patterns(200, 0)
ARGUMENTS = (network_for(CONFIG), TRAIN, Preprocessing.of(TRAIN))


@pytest.fixture
def rates(monkeypatch, tmp_path):
    """Rates by engine and device on a machine with one GPU, and how often they were measured."""
    found = {("cpu", "cpu"): 98_400.0, ("reference", "cuda:0"): 412_345.0, ("cuda", "cuda:0"): 3e6}
    asked = []

    def rate(candidate, config, network, train, preprocessing, seconds):
        asked.append((candidate.engine, candidate.device, seconds))
        return found[candidate.engine, candidate.device]

    monkeypatch.setattr(measured, "gpus", lambda: ["cuda:0"])
    monkeypatch.setattr(measured, "rate", rate)
    monkeypatch.setattr(measured, "_file", lambda name: tmp_path / "cache" / "engines.json")
    return found, asked


@pytest.mark.torch
def test_the_fastest_is_taken_and_the_reason_says_how_fast_the_others_are(rates):
    device, engine = decide(CONFIG, *ARGUMENTS)
    assert (device.name, engine.name) == ("cuda:0", "reference")
    assert device.reason == "auto: 410,000 images/s measured; cpu on cpu 98,000"
    assert engine.reason == "auto: plain PyTorch"
    assert [asked[:2] for asked in rates[1]] == [("cpu", "cpu"), ("reference", "cuda:0")]
    assert sum(asked[2] for asked in rates[1]) == 1.0


@pytest.mark.torch
def test_the_cpu_is_taken_where_it_is_faster(rates):
    rates[0]["reference", "cuda:0"] = 60_000.0
    device, engine = decide(CONFIG, *ARGUMENTS)
    assert (device.name, engine.name) == ("cpu", "cpu")
    assert device.reason == "auto: 98,000 images/s measured; reference on cuda:0 60,000"


@pytest.mark.torch
def test_what_was_measured_is_kept_for_this_machine_and_this_work(rates, tmp_path):
    for _ in range(3):
        device, _ = decide(CONFIG, *ARGUMENTS)
    assert len(rates[1]) == 2
    assert device.reason.endswith("cpu on cpu 98,000, as measured before")
    decide(dataclasses.replace(CONFIG, batch_size=256), *ARGUMENTS)
    assert len(rates[1]) == 4
    kept = json.loads((tmp_path / "cache" / "engines.json").read_text())
    assert [len(each) for each in kept.values()] == [2, 2]


@pytest.mark.torch
@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"a": [{"engine": 1}]}', b'{"a": 3}', b"\xff"])
def test_a_damaged_cache_is_measured_anew(rates, tmp_path, content):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "engines.json").write_bytes(content)
    assert decide(CONFIG, *ARGUMENTS)[0].name == "cuda:0"
    assert len(rates[1]) == 2


@pytest.mark.torch
def test_a_cache_that_cannot_be_written_is_no_error(rates, tmp_path):
    (tmp_path / "cache").write_text("a file")
    assert decide(CONFIG, *ARGUMENTS)[0].name == "cuda:0"


@pytest.mark.torch
def test_the_engine_cuda_is_a_candidate_only_once_it_was_measured(rates, monkeypatch):
    monkeypatch.setattr(gpu, "MEASURED", True)
    device, engine = decide(CONFIG, *ARGUMENTS)
    assert (device.name, engine.name, engine.reason) == ("cuda:0", "cuda", "auto: the fastest")
    assert device.reason == "auto: 3,000,000 images/s measured; cpu on cpu 98,000, reference on cuda:0 410,000"
    reference = dataclasses.replace(CONFIG, engine="reference")
    rates[0]["reference", "cpu"] = 50_000.0
    assert decide(reference, *ARGUMENTS)[1].name == "reference"


@pytest.mark.torch
def test_a_gpu_that_fails_is_not_taken(rates):
    rates[0]["reference", "cuda:0"] = 0.0
    device, _ = decide(CONFIG, *ARGUMENTS)
    assert device.reason == "auto: 98,000 images/s measured; reference on cuda:0 failed"
    rates[0]["cpu", "cpu"] = 0.0
    with pytest.raises(EngineError, match="cpu on cpu and reference on cuda:0 failed"):
        decide(dataclasses.replace(CONFIG, batch_size=99), *ARGUMENTS)


@pytest.mark.torch
def test_what_is_named_is_not_measured(rates):
    for settings in ({"device": "cpu"}, {"engine": "cpu"}):
        device, engine = decide(dataclasses.replace(CONFIG, **settings), *ARGUMENTS)
        assert (device.name, engine.name) == ("cpu", "cpu")
    assert rates[1] == []


def test_without_a_gpu_nothing_is_measured(monkeypatch):
    monkeypatch.setattr(measured, "gpus", lambda: [])
    monkeypatch.setattr(measured, "rate", None)
    device, engine = decide(CONFIG, *ARGUMENTS)
    assert (device.name, device.reason, engine.name) == ("cpu", "auto: found no GPU", "cpu")


@pytest.mark.torch
def test_a_macs_gpu_is_measured_with_the_reference_engine(rates, monkeypatch):
    monkeypatch.setattr(measured, "gpus", lambda: ["mps"])
    rates[0]["reference", "mps"] = 200_000.0
    device, engine = decide(CONFIG, *ARGUMENTS)
    assert (device.name, engine.name) == ("mps", "reference")


@pytest.mark.torch
def test_a_mac_is_not_asked_for_its_gpu(monkeypatch):
    monkeypatch.setattr(measured, "ON_MAC", True)
    monkeypatch.setattr(gpu, "gpu_names", None)
    assert measured.gpus() == ["mps"]


@pytest.mark.torch
@pytest.mark.parametrize("engine", ["cpu", "reference", "cuda"])
def test_rates_are_measured_and_no_weight_moves(engine):
    """On the device cpu, for each engine; class weights that a sample could not have are left out."""
    config = configure("fast", batch_size=16, class_weights="balanced", augment="light")
    train = noise(300, (28, 28))
    network = network_for(config)
    before = network.weights.copy()
    rate = measured.rate(Candidate(engine, "cpu"), config, network, train, Preprocessing.of(train), 0.05)
    assert rate > 100
    assert (network.weights == before).all()


@pytest.mark.torch
def test_a_device_that_fails_has_no_rate():
    assert measured.rate(Candidate("reference", "cuda:99"), CONFIG, *ARGUMENTS, 0.05) == 0.0


@pytest.mark.torch
def test_a_training_records_the_reason(rates, tiny, tmp_path):
    rates[0]["reference", "cuda:0"] = 1.0
    run = lenet.train(tiny, model="softmax", epochs=1, out=tmp_path / "run", progress="quiet")
    assert run.resolved.device_reason == "auto: 98,000 images/s measured; reference on cuda:0 1"


def test_auto_takes_the_engine_cuda_only_once_its_record_is_there():
    """bench/records/gpu.log is what bench/gpu.sh measured on a GPU."""
    record = Path(__file__).parents[2] / "bench" / "records" / "gpu.log"
    assert record.is_file() == gpu.MEASURED
