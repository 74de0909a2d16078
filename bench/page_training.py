"""Training in the explorer's page beside ConvNetJS and TensorFlow.js, in the same headless Chromium.

    python bench/page_training.py NODE_MODULES    (two minutes, bench/records/page_training.log)

NODE_MODULES holds convnetjs, @tensorflow/tfjs and @tensorflow/tfjs-backend-wasm as npm installs them; playwright and Chromium
must be there. Every contender trains the same LeNet (padding 2, ReLU, max-pooling, 61,706 parameters) on the same images of
Fashion-MNIST with plain SGD and batches of 64, in a page of its own, on one thread. They take turns; the first pass over the
images is not counted. The images are made ready for the others beforehand; lenet takes bytes.
"""

import argparse
import functools
import json
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from recording import ROOT, Log, spread

from lenet import data
from lenet.explorer.build import PAGE

sys.path.insert(0, str(ROOT / "tests/support"))
from page import chromium

# Images of a pass, and passes: about a second for each, without the first.
CONTENDERS = {"lenet": (6400, 3), "convnetjs": (640, 2), "tfjs cpu": (256, 1), "tfjs wasm": (256, 2)}
PROGRAM = Path(__file__).with_suffix(".mjs")
PACKAGES = ("convnetjs", "@tensorflow/tfjs", "@tensorflow/tfjs-backend-wasm")


class Handler(SimpleHTTPRequestHandler):
    """Serves the page's modules, the packages, and the images."""

    def __init__(self, *arguments: Any, modules: Path, content: dict[str, bytes], **options: Any) -> None:
        self.modules, self.content = modules, content
        super().__init__(*arguments, **options)

    def do_GET(self) -> None:
        if self.path not in self.content:
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html" if self.path == "/" else "application/octet-stream")
        self.end_headers()
        self.wfile.write(self.content[self.path])

    def translate_path(self, path: str) -> str:
        if path == f"/{PROGRAM.name}":
            return str(PROGRAM)
        root, _, rest = path.lstrip("/").partition("/")
        return str({"page": PAGE, "npm": self.modules}.get(root, Path("/nothing")) / rest)

    def log_message(self, *arguments: Any) -> None:
        """Print nothing."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("modules", type=Path, metavar="NODE_MODULES")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--no-record", action="store_true")
    options = parser.parse_args()
    log = Log("page_training", record=not options.no_record)
    versions = {name: json.loads((options.modules / name / "package.json").read_text())["version"] for name in PACKAGES}
    log.say(", ".join(f"{name} {version}" for name, version in versions.items()))
    speeds, faults, losses = measured(options.modules, options.repeats, log)
    log.say("images/s     median       min       max    loss after the last pass")
    for name, values in speeds.items():
        figures = spread(values)
        log.say(
            f"{name:<12}{figures['median']:>9,.0f} {figures['min']:>9,.0f} {figures['max']:>9,.0f}    {losses[name]:.3f}"
        )
    for name, fault in faults.items():
        log.say(f"{name}: {fault}")
    medians = {name: spread(values) for name, values in speeds.items()}
    best = max((name for name in medians if name != "lenet"), key=lambda name: medians[name]["median"])
    times = medians["lenet"]["median"] / medians[best]["median"]
    log.say(f"lenet trains {times:.1f} times as many images a second as the next, {best}")
    log.finish(
        {"bench": "page_training", **medians, "best": best, "times": times, "faults": faults, "versions": versions}
    )


def measured(modules: Path, repeats: int, log: Log) -> tuple[dict[str, list[float]], dict[str, str], dict[str, float]]:
    """The images a second of each contender, what kept others from training, and the last losses."""
    from playwright import sync_api

    train = data.load("fashion-mnist").train
    most = max(count for count, _ in CONTENDERS.values())
    content = {
        "/": f'<!doctype html><script type="module" src="/{PROGRAM.name}"></script>'.encode(),
        "/images": train.images[:most].tobytes(),
        "/labels": train.labels[:most].astype("<i4").tobytes(),
    }
    handler = functools.partial(Handler, modules=modules, content=content)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/"
    speeds: dict[str, list[float]] = {}
    faults: dict[str, str] = {}
    losses: dict[str, float] = {}
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        log.say(f"Chromium {browser.version}, headless")
        for _ in range(repeats):
            for name, (count, passes) in CONTENDERS.items():
                page = browser.new_page()
                page.goto(address)
                page.wait_for_function("globalThis.measure")
                result = page.evaluate("([name, count, passes]) => measure(name, count, passes)", [name, count, passes])
                page.close()
                if "fault" in result:
                    faults[name] = result["fault"]
                    continue
                speeds.setdefault(name, []).append(result["speed"])
                losses[name] = result["loss"]
        browser.close()
    server.shutdown()
    return speeds, faults, losses


if __name__ == "__main__":
    main()
