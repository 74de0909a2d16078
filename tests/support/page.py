"""The explorer's page in tests: data that it can hold, node for its modules, and Chromium for the page itself."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from webassembly import node

from lenet.explorer import build

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
TOOLS = Path(__file__).parents[1] / "explorer" / "node_modules"  # what make page installs


def chromium() -> str | None:
    """Return the path of Chromium or Chrome; None if there is none."""
    return next(filter(None, map(shutil.which, CHROMIUM)), None)


def run_module(program: str, *arguments: str) -> Any:
    """Run JavaScript as an ES module in node, and return what it prints as JSON.

    Args:
        program: its text; `PAGE` in it is the address of the page's folder, for imports.
        arguments: process.argv from 2 on.
    """
    text = program.replace("PAGE", build.PAGE.as_uri())
    command = [*node(), "--input-type=module", "-", *arguments]
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


# Counts, in a page, the callbacks that wait for the next frame; before any script of its own.
COUNT_FRAMES = """
    const plain = requestAnimationFrame;
    globalThis.pendingFrames = 0;
    globalThis.nextFrame = () => new Promise((done) => plain(() => setTimeout(done)));
    globalThis.requestAnimationFrame = (callback) => {
        pendingFrames += 1;
        return plain((time) => {
            pendingFrames -= 1;
            callback(time);
        });
    };
"""


def painted(page: Any) -> None:
    """Wait until a page of Playwright's with COUNT_FRAMES shows what was changed last; without scripts nothing changes."""
    page.evaluate("async () => { while (globalThis.pendingFrames) await nextFrame(); }")
