"""The server beside FastAPI and LitServe with the same network: images/s, latency, and ten minutes with bad clients.

    python bench/server.py

The contenders need the extra `bench`; CONTENDERS=PYTHON names an interpreter that has it, if it is another environment.
"""

import argparse
import base64
import contextlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from recording import ROOT, Log, spread
from server_requests import request_file, requests_for

import lenet
from lenet.engines.kernels.build import find_compiler

HERE = Path(__file__).parent
CONNECTIONS = 16
LOAD, HALF = 0.7, 0.5
SETTLED = 30.0  # seconds of the soak after which memory is measured for the first time


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--soak", type=float, default=600, help="seconds; 0 leaves the soak out")
    parser.add_argument("--only-soak", type=float, metavar="RATE", help="only the soak, at this many requests/s")
    parser.add_argument("--no-record", action="store_true")
    arguments = parser.parse_args()
    log = Log("server", record=not arguments.no_record)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run = lenet.train("mnist", recipe="fast", epochs=1, out=folder / "mnist", progress="quiet")
        lenet.train("mnist", recipe="fast", epochs=1, validation=5000, out=folder / "calibrated", progress="quiet")
        bodies = Bodies(folder, run)
        bench = Bench(log, folder, bodies, arguments.seconds)
        found: dict[str, Any] = {"bench": "server"}
        if arguments.only_soak:
            found["soak"] = bench.soak(arguments.soak, arguments.only_soak)
        else:
            found |= bench.throughput(arguments.rounds)
            rate = found["images_per_second"]["lenet"]["median"]
            found["latency"] = bench.latency(arguments.rounds, HALF * rate)
            if arguments.soak:
                found["soak"] = bench.soak(arguments.soak, LOAD * rate)
        log.finish(found)


class Bodies:
    """Requests with test images, for each server in the form that it takes."""

    def __init__(self, folder: Path, run: lenet.Run) -> None:
        from PIL import Image

        images = lenet.data.load("mnist").test.images[:500]
        labels = run.network.logits(images).argmax(axis=1)
        files = []
        for image in images:
            file = io.BytesIO()
            Image.fromarray(image).save(file, "PNG")
            files.append(file.getvalue())
        texts = [base64.b64encode(file).decode() for file in files]
        expected = [b'"label":%d,' % label for label in labels]
        kinds = {
            "png": ("image/png", files),
            "json": ("application/json", [json.dumps({"images": [text]}).encode() for text in texts]),
            "any": ("image/png", files),
            "litserve": ("application/json", [json.dumps({"image": text}).encode() for text in texts]),
        }
        self.files = {}
        for kind, (media_type, contents) in kinds.items():
            self.files[kind] = folder / kind
            texts_of = [b""] * len(images) if kind == "any" else expected  # of the other network
            self.files[kind].write_bytes(request_file(requests_for(media_type, contents, texts_of)))


