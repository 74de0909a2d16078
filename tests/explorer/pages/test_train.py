"""Training in the page: a LeNet learns in a worker, is saved, opened by lenet, and looked into."""

import pytest

from lenet.runs.opening import network_of, open_trained

pytestmark = pytest.mark.page


def test_a_network_is_trained_saved_and_looked_into(open_page, explored, tmp_path):
    page = open_page(explored, "#panel=train&epochs=8&seed=3&activation=tanh")
    page.get_by_role("button", name="Train", exact=True).click()
    page.get_by_text("Done after").wait_for(timeout=60_000)
    assert len(page.workers) == 1
    status = page.locator("#panel-train p[role=status]").inner_text()
    assert "Epoch 8.0 of 8" in status
    assert page.locator("#panel-train canvas").count() == 6
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the weights").click()
    download.value.save_as(tmp_path / "trained.safetensors")
    trained = network_of(open_trained(tmp_path / "trained.safetensors"))
    assert (trained.name, trained.arguments["activation"]) == ("lenet", "tanh")
    page.get_by_role("button", name="Look inside this network").click()
    page.wait_for_timeout(200)
    shown = page.evaluate("Array.from(lenet.network.weights)")
    assert shown == trained.network.weights.tolist()
    assert page.evaluate("lenet.run.test.accuracy") > 0.6
    assert page.locator(".error:visible").count() == 0


def test_a_training_is_stopped(open_page, explored):
    page = open_page(explored, "#panel=train&epochs=9000&recipe=book-sgd&lang=zh")
    page.get_by_role("button", name="训练", exact=True).click()
    page.wait_for_timeout(400)
    page.get_by_role("button", name="停止", exact=True).click()
    page.get_by_text("已停止").wait_for(timeout=60_000)
    assert page.get_by_role("button", name="保存权重").is_visible()


def test_a_training_that_diverges_says_so(open_page, explored):
    page = open_page(explored, "#panel=train&epochs=50&rate=900&recipe=book-sgd&activation=leaky-relu")
    page.get_by_role("button", name="Train", exact=True).click()
    page.get_by_text("diverged").wait_for(timeout=60_000)


def test_without_workers_the_page_trains_itself(browser, explored):
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script("delete globalThis.Worker")
    page.goto(f"{explored.as_uri()}#panel=train&epochs=4")
    page.get_by_role("button", name="Train", exact=True).click()
    page.get_by_text("Done after").wait_for(timeout=60_000)
    context.close()


def test_without_webassembly_training_says_what_it_needs(browser, explored):
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script("delete globalThis.WebAssembly")
    page.goto(f"{explored.as_uri()}#panel=train")
    page.get_by_text("Training needs WebAssembly").wait_for(timeout=60_000)
    assert page.get_by_role("button", name="Train", exact=True).is_disabled()
    context.close()


def test_the_built_in_digits_are_there_and_the_page_becomes_that_of_their_network(open_page, explored):
    page = open_page(explored, "#panel=train&images=digits&epochs=6")
    page.get_by_role("button", name="Train", exact=True).click()
    page.get_by_text("Done after").wait_for(timeout=60_000)
    page.get_by_role("button", name="Look inside this network").click()
    page.wait_for_timeout(200)
    assert "trained here" in page.locator("header").inner_text()
    assert page.evaluate("[lenet.run.images.test.labels.values.length, lenet.run.test.count]") == [359, 359]
    assert page.evaluate("lenet.run.test.accuracy") > 0.85
