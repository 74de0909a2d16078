"""Clients that behave badly, for the soak of the server: slow, oversized, broken, leaving. Each checks what it gets.

    python bench/server_clients.py PORT SECONDS FILE

FILE is a list of requests as load_generator.cpp takes it. Prints what happened as one line of JSON.
"""

import argparse
import contextlib
import json
import random
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from server_requests import HEAD, Requests, requests_in


class Clients:
    """The clients of a soak.

    Args:
        port: of the server on this machine.
        requests: good ones, each with the text that its answer must contain.
    """

    def __init__(self, port: int, requests: Requests) -> None:
        self.port, self.requests = port, requests
        self.counts: Counter[str] = Counter()
        self.faults: list[str] = []
        self.kinds: dict[str, Callable[[random.Random], None]] = {
            "slow": self.slow,
            "stopping": self.stopping,
            "oversized": self.oversized,
            "broken image": self.broken_image,
            "broken JSON": self.broken_json,
            "broken HTTP": self.broken_http,
            "leaving": self.leaving,
            "leaving early": self.leaving_early,
            "photo": self.photo,
        }

    def run(self, seconds: float) -> None:
        """Let all kinds of clients run beside each other."""
        end = time.monotonic() + seconds
        threads = [threading.Thread(target=self._repeat, args=(kind, end)) for kind in self.kinds]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _repeat(self, kind: str, end: float) -> None:
        generator = random.Random(kind)
        while time.monotonic() < end:
            try:
                self.kinds[kind](generator)
                self.counts[kind] += 1
            except (OSError, AssertionError) as error:
                self.faults.append(f"{kind}: {type(error).__name__} {error}")
            time.sleep(0.05)

    def slow(self, generator: random.Random) -> None:
        """A good request, some bytes at a time; it must be answered."""
        request, expected = generator.choice(self.requests)
        with self._connected() as client:
            for start in range(0, len(request), 64):
                client.sendall(request[start : start + 64])
                time.sleep(0.05)
            assert expected in self._received(client, 200)

    def stopping(self, generator: random.Random) -> None:
        """Half a request, and no more for a while; then it leaves."""
        request, _ = generator.choice(self.requests)
        with self._connected() as client:
            client.sendall(request[: len(request) // 2])
            time.sleep(1)

    def oversized(self, generator: random.Random) -> None:
        """A body that is larger than the limit; it must be refused."""
        size = (64 << 20) + generator.randrange(1 << 20)
        with self._connected() as client:
            client.sendall(HEAD.format("image/png", size).encode())
            with contextlib.suppress(ConnectionError):
                for _ in range(4):
                    client.sendall(bytes(1 << 16))
            self._received(client, 413)

    def broken_image(self, generator: random.Random) -> None:
        """An image of which a byte was changed, or half is missing: answered, or refused as an image."""
        request, _ = generator.choice(self.requests)
        body = bytearray(request.partition(b"\r\n\r\n")[2])
        body[generator.randrange(len(body))] ^= 1 + generator.randrange(255)
        body = body[: generator.choice([len(body), len(body) // 2])]
        with self._connected() as client:
            client.sendall(HEAD.format("image/png", len(body)).encode() + body)
            self._received(client, 200, 422)

    def broken_json(self, generator: random.Random) -> None:
        """JSON without its end, or of another form."""
        body = generator.choice([b'{"pixels": [[1, 2', b'{"pixels": "x"}', b"[1]", b'{"images": [3]}', b"\xff"])
        with self._connected() as client:
            client.sendall(HEAD.format("application/json", len(body)).encode() + body)
            self._received(client, 400, 422)

    def broken_http(self, generator: random.Random) -> None:
        """Bytes that are no HTTP."""
        with self._connected() as client:
            client.sendall(generator.randbytes(200) + b"\r\n\r\n")
            self._received(client, 400)

    def leaving(self, generator: random.Random) -> None:
        """A good request whose client leaves before the answer."""
        request, _ = generator.choice(self.requests)
        with self._connected() as client:
            client.sendall(request)

    def leaving_early(self, generator: random.Random) -> None:
        """A client that leaves in the middle of its request, without a farewell."""
        request, _ = generator.choice(self.requests)
        with self._connected() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.sendall(request[: generator.randrange(1, len(request))])

    def photo(self, generator: random.Random) -> None:
        """An image in which the object has to be found; it must be answered, or shows nothing."""
        rows = [[generator.randrange(256)] * 60 for _ in range(60)]
        body = json.dumps({"pixels": rows}).encode()
        with self._connected() as client:
            client.sendall(HEAD.format("application/json", len(body)).encode() + body)
            self._received(client, 200, 422)
        time.sleep(0.5)

    def _connected(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def _received(self, client: socket.socket, *statuses: int) -> bytes:
        """An answer, whose status must be one of some."""
        received = b""
        while b"}" not in received:
            part = client.recv(1 << 16)
            assert part, f"closed without an answer, after {received[:50]!r}"
            received += part
        status = int(received[9:12])
        assert status in statuses, received
        return received


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("seconds", type=float)
    parser.add_argument("file", type=Path, help="requests")
    options = parser.parse_args()
    clients = Clients(options.port, requests_in(options.file))
    clients.run(options.seconds)
    print(json.dumps({"done": clients.counts, "faults": clients.faults[:20], "num_faults": len(clients.faults)}))


if __name__ == "__main__":
    main()