class Bench:
    """The measurements."""

    def __init__(self, log: Log, folder: Path, bodies: Bodies, seconds: float) -> None:
        self.log, self.folder, self.bodies, self.seconds = log, folder, bodies, seconds
        self.generator = folder / "load_generator"
        compiler = find_compiler()
        assert compiler is not None, "a C++ compiler is needed"
        source = str(HERE / "load_generator.cpp")
        subprocess.run([*compiler, "-O2", "-std=c++17", "-o", str(self.generator), source], check=True)
        other = os.environ.get("CONTENDERS", sys.executable)
        run, calibrated = str(folder / "mnist"), str(folder / "calibrated")
        self.contenders = {
            "lenet": ("png", [sys.executable, "-m", "lenet", "serve", run, "--port"]),
            "lenet, JSON with base64": ("json", [sys.executable, "-m", "lenet", "serve", run, "--port"]),
            "lenet, with `unknown`": ("any", [sys.executable, "-m", "lenet", "serve", calibrated, "--port"]),
            "FastAPI": ("png", [other, str(HERE / "server_fastapi.py"), run]),
            "LitServe": ("litserve", [other, str(HERE / "server_litserve.py"), run]),
        }

    def throughput(self, rounds: int) -> dict[str, Any]:
        """Images/s of each server, the connections always busy; the servers take turns."""
        rates: dict[str, list[float]] = {name: [] for name in self.contenders}
        for _ in range(rounds):
            for name, (kind, command) in self.contenders.items():
                with self.running(command) as (port, _):
                    self.load(port, 1, 0, kind)
                    rates[name].append(self.load(port, self.seconds, 0, kind)["per_second"])
        found = {name: spread(values) for name, values in rates.items()}
        for name, row in found.items():
            ratio = found["lenet"]["median"] / row["median"]
            self.log.say(
                f"{name:24} {row['median']:8.0f} images/s ({row['min']:.0f} to {row['max']:.0f}), lenet {ratio:.1f} x"
            )
        return {"images_per_second": found, "connections": CONNECTIONS}

    def latency(self, rounds: int, rate: float) -> dict[str, Any]:
        """Latencies of lenet at a load, from when each request was due."""
        with self.running(self.contenders["lenet"][1]) as (port, _):
            self.load(port, 1, rate, "png")
            parts = [self.load(port, 2 * self.seconds, rate, "png") for _ in range(rounds)]
        found = {name: spread([part[name] for part in parts]) for name in ("p50_ms", "p90_ms", "p99_ms", "max_ms")}
        words = ", ".join(f"{name[:-3]} {row['median']:.2f} ms" for name, row in found.items())
        self.log.say(f"at {rate:.0f} images/s: {words}")
        return {"per_second": rate, **found}

    def soak(self, seconds: float, rate: float) -> dict[str, Any]:
        """A load for a long time, with bad clients among the good ones: nothing may be lost, and memory must stay."""
        with self.running(self.contenders["lenet"][1]) as (port, process):
            bad = [
                sys.executable,
                str(HERE / "server_clients.py"),
                str(port),
                str(seconds),
                str(self.bodies.files["png"]),
            ]
            clients = subprocess.Popen(bad, stdout=subprocess.PIPE, text=True)
            load = subprocess.Popen(self.command(port, seconds, rate, "png"), stdout=subprocess.PIPE, text=True)
            memory, began = [], time.monotonic()
            while load.poll() is None:
                time.sleep(min(1.0, seconds / 10))
                if time.monotonic() - began > min(SETTLED, seconds / 3) and clients.poll() is None:
                    memory.append(resident(process.pid))
            done = json.loads(load.communicate()[0])
            theirs = json.loads(clients.communicate()[0])
            statuses = metrics(port)
        found = {
            "seconds": seconds,
            "per_second": rate,
            **{name: done[name] for name in ("sent", "answered", "wrong", "lost", "statuses", "p99_ms", "max_ms")},
            "bad_clients": theirs["done"],
            "faults": theirs["faults"],
            "answers_by_status": statuses,
            "memory_mb": {"first": memory[0], "last": memory[-1], "most": max(memory)},
        }
        growth = memory[-1] - memory[0]
        self.log.say(
            f"soak of {seconds:.0f} s at {rate:.0f} images/s: "
            f"{done['sent']:,} sent, {done['lost']} lost, {done['wrong']} wrong, "
            f"{sum(theirs['done'].values()):,} bad clients, {theirs['num_faults']} not treated as promised, "
            f"statuses {statuses}, p99 {done['p99_ms']:.1f} ms, memory {memory[0]:.1f} to {memory[-1]:.1f} MB ({growth:+.1f})"
        )
        return found

    @contextlib.contextmanager
    def running(self, command: list[str]) -> Iterator[tuple[int, "subprocess.Popen[bytes]"]]:
        """A server: its port and its process."""
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        ours = [entry for entry in sys.path if entry.endswith("site-packages")]
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(HERE), *ours]),
            "OMP_NUM_THREADS": "1",
        }
        process = subprocess.Popen(
            [*command, str(port)],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            wait_for(port)
            yield port, process
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def command(self, port: int, seconds: float, rate: float, kind: str) -> list[str]:
        """The load generator's."""
        file = self.bodies.files[kind]
        return [str(self.generator), str(port), str(CONNECTIONS), str(seconds), str(rate), str(file)]

    def load(self, port: int, seconds: float, rate: float, kind: str) -> dict[str, Any]:
        """What the load generator counted; every answer must be right."""
        text = subprocess.run(
            self.command(port, seconds, rate, kind), check=True, capture_output=True, text=True
        ).stdout
        done: dict[str, Any] = json.loads(text)
        assert set(done["statuses"]) == {"200"}, done
        assert done["wrong"] == done["lost"] == 0, done
        return done


def wait_for(port: int) -> None:
    """Returns once a server answers."""
    for _ in range(600):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(b"GET /docs HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            if connection.recv(1000):
                time.sleep(1)  # LitServe's worker comes up after its server
                return
        time.sleep(0.1)
    sys.exit("error: the server does not answer")


def resident(process: int) -> float:
    """Megabytes of memory of a process."""
    lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) * 1024 / 1e6


def metrics(port: int) -> dict[str, int]:
    """How many answers the server gave, by status."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        text = b"".join(iter(lambda: connection.recv(1 << 16), b"")).decode()
    counts: dict[str, int] = {}
    for line in text.splitlines():
        if line.startswith("lenet_requests_total{"):
            status = line.partition('status="')[2][:3]
            counts[status] = counts.get(status, 0) + int(line.rpartition(" ")[2])
    return dict(sorted(counts.items()))


if __name__ == "__main__":
    main()
