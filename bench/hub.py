"""Seconds that the model card, pushing to a local server of the Hub's interface, and opening a network from it take.

python bench/hub.py                                      (a minute; needs Fashion-MNIST)

Each is a process of its own, from start to exit; medians over 5. The network is the ready-made fashion-mnist.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from PIL import Image
from recording import Log, measured, spread

import lenet
from lenet.deploy.card.about import About
from lenet.deploy.card.card import make_card
from lenet.deploy.card.measured import measure as measure_network

sys.path.insert(0, str(Path(__file__).parents[1] / "tests/support"))

from hub_server import WRITE, HubServer

NETWORK = "fashion-mnist"
ADDRESS = "hf://ann/boots"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--no-record", action="store_true")
    options = parser.parse_args()
    log = Log("hub", record=not options.no_record)
    with tempfile.TemporaryDirectory() as folder, HubServer() as server:
        seconds = measure(Path(folder), server, options.repeats)
    log.say("what                    median s   min s    max s")
    for name, figures in seconds.items():
        log.say(f"{name:<22} {figures['median']:>9.3f}  {figures['min']:>7.3f}  {figures['max']:>7.3f}")
    card = make_card(measure_network([NETWORK]), About(repository="ann/boots"))
    sizes = {name: len(content) for name, content in card.files.items()}
    log.say(f"card: {sizes}")
    log.finish({"bench": "hub", "seconds": seconds, "bytes": sizes})


def measure(folder: Path, server: HubServer, repeats: int) -> dict[str, dict[str, float]]:
    """Spreads of the seconds of each command, by what it does."""
    os.environ |= {"HF_ENDPOINT": server.address, "HF_TOKEN": WRITE, "HF_HUB_DISABLE_XET": "1", "no_proxy": "*"}
    image = folder / "image.png"
    Image.fromarray(lenet.data.load(NETWORK).test.images[0]).save(image)
    seconds: dict[str, list[float]] = {}

    def run(what: str, *arguments: str, cache: str, offline: bool = False) -> None:
        os.environ |= {"HF_HOME": str(folder / cache), "HF_HUB_OFFLINE": "1" if offline else "0"}
        took, _ = measured([sys.executable, "-m", "lenet", *arguments], folder)
        seconds.setdefault(what, []).append(took)

    for repeat in range(repeats):
        cache = f"cache-{repeat}"
        run("card", "card", NETWORK, "--out", f"card-{repeat}", cache=cache)
        run("push", "push", NETWORK, f"ann/boots-{repeat}", cache=cache)
        if repeat == 0:
            server.repositories["ann/boots"] = server.repositories["ann/boots-0"]
        commit = server.repositories["ann/boots"].branches["main"]
        run("predict", "predict", NETWORK, str(image), cache=cache)
        run("predict, first time", "predict", ADDRESS, str(image), cache=cache)
        run("predict, checked", "predict", ADDRESS, str(image), cache=cache)
        run("predict, commit", "predict", f"{ADDRESS}@{commit}", str(image), cache=cache)
        run("predict, offline", "predict", ADDRESS, str(image), cache=cache, offline=True)
    return {name: spread(values) for name, values in seconds.items()}


if __name__ == "__main__":
    main()
