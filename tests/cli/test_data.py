"""`lenet data …`: listing, showing, fetching, checking and importing data sets."""

import os
import re
import shutil
from pathlib import Path

import lenet


def test_list_show_verify_fetch(lenet_command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lenet_command("data", "fetch", "digits")
    code, out, _ = lenet_command("data", "list")
    assert code == 0
    assert re.search(r"^fashion-mnist +60,000 +10,000 +10 +MIT, Zalando SE +download, 31 MB", out, re.M)
    assert re.search(r"^digits .* cache$", out, re.M)
    code, out, err = lenet_command("data", "show", "digits", "--plot")
    assert (code, err) == (0, "wrote digits.png\n")
    assert "1,797 real handwritten digits" in out
    assert f"fingerprint  {lenet.data.load('digits').fingerprint}" in out
    assert (tmp_path / "digits.png").is_file()
    code, out, err = lenet_command("data", "verify", "digits")
    assert (code, err) == (0, "")
    assert re.fullmatch(r"(ok    .*\n){4}", out)
    code, out, _ = lenet_command("data", "fetch", "digits")
    assert (code, out.startswith("the built-in digits: ")) == (0, True)


def test_damaged_data_is_refused(lenet_command, real_data, no_network, tmp_path, monkeypatch):
    monkeypatch.setenv("LENET_CACHE", str(tmp_path / "cache"))
    code, out, err = lenet_command("data", "import", real_data, "--name", "MNIST")
    assert (code, out, err) == (0, f"MNIST: {tmp_path / 'cache/mnist'}\n", "")
    path = tmp_path / "cache/mnist/t10k-labels-idx1-ubyte"
    path.write_bytes(path.read_bytes()[:-4])
    code, _, err = lenet_command("train", "--data", "mnist", "--out", tmp_path / "run")
    assert code == 2
    assert "t10k-labels-idx1-ubyte has 10,004 bytes" in err
    assert "lenet data fetch mnist --force" in err
    assert not (tmp_path / "run").exists()
    code, out, err = lenet_command("data", "verify", "mnist")
    assert code == 2
    assert f"BAD   {path}" in out
    assert "it could not be fetched again (MNIST is not on this machine, and there is no network" in err
    assert "was removed" in err
    assert "lenet data import DIR" in err
    assert not path.exists()


def test_verify_leaves_a_users_files(lenet_command, real_data, tmp_path):
    folder = tmp_path / "mine/mnist"
    shutil.copytree(real_data / "mnist", folder)
    path = folder / "t10k-labels-idx1-ubyte.gz"
    path.chmod(0o644)
    path.write_bytes(b"damaged")
    code, out, err = lenet_command("data", "verify", "mnist", "--data-dir", tmp_path / "mine")
    assert code == 2
    assert re.fullmatch(rf"(ok    .*\n){{3}}BAD   {path}\n", out)
    assert "get the file again, or leave that folder out" in err
    assert path.read_bytes() == b"damaged"


def test_verify_all(lenet_command, tmp_path, monkeypatch):
    lenet_command("data", "fetch", "digits")
    code, out, err = lenet_command("data", "verify")
    assert (code, err) == (0, "")
    assert {line[:6] for line in out.splitlines()} == {"ok    "}
    digits = Path(os.environ["LENET_CACHE"]) / "digits"
    shutil.copytree(digits, tmp_path / "cache/digits")
    monkeypatch.setenv("LENET_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "cache/digits/t10k-labels-idx1-ubyte"
    path.write_bytes(b"damaged")
    code, out, err = lenet_command("data", "verify")
    assert code == 0
    assert f"new   {path}" in out
    assert "has 7 bytes; an IDX file has at least 8; fetched again" in err
    monkeypatch.setenv("LENET_CACHE", str(tmp_path / "nowhere"))
    code, out, err = lenet_command("data", "verify")
    assert (code, out) == (2, "")
    assert "no data set is on this machine" in err


def test_lenet_data_that_is_gone_is_a_warning_in_the_list(lenet_command, monkeypatch, tmp_path):
    monkeypatch.setenv("LENET_DATA", str(tmp_path / "gone"))
    code, out, err = lenet_command("data", "list")
    assert (code, err.count("\n")) == (0, 2)
    assert f"warning: LENET_DATA is {tmp_path / 'gone'}, which is no folder" in err
    assert "mnist" in out


def test_other_spellings_of_names(lenet_command):
    code, out, _ = lenet_command("data", "fetch", "Digits")
    assert (code, out.startswith("the built-in digits: ")) == (0, True)
    code, _, err = lenet_command("data", "show", "EMNIST")
    assert (code, "choose from emnist-balanced, emnist-byclass" in err) == (2, True)
