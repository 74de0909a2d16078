"""Every number of a sweep is in TensorBoard's event files, read with TensorBoard's own reader."""

import struct

import numpy as np
import pytest

import lenet
from lenet.errors import RunError

pytest.importorskip("tensorboard")

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import metadata


def read(folder):
    accumulator = EventAccumulator(str(folder), size_guidance={"scalars": 0, "tensors": 0})
    return accumulator.Reload()


@pytest.fixture(scope="module")
def logs(swept, tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / "logs"
    assert lenet.export(swept, "tensorboard", out).notes == ("4 runs; tensorboard --logdir shows them",)
    return out


def test_every_scalar(logs, written):
    for name, (numbers, summary, _, _, lines) in written.items():
        events = read(logs / name)
        scalars = {tag: events.Scalars(tag) for tag in events.Tags()["scalars"]}
        read_back = {(tag, event.step): event.value for tag, each in scalars.items() for event in each}
        expected = {key: np.float32(value) for key, (_, value) in numbers.items()}
        expected |= {("epochs", line["step"]): np.float32(line["epoch"]) for line in lines}
        last = lines[-1]["step"]
        final = {
            tag.removeprefix("final/"): value for (tag, step), value in read_back.items() if tag.startswith("final/")
        }
        assert {tag: value for tag, value in read_back.items() if not tag[0].startswith("final/")} == expected
        assert final.pop("epochs_done") == summary["epochs"]
        assert final == {key: np.float32(summary[key]) for key in final}
        assert {"test_accuracy", "test_loss", "validation_accuracy", "seconds", "parameters"} <= set(final)
        assert {step for tag, step in read_back if tag.startswith("final/")} == {last}
        times = [event.wall_time for event in scalars["chunk/train_loss"]]
        assert times == sorted(times)
        assert times[-1] - events.FirstEventTimestamp() == pytest.approx(summary["steps_seconds"], rel=0.02)


def test_settings_for_hparams(logs, written):
    for name, (_, _, config, _, _) in written.items():
        plugin = read(logs / name).summary_metadata
        start = metadata.parse_session_start_info_plugin_data(
            plugin[metadata.SESSION_START_INFO_TAG].plugin_data.content
        )
        assert start.group_name == name
        settings = {key: getattr(value, value.WhichOneof("kind")) for key, value in start.hparams.items()}
        given = {key: value for key, value in config.items() if value is not None and key != "data"}
        assert settings.pop("data") == "toy"
        assert settings == {key: "4,6" if value == [4, 6] else value for key, value in given.items()}
        end = metadata.parse_session_end_info_plugin_data(plugin[metadata.SESSION_END_INFO_TAG].plugin_data.content)
        assert end.status == 1  # STATUS_SUCCESS


def test_columns_of_hparams(logs):
    plugin = read(logs).summary_metadata[metadata.EXPERIMENT_TAG].plugin_data.content
    experiment = metadata.parse_experiment_plugin_data(plugin)
    columns = {info.name: [*info.domain_discrete] for info in experiment.hparam_infos}
    assert columns == {"activation": ["relu", "tanh"], "seed": [2.0, 10.0]}
    tags = [info.name.tag for info in experiment.metric_infos]
    assert tags[:2] == ["final/validation_accuracy", "final/test_accuracy"]
    assert set(tags) <= set(read(logs / "activation=relu/seed-2").Tags()["scalars"])


def test_hashes_as_text(logs, written):
    for name, (_, summary, _, environment, _) in written.items():
        text = read(logs / name).Tensors("about")[0].tensor_proto.string_val[0].decode()
        for part in (summary["weights_sha256"], environment["data_fingerprint"], environment["lenet"]):
            assert part in text


def test_a_single_run_with_its_curve(tiny_run, tmp_path):
    curve = tiny_run.path / "curve.png"
    before = curve.read_bytes()
    png = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 7, 5)
    try:
        curve.write_bytes(png)
        lenet.export(tiny_run, "tensorboard", tmp_path / "logs")
    finally:
        curve.write_bytes(before)
    events = read(tmp_path / "logs" / "tiny")
    image = events.Images("curve")[0]
    assert (image.width, image.height, image.encoded_image_string) == (7, 5, png)
    experiment = read(tmp_path / "logs").summary_metadata[metadata.EXPERIMENT_TAG].plugin_data.content
    names = [info.name for info in metadata.parse_experiment_plugin_data(experiment).hparam_infos]
    assert "learning_rate" in names
    assert "class_weights" not in names  # which has no value


def test_nothing_is_left_of_an_export_that_fails(swept, tmp_path, monkeypatch):
    from lenet.deploy.tracking import events

    done = []

    def numbers_of(found):
        done.append(found)
        if len(done) == 3:
            raise RunError("gone")
        return real(found)

    real = events.numbers_of
    monkeypatch.setattr(events, "numbers_of", numbers_of)
    with pytest.raises(RunError, match="gone"):
        lenet.export(swept, "tensorboard", tmp_path / "logs")
    assert len(done) == 3
    assert not list(tmp_path.iterdir())
