"""Changes of JSON that stay JSON: the parser refuses most flipped bytes, so the code after it would not be reached."""

import copy
import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

NUMBERS = (0, -1, 0.5, 2**31, 2**63, 10**30, 10**400, 1e-300, 1e308, float("inf"), float("nan"))
TEXTS = ("", "lenet", "\0", "\ud800", "..", "/dev/zero", "x" * 300)
OTHERS: tuple[Any, ...] = (None, True, [], {}, [[]], [0], [-1], {"": None})


def changed(content: bytes, mutate: Callable[[bytes], bytes], random: Random) -> bytes:
    """Change a few values of the JSON in `content`; change bytes if it is not JSON, and sometimes otherwise."""
    if random.random() < 0.25:
        return mutate(content)
    try:
        root = [json.loads(content)]  # so that the outermost value has a place as well
        for _ in range(random.choice((1, 1, 1, 2, 4))):
            _change(root, mutate, random)
        text = json.dumps(root[0])
    except (ValueError, OverflowError, RecursionError):  # not JSON, or a number too long or nesting too deep for Python
        return mutate(content)
    depth = random.choice((50, 1000, 2000)) if random.random() < 0.02 else 0
    return ("[" * depth + text + "]" * depth).encode()


def _change(root: list[Any], mutate: Callable[[bytes], bytes], random: Random) -> None:
    places = list(_places(root))
    holder, key = random.choice(places)
    value = holder[key]
    match random.randrange(6):
        case 0 if holder is not root:
            del holder[key]
        case 1:
            other, its_key = random.choice(places)
            holder[key] = copy.deepcopy(other[its_key])
        case 2 if isinstance(holder, dict):
            holder[mutate(key.encode(errors="replace")).decode(errors="replace")] = holder.pop(key)
        case 3 if isinstance(value, str):
            holder[key] = mutate(value.encode(errors="replace")).decode(errors="replace")
        case 4 if isinstance(value, int | float):
            holder[key] = random.choice((-value, value + 1, value * 2, value * 10**6, str(value), [value]))
        case 5 if isinstance(value, list):
            holder[key] = value * random.choice((0, 2, 9))
        case _:
            holder[key] = copy.deepcopy(random.choice(random.choice((NUMBERS, TEXTS, OTHERS))))


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every dict and list inside `value`, with each of its keys."""
    for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from _places(value[key])
