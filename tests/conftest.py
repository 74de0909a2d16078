"""What all tests share.

No test touches the user's cache or the network: the cache is a temporary folder, and a download is tested against a server of
the test's own. Every process computes with one thread, since two that wait for each other on a busy machine are slower.
"""

import dataclasses
import os
import re
import signal
from pathlib import Path
from typing import Any, BinaryIO

for library in ("OMP", "OPENBLAS"):  # before NumPy and PyTorch are imported, and for the processes that tests start
    os.environ[f"{library}_NUM_THREADS"] = "1"

import hypothesis
import pytest
from made_up import patterns
from webassembly import node

import lenet
from lenet.data.catalogue import CATALOGUE
from lenet.data.dataset import Splits
from lenet.display import curve
from lenet.engines import kernels
from lenet.engines.choice import choose_device
from lenet.errors import EngineError
from lenet.extras import has_torch

hypothesis.settings.register_profile("lenet", deadline=None)  # the time of one example says how busy the machine is
hypothesis.settings.load_profile("lenet")

# Imports of test files that need PyTorch, or the test tools that an environment without it lacks.
NEEDS_TORCH = re.compile(
    r"^\s*(import (torch|nbformat)|from (torch|faultlab|lenet\.(pytorch|d2l|models))|from lenet import d2l)", re.M
)
# Rooms that need PyTorch, and the measurements, which are made where all is installed.
NEED_TORCH = {"pytorch", "d2l", "bench"}
# Markers of few files: where one is asked for, the others are not imported.
RARE = ("smoke", "proof", "build", "page", "ray")


def pytest_ignore_collect(collection_path, config):
    """Leave out files without the rare marker asked for; without PyTorch, those that need it."""
    if collection_path.is_dir():
        is_left_out = collection_path.parent == Path(__file__).parent and collection_path.name in NEED_TORCH
        return True if is_left_out and not has_torch() else None
    if collection_path.suffix != ".py":
        return None
    text = collection_path.read_text(encoding="utf-8")
    asked = config.getoption("markexpr").split(" ")[0]
    is_elsewhere = asked in RARE and f"mark.{asked}" not in text
    return True if is_elsewhere or (not has_torch() and NEEDS_TORCH.search(text)) else None


# Only `real_data` may use LENET_DATA. It gets another name, since the processes of pytest-xdist import this file again.
if "LENET_DATA" in os.environ:
    os.environ["LENET_TEST_DATA"] = os.environ.pop("LENET_DATA")
REAL_DATA = os.environ.get("LENET_TEST_DATA")


def pytest_addoption(parser):
    parser.addoption("--kernels", metavar="DIR", help="use the CPU kernels in this folder")
    parser.addoption("--require-gpu", action="store_true", help="end with an error where PyTorch sees no GPU")
    parser.addoption("--write-screenshots", action="store_true", help="write those of docs/explorer.md anew")


def pytest_configure(config):
    if folder := config.getoption("--kernels"):
        kernels.FOLDER = Path(folder).resolve(strict=True)
    if config.getoption("--require-gpu"):
        try:
            choose_device("cuda")
        except EngineError as error:
            pytest.exit(f"error: {error}", returncode=2)


# Long tests run first, so that no process waits at the end for a long test of another.
LONG = ("proof", "build", "notebook", "docs", "process", "data")


def pytest_collection_modifyitems(items):
    if not has_torch():  # the page's JavaScript does not know of it
        items[:] = [item for item in items if not (item.get_closest_marker("torch") or item.get_closest_marker("node"))]
    for item in items:
        if "real_data" in item.fixturenames:
            item.add_marker("data")
        if item.get_closest_marker("node") and not node():
            item.add_marker(pytest.mark.skip(reason="needs node"))
    items.sort(key=lambda item: not any(map(item.get_closest_marker, LONG)))


class BlankFigure:
    """A chart of which nothing is drawn."""

    def set_layout_engine(self, layout: str) -> None:
        pass

    def findobj(self, kind: type) -> list[Any]:
        return []

    def savefig(self, file: BinaryIO, **options: Any) -> None:
        file.write({"svg": b"<svg/>", "png": b"\x89PNG\r\n\x1a\n"}[options["format"]])


@pytest.fixture(autouse=True)
def no_chart(request, monkeypatch):
    """Trainings write a blank chart, since drawing one takes longer than a toy training, except under the marker `chart`."""
    if request.node.get_closest_marker("chart") is None:
        monkeypatch.setattr(curve, "draw", lambda points, title, num_epochs: BlankFigure())


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory):
    """The cache of all tests; the built-in digits are made in it once."""
    folder = tmp_path_factory.mktemp("cache")
    os.environ["LENET_CACHE"] = str(folder)
    os.environ["no_proxy"] = "*"
    yield folder
    del os.environ["LENET_CACHE"]


@pytest.fixture(scope="session", autouse=True)
def signals():
    """Signal handlers as in an interactive shell, here and in the processes that tests start.

    lenet leaves ignored signals ignored, and a shell without job control starts background jobs with Ctrl-C ignored, nohup
    with SIGHUP ignored.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)


@pytest.fixture(scope="session")
def real_data():
    """The folder LENET_DATA, if it has Fashion-MNIST and MNIST."""
    if REAL_DATA is None:
        pytest.skip("needs real data: set LENET_DATA to a folder with fashion-mnist/ and mnist/")
    for name in ("fashion-mnist", "mnist"):
        if not list((Path(REAL_DATA) / name).glob("t10k-images-idx3-ubyte*")):
            pytest.skip(f"needs real data: {REAL_DATA} has no {name}")
    return Path(REAL_DATA).resolve()


@pytest.fixture
def no_network(monkeypatch):
    """Every source of the catalogue is a name that does not exist."""
    for name, entry in CATALOGUE.items():
        if entry.sources:
            sources = ("http://one.invalid/", "http://two.invalid/")
            monkeypatch.setitem(CATALOGUE, name, dataclasses.replace(entry, sources=sources))


@pytest.fixture
def no_kernels(tmp_path, monkeypatch):
    """The CPU kernels are looked for in a folder, the fixture's value, that has none."""
    folder = tmp_path / "kernels"
    folder.mkdir()
    monkeypatch.setattr(kernels, "FOLDER", folder)
    kernels.library.cache_clear()
    yield folder
    kernels.library.cache_clear()


@pytest.fixture(scope="session")
def tiny():
    """1,000 training and 200 test pictures of ten classes, in memory."""
    return Splits(patterns(1000, 1), patterns(200, 2), "made up")


@pytest.fixture(scope="session")
def tiny_run(tiny, tmp_path_factory):
    """A finished run on `tiny`."""
    out = tmp_path_factory.mktemp("runs") / "tiny"
    return lenet.train(tiny, recipe="fast", epochs=2, batch_size=50, out=out, progress="quiet")


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A finished run on the built-in digits, as the command line needs it: its data can be found by name."""
    out = tmp_path_factory.mktemp("runs") / "trained"
    return lenet.train("digits", epochs=1, validation=55_000, out=out, progress="quiet")
