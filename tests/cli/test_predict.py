"""`lenet predict`: answers for files, folders and labelled folders, and what is wrong with the others."""

import csv
import io
import json
import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import lenet
from lenet.images.found import Box, Found, Framed
from lenet.images.preprocess import Preprocessing


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """Ten digits in class folders, in the folder that is the working directory now."""
    monkeypatch.chdir(tmp_path)
    test = lenet.data.load("digits").test
    for index in range(10):
        path = tmp_path / "photos" / test.classes[test.labels[index]] / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(test.images[index]).save(path)
    return tmp_path / "photos"


def files(photos):
    return [path.relative_to(photos.parent) for path in sorted(photos.glob("*/*.png"), key=lambda path: int(path.stem))]


def test_predict(lenet_command, trained, photos):
    one, two = files(photos)[:2]
    code, out, err = lenet_command("predict", trained.path, one, two, "--show", "--top", 2)
    assert code == 0
    assert re.fullmatch(r"(photos/\d/\d\.png(  \d \d+\.\d%){2}\n){2}", out)
    assert err == f"wrote {one.stem}-seen.png\nwrote {two.stem}-seen.png\n"
    code, out, _ = lenet_command("predict", trained.path, one, "--json")
    assert sum(json.loads(out)["probabilities"].values()) == pytest.approx(1)


LOADED = """
import sys
from lenet.cli.main import main
try:
    main()
finally:
    heavy = ("torch", "matplotlib", "pydantic", "rich", "requests", "lenet.data.own.collection")
    print([name for name in heavy if name in sys.modules])
"""


def test_predict_imports_little(trained, photos):
    command = [sys.executable, "-c", LOADED, "predict", str(trained.path), str(files(photos)[0])]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[1:] == ["[]"]


def test_a_labelled_folder_has_an_accuracy(lenet_command, trained, photos):
    code, out, err = lenet_command("predict", trained.path, photos)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert len([line for line in lines if line.startswith("photos/") or line.startswith(str(photos))]) == 10
    correct = sum("expected" not in line for line in lines[:10])
    assert f"accuracy {correct / 10:.4f} on 10 labelled images" in out
    rows = [line.split() for line in lines[13:]]
    assert [row[0] for row in rows] == sorted(path.name for path in photos.iterdir())
    assert sum(int(row[1]) for row in rows) == 10
    code, out, err = lenet_command("predict", trained.path, photos, "--json")
    values = [json.loads(line) for line in out.splitlines()]
    assert sum(value["label"] == value["expected"] for value in values) == correct
    assert err == f"accuracy {correct / 10:.4f} on 10 labelled images\n"


def test_bad_images_hide_no_answers(lenet_command, trained, photos):
    good = files(photos)
    (photos.parent / "html.png").write_text("<html>")
    arguments = (trained.path, good[0], "html.png", "gone.png", *good[1:])
    code, out, err = lenet_command("predict", *arguments)
    assert code == 2
    assert [line.split("  ")[0] for line in out.splitlines()] == [str(path) for path in good]
    assert err.startswith("error: html.png is not an image")
    assert "\nerror: there is no file gone.png\nhint: " in err
    code, out, err = lenet_command("predict", *arguments, "--json")
    values = [json.loads(line) for line in out.splitlines()]
    assert code == 2
    assert len(values) == len(good) + 2
    assert values[1]["image"] == "html.png"
    assert values[1]["error"].startswith("html.png is not an image")
    (photos.parent / "empty").mkdir()
    code, out, err = lenet_command("predict", trained.path, "empty")
    assert (code, out) == (2, "")
    assert err.startswith("error: empty is empty")


