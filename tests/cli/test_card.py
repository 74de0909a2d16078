"""`lenet card` and `lenet push`."""

import json

import pytest
from hub_server import connected


def test_card(lenet_command, trained, tmp_path):
    out = tmp_path / "card"
    code, printed, err = lenet_command("card", trained.path, "--out", out, "--no-pictures", "--license", "mit")
    assert code == 0, err
    assert "95 % interval" in printed
    assert err == f"wrote {out}\n"
    assert [path.name for path in out.iterdir()] == ["README.md"]


def test_mistakes(lenet_command, trained, tmp_path):
    out = ["--out", tmp_path / "card"]
    for arguments, expected in {
        (): "RUN is missing",
        (tmp_path / "none", *out): "no run directory",
        (trained.path, "--out", tmp_path): f"{tmp_path} exists",
        (trained.path, "--license", "My Own", *out): "expected the Hub's spelling",
        (trained.path / "model.safetensors", *out): "does not say what data",
        (trained.path, trained.path, *out): "two of the runs have the seed 0",
        (trained.path, "--data", "nothing", *out): "unknown data set",
    }.items():
        code, printed, err = lenet_command("card", *arguments)
        assert (code, printed) == (2, ""), arguments
        assert expected in err
        assert "hint: " in err
    assert not list(tmp_path.iterdir())


def test_push_and_open(lenet_command, trained, tmp_path):
    pytest.importorskip("huggingface_hub")
    with connected(tmp_path) as hub:
        code, printed, err = lenet_command(
            "push", trained.path, "ann/digits", "--no-card", "--private", "--message", "one"
        )
        assert code == 0, err
        commit = hub.repositories["ann/digits"].branches["main"]
        assert printed == f"{hub.address}/ann/digits/commit/{commit}\n"
        assert f"open it with hf://ann/digits@{commit}" in err
        code, printed, err = lenet_command("evaluate", "hf://ann/digits", "--data", "digits", "--json")
        assert code == 0, err
        assert f"note: hf://ann/digits is commit {commit[:12]}" in err
        assert json.loads(printed)["accuracy"] == trained.test_accuracy
        for wrong in ("hf://ann", "hf://ann/nothing", "hf://ann/digits@nothing"):
            code, printed, err = lenet_command("evaluate", wrong, "--data", "digits")
            assert (code, printed) == (2, "")
            assert "hint: " in err
    (trained.path / "hub.json").unlink()
