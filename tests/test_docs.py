"""Documents cannot drift: the tree, the command reference, the numbers and the code of the README are checked."""

import importlib.util
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import benchmarks
import pytest
import recording
import records
from generate_tree import generate
from PIL import Image

from lenet.doctor.remedies import SUCCESSES

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def script(path):
    spec = importlib.util.spec_from_file_location("script", ROOT / path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.M | re.S)


def test_the_tree_is_the_folder():
    assert (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8") == generate(), "run make docs"


@pytest.mark.process
def test_the_command_reference_is_what_help_says():
    generate = script("docs/generate_cli.py").generate
    assert (ROOT / "docs" / "cli.md").read_text(encoding="utf-8") == generate(), "run make docs"


def test_the_tables_of_numbers_are_those_of_the_records():
    tables = []
    for document in records.DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        assert records.filled(text) == text, f"{document}: run make docs"
        tables += re.findall(r"<!-- numbers: (\w+) -->", text)
    assert sorted(tables) == sorted(records.TABLES)


def test_the_readme_has_at_most_eight_numbers():
    assert len(benchmarks.HEADLINES) <= 8


def test_the_remedies_of_the_doctor_say_how_often_they_helped():
    measured = recording.record("doctor")["cures"]
    assert {cure: tuple(counts) for cure, counts in measured.items()} == SUCCESSES


def test_the_tables_of_the_laboratory_are_made_of_its_numbers():
    generate = script("docs/generate_lab.py").generate
    assert (ROOT / "docs" / "lab.md").read_text(encoding="utf-8") == generate(), "run make lab"


def test_each_group_of_drawings_has_its_picture():
    """Made again only where the preprocessing or the drawings changed: python docs/generate_drawings.py."""
    generate = script("docs/generate_drawings.py")
    text = (ROOT / "docs" / "own-images.md").read_text(encoding="utf-8")
    for group in generate.drawings.GROUPS:
        assert f"(drawings/{group}.png)" in text
        with Image.open(ROOT / "docs" / "drawings" / f"{group}.png") as picture:
            assert picture.width == generate.COLUMNS * generate.CELL
    assert generate.sheet("pens").width == generate.COLUMNS * generate.CELL


def test_links_in_the_documents_lead_somewhere():
    for document in [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "examples/README.md",
        *(ROOT / "docs").glob("*.md"),
    ]:
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


@pytest.mark.docs
def test_the_python_of_the_readme_runs(real_data, tmp_path):
    code = "\n".join(blocks("python"))
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=os.environ | {"LENET_DATA": str(real_data)},
    )
    assert done.returncode == 0, done.stderr
    assert "Conv2d(1, 6, kernel_size=(5, 5)" in done.stdout


@pytest.mark.docs
def test_the_python_of_the_page_on_onnx_runs(tmp_path):
    """Each block with what those before it made, but for programs that are not installed here."""
    from lenet import data, export

    export("mnist", out=tmp_path / "mnist.onnx")
    test = data.load("digits").test
    Image.fromarray(test.images[test.labels == 7][0]).save(tmp_path / "seven.png")
    text = (ROOT / "docs" / "onnx.md").read_text(encoding="utf-8")
    code = re.findall(r"^```python\n(.*?)^```", text, re.M | re.S)
    assert len(code) == 4
    code = [block for block in code if "openvino" not in block or importlib.util.find_spec("openvino")]
    done = subprocess.run([sys.executable, "-c", "\n".join(code)], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["7"] * len(code[1:])


@pytest.mark.docs
@pytest.mark.proof
def test_the_python_of_the_page_on_scikit_learn_runs(tmp_path):
    text = (ROOT / "docs" / "scikit-learn.md").read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"^```python\n(.*?)^```", text, re.M | re.S))
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout.split()[0]) > 0.97


@pytest.mark.docs
def test_the_python_of_the_page_on_unknown_images_runs():
    text = (ROOT / "docs" / "unknown.md").read_text(encoding="utf-8")
    [code] = re.findall(r"^```python\n(.*?)^```", text, re.M | re.S)
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "[False False False] unlike the training images\n"


@pytest.mark.docs
@pytest.mark.proof
def test_the_commands_of_the_readme_run(real_data, tmp_path):
    """Each as it stands, but for shorter trainings; boot.png, photos and runs/other are made first, as a reader has them."""
    from lenet import data

    test = data.load("fashion-mnist", str(real_data)).test
    Image.fromarray(test.images[0]).save(tmp_path / "boot.png")
    for folder, chosen in {"photos/boot": 9, "photos/bag": 8, "new": 8}.items():
        (tmp_path / folder).mkdir(parents=True)
        for number, image in enumerate(test.images[test.labels == chosen][:8]):
            Image.fromarray(image).save(tmp_path / folder / f"{number}.png")
    environment = os.environ | {"LENET_DATA": str(real_data)}
    commands = [shlex.split(line, comments=True) for block in blocks("sh")[:2] for line in block.splitlines()]
    assert len(commands) == 14
    commands.insert(0, ["lenet", "train", "--out", "runs/other"])
    for command in commands:
        if command[:2] == ["lenet", "train"]:
            command += ["--epochs", "1"] if "--data" in command else ["--epochs", "1", "--validation", "59000"]
        if command[1] in ("lab", "reproduce"):
            command += ["--seeds", "1"]
        done = subprocess.run(
            [sys.executable, "-m", *command], cwd=tmp_path, capture_output=True, text=True, env=environment
        )
        assert done.returncode == 0, (command, done.stderr)
    assert (tmp_path / "boot-seen.png").is_file()
    assert (tmp_path / "compare.png").is_file()


def test_a_record_ends_with_its_json():
    records = list((ROOT / "bench" / "records").glob("*.log"))
    scripts = {"accuracy", "against", "augmentation", "doctor", "end_to_end", "examples", "faults", "memory"}
    scripts |= {"networks", "startup", "threads", "throughput"}
    scripts |= {"time_to_accuracy"}
    assert scripts | {"throughput_avx2"} <= {record.stem for record in records}
    for record in records:
        lines = record.read_text(encoding="utf-8").splitlines()
        script = re.match(r"# (?:\w+=\w+ )*python bench/(\w+)\.py", lines[0])[1]
        assert record.stem.startswith(script)
        assert json.loads(lines[-1])["bench"] == script
