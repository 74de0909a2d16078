"""`lenet export`."""


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
        "error: --to is missing\nhint: usage: lenet export [OPTIONS] {RUN}\n",
    )
    code, _, err = lenet_command("export", trained.path, "--to", "onxx")
    assert (code, err.splitlines()[1]) == (2, "hint: did you mean onnx? choose from onnx")
    for batch in ("0", "many", "1.5", "-3"):
        code, _, err = lenet_command("export", trained.path, "--to", "onnx", "--batch", batch, "--out", tmp_path / "a")
        assert code == 2
        assert "expected a whole number from 1 to 65,536, or dynamic" in err
    assert not list(tmp_path.iterdir())