def test_answers_as_csv(lenet_command, trained, photos):
    (photos / "7.png").write_text("<html>")
    code, out, err = lenet_command("predict", trained.path, "photos", "--csv", "-")
    rows = list(csv.reader(io.StringIO(out)))
    assert code == 2
    assert rows[0] == ["file", "label", "probability", "unknown"]
    assert len(rows) == 12
    assert ["photos/7.png", "", "", ""] in rows
    assert {row[3] for row in rows[1:]} <= {"true", "false", ""}
    assert err.startswith("error: photos/7.png is not an image")
    code, out, err = lenet_command("predict", trained.path, *files(photos), "--csv", "answers.csv")
    assert (code, out, err) == (0, "", "wrote answers.csv\n")
    written = list(csv.reader(io.StringIO((photos.parent / "answers.csv").read_text())))
    assert sorted(written) == sorted(row for row in rows if row[-1])
    for arguments, message in [
        (("--csv", "nowhere/answers.csv"), "cannot write nowhere/answers.csv: there is no folder nowhere"),
        (("--csv", "-", "--json"), "--csv and --json cannot be used together"),
    ]:
        code, out, err = lenet_command("predict", trained.path, "photos", *arguments)
        assert (code, out) == (2, "")
        assert message in err


def test_swapped_arguments_are_recognised(lenet_command, trained, photos, tmp_path):
    image = files(photos)[0]
    code, _, err = lenet_command("predict", image, trained.path)
    assert code == 2
    assert err == f"error: {image} is an image; the run comes first\nhint: lenet predict {trained.path} {image}\n"
    with pytest.raises(lenet.LenetError, match="the run comes first"):
        lenet.predict(image, trained.path)
    weights = trained.path / "model.safetensors"
    assert lenet_command("predict", photos, weights)[2].startswith(
        f"error: {photos} is not a run directory; the run comes"
    )
    assert lenet_command("predict", image, image)[2].startswith(f"error: {image} is an image; expected a run directory")
    with pytest.raises(lenet.LenetError, match="the network is a ndarray; expected a run"):
        lenet.predict(np.zeros((28, 28), np.uint8), trained.path)


def test_a_name_is_a_ready_made_network(lenet_command, photos):
    image = files(photos)[0]
    code, out, err = lenet_command("predict", "digits", image, "--top", 1)
    assert (code, err) == (0, "note: digits is the ready-made network, not a run of yours\n")
    assert re.fullmatch(rf"{image}  {image.parent.name} [\d.]+%\n", out)
    code, _, err = lenet_command("predict", image, "digits")
    assert err == f"error: {image} is an image; the run comes first\nhint: lenet predict digits {image}\n"
    assert code == 2
    code, out, err = lenet_command("evaluate", "digits", "--data", "photos", "--plot")
    assert code == 0
    assert "accuracy 1.0000" in out
    assert err.count("wrote confusion-photos") + err.count("wrote digits-confusion-photos") == 1
    code, out, err = lenet_command("compare", "digits", "mnist")
    assert [line.split()[0] for line in out.splitlines()[2:4]] == ["digits", "mnist"]
    assert err.count("is the ready-made network") == 2


def test_several_parts_are_reported_and_read(lenet_command, trained, photos, monkeypatch):
    images = [np.asarray(Image.open(path)) for path in files(photos)[:2]]
    nothing = np.zeros((28, 56), bool)
    boxes = (Box(0, 28, 0, 28), Box(0, 28, 28, 56))
    found = Found(np.hstack(images), 1, nothing, nothing, Box(0, 28, 0, 56), boxes)
    framed = tuple(Framed(image, found, (("image", np.hstack(images)), ("seen", image))) for image in images)
    monkeypatch.setattr(Preprocessing, "split", lambda self, source, name: framed)
    monkeypatch.setattr(Preprocessing, "explain", lambda self, source, name: framed[0])
    one = files(photos)[0]
    first = lenet.predict(trained, one).label
    code, out, err = lenet_command("predict", trained.path, one, "--top", 1)
    assert (code, err) == (0, "note: --split reads the parts of an image one by one, from left to right\n")
    assert re.fullmatch(rf"{one}  {first} [\d.]+%  several parts: 2\n", out)
    code, out, err = lenet_command("predict", trained.path, one, "--split", "--show")
    assert re.fullmatch(rf"{one}  (\d)(\d)  \1 [\d.]+%  \2 [\d.]+%\n", out)
    assert err == f"wrote {one.stem}-seen.png\n"
    values = json.loads(lenet_command("predict", trained.path, one, "--split", "--json")[1])
    assert values["num_parts"] == 2
