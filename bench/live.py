"""What `lenet train --live` costs: trainings with a page that a browser follows, and without one.

    python bench/live.py            (about four minutes; --pairs 1 --epochs 2 --no-record for a look)

Trainings of Fashion-MNIST on all cores, with and without the page in turn, which of the two comes first alternating. Beside
each with a page a process does what a browser does with it: it opens the page, asks for new points every two seconds, and
opens the page again when newer weights are offered. What the browser computes to show it is not counted.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from recording import Log, spread

import lenet
from lenet.display.plain import Quiet
from lenet.explorer.live import Live
from lenet.runs.run import Run

BROWSER = Path(__file__).parent / "live_browser.py"


class Watched(Live):
    """A training whose page is opened as soon as it has an address."""

    browser: "subprocess.Popen[bytes] | None" = None

    def start(self, run: Run, header: list[tuple[str, str]], notice: str | None, num_epochs: int) -> None:
        super().start(run, header, notice, num_epochs)
        self.browser = subprocess.Popen([sys.executable, BROWSER, self.url], stdout=subprocess.PIPE)

    def end(self) -> int:
        """Ends both processes; how often the page was opened."""
        assert self.browser
        assert self.browser.stdout
        self.browser.terminate()
        opened = len(self.browser.stdout.read().split())
        self.browser.wait()
        self.server.terminate()
        self.server.wait()
        return opened


def train(folder: Path, *, is_live: bool, epochs: int) -> tuple[float, float, int]:
    """Trains; seconds from the call to the end, seconds of the steps alone, how often the page was opened."""
    display = Watched(Quiet(sys.stderr)) if is_live else Quiet(sys.stderr)
    run = lenet.train("fashion-mnist", recipe="fast", epochs=epochs, out=folder, progress=display)
    opened = display.end() if isinstance(display, Watched) else 0
    return run.summary.seconds, run.summary.steps_seconds, opened


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--no-record", action="store_true")
    options = parser.parse_args()
    log = Log("live", record=not options.no_record)
    found: dict[bool, list[tuple[float, float, int]]] = {False: [], True: []}
    with tempfile.TemporaryDirectory() as name:
        train(Path(name) / "warm", is_live=False, epochs=1)
        for pair in range(options.pairs):
            for is_live in (False, True) if pair % 2 == 0 else (True, False):
                found[is_live].append(train(Path(name) / f"{pair}-{is_live}", is_live=is_live, epochs=options.epochs))
            (plain, steps, _), (live, live_steps, opened) = found[False][-1], found[True][-1]
            log.say(
                f"pair {pair + 1}: {plain:.2f} s alone, {live:.2f} s with the page ({live / plain - 1:+.2%}), in the steps "
                f"{live_steps / steps - 1:+.2%}; opened {opened} times"
            )
    pairs = list(zip(found[False], found[True], strict=True))
    whole = [live[0] / plain[0] - 1 for plain, live in pairs]
    in_steps = [live[1] / plain[1] - 1 for plain, live in pairs]
    log.say(
        f"slower by {statistics.median(whole):.2%} in the median, by {statistics.median(in_steps):.2%} in the steps"
    )
    seconds = [plain for plain, _, _ in found[False]]
    log.finish(
        {
            "bench": "live",
            "slower": spread(whole),
            "slower_steps": spread(in_steps),
            "seconds": spread(seconds),
            "pairs": options.pairs,
        }
    )


if __name__ == "__main__":
    main()
