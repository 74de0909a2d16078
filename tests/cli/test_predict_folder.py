"""`lenet predict RUN FOLDER --out ANSWERS`: answers in parts, what cannot be read, what stops it."""

import json
import signal
import subprocess
import sys
import time

import pytest
from PIL import Image

import lenet


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """Ten digits in a folder, and a file that is no image, in the working directory."""
    monkeypatch.chdir(tmp_path)
    images = lenet.data.load("digits").test.images
    (tmp_path / "photos").mkdir()
    for number in range(10):
        Image.fromarray(images[number]).save(tmp_path / "photos" / f"{number}.png")
    (tmp_path / "photos" / "bad.jpg").write_text("<html>")
    return tmp_path / "photos"


def test_answers_in_a_folder(lenet_command, trained, photos):
    code, out, err = lenet_command("predict", trained.path, "photos", "--csv", "all.csv")
    assert code == 2
    code, out, err = lenet_command("predict", trained.path, "photos", "--out", "answers")
    assert (code, out) == (2, "10 images are classified, 1 cannot be read\n")
    first, *rest = err.splitlines()
    assert first.startswith("error: bad.jpg is not an image")
    assert rest == ["wrote answers/part-000000.csv"]
    rows = (photos.parent / "answers" / "part-000000.csv").read_text().splitlines()[1:]
    expected = (photos.parent / "all.csv").read_text().splitlines()[1:]
    assert [row.rsplit(",", 1)[0] for row in rows[:10]] == [row.removeprefix("photos/") for row in expected[:10]]
    (photos / "bad.jpg").unlink()
    code, out, err = lenet_command("predict", trained.path, "photos", "--out", "answers")
    assert (code, out) == (2, "")
    assert err.startswith("error: answers holds answers for other files: num_files 11, here 10")
    code, out, err = lenet_command("predict", trained.path, "photos", "--out", "new", "--json")
    assert code == 0
    assert json.loads(out) == {
        "files": 10,
        "from_before": 0,
        "cannot_be_read": 0,
        "ignored": 0,
        "answers": ["new/part-000000.csv"],
    }
    code, out, err = lenet_command("predict", trained.path, "photos", "--out", "new")
    assert err == "note: 10 images have answers in new already\nwrote new/part-000000.csv\n"


def test_one_image_is_counted_in_the_singular(lenet_command, trained, photos):
    for number in range(1, 10):
        (photos / f"{number}.png").unlink()
    (photos / "bad.jpg").rename(photos / "notes.txt")
    code, out, _ = lenet_command("predict", trained.path, "photos", "--out", "new")
    assert (code, out) == (0, "1 image is classified; 1 file that is no image is ignored\n")
    assert lenet_command("predict", trained.path, "photos", "--out", "new")[2].splitlines() == [
        "note: 1 image has its answer in new already",
        "wrote new/part-000000.csv",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("photos", "photos", "--out", "a"), "--out takes one folder, and writes all answers itself"),
        (("photos", "--out", "a", "--csv", "-"), "--out takes one folder, and writes all answers itself"),
        (("photos", "--out", "a", "--top", "3"), "--out takes one folder, and writes all answers itself"),
        (("photos", "--ray", "auto"), "--ray and --format are for --out"),
        (("photos", "--format", "parquet"), "--ray and --format are for --out"),
        (("photos/1.png", "--out", "a"), "photos/1.png is not a folder; --out takes one folder of images"),
        (("photos", "--out", "a", "--format", "xlsx"), "the answers are to be xlsx; expected csv or parquet"),
    ],
)
def test_what_does_not_go_together(lenet_command, trained, photos, arguments, message):
    code, out, err = lenet_command("predict", trained.path, *arguments)
    assert (code, out) == (2, "")
    assert err.startswith(f"error: {message}\nhint: ")
    assert not (photos.parent / "a").exists()


def test_a_missing_package_is_named_with_its_extra(lenet_command, trained, photos, monkeypatch):
    monkeypatch.setattr("lenet.extras.importlib.util.find_spec", lambda name: None)
    code, _, err = lenet_command("predict", trained.path, "photos", "--out", "a", "--format", "parquet")
    assert code == 2
    assert err == (
        'error: writing Parquet files needs pyarrow, which is not installed\nhint: pip install "lenet[parquet]"\n'
    )


def test_ctrl_c_says_that_the_same_command_goes_on(lenet_command, trained, photos, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr("lenet.analysis.many.predict.on_all_cores", interrupted)
    code, out, err = lenet_command("predict", trained.path, "photos", "--out", "answers")
    assert (code, out) == (130, "")
    assert err == "stopped: what was written in answers is kept, and the same command goes on\n"


def test_many_files_that_cannot_be_read_are_not_all_named(lenet_command, trained, photos):
    for number in range(30):
        (photos / f"empty {number}.png").write_bytes(b"")
    _, out, err = lenet_command("predict", trained.path, "photos", "--out", "answers")
    assert out == "10 images are classified, 31 cannot be read\n"
    assert err.count("error: ") == 20
    assert "note: more images cannot be read; the column error in answers names all" in err


@pytest.mark.process
@pytest.mark.parametrize(
    "number",
    [
        signal.SIGKILL,
        pytest.param(signal.SIGINT, marks=pytest.mark.proof),
        pytest.param(signal.SIGTERM, marks=pytest.mark.proof),
    ],
)
def test_a_signal_in_the_middle_and_again(trained, photos, number):
    """Each part is there as a whole or not at all, and what is there is not written again."""
    for copy in range(10, 600):
        (photos / f"{copy}.png").hardlink_to(photos / f"{copy % 10}.png")
    code = (
        "import sys; from lenet.analysis.many import predict; predict.predict_folder.__kwdefaults__['part_size'] = 50; "
    )
    code += "from lenet.cli.main import main; main()"
    command = [sys.executable, "-c", code, "predict", str(trained.path), "photos", "--out"]

    def parts(folder):
        return {path.name: path for path in (photos.parent / folder).glob("part-*")}

    running = subprocess.Popen([*command, "answers"], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    deadline = time.monotonic() + 60
    while not parts("answers") and running.poll() is None and time.monotonic() < deadline:
        time.sleep(0.001)
    running.send_signal(number)
    _, err = running.communicate(timeout=60)
    if running.returncode != 2:  # it was not through already
        assert running.returncode == (-number if number == signal.SIGKILL else 128 + number)
        assert ("stopped: what was written in answers is kept" in err) == (number != signal.SIGKILL)
    before = {name: path.stat().st_mtime_ns for name, path in parts("answers").items()}
    assert len(before) > 0
    for folder in ("answers", "new"):
        done = subprocess.run([*command, folder], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (2, "600 images are classified, 1 cannot be read\n")
    assert {name: path.read_bytes() for name, path in parts("answers").items()} == {
        name: path.read_bytes() for name, path in parts("new").items()
    }
    assert before.items() <= {name: path.stat().st_mtime_ns for name, path in parts("answers").items()}.items()
