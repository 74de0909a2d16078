"""How large the explorer's page is, and how fast in headless Chromium on this machine.

    python bench/explorer.py    (two minutes, bench/records/explorer.log; needs Playwright and Chromium: make page)

Trains recipe `fast` on MNIST and on Fashion-MNIST, with the snapshots that a training keeps by default, and writes a page of
each. In a window of 1440 × 900 with the layers in sight:

- first answer: from opening the file to the end of the first frame, with answer and maps; a new browser context each time.
- stroke: from the time of a pointer's move to the end of the frame with all maps repainted; and of it, computing alone.
- occlusion: from choosing an image to the covered network's answers for all places.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

from recording import ROOT, Log, spread

import lenet

sys.path.insert(0, str(ROOT / "tests/support"))
from page import chromium

SETS = ("mnist", "fashion-mnist")
SIZE = {"width": 1440, "height": 900}
# Of a move of the pointer: when it happened, when its frame began to be computed, when all panels were up to date, and the
# end of the frame.
WATCH = """() => {
  globalThis.moves = [];
  let at = null, began = null;
  addEventListener("pointermove", (event) => { at ??= event.timeStamp; }, { capture: true });
  lenet.listeners.unshift(() => { began = performance.now(); });
  lenet.listeners.push(() => {
    if (at === null) return;
    const from = at, computing = performance.now() - began;
    at = null;
    setTimeout(() => moves.push([performance.now() - from, computing]));
  });
}"""
COVER = """async (number) => {
  const began = performance.now();
  lenet.set({ image: `test:${number}` });
  for (;;) {
    await new Promise((done) => setTimeout(done));
    const covered = lenet.known.get("covered");
    if (covered && covered.of[0] === lenet.image && covered.result.result) return performance.now() - began;
  }
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--no-record", action="store_true")
    options = parser.parse_args()
    executable = chromium()
    if executable is None:
        sys.exit("error: there is no Chromium\nhint: apt-get install chromium")
    log = Log("explorer", record=not options.no_record)
    from playwright.sync_api import sync_playwright  # only make page installs it

    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        found["chromium"] = browser.version
        for name in SETS:
            run = lenet.train(name, recipe="fast", seed=0, out=Path(folder) / name, progress="quiet")
            path = Path(folder) / f"{name}.html"
            lenet.explore(run, out=path, open=False)
            found[name] = {"bytes": path.stat().st_size, **measured(browser, path, options.repeats)}
            log.say(f"{name}: {found[name]['bytes']:,} bytes")
            for what in ("first_answer", "stroke", "stroke_computing", "occlusion"):
                log.say(f"  {what:<18} {found[name][what]['median']:7.1f} ms, {found[name][what]['max']:.1f} at most")
        browser.close()
    log.finish({"bench": "explorer", **found})


def measured(browser: Any, path: Path, repeats: int) -> dict[str, Any]:
    """Milliseconds of each."""
    answers, moves, covers = [], [], []
    for _ in range(repeats):
        context = browser.new_context(viewport=SIZE)
        page = context.new_page()
        page.goto(f"{path.as_uri()}#panel=layers")
        while not page.evaluate("performance.getEntriesByName('painted').length > 0 && lenet.kernels !== null"):
            page.wait_for_timeout(50)
        answers.append(page.evaluate("performance.getEntriesByName('painted')[0].startTime"))
        moves += stroke(page)
        page.evaluate("lenet.set({panel: 'why'})")
        page.evaluate(COVER, 20)  # the first of a page also compiles
        covers += [page.evaluate(COVER, number) for number in (1, 5, 9)]
        context.close()
    return {
        "first_answer": spread(answers),
        "stroke": spread([move[0] for move in moves]),
        "stroke_computing": spread([move[1] for move in moves]),
        "moves": len(moves),
        "occlusion": spread(covers),
    }


def stroke(page: Any) -> list[list[float]]:
    """Draw a figure of 40 points; of each move, the milliseconds to its painted frame, and those of computing."""
    page.evaluate(WATCH)
    box = page.locator(".pad").bounding_box()
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.2 * box["height"])
    page.mouse.down()
    for number in range(40):
        share = number / 39
        x, y = 0.3 + 0.4 * share, 0.2 + 0.6 * abs(2 * share - 1)
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
    page.mouse.up()
    page.wait_for_timeout(200)
    moves: list[list[float]] = page.evaluate("moves")
    return moves[3:]  # the first ones are compiled


if __name__ == "__main__":
    main()
