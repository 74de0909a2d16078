"""`lenet export`."""

import pytest

from lenet.deploy.onnx import comparison


def test_export(lenet_command, trained, tmp_path):
    out = tmp_path / "net.onnx"
    code, printed, err = lenet_command("export", trained.path, "--to", "onnx", "--out", out, "--batch", "dynamic")
    assert code == 0, err
    assert printed.startswith("ONNX opset 12, IR 7, ")
    assert err == f"wrote {out}\n"
    assert out.is_file()
    code, printed, err = lenet_command("export", trained.path, "--to", "onnx", "--out", out)
    assert (code, printed, err) == (2, "", f"error: {out} exists\nhint: name another with --out, or remove it\n")


def test_mistakes(lenet_command, trained, tmp_path):
    assert lenet_command("export", trained.path)[::2] == (
        2,
        "error: --to is missing\nhint: usage: lenet export [OPTIONS] {RUN}...\n",
    )
    code, _, err = lenet_command("export", trained.path, "--to", "onxx")
    assert (code, err.splitlines()[1]) == (
        2,
        "hint: did you mean onnx? choose from onnx, c, hub-folder, tensorboard, mlflow, csv",
    )
    for batch in ("0", "many", "1.5", "-3"):
        code, _, err = lenet_command("export", trained.path, "--to", "onnx", "--batch", batch, "--out", tmp_path / "a")
        assert code == 2
        assert "expected a whole number from 1 to 65,536, or dynamic" in err
    assert not list(tmp_path.iterdir())


def test_check(lenet_command, trained, tmp_path, monkeypatch):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("cv2")
    out = tmp_path / "net.onnx"
    arguments = ("export", trained.path, "--to", "onnx", "--batch", "dynamic", "--check", "--out", out)
    monkeypatch.setattr(comparison, "TOLERANCE", -1.0)
    monkeypatch.setattr(comparison, "ROUNDING", 0.0)
    code, printed, err = lenet_command(*arguments)
    assert (code, printed) == (1, "")
    assert err.startswith("error: onnxruntime ")
    assert err.endswith("hint: this is a bug in lenet or in that program; without --check the file is written\n")
    assert not list(tmp_path.iterdir())
    monkeypatch.undo()
    code, printed, err = lenet_command(*arguments)
    assert code == 0, err
    lines = [line for line in printed.splitlines() if "10,000 of 10,000 answers the same" in line]
    assert [line.split()[0] for line in lines] == ["onnxruntime", "OpenCV"]
    assert all(" on the test images of digits: " in line for line in lines)
    assert out.is_file()


def test_check_needs_data(lenet_command, trained, tmp_path):
    arguments = ("export", trained.path / "model.safetensors", "--to", "onnx", "--check", "--out", tmp_path / "a.onnx")
    code, _, err = lenet_command(*arguments)
    assert (code, err.splitlines()[1]) == (2, "hint: name a data set: --data fashion-mnist")
    code, _, err = lenet_command(*arguments, "--data", "digit")
    assert code == 2
    code, _, err = lenet_command(
        "export", trained.path, "--to", "onnx", "--data", "digits", "--out", tmp_path / "a.onnx"
    )
    assert (code, err.splitlines()[1]) == (2, "hint: add --check, or leave --data out")
    assert not list(tmp_path.iterdir())


def test_the_numbers_of_several_runs(lenet_command, trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, printed, err = lenet_command("export", trained.path, "digits", "--to", "csv")
    assert code == 0, err
    assert printed.startswith("runs.csv: 2 runs, a row each; points.csv: ")
    assert err == "note: digits is the ready-made network, not a run of yours\nwrote runs-csv\n"
    assert (tmp_path / "runs-csv" / "points.csv").is_file()
    code, printed, err = lenet_command("export", trained.path, "--to", "csv", "--experiment", "mine")
    assert (code, printed, err.splitlines()[0]) == (2, "", "error: csv has no options; --experiment is given")
    code, printed, err = lenet_command("export", trained.path, "digits", "--to", "onnx")
    assert (code, err.splitlines()[-1]) == (2, "hint: tensorboard, mlflow and csv take any number")
    assert [path.name for path in tmp_path.iterdir()] == ["runs-csv"]


def test_a_store_has_no_path(lenet_command, trained, tmp_path, monkeypatch):
    pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    store = tmp_path / "store"
    arguments = ("export", trained.path, "--to", "mlflow", "--tracking-uri", store, "--experiment", "mine")
    assert lenet_command(*arguments) == (0, f"wrote 1 run: experiment mine of {store}\n", "")
    assert lenet_command(*arguments) == (0, f"wrote 0 runs, 1 were there already: experiment mine of {store}\n", "")
