import json

import pytest
from toys import RESOLVED

from lenet.runs.points import ChunkPoint, EpochPoint, read_points
from lenet.runs.records import Environment, Resolved, Summary

# As version 0.1.0 wrote them.
ENVIRONMENT = {
    "lenet": "0.1.0",
    "commit": None,
    "python": "3.11.7",
    "torch": "2.13.0+cpu",
    "numpy": "2.4.6",
    "safetensors": "0.8.0",
    "platform": "Linux",
    "processor": "AMD EPYC",
    "cores": 2,
    "cpu_capability": "AVX512",
    "threads": 1,
    "kernels": "avx512 886a61400e9de0d7 g++",
    "gpu": None,
    "command": ["lenet", "train"],
    "data_fingerprint": "b5a2438e",
}
RESUMED = ENVIRONMENT | {
    "resumed": [{"step": 6, "epochs": 2, "changes": ["torch 1.0 → 2.13.0+cpu"]} | ENVIRONMENT],
}
CHUNK = {
    "kind": "chunk",
    "step": 2,
    "epoch": 0.1,
    "train_loss": 2.3,
    "train_accuracy": 0.0,
    "images_per_second": 73630.9,
    "learning_rate": 0.0003,
}
EPOCH = {
    "kind": "epoch",
    "step": 38,
    "epoch": 2,
    "train_loss": 2.1,
    "train_accuracy": 0.4,
    "images_per_second": 54579.4,
    "validation_loss": 1.9,
    "validation_accuracy": 0.0,
    "test_loss": 1.9,
    "test_accuracy": 0.97,
}
SUMMARY = {
    "train_loss": 2.1,
    "train_accuracy": 0.4,
    "test_loss": 1.9,
    "test_accuracy": 0.97,
    "images_per_second": 64088.7,
    "images_per_second_end_to_end": 2458.5,
    "seconds": 0.76,
    "steps_seconds": 0.03,
    "epochs": 2,
    "parameters": 61706,
    "model": "lenet",
    "recipe": "fast",
    "seed": 0,
    "engine": "cpu",
    "device": "cpu",
    "data": "toy",
    "micro_batch": None,
    "weights_sha256": "3ba9e88e",
    "run": "runs/aug",
}
FULL = {
    "data": "toy",
    "data_source": "made up",
    "data_folder": None,
    "notice": None,
    "classes": ["a", "b"],
    "num_train": 940,
    "num_validation": 60,
    "num_test": 200,
    "model": {"name": "lenet", "arguments": {"channels": [6, 16], "input_size": [2, 2]}, "parameters": 61706},
    "preprocessing": RESOLVED["preprocessing"],
    "engine": "cpu",
    "engine_reason": "auto: own kernels for avx512",
    "device": "cpu",
    "device_reason": "auto: no GPU found",
}
TEACHER = {"path": "/runs/big/model.safetensors", "model": "lenet", "weights_sha256": "3ba9", "targets_sha256": "5f5b"}
WRITTEN = [
    (Resolved, FULL),
    (Resolved, FULL | {"teacher": TEACHER}),
    (Resolved, FULL | {"teacher": {"targets_sha256": "5f5b"}}),
    (Environment, ENVIRONMENT),
    (Environment, RESUMED),
    (ChunkPoint, CHUNK),
    (EpochPoint, EPOCH),
    (Summary, SUMMARY),
    (Summary, SUMMARY | {"validation_loss": 1.0, "validation_accuracy": 0.0}),
]


@pytest.mark.parametrize(("kind", "values"), WRITTEN)
def test_a_record_is_written_as_it_was_read(kind, values):
    record = kind.from_dict(values)
    assert record.to_dict() == values
    assert list(record.to_dict()) == list(values) or "validation_loss" in values
    assert kind.from_dict(json.loads(json.dumps(record.to_dict()))) == record


@pytest.mark.parametrize(("kind", "values"), WRITTEN)
def test_keys_of_a_later_version_are_ignored(kind, values):
    assert kind.from_dict(values | {"added later": [1]}) == kind.from_dict(values)


def test_keys_that_an_earlier_version_lacks_have_defaults():
    assert Resolved.from_dict(RESOLVED).num_train == 0
    assert Environment.from_dict({"threads": 2, "data_fingerprint": "0"}).torch is None
    assert Summary.from_dict({k: v for k, v in SUMMARY.items() if k != "micro_batch"}).micro_batch is None


@pytest.mark.parametrize(
    ("kind", "values", "why"),
    [
        (Resolved, [], r"it holds \[\]; expected an object"),
        (Resolved, {k: v for k, v in FULL.items() if k != "engine"}, "it has no engine"),
        (Resolved, FULL | {"engine": 3}, "engine is 3; expected text"),
        (Resolved, FULL | {"data": "a\x1b[2J"}, "data is a�.*; expected one line of text"),
        (Resolved, FULL | {"teacher": TEACHER | {"model": "a\n"}}, "teacher: model is a�; expected one line of text"),
        (Resolved, FULL | {"teacher": {"path": "x"}}, "teacher: it has no targets_sha256"),
        (Resolved, FULL | {"classes": "ab"}, "classes is ab; expected a list"),
        (Resolved, FULL | {"classes": [1]}, "classes is 1; expected text"),
        (Resolved, FULL | {"model": 3}, "model: it holds 3; expected an object"),
        (Resolved, FULL | {"model": FULL["model"] | {"parameters": 1.5}}, "model: parameters is 1.5; expected a whole"),
        (
            Resolved,
            FULL | {"model": FULL["model"] | {"arguments": []}},
            r"model: arguments is \[\]; expected an object",
        ),
        (Environment, ENVIRONMENT | {"threads": 0}, "threads is 0; expected 1 to 4096"),
        (Environment, ENVIRONMENT | {"threads": True}, "threads is True; expected a whole number"),
        (Environment, ENVIRONMENT | {"resumed": [3]}, "resumed: it holds 3; expected an object"),
        (ChunkPoint, CHUNK | {"train_loss": None}, "train_loss is None; expected a finite number"),
        (Summary, SUMMARY | {"test_accuracy": 10**400}, "test_accuracy is 1000.*; expected a finite number"),
        (Summary, SUMMARY | {"seconds": "1"}, "seconds is 1; expected a finite number"),
    ],
)
def test_an_offending_key_is_named(kind, values, why):
    with pytest.raises(ValueError, match=f"^{why}"):
        kind.from_dict(values)


def test_points_are_told_apart_by_their_kind():
    lines = [json.dumps(values) for values in (CHUNK, {"kind": "added later", "step": 1}, EPOCH)]
    assert read_points("\n".join(lines).encode()) == [ChunkPoint.from_dict(CHUNK), EpochPoint.from_dict(EPOCH)]
    with pytest.raises(ValueError, match="line 1: a finding is"):
        read_points(b'{"kind": "finding", "step": 1}')
