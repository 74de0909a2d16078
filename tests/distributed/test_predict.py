"""`lenet predict --ray` on a real cluster of three nodes: the files that this machine alone writes, also when nodes die."""

import dataclasses
import itertools
import threading
import time

import numpy as np
import pytest
from PIL import Image

import lenet
from lenet.cli.main import command
from lenet.distributed.cluster import connect
from lenet.errors import EngineError, MissingExtra

pytest.importorskip("ray")
pytest.importorskip("pandas")
pytest.importorskip("pyarrow")

from lenet.analysis.many.classify import Job
from lenet.analysis.many.predict import Silent, predict_folder
from lenet.analysis.many.workers import Part
from lenet.distributed import predict

pytestmark = [pytest.mark.ray, pytest.mark.filterwarnings("ignore")]  # Ray leaves files and processes to the collector


@pytest.fixture(scope="module")
def joined(nodes):
    with connect(nodes.address):
        yield


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """A hundred digits, photographs among them, and files that are no images."""
    folder, random = tmp_path_factory.mktemp("photos"), np.random.default_rng(0)
    images = lenet.data.load("digits").test.images
    for number in range(100):
        image = random.integers(0, 256, (60, 80, 3), np.uint8) if number % 10 == 7 else images[number]
        Image.fromarray(image).save(folder / f"{number}.png")
    (folder / "3.png").write_bytes(b"")
    (folder / "30.png").write_text("<html>")
    return folder


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_the_files_are_those_that_this_machine_writes(joined, tiny_run, photos, tmp_path, form):
    options = {"form": form, "part_size": 9}
    here = predict_folder(tiny_run, photos, tmp_path / "here", **options)
    there = predict_folder(tiny_run, photos, tmp_path / "there", **options, classifies=predict.classify)
    assert content(tmp_path / "here") == content(tmp_path / "there")
    assert (there.num_files, there.num_errors) == (here.num_files, here.num_errors) == (100, 2)
    (tmp_path / "there" / f"part-000004.{form}").unlink()
    predict_folder(tiny_run, photos, tmp_path / "there", **options, classifies=predict.classify)
    assert content(tmp_path / "here") == content(tmp_path / "there")


@pytest.mark.proof
def test_nodes_die_and_each_file_has_one_answer(nodes, joined, tiny_run, photos, tmp_path):
    names = sorted(path.name for path in photos.iterdir())
    many = photos.parent / "many"
    many.mkdir()
    for copy, name in itertools.product(range(30), names):
        (many / f"{copy}-{name}").hardlink_to(photos / name)

    def kill():
        while not [*(tmp_path / "there").glob("part-*")]:
            time.sleep(0.02)
        nodes.kill()

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        predict_folder(tiny_run, many, tmp_path / "there", part_size=40, classifies=predict.classify)
    finally:
        killer.join()
        nodes.add()
    predict_folder(tiny_run, many, tmp_path / "here", part_size=40)
    assert content(tmp_path / "here") == content(tmp_path / "there")


def test_it_is_interrupted_and_goes_on_without_the_cluster(joined, tiny_run, photos, tmp_path):
    class Stops(Silent):
        def advances(self, count):
            if len([*tmp_path.glob("there/part-*")]) == 3:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        predict_folder(tiny_run, photos, tmp_path / "there", part_size=9, shows=Stops(), classifies=predict.classify)
    assert len([*tmp_path.glob("there/part-*")]) == 3
    for name in ("there", "here"):
        predict_folder(tiny_run, photos, tmp_path / name, part_size=9)
    assert content(tmp_path / "here") == content(tmp_path / "there")


def test_a_node_that_would_answer_otherwise_is_a_line(joined, tiny_run, photos, monkeypatch):
    job = Job.of(tiny_run, photos)
    with pytest.raises(EngineError, match="does not see the images in /nowhere") as caught:
        list(predict.classify(dataclasses.replace(job, folder="/nowhere"), [Part(0, ["1.png"])], 1))
    assert "storage that all nodes share" in caught.value.hint
    other = dataclasses.replace(predict.Installed.here(), numpy="0.1")
    monkeypatch.setattr(predict.Installed, "here", classmethod(lambda cls: other))
    with pytest.raises(EngineError, match=r"has numpy .* instead of 0\.1"):
        list(predict.classify(Job.of(tiny_run, photos.parent), [Part(0, ["1.png"])], 1))


def test_the_command(nodes, joined, trained_path, photos, tmp_path, capsys):
    arguments = [str(trained_path), str(photos), "--out", str(tmp_path / "answers"), "--ray", nodes.address]
    assert command("predict").main(arguments, standalone_mode=False) == 2
    captured = capsys.readouterr()
    assert captured.out == "98 images are classified, 2 cannot be read\n"
    assert "3 nodes with 3 CPUs" in captured.err


@pytest.fixture
def trained_path(tiny_run):
    return tiny_run.path


def test_what_ray_data_needs_is_named(monkeypatch):
    monkeypatch.setattr(predict, "NEEDED", ("no_such_package",))
    with pytest.raises(MissingExtra, match="Ray Data needs no_such_package") as caught, predict.cluster("auto", print):
        pass
    assert "lenet[ray]" in caught.value.hint
