"""Measures training steps of the CPU engine of any version since commit 6ec6d73; bench/against.py starts it.

    PYTHONPATH=CHECKOUT/src python bench/steps.py      (prints one JSON object: images per second by network)

It imports nothing else from bench/, whose modules need this version of lenet.
"""

import argparse
import importlib
import importlib.util
import json
import time
from typing import Any

import lenet

NETWORKS: dict[str, dict[str, Any]] = {
    "fast, batch 64": {"recipe": "fast"},
    "fast, lenet-avg, batch 64": {"recipe": "fast", "model": "lenet-avg"},
    "book-sgd, kernel 7, batch 256": {
        "recipe": "book-sgd",
        "learning_rate": 0.1,
        "kernel_size": 7,
        "channels": (12, 32),
    },
}
CHUNK = 6000  # images in a call of the engine
WARM_UP = 0.3  # seconds


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    train = lenet.data.load("fashion-mnist").train
    found: dict[str, Any] = {"package": lenet.__file__}
    for name, settings in NETWORKS.items():
        engine, epoch = prepared({**settings, "threads": options.threads}, train)
        rate(engine, epoch, WARM_UP)
        found[name] = rate(engine, epoch, options.seconds)
    print(json.dumps(found))


def prepared(settings: dict[str, Any], train: Any) -> tuple[Any, Any]:
    """The engine and the plan of the first epoch, from this version's modules or from the older ones'."""
    module = importlib.import_module
    config = lenet.configure(**settings)
    arguments = {name: getattr(config, name) for name in module("lenet.config").MODEL_FIELDS}
    make_engine = module("lenet.engines.cpu").CpuEngine
    if importlib.util.find_spec("lenet.networks"):
        architecture = module("lenet.networks").build(config.model, **arguments)
        network = module("lenet.networks.initialization").initialized(architecture, config.init, config.seed)
        preprocessing = module("lenet.images.preprocess").Preprocessing
        plan = module("lenet.data.plan").plan
    else:
        module("torch").set_num_threads(config.threads)  # which that engine asks PyTorch for
        network = module("lenet.models").build(config.model, init=config.init, seed=config.seed, **arguments)
        preprocessing = module("lenet.data.preprocess").Preprocessing
        plan = module("lenet.data.batches").plan
    engine = make_engine(network, train, config, preprocessing.of(train, normalize=config.normalize))
    return engine, plan(config, 0, len(train))


def rate(engine: Any, epoch: Any, seconds: float) -> float:
    """Images per second, in training steps for at least that many seconds."""
    chunk = CHUNK // epoch.batch_size
    starts = range(0, epoch.num_steps - chunk, chunk)
    calls, began = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - began) < seconds or not calls:
        start = starts[calls % len(starts)]
        engine.train_steps(epoch, start, start + chunk)
        calls += 1
    return float(calls * chunk * epoch.batch_size / elapsed)


if __name__ == "__main__":
    main()
