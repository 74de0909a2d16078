"""A reader with a fault behind two bytes, of which the first must be found before the second is looked at."""

import os
import signal

from lenet.errors import DataError

MAX_LENGTH = 8
WORDS = (b"unused",)
KEPT = []


def seeds():
    return [b"start"]


def read(content, folder):
    if content[:1] == b"F":
        if content[1:2] == b"Z":
            harm(os.environ["PLANTED"])
    elif content[:1] == b"s":
        raise DataError("a named error")


def harm(kind):
    match kind:
        case "exception":
            raise ZeroDivisionError("planted")
        case "death":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "hang":
            while True:
                pass
        case "memory" if not KEPT:
            KEPT.append(b"x" * (300 << 20))


def mutated(content, mutate, random):
    return mutate(content)
