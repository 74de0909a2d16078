"""Teachers: what a training learns from them, which are refused, and resuming with them."""

import dataclasses
import hashlib
import shutil

import numpy as np
import pytest
from made_up import taught
from trainings import StopAfter, same, train_toy

import lenet
from lenet.configuration import configure
from lenet.data.dataset import Dataset, Splits
from lenet.data.plan import held_out
from lenet.errors import ConfigError, LenetError, RunError
from lenet.networks.trained import TrainedNetwork
from lenet.runs.records import Teacher
from lenet.training.setup import header, set_up
from lenet.training.sweep import identity
from lenet.training.teacher import chance_loss, open_teacher, targets_sha256, with_teacher


def settings(**changes):
    return configure(**{"data": "toy", "engine": "cpu", "device": "cpu", "threads": 1} | changes)


@pytest.mark.parametrize("flip", [False, True])
def test_the_teachers_logits_for_the_training_images_are_the_targets(tiny, tiny_run, flip):
    config = settings(teacher=tiny_run, flip=flip, validation=60, temperature=2.5)
    setup = set_up(config, tiny)
    images = np.delete(tiny.train.images, held_out(config, len(tiny.train)), axis=0)
    views = [setup.train.targets] if not flip else [setup.train.targets[:, 0], setup.train.targets[:, 1]]
    for targets, seen in zip(views, (images, images[:, :, ::-1]), strict=False):
        assert targets.dtype == np.float32
        np.testing.assert_allclose(targets, tiny_run.network.logits(seen), rtol=1e-4, atol=1e-4)
    assert setup.train.targets.shape == ((940, 2, 10) if flip else (940, 10))
    assert setup.validation.targets is None
    assert setup.test.targets is None


@pytest.mark.parametrize("kind", ["run", "folder", "file"])
def test_a_teacher_is_a_run_or_a_weights_file_and_is_recorded(tiny, tiny_run, tmp_path, kind):
    path = tmp_path / "net.safetensors"
    shutil.copy(tiny_run.path / "model.safetensors", path)
    source = {"run": tiny_run, "folder": str(tiny_run.path), "file": path}[kind]
    config = settings(teacher=source)
    setup = set_up(config, tiny)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    assert setup.resolved.teacher == Teacher(
        path=str(path if kind == "file" else tiny_run.path / "model.safetensors"),
        model="lenet",
        weights_sha256=sha256,
        targets_sha256=targets_sha256(setup.train.targets),
    )
    name = path if kind == "file" else tiny_run.path
    line = f"{name} (lenet, SHA-256 {sha256[:12]}…), temperature 4, weight 0.9"
    assert header(config, setup.resolved)[3:] == [("teacher", line)]


def test_soft_targets_of_the_data_are_recorded(tiny):
    splits = tiny.with_targets(taught(tiny.train, np.float16).targets)
    config = settings(temperature=2, teacher_weight=0.5)
    setup = set_up(config, splits)
    assert setup.resolved.teacher == Teacher(targets_sha256=targets_sha256(splits.train.targets))
    expected = ("teacher", "soft targets of the data, temperature 2, weight 0.5")
    assert header(config, setup.resolved)[3:] == [expected]
    assert set_up(settings(), tiny).resolved.teacher is None


def test_the_hash_of_targets_depends_on_type_shape_and_content():
    targets = np.zeros((4, 2), np.float16)
    others = [targets.astype(np.float32), targets.reshape(2, 2, 2), targets + np.float16(1)]
    assert len({targets_sha256(each) for each in (targets, *others)}) == 4
    assert targets_sha256(targets.copy()) == targets_sha256(targets)


@pytest.mark.parametrize(("name", "value"), [("temperature", 2.5), ("teacher_weight", 0.5)])
def test_settings_of_a_teacher_need_one(tiny, name, value):
    with pytest.raises(ConfigError) as caught:
        set_up(settings(**{name: value}), tiny)
    assert caught.value.message == f"{name} is {value}, but there is no teacher"
    assert "--teacher RUN" in caught.value.hint


def test_a_training_has_one_teacher(tiny, tiny_run):
    with pytest.raises(ConfigError, match="but toy has soft targets of its own"):
        set_up(settings(teacher=tiny_run), tiny.with_targets(taught(tiny.train).targets))


