"""A process that classifies files for this one.

It reads a pickled Job, then lists of names as lines of JSON; for each list it writes a line of JSON with the rows, or with an
error. It ends with its input, so it never outlives the process that started it.
"""

import json
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from lenet import errors
from lenet.analysis.many.classify import Classifier, Job
from lenet.analysis.many.rows import Row

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class Process:
    """A process that classifies files.

    Args:
        job: what it is to do.
    """

    def __init__(self, job: Job) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "lenet.analysis.many.process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | ONE_THREAD | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        self.job = pickle.dumps(job)  # not later: its caches change where it is used
        self.stdin: Any = self.process.stdin
        self.stdout: Any = self.process.stdout

    @classmethod
    def start(cls, job: Job) -> "Process | None":
        """Start a process; None if the system has none left."""
        try:
            return cls(job)
        except OSError:
            return None

    def ask(self, names: Sequence[str]) -> list[Row] | None:
        """Have files classified.

        Returns:
            Their rows; None if the process has died.

        Raises:
            LenetError: as a Classifier raises it.
        """
        try:
            self.stdin.write(self.job + _line(list(names)))
            self.job = b""
            self.stdin.flush()
            answer = json.loads(self.stdout.readline())
        except (OSError, ValueError):
            return None
        if isinstance(answer, dict):
            raise getattr(errors, answer["error"])(answer["message"], hint=answer["hint"])
        return [Row(*cells) for cells in answer]

    def end(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.stdin, self.stdout):
            with suppress(OSError):
                pipe.close()


def _line(value: Any) -> bytes:
    return json.dumps(value).encode() + b"\n"


def main() -> None:
    """Classify files until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started this one
    stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
    job, classify = pickle.load(stdin), None
    for line in stdin:
        try:
            classify = classify or Classifier(job)
            answer: Any = classify(json.loads(line))
        except errors.LenetError as error:
            answer = {"error": type(error).__name__, "message": error.message, "hint": error.hint}
        stdout.write(_line(answer))
        stdout.flush()


if __name__ == "__main__":
    main()
