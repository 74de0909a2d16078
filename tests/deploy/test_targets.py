"""Exports are written whole or not at all, and never over something else."""

import os
from pathlib import Path

import pytest

import lenet
from lenet.deploy import targets
from lenet.deploy.targets import TARGETS, Export, write_new
from lenet.errors import ConfigError, RunError
from lenet.files import durable
from lenet.registry import resolve


@pytest.mark.parametrize("name", TARGETS)
def test_every_target_is_there(name):
    assert callable(resolve({name: TARGETS[name].function}, name))


def test_export_to_the_current_folder(tiny_run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exported = lenet.export(tiny_run)
    assert os.fspath(exported) == "tiny.onnx"
    assert Path(exported).is_file()
    lenet.export(tiny_run.path / "model.safetensors", "onnx", batch=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.onnx", "tiny.onnx"]
    with pytest.raises(RunError, match=r"tiny.onnx exists\nhint: name another with --out, or remove it"):
        lenet.export(tiny_run)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"to": "onxx"}, "unknown target onxx\nhint: did you mean onnx"),
        ({"to": "onnx", "batches": 3}, "onnx has no option --batches\nhint: did you mean --batch\\?"),
        ({"to": "c", "tracking_uri": "x"}, "c has no option --tracking-uri\nhint: choose from --int8, --accept-loss, "),
        *(
            ({"to": to, name: "x"}, f"{to} has no options; --{typed} is given\nhint: leave --{typed} out$")
            for to in ("csv", "tensorboard")
            for name, typed in (("tracking_uri", "tracking-uri"), ("experiment", "experiment"))
        ),
    ],
)
def test_unknown_names(tiny_run, arguments, message):
    with pytest.raises(ConfigError, match=message):
        lenet.export(tiny_run, **arguments)


def test_a_folder_is_written_whole(tmp_path):
    out = tmp_path / "new" / "folder"
    write_new(out, {"a.txt": b"a", "b/c.txt": b"c"})
    assert {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*.txt")} == {
        "a.txt": b"a",
        "b/c.txt": b"c",
    }
    assert [path.name for path in out.parent.iterdir()] == ["folder"]
    with pytest.raises(RunError, match="folder exists"):
        write_new(out, b"")


@pytest.mark.parametrize("content", [b"b", {"a": b"a", "b": b"b"}])
def test_nothing_is_left_of_a_failed_write(content, tmp_path, monkeypatch):
    def fail(path, part):
        if part == b"b":
            raise OSError(28, "no space")
        write(path, part)

    write = durable.write
    monkeypatch.setattr(durable, "write", fail)
    with pytest.raises(RunError, match=r"cannot write .*: the disk is full\nhint: free some space, or write elsewhere"):
        write_new(tmp_path / "out", content)
    assert list(tmp_path.iterdir()) == []


def test_a_dangling_link_exists(tmp_path, tiny_run):
    (tmp_path / "link.onnx").symlink_to("nowhere")
    with pytest.raises(RunError, match="exists"):
        lenet.export(tiny_run, out=tmp_path / "link.onnx")


def test_the_target_is_checked_before_and_after_the_work(tiny_run, tmp_path, monkeypatch):
    """Another program may write it while the export is made."""
    out = tmp_path / "net.onnx"

    def make(trained, **options):
        out.write_bytes(b"another program's")
        return Export(b"")

    monkeypatch.setattr(targets, "resolve", lambda table, name: make)
    with pytest.raises(RunError, match="exists"):
        lenet.export(tiny_run, out=out)
    assert out.read_bytes() == b"another program's"