def changed(trained, **changes):
    """The trained network with another preprocessing or other classes."""
    preprocessing = {name: value for name, value in changes.items() if name != "classes"}
    other = dataclasses.replace(trained.preprocessing, **preprocessing)
    return dataclasses.replace(trained, preprocessing=other, classes=changes.get("classes", trained.classes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"classes": tuple("abcdefghij")}, "has the classes a, b, c, d, e, f, g, h, i, j; toy has 0, 1, 2"),
        ({"classes": tuple("1023456789")}, "has the classes 1, 0, 2"),
        ({"ground": "light"}, "the preprocessing of the teacher .* has the ground light; that of toy has dark"),
        ({"framing": "mass"}, "the preprocessing of the teacher .* has the framing mass; that of toy has whole"),
    ],
)
def test_a_teacher_of_other_images_is_refused(tiny, tiny_run, tmp_path, changes, message):
    path = tmp_path / "net.safetensors"
    path.write_bytes(changed(tiny_run.network, **changes).pack(tiny_run.network.weights))
    with pytest.raises(ConfigError, match=message) as caught:
        set_up(settings(teacher=path), tiny)
    assert caught.value.hint.startswith("take a teacher that was trained on")


def test_a_teacher_has_its_own_mean_and_std(tiny, tiny_run, tmp_path):
    path = tmp_path / "net.safetensors"
    path.write_bytes(changed(tiny_run.network, mean=0.25, std=0.5).pack(tiny_run.network.weights))
    targets = set_up(settings(teacher=path), tiny).train.targets
    np.testing.assert_allclose(targets, TrainedNetwork.load(path).logits(tiny.train.images), rtol=1e-4, atol=1e-4)


def test_a_teacher_of_another_size_is_refused(tiny, tiny_run):
    train, test = (Dataset("small", part.images[:, :20, :20], part.labels, part.classes) for part in tiny)
    with pytest.raises(ConfigError, match=r"takes images of 28×28; those of small are 20×20"):
        set_up(settings(teacher=tiny_run), Splits(train, test, ""))


@pytest.mark.parametrize(
    ("name", "hint"),
    [("nowhere", "lenet runs"), ("gone.safetensors", "with --teacher RUN"), ("net.pt", "import-weights")],
)
def test_a_teacher_that_cannot_be_read_is_named(tiny, tmp_path, name, hint):
    with pytest.raises(RunError, match=f"the teacher cannot be used: .*{name}") as caught:
        lenet.train(tiny, recipe="fast", teacher=tmp_path / name, out=tmp_path / "run", progress="quiet")
    assert hint in caught.value.hint
    assert not (tmp_path / "run").exists()


def test_logits_that_are_not_finite_are_refused(tiny, tiny_run, monkeypatch):
    monkeypatch.setattr("lenet.engines.cpu.CpuEngine.logits", lambda self, images: np.full((len(images), 10), np.inf))
    with pytest.raises(RunError, match="NaN or infinite logits"):
        set_up(settings(teacher=tiny_run), tiny)


def test_mirror_images_are_computed_in_chunks_to_the_same_bits(tiny, tiny_run, monkeypatch):
    config, device = settings(teacher=tiny_run, flip=True), "cpu"
    whole, _ = with_teacher(config, tiny.train, tiny_run.preprocessing, device)
    monkeypatch.setattr("lenet.training.teacher.CHUNK", 99)
    parts, _ = with_teacher(config, tiny.train, tiny_run.preprocessing, device)
    assert np.array_equal(whole.targets, parts.targets)


@pytest.mark.torch
@pytest.mark.parametrize(
    "changes", [{"engine": "cpu", "flip": True}, {"engine": "reference", "class_weights": "balanced"}]
)
@pytest.mark.parametrize("chunks", [1, 14])
def test_a_resumed_training_has_the_bits_of_an_uninterrupted_one(tiny, tiny_run, tmp_path, capsys, changes, chunks):
    changes = changes | {"teacher": tiny_run, "temperature": 3.0}
    whole = train_toy(tiny, tmp_path / "whole", **changes)
    with pytest.raises(lenet.Interrupted) as caught:
        train_toy(tiny, tmp_path / "cut", progress=StopAfter(chunks), **changes)
    resumed = lenet.resume(caught.value.run, data=tiny, progress="quiet")
    assert same(resumed, whole)
    assert resumed.environment.resumed[0].changes == ()


@pytest.fixture
def cut(tiny, tiny_run, tmp_path, capsys):
    """An interrupted run, whose teacher has moved."""
    shutil.copytree(tiny_run.path, tmp_path / "teacher")
    with pytest.raises(lenet.Interrupted) as caught:
        train_toy(tiny, tmp_path / "cut", progress=StopAfter(3), teacher=tmp_path / "teacher")
    (tmp_path / "teacher").rename(tmp_path / "moved")
    return caught.value.run


