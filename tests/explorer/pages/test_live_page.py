"""The page of a training in Chromium: it follows the curves, stops the training, opens newer weights, survives its server."""

import json
import shutil
import threading

import pytest

from lenet.explorer.live import served
from lenet.explorer.watched import Watched
from lenet.files import locks
from lenet.runs import stop_request

pytestmark = pytest.mark.page


@pytest.fixture
def run(runs, tmp_path):
    """A run whose training goes on: the directory of a finished one, without its end, and locked."""
    path = shutil.copytree(runs[0], tmp_path / "run")
    (path / "summary.json").rename(path / "kept.json")
    with locks.lock(path):
        yield path


@pytest.fixture
def server(run, monkeypatch):
    monkeypatch.setattr(Watched, "_may_compute", lambda watched: True)
    server = served(run)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page(browser, server):
    context = browser.new_context(locale="en")
    context.set_default_timeout(20_000)
    page = context.new_page()
    faults = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"{server.url}#panel=why&image=test:3")
    page.wait_for_selector("#page[data-ready]", timeout=60_000)
    yield page
    context.close()
    assert faults == []


def said(page, text):
    page.wait_for_function("text => document.querySelector('#live').innerText.includes(text)", arg=text)


def test_it_follows_the_training_and_stops_it(page, run, server):
    last = json.loads((run / "metrics.jsonl").read_text().splitlines()[-2])
    assert last["kind"] == "chunk"
    said(page, f"Training: epoch {last['epoch']:.2f} of ")
    before = page.evaluate("lenet.run.points.chunks.length")
    with (run / "metrics.jsonl").open("a") as file:
        file.write(
            json.dumps(last | {"step": last["step"] + 10, "epoch": last["epoch"] + 0.5, "train_loss": 0.0123}) + "\n"
        )
    said(page, f"Training: epoch {last['epoch'] + 0.5:.2f} of ")
    said(page, "loss 0.01230")
    assert page.evaluate("lenet.run.points.chunks.length") == before + 1
    page.get_by_role("button", name="Stop and save").click()
    said(page, "The training saves and stops…")
    assert stop_request.is_requested(run)
    server.shutdown()
    server.server_close()
    said(page, "The program that serves this page has ended. The page goes on working.")


def test_newer_weights_open_by_themselves_and_the_address_stays(page, run):
    said(page, "Training: ")
    page.evaluate("window.isOld = true")
    (run / "kept.json").rename(run / "summary.json")
    page.wait_for_function("() => !window.isOld && document.querySelector('#page')?.dataset.ready", timeout=60_000)
    said(page, "The training has ended.")
    assert page.url.endswith("#panel=why&image=test:3")
