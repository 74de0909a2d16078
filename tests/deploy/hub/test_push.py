"""Networks pushed to the Hub: one commit of safetensors, JSON, Markdown and PNG, nothing of this machine, no token shown."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hub_server import READ, WRITE

import lenet
from lenet.deploy.hub import push as pushing
from lenet.errors import ConfigError, RunError

huggingface_hub = pytest.importorskip("huggingface_hub")

FILES = ["README.md", "config.json", "lenet.json", "model.safetensors"]


def push(run, name, tiny, **how):
    return lenet.push(run, name, data=tiny, **how)


def test_what_is_pushed(hub, tiny, tiny_run):
    pushed = push(tiny_run, "ann/tiny", tiny, licence="mit", message="first", pictures=True)
    repository = hub.repositories["ann/tiny"]
    files = repository.files
    assert sorted(set(files) - {".gitattributes"}) == FILES  # no mistakes to show, nor objects that can be found
    assert repository.messages == ["initial commit", "first"]
    assert not repository.private
    assert files["model.safetensors"] == (tiny_run.path / "model.safetensors").read_bytes()
    assert pushed.weights_sha256 == hashlib.sha256(files["model.safetensors"]).hexdigest()
    assert (pushed.commit, pushed.address) == (repository.branches["main"], f"hf://ann/tiny@{pushed.commit}")
    assert b"hf://ann/tiny" in files["README.md"]
    assert json.loads(files["config.json"])["weights"]["sha256"] == pushed.weights_sha256
    record = json.loads(files["lenet.json"])
    assert record["config"]["epochs"] == 2
    assert record["summary"]["test_accuracy"] == tiny_run.test_accuracy
    for name, content in files.items():
        assert str(tiny_run.path.parent).encode() not in content, name
        assert str(Path.cwd()).encode() not in content, name
    entries = json.loads((tiny_run.path / "hub.json").read_text())["pushed"]
    assert entries[-1]["commit"] == pushed.commit
    assert "hf_" not in json.dumps(entries)


@pytest.mark.parametrize("as_lfs", [(".safetensors",), ()], ids=["LFS", "regular"])
def test_it_opens_again(as_lfs, hub, quick, tiny, tiny_run):
    hub.as_lfs = as_lfs
    pushed = push(tiny_run, "ann/tiny", tiny, card=False)
    assert any(line.startswith("PUT /lfs/") for line in hub.requests) == bool(as_lfs)
    with pytest.warns(lenet.errors.RunWarning, match=pushed.commit[:12]):
        assert lenet.evaluate(pushed.address, tiny).accuracy == tiny_run.test_accuracy


def test_private_branches_and_pull_requests(hub, quick, tiny, tiny_run):
    push(tiny_run, "ann/hidden", tiny, private=True, card=False)
    assert hub.repositories["ann/hidden"].private
    pushed = push(tiny_run, "ann/tiny", tiny, branch="dev", card=False)
    repository = hub.repositories["ann/tiny"]
    assert set(repository.files) == {".gitattributes"}
    assert (repository.branches["dev"], pushed.newest) == (pushed.commit, "hf://ann/tiny@dev")
    with pytest.raises(RunError, match="ann/tiny is public, not private"):
        push(tiny_run, "ann/tiny", tiny, private=True, card=False)
    pushed = push(tiny_run, "ann/tiny", tiny, pull_request=True, card=False)
    assert pushed.url.endswith("/ann/tiny/discussions/1")
    assert pushed.newest == "hf://ann/tiny@refs/pr/1"


@pytest.mark.parametrize("name", ["tiny", "a/b/c", "ann/ti ny", "ann/..", "/tmp/run", "", "ann/a--b"])
def test_wrong_names(name, hub, tiny_run):
    with pytest.raises(
        RunError, match=r"is no name of a repository on the Hub.*\nhint: the run comes first: lenet push RUN"
    ):
        lenet.push(tiny_run, name)
    assert hub.requests == []


@pytest.mark.parametrize(
    "how", [{"branch": "a b"}, {"branch": ""}, {"message": " "}, {"message": "x" * 501}, {"licence": "A B"}]
)
def test_wrong_options(how, hub, tiny_run):
    with pytest.raises((ConfigError, RunError)):
        lenet.push(tiny_run, "ann/tiny", card=False, **how)
    assert hub.requests == []


def test_own_images_are_not_published_unasked(hub, made, tiny, tiny_run, monkeypatch):
    cards = []
    monkeypatch.setattr(pushing, "hub_files", lambda run, about, *data: cards.append(about.pictures) or made(about))
    with pytest.warns(lenet.errors.RunWarning, match="the card shows none of your own images"):
        push(tiny_run, "ann/tiny", tiny)
    push(tiny_run, "ann/hidden", tiny, private=True)
    push(tiny_run, "ann/tiny", tiny, pictures=True)
    lenet.push("digits", "ann/digits")
    assert cards == [False, True, True, True]
    assert not huggingface_hub.utils.are_progress_bars_disabled()


def test_what_the_server_refuses(hub, quick, tiny, tiny_run, monkeypatch):
    for fault, expected in {
        ("POST /api/validate-yaml", 400): "refused ann/tiny: Invalid metadata in README.md",
        ("POST /api/models/ann/tiny/commit", 412): "somebody else committed to ann/tiny in the meantime",
        ("POST /api/models/ann/tiny/commit", 413): "answered 413 for ann/tiny",
    }.items():
        hub.faults = dict([fault])
        with pytest.raises(RunError, match=expected) as caught:
            push(tiny_run, "ann/tiny", tiny, pictures=False)
        assert caught.value.hint
    assert set(hub.repositories["ann/tiny"].files) == {".gitattributes"}


def test_missing_rights(hub, quick, tiny, tiny_run, monkeypatch):
    with pytest.raises(RunError, match="your token may not do this with bob/tiny"):
        push(tiny_run, "bob/tiny", tiny, card=False)
    push(tiny_run, "ann/tiny", tiny, card=False)
    commits = len(hub.repositories["ann/tiny"].commits)
    for token, expected in {
        READ: "your token may not do this with ann/tiny",
        "hf_wrongwrongwrong": "does not accept your token",
        "": "there is no token for the mirror",
    }.items():
        monkeypatch.setenv("HF_TOKEN", token)
        with pytest.raises(RunError, match=expected) as caught:
            push(tiny_run, "ann/tiny", tiny, card=False)
        assert not token or token not in str(caught.value)
    assert len(hub.repositories["ann/tiny"].commits) == commits
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(RunError, match=r"HF_HUB_OFFLINE is set.*\nhint: lenet export RUN --to hub-folder"):
        push(tiny_run, "ann/tiny", tiny, card=False)


def test_what_is_never_overwritten(hub, quick, tiny, tiny_run):
    hub.add("ann/timm", {"config.json": b'{"library_name": "timm"}'})
    with pytest.raises(RunError, match="ann/timm holds another library's network"):
        push(tiny_run, "ann/timm", tiny, card=False)
    hub.add("ann/pickles", {"pytorch_model.bin": b""})
    with pytest.raises(RunError, match=r"ann/pickles has pytorch_model\.bin, with which lenet would refuse to open it"):
        push(tiny_run, "ann/pickles", tiny, card=False)


@pytest.mark.parametrize(
    ("request_", "fault"),
    [
        ("PUT /lfs/", "drop"),
        ("PUT /lfs/", 500),
        ("POST /api/models/ann/tiny/commit", "drop"),
        ("POST /api/models/ann/tiny/pre", 502),
    ],
)
def test_a_connection_that_breaks_leaves_no_half_commit(request_, fault, hub, quick, tiny, tiny_run):
    hub.faults[request_] = fault
    with pytest.raises(RunError):
        push(tiny_run, "ann/tiny", tiny, card=False)
    assert set(hub.repositories["ann/tiny"].files) == {".gitattributes"}
    hub.faults.clear()
    push(tiny_run, "ann/tiny", tiny, card=False)
    assert set(FILES[1:]) < set(hub.repositories["ann/tiny"].files)


@pytest.mark.process
@pytest.mark.skipif(not hasattr(signal, "SIGINT") or os.name == "nt", reason="needs signals")
def test_ctrl_c(hub, trained, tmp_path):
    hub.faults["PUT /lfs/"] = "hang"
    settings = {"HF_ENDPOINT": hub.address, "HF_HOME": str(tmp_path), "HF_TOKEN": WRITE, "HF_HUB_DISABLE_XET": "1"}
    command = [sys.executable, "-m", "lenet", "push", str(trained.path), "ann/tiny", "--no-card"]
    process = subprocess.Popen(command, env=os.environ | settings, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not any(line.startswith("PUT /lfs/") for line in hub.requests) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 2, err
    assert "error: interrupted: the commit to ann/tiny was not confirmed" in err
    assert "Traceback" not in err
    assert WRITE not in err
    assert set(hub.repositories["ann/tiny"].files) == {".gitattributes"}


def test_nothing_is_written_into_the_package(hub, quick):
    before = sorted((lenet.ready.path("digits")).iterdir())
    lenet.push("digits", "ann/digits", card=False)
    assert sorted((lenet.ready.path("digits")).iterdir()) == before


def test_the_folder_shows_what_would_be_pushed(hub, tiny, tiny_run, tmp_path):
    exported = lenet.export(tiny_run, to="hub-folder", out=tmp_path / "folder", data=tiny, repository="ann/tiny")
    push(tiny_run, "ann/tiny", tiny, pictures=True)
    pushed = {name: content for name, content in hub.repositories["ann/tiny"].files.items() if name != ".gitattributes"}
    assert {path.name: path.read_bytes() for path in Path(exported).iterdir()} == pushed
    assert exported.notes[-1].startswith("SHA-256 of model.safetensors: ")
    assert hub.requests
