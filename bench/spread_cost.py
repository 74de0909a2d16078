"""What one training would cost if its steps were spread over machines: the parts of that cost, and two processes that do it.

    python bench/spread_cost.py        (about half a minute; --short takes ten seconds)

How long a step takes on one thread, and on two, by batch size; how long two processes take for a message over TCP on this
machine, which no network between machines does faster; and a training that two processes of one thread share: each takes
half of every batch, and after each step both average their weights, in a ring of messages over TCP. From the same weights,
one step of plain SGD each and then the mean is the step of the whole batch, so this is what spreading means; it is compared
with one process that takes the whole batch.
"""

import argparse
import os
import socket
import statistics
import subprocess
import sys
import time
from typing import Any

import numpy as np
from recording import Log

import lenet
from lenet.configuration import configure
from lenet.data.plan import plan
from lenet.training.setup import Setup, set_up

BATCHES = (64, 256, 1024, 4096)
LARGE = 16 << 20  # bytes of the message that measures the bandwidth


def prepared(batch: int, threads: int = 1) -> tuple[Setup, Any]:
    """A network on Fashion-MNIST with its engine, and the plan of an epoch."""
    data = lenet.data.load("fashion-mnist")
    config = configure("book-sgd", data="fashion-mnist", epochs=1, batch_size=batch, threads=threads, activation="relu")
    setup = set_up(config, data)
    return setup, plan(config, 0, len(setup.train))


def received(connection: socket.socket, count: int) -> bytes:
    """Take so many bytes."""
    parts = bytearray(count)
    with memoryview(parts) as view:
        done = 0
        while done < count:
            taken = connection.recv_into(view[done:])
            if not taken:
                raise ConnectionError("the other process is gone")
            done += taken
    return bytes(parts)


def average(weights: Any, connection: socket.socket, rank: int) -> None:
    """The mean of two processes' weights, in place: each adds up one half, in a ring of two."""
    half = len(weights) // 2
    mine, other = (weights[:half], weights[half:])[:: 1 if rank == 0 else -1]
    connection.sendall(other.tobytes())
    mine += np.frombuffer(received(connection, mine.nbytes), np.float32)
    mine *= 0.5
    connection.sendall(mine.tobytes())
    other[:] = np.frombuffer(received(connection, other.nbytes), np.float32)


def steps(batch: int, seconds: float, threads: int = 1) -> float:
    """Seconds of a step of a batch in this process, the median."""
    return repeated(prepared(batch, threads), seconds)


def shared_steps(batch: int, seconds: float, connection: socket.socket, rank: int) -> float:
    """Seconds of a step of half a batch and the averaging of the weights."""
    return repeated(prepared(batch // 2), seconds, connection, rank)


def repeated(what: tuple[Setup, Any], seconds: float, connection: socket.socket | None = None, rank: int = 0) -> float:
    """The median time of a step. The process of rank 0 says after each step whether there is another."""
    setup, todo = what
    engine, weights, times = setup.engine, setup.engine.evaluated.weights, list[float]()
    limit = (len(setup.train) // todo.batch_size) - 1
    until, number, goes_on = time.perf_counter() + seconds, 0, True
    while goes_on:
        began = time.perf_counter()
        engine.train_steps(todo, number % limit, number % limit + 1)
        if connection is not None:
            average(weights, connection, rank)
        times.append(time.perf_counter() - began)
        number += 1
        goes_on = number < 10 or time.perf_counter() < until
        if connection is not None and rank == 0:
            connection.sendall(bytes([goes_on]))
        elif connection is not None:
            goes_on = received(connection, 1) == b"\x01"
    return statistics.median(times[3:])


def messages(connection: socket.socket, size: int, count: int) -> float:
    """Seconds of a message of so many bytes one way, as half of one that comes back."""
    times = []
    for _ in range(count):
        began = time.perf_counter()
        connection.sendall(bytes(size))
        received(connection, size)
        times.append((time.perf_counter() - began) / 2)
    return statistics.median(times)


def echo(connection: socket.socket, size: int, count: int) -> None:
    """The other side of `messages`."""
    for _ in range(count):
        connection.sendall(received(connection, size))


def other(port: int, seconds: float, small: int, large: int) -> None:
    """The second process: it does what the first one does, in the same order."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        echo(connection, 1, small)
        echo(connection, LARGE, large)
        for batch in BATCHES:
            shared_steps(batch, seconds, connection, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3.0, help="of steps, for each batch size")
    parser.add_argument("--short", action="store_true", help="half a second each, and no record")
    parser.add_argument("--no-record", action="store_true", help="do not write bench/records/spread_cost.log")
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)  # of the first process, to the second
    options = parser.parse_args()
    seconds, small, large = (0.5, 100, 5) if options.short else (options.seconds, 1000, 20)
    if options.port:
        other(options.port, seconds, small, large)
        return
    log = Log("spread_cost", record=not (options.no_record or options.short))
    result: dict[str, Any] = {"bench": "spread_cost", "load": os.getloadavg()[0]}
    alone, threads = ({str(batch): steps(batch, seconds, many) for batch in BATCHES} for many in (1, 2))
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        command = [sys.executable, __file__, "--port", str(server.getsockname()[1]), "--seconds", str(seconds)]
        with subprocess.Popen([*command, "--short"] if options.short else command) as child:
            connection = server.accept()[0]
            with connection:
                connection.settimeout(60)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                latency, whole = messages(connection, 1, small), messages(connection, LARGE, large)
                shared = {str(batch): shared_steps(batch, seconds, connection, 0) for batch in BATCHES}
            child.wait(timeout=60)
    result |= {
        "parameters": prepared(64)[0].resolved.model.parameters,
        "step_seconds": alone,
        "threads_seconds": threads,
        "shared_seconds": shared,
        "latency": latency,
        "bytes_per_second": LARGE / whole,
    }
    for batch in BATCHES:
        one, both, two = (1e6 * times[str(batch)] for times in (alone, threads, shared))
        log.say(f"a step of {batch} images: {one:.0f} µs; two threads {both:.0f} µs; two processes {two:.0f} µs")
    log.say(f"a message: {1e6 * latency:.0f} µs and {result['bytes_per_second'] / 1e9:.2f} GB/s")
    log.finish(result)


if __name__ == "__main__":
    main()
