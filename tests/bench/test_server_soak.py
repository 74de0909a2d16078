"""The soak of bench/server.py in a short form: bad clients beside good ones, and nothing is lost."""

import threading

import pytest
from serving import png, served

pytest.importorskip("uvicorn")

from server import metrics
from server_clients import Clients
from server_requests import requests_for

from lenet.deploy.server.run import open_networks


def test_bad_clients_beside_good_ones(trained):
    from lenet import data

    images = data.load("digits").test.images[:50]
    networks = open_networks([str(trained.path)])
    requests = requests_for("image/png", [png(image) for image in images], [b'"probabilities"'] * len(images))
    with served(networks) as url:
        port = int(url.rpartition(":")[2])
        bad, good = Clients(port, requests), Clients(port, requests)
        good.kinds = {f"good {number}": good.slow for number in range(4)}
        threads = [threading.Thread(target=each.run, args=(2,)) for each in (bad, good)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        statuses = metrics(port)
    assert not bad.faults
    assert not good.faults
    assert set(bad.counts) == set(bad.kinds)
    assert set(statuses) <= {"200", "400", "408", "413", "422"}
