"""What one training would cost if its steps were spread over machines: the parts of that cost, measured here.

    python bench/spread_cost.py        (about twenty seconds)

How long a step takes, by batch size; how many bytes of gradients the machines would have to add up after each; and how long
two processes take for a message over TCP on this machine, which no network between machines does faster.
"""

import argparse
import os
import socket
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from recording import Log

import lenet
from lenet.configuration import configure

BATCHES = (64, 256, 1024, 4096)


def steps(repeats: int) -> tuple[dict[str, float], int]:
    """Seconds of a step on one thread, by batch size, and the network's number of parameters."""
    data, found, parameters = lenet.data.load("fashion-mnist"), {}, 0
    with tempfile.TemporaryDirectory() as folder:
        for batch in BATCHES:
            config = configure("fast", data="fashion-mnist", epochs=1, batch_size=batch, threads=1, snapshots=0)
            runs = lenet.train_many(
                [config] * repeats, data=data, out=Path(folder) / str(batch), workers=1, progress="quiet"
            )
            found[str(batch)] = batch / statistics.median(run.summary.images_per_second for run in runs)
            parameters = runs[0].summary.parameters
    return found, parameters


def received(connection: socket.socket, count: int) -> None:
    """Take so many bytes."""
    while count:
        count -= len(connection.recv(min(count, 1 << 20)))


def messages(size: int, count: int) -> float:
    """Seconds of a message of so many bytes one way, as half of one that comes back."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def echo() -> None:
            with server.accept()[0] as there:
                there.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for _ in range(count):
                    received(there, size)
                    there.sendall(bytes(size))

        thread = threading.Thread(target=echo)
        thread.start()
        times = []
        with socket.create_connection(server.getsockname()) as here:
            here.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for _ in range(count):
                began = time.perf_counter()
                here.sendall(bytes(size))
                received(here, size)
                times.append((time.perf_counter() - began) / 2)
        thread.join()
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--no-record", action="store_true")
    options = parser.parse_args()
    log = Log("spread_cost", record=not options.no_record)
    seconds_of_step, parameters = steps(options.repeats)
    small, large = messages(1, 500), messages(16 << 20, 20)
    result: dict[str, Any] = {
        "bench": "spread_cost",
        "load": os.getloadavg()[0],
        "parameters": parameters,
        "step_seconds": seconds_of_step,
        "latency": small,
        "bytes_per_second": (16 << 20) / large,
    }
    for batch, seconds in result["step_seconds"].items():
        log.say(f"a step of {batch} images: {1e6 * seconds:.0f} µs")
    log.say(f"a message: {1e6 * small:.0f} µs and {result['bytes_per_second'] / 1e9:.2f} GB/s")
    log.finish(result)


if __name__ == "__main__":
    main()
