"""`lenet explore`: its file and its messages."""

import pytest

from lenet.explorer import export


@pytest.fixture(autouse=True)
def opened(monkeypatch):
    paths = []
    monkeypatch.setattr(export, "open_in_browser", lambda path: paths.append(path) or True)
    return paths


def test_explore(lenet_command, trained, tmp_path, monkeypatch, opened):
    monkeypatch.chdir(tmp_path)
    code, out, err = lenet_command("explore", trained.path, "--images", "10")
    assert (code, out) == (0, "")
    assert err.startswith("wrote trained-explorer.html (")
    assert [str(path) for path in opened] == ["trained-explorer.html"]


def test_a_weights_file_has_no_images(lenet_command, trained, tmp_path, opened):
    out = tmp_path / "page.html"
    code, _, err = lenet_command("explore", trained.path / "model.safetensors", "--no-open", "--out", out)
    assert code == 0
    assert err.startswith("note: There are no images of the data set here: ")
    assert "--data fashion-mnist" in err
    assert out.is_file()
    assert opened == []


def test_two_networks_of_other_classes(lenet_command, trained, tmp_path):
    out = tmp_path / "page.html"
    code, _, err = lenet_command("explore", trained.path, "fashion-mnist", "--images", "5", "--no-open", "--out", out)
    assert code == 0
    assert "note: fashion-mnist is the ready-made network" in err
    assert "note: fashion-mnist is not shown beside trained: it has the classes T-shirt/top" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("missing",), "error: no run directory missing"),
        (("{trained}", "missing"), "error: no run directory missing"),
        (("{folder}",), "is not a run directory: it has no config.json"),
        (("{trained}", "--images", "0"), "error: --images is 0; expected a whole number at least 1"),
        (("{trained}", "--out", "{folder}/there/page.html"), "its folder is not there"),
        (("{trained}", "--out", "/dev/full"), "exists and was not written by lenet explore"),
    ],
)
def test_mistakes(lenet_command, trained, tmp_path, arguments, message):
    words = [word.format(trained=trained.path, folder=tmp_path) for word in arguments]
    code, out, err = lenet_command("explore", *words)
    assert (code, out) == (2, "")
    assert message in err
    assert "hint: " in err or "--images" in err