def test_a_teacher_that_moved_is_named_when_the_run_is_resumed(tiny, tiny_run, cut, tmp_path):
    with pytest.raises(RunError, match="the teacher cannot be used") as caught:
        lenet.resume(cut, data=tiny, progress="quiet")
    assert "--teacher RUN" in caught.value.hint
    resumed = lenet.resume(cut, data=tiny, teacher=tmp_path / "moved", progress="quiet")
    assert same(resumed, train_toy(tiny, tmp_path / "whole", teacher=tiny_run))


def test_another_teacher_is_refused(tiny, cut, tmp_path):
    other = train_toy(tiny, tmp_path / "other", epochs=1, seed=1)
    with pytest.raises(RunError, match=r"is not the teacher of .*: the SHA-256 of its weights is") as caught:
        lenet.resume(cut, data=tiny, teacher=other, progress="quiet")
    assert caught.value.hint == "give the same weights with --teacher RUN"
    alone = tmp_path / "other" / "run"
    with pytest.raises(ConfigError, match="was begun without a teacher"):
        lenet.resume(alone, data=tiny, teacher=other, epochs=2, progress="quiet")


def test_logits_that_have_changed_since_are_reported(tiny, cut, tmp_path, monkeypatch):
    """As on another processor."""
    monkeypatch.setattr("lenet.training.teacher.targets_sha256", lambda targets: "another")
    resumed = lenet.resume(cut, data=tiny, teacher=tmp_path / "moved", progress="quiet")
    assert resumed.environment.resumed[0].changes == ("the logits of the teacher",)


def test_soft_targets_of_the_data_must_be_the_same_when_a_run_is_resumed(tiny, tmp_path, capsys):
    splits = tiny.with_targets(taught(tiny.train, np.float16, views=1).targets)
    whole = train_toy(splits, tmp_path / "whole", validation=60)
    with pytest.raises(lenet.Interrupted) as caught:
        train_toy(splits, tmp_path / "cut", progress=StopAfter(3), validation=60)
    run = caught.value.run
    for other in (tiny, tiny.with_targets(taught(tiny.train, np.float16, views=1, seed=1).targets)):
        with pytest.raises(RunError, match=r"the soft targets are not those that .* was trained with") as refused:
            lenet.resume(run, data=other, progress="quiet")
        assert "with_targets" in (refused.value.hint or "")
    assert same(lenet.resume(run, data=splits, progress="quiet"), whole)
    alone = train_toy(tiny, tmp_path / "alone", epochs=1)
    with pytest.raises(RunError, match="the soft targets are not those"):
        lenet.resume(alone, data=splits, epochs=2, progress="quiet")


def test_a_student_learns_what_its_teacher_knows(tiny, tmp_path):
    """From targets alone, whatever the labels say."""
    train = taught(tiny.train)
    wrong = dataclasses.replace(train, labels=(train.labels + 1) % 10)
    run = train_toy(Splits(wrong, tiny.test, ""), tmp_path, teacher_weight=1.0)
    assert run.test_accuracy > 0.9


def test_the_loss_of_guessing_is_that_of_the_mean_of_the_targets(tiny):
    """Found by a search: the smallest mean loss of one vector of logits for all images."""
    train = taught(tiny.train, views=1)
    config, counts = settings(temperature=2.0, teacher_weight=1.0), np.bincount(train.labels)
    scaled = np.exp(train.targets.astype(np.float64) / 2)
    p = scaled / scaled.sum(1, keepdims=True)
    guesses = [p.mean(0), np.full(10, 0.1), p[0], p[:100].mean(0)]
    losses = [4 * (p * np.log(p / guess)).sum(1).mean() for guess in guesses]
    assert chance_loss(config, train, counts) == pytest.approx(min(losses)) == losses[0]
    half = dataclasses.replace(config, teacher_weight=0.5)
    assert chance_loss(half, train, counts) == pytest.approx((losses[0] + np.log(10)) / 2)
    assert chance_loss(config, taught(tiny.train), counts) > 0
    assert chance_loss(config, tiny.train, counts) is None


def test_sweeps_know_a_teacher_by_its_weights(tiny, tiny_run, tmp_path):
    shutil.copytree(tiny_run.path, tmp_path / "copy")
    ones = {identity(settings(teacher=path), tiny) for path in (tiny_run, tmp_path / "copy")}
    soft = tiny.with_targets(taught(tiny.train).targets)
    assert len({*ones, identity(settings(), tiny), identity(settings(), soft)}) == 3
    assert open_teacher(str(tiny_run.path)).sha256 == tiny_run.summary.weights_sha256
    with pytest.raises(LenetError):
        identity(settings(teacher=tmp_path / "gone"), tiny)
