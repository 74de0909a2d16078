"""Hostile files: weights, run directories, images and data sets that run a program, crash, or use up memory and time.

Each is given to the command line in a process of its own, forked from one that has everything imported. The trial survives if
no code in the file was run (it would leave a marker file), and the process ended by itself in less than 10 s, with a result,
or with exit code 2, `error:` and no traceback, while its memory never rose by more than 200 MB.
"""

import contextlib
import io
import itertools
import json
import multiprocessing
import os
import pickle
import random
import resource
import shutil
import struct
import sys
import tempfile
import threading
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from PIL import Image

import lenet
from faultlab import Row
from faultlab.hostile_data import hostile_data
from lenet.networks import build
from lenet.networks.initialization import initialized
from lenet.networks.trained import TrainedNetwork

SECONDS, MEGABYTES = 10, 200
PATIENCE = (
    60  # seconds until a process that hangs is killed; SECONDS are counted on the processor, where load counts little
)
PRELOADED = (
    "lenet.cli.main",
    "lenet.cli.train",
    "lenet.cli.evaluate",
    "lenet.cli.results",
    "lenet.cli.models",
    "lenet.analysis.plots",
    "lenet.analysis.prediction",
    "lenet.networks.importing",
    "lenet.pytorch.pickles",
    "torch",  # pickles imports it when it reads a file
    "lenet.training.train",
    "typer._adapters",  # what typer loads late, where there is such a thing
    *(f"PIL.{kind}ImagePlugin" for kind in ("Png", "Jpeg", "Mpo", "Bmp", "Gif", "WebP", "Tiff", "Ppm")),
)
Make = bytes | Callable[[Path], object]  # a file's content, or what puts something in its place


@dataclass(frozen=True)
class Outcome:
    """How a command ended: its exit code, its output, CPU seconds, and by how many MB its memory rose at most."""

    code: int | None
    output: str
    seconds: float
    megabytes: float

    @property
    def is_orderly(self) -> bool:
        answered = self.code == 0 or (self.code == 2 and "error: " in self.output)
        return answered and "Traceback" not in self.output and self.seconds < SECONDS and self.megabytes < MEGABYTES


def examine(short: bool) -> Iterator[Row]:
    """Rows for hostile weights, runs, images and data sets."""
    with tempfile.TemporaryDirectory() as folder, _environment(Path(folder)) as laboratory:
        yield laboratory.row("hostile weights", laboratory.weights(short))
        yield laboratory.row("hostile runs", laboratory.runs(short))
        yield laboratory.row("hostile images", laboratory.images(short))
        yield laboratory.row("hostile data sets", laboratory.data_sets(short))


class Laboratory:
    """A folder with a trained run, its weights on their own and an image, and processes to try commands in."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.marker = folder, folder / "run-by-a-file"
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(list(PRELOADED))
        self.run = folder / "run"
        self.attempt(
            ["train", "--data", "digits", "--epochs", "1", "--validation", "59000", "--quiet", "--out", self.run]
        )
        self.net = folder / "net.safetensors"
        shutil.copy(self.run / "model.safetensors", self.net)
        self.image = folder / "image.png"
        drawing().save(self.image)

    def attempt(self, arguments: list[Any]) -> Outcome:
        """A command in a fresh process."""
        ours, theirs = self.context.Pipe(duplex=False)
        process = self.context.Process(target=_run_command, args=([*map(str, arguments)], theirs))
        process.start()
        theirs.close()
        outcome = Outcome(None, "hung, or died", PATIENCE, 0)
        if ours.poll(PATIENCE):
            with contextlib.suppress(EOFError):
                outcome = ours.recv()
        process.join(1)
        if process.exitcode is None:
            process.kill()
            process.join()
        return outcome if process.exitcode == 0 else Outcome(process.exitcode, outcome.output, outcome.seconds, 0)

    def row(self, fault: str, trials: Iterator[tuple[str, list[Any]]]) -> Row:
        """Runs the trials, each a name and a command, and makes their row."""
        outcomes = {}
        for name, arguments in trials:
            outcome = self.attempt(arguments)
            has_run = self.marker.exists()
            self.marker.unlink(missing_ok=True)
            outcomes[name] = outcome
            if has_run or not outcome.is_orderly:
                outcomes[name] = Outcome(
                    None if has_run else outcome.code,
                    "code executed" if has_run else outcome.output,
                    outcome.seconds,
                    outcome.megabytes,
                )
                print(f"  {name}: {outcomes[name]}", file=sys.stderr)
        refused = sum(outcome.code == 2 for outcome in outcomes.values())
        survived = sum(outcome.is_orderly and outcome.output != "code executed" for outcome in outcomes.values())
        evidence = (
            f"{refused} refused with a named error, {sum(o.code == 0 for o in outcomes.values())} read; code executed "
            f"{sum(o.output == 'code executed' for o in outcomes.values())}; memory at most "
            f"{max(o.megabytes for o in outcomes.values()):.0f} MB more, {max(o.seconds for o in outcomes.values()):.1f} s"
        )
        return Row(
            f"{fault}: code run, crashes, over {MEGABYTES} MB or {SECONDS} s", len(outcomes), survived, evidence, "all"
        )

    def weights(self, short: bool) -> Iterator[tuple[str, list[Any]]]:
        """Weights files, on their own and in a run, given to every command that takes them."""
        place = self.folder / "untrusted"
        place.mkdir()
        imported = ["--model", "lenet", "--padding", "2", "--data", "digits", "--out", place / "out.safetensors"]
        turn = itertools.count()
        for name, make in hostile_weights(self.net.read_bytes(), self.marker).items():
            for suffix in [(".safetensors", ".pt")[next(turn) % 5 > 2]] if short else (".safetensors", ".pt"):
                path = place / f"{name}{suffix}"
                _put(make, path)
                ways: list[list[Any]] = [
                    ["predict", path, self.image],
                    ["evaluate", path, "--data", "digits"],
                    ["import-weights", path, *imported],
                ]
                if suffix == ".safetensors":
                    run = _copied(self.run, place / "run")
                    _put(make, run / "model.safetensors")
                    ways.append(["predict", run, self.image])
                for way in [ways[next(turn) % len(ways)]] if short else ways:
                    (place / "out.safetensors").unlink(missing_ok=True)
                    yield f"{name}{suffix}, {way[0]} {Path(way[1]).name}", way
                if path.is_file() and not path.is_symlink():
                    path.unlink()

    def runs(self, short: bool) -> Iterator[tuple[str, list[Any]]]:
        """Run directories whose JSON is hostile."""
        place = self.folder / "runs"
        place.mkdir()
        ways = [["predict"], ["evaluate"], ["runs"], ["train", "--resume"]]
        turn = itertools.cycle(ways)
        made = hostile_json(self.run, self.marker, 12 if short else 200)
        for name, make in itertools.islice(made.items(), 0, None, 3) if short else made.items():
            file = name.split()[0]
            for way in [next(turn)] if short or " = " in name else ways:
                run = _copied(self.run, place / "run")
                _put(make, run / file)
                if way[-1] == "--resume" and file != "summary.json":
                    (run / "summary.json").unlink(missing_ok=True)
                given = place if way == ["runs"] else run
                yield f"{name}, {way[-1]}", [*way, given, *([self.image] if way == ["predict"] else [])]

    def images(self, short: bool) -> Iterator[tuple[str, list[Any]]]:
        """Images, given to predict."""
        place = self.folder / "images"
        place.mkdir()
        for name, make in hostile_images(1 if short else 24, short).items():
            path = place / name
            _put(make, path)
            with _growing(path) if name.startswith("growing") else contextlib.nullcontext():
                yield name, ["predict", self.net, path]
            if path.is_file() and not path.is_symlink():
                path.unlink()

    def data_sets(self, short: bool) -> Iterator[tuple[str, list[Any]]]:
        """Data sets of one file, given to the commands that take them."""
        place = self.folder / "data-sets"
        place.mkdir()
        made = hostile_data(Program(self.marker), saved(drawing(), "PNG"))
        training = ["train", "--epochs", "1", "--quiet", "--skip-bad", "--data"]
        ways: list[list[Any]] = [training, ["data", "check"], ["predict", self.net]]
        turn = itertools.cycle(ways)
        for name, make in itertools.islice(made.items(), 0, None, 3) if short else made.items():
            path = place / name
            _put(make, path)
            for way in [next(turn)] if short else ways:
                yield f"{name}, {way[0]}", [*way, path]
            if path.is_file() and not path.is_symlink():
                path.unlink()


class Program:
    """Its pickle is a program: opening it creates the marker file."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mknod, (str(self.marker),)


def hostile_weights(good: bytes, marker: Path) -> dict[str, Make]:
    """Weights files, valid and not, by what is wrong with them."""
    (length,) = struct.unpack_from("<Q", good)
    header: dict[str, Any] = json.loads(good[8 : 8 + length])
    numbers = good[8 + length :]
    first, second = [name for name in header if name != "__metadata__"][:2]
    about = json.loads(header["__metadata__"]["lenet"])

    def packed(header: Any, numbers: bytes = numbers) -> bytes:
        text = header if isinstance(header, bytes) else json.dumps(header).encode()
        return struct.pack("<Q", len(text)) + text + numbers

    def entry(**changes: Any) -> bytes:
        return packed(header | {first: header[first] | changes})

    def described(**changes: Any) -> bytes:
        return packed(header | {"__metadata__": {"lenet": json.dumps(about | changes)}})

    def model(**arguments: Any) -> bytes:
        return described(model={"name": "lenet", "arguments": about["model"]["arguments"] | arguments})

    def saved(value: Any, **options: Any) -> bytes:
        content = io.BytesIO()
        torch.save(value, content, **options)
        return content.getvalue()

    state = safetensors.torch.load(good)
    program = {**state, "more": Program(marker)}
    huge = torch.zeros(1).expand(1 << 40)
    place = header[second]["data_offsets"]
    return {
        "honest": good,
        "honest state dict": saved(state),
        "honest old format": saved(state, _use_new_zipfile_serialization=False),
        "honest and as large as may be": large_network(),
        "pickle": pickle.dumps(Program(marker)),
        **{f"pickle of protocol {number}": pickle.dumps(Program(marker), number) * 6 for number in range(6)},
        "program in a state dict": saved(program),
        "program in the old format": saved(program, _use_new_zipfile_serialization=False),
        "whole module": saved(torch.nn.Sequential(torch.nn.Linear(2, 2))),
        "bytearray of 2 GB": b"\x80\x02c__builtin__\nbytearray\nJ\xff\xff\xff\x7f\x85R." * 6,
        "memo of 4 GB": b"\x80\x02K\x00r\xff\xff\xff\xff." * 6,
        "expanded to 4 TB": saved({**state, first: huge}),
        "storage of 8 TB, old format": saved(state, _use_new_zipfile_serialization=False).replace(
            b"K\x06N", b"\x8a\x06\x00\x00\x00\x00\x00\x02N"
        ),
        "storage of other size": saved(state).replace(b"K\x06tq", b"K\xfftq"),
        "deflated bomb": zipped(("a/data.pkl", bytes(300 << 20))),
        "deflated bomb beside": zipped(("a/data.pkl", pickle.dumps({}, 2)), ("a/data/0", bytes(300 << 20))),
        "two archives": saved(state) + saved(program),
        "empty": b"",
        "eight bytes": bytes(8),
        "text": b"I am no weights",
        "header of 2^63": struct.pack("<Q", 1 << 63) + good[8:],
        "header of 2^64 - 1": b"\xff" * 8 + good[8:],
        "header of 100 MB": struct.pack("<Q", 100 << 20) + b"{" + b" " * (100 << 20),
        "header ends the file": struct.pack("<Q", len(good) - 8) + good[8:],
        "header longer than the file": struct.pack("<Q", len(good)) + good[8:],
        "header of lists": packed(b"[" + b"[]," * 300_000 + b"[]]"),
        "nested lists": packed(b"[" * 500_000),
        "nested objects": packed(b'{"a":' * 150_000),
        "nested metadata": packed({"__metadata__": {"lenet": '{"model":' * 60_000}}),
        "name twice": packed(b'{"a":1,"a":1}'),
        "names without end": packed(json.dumps({str(number): 1 for number in range(80_000)}).encode()),
        "not UTF-8": packed(b'{"\xff":1}'),
        "NaN in the header": entry(shape=[float("nan")]),
        "number of 100,000 digits": packed(b'{"a":' + b"9" * 100_000 + b"}"),
        "overlapping tensors": packed(
            header | {second: header[second] | {"data_offsets": [place[0] - 4, place[1] - 4]}}
        ),
        "offsets beyond the file": entry(data_offsets=[1 << 40, (1 << 40) + 24]),
        "offsets backwards": entry(data_offsets=[24, 0]),
        "offsets below zero": entry(data_offsets=[-24, 0]),
        "offsets of text": entry(data_offsets=["0", "24"]),
        "shape of 2^62": entry(shape=[1 << 62]),
        "shape that overflows to its size": entry(shape=[1 << 32, 1 << 32, 6]),
        "shape below zero": entry(shape=[-6]),
        "shape of a million ones": entry(shape=[1] * 300_000),
        "shape of floats": entry(shape=[6.0]),
        "other shape": entry(shape=[2, 3]),
        "float64": packed(header | {first: header[first] | {"dtype": "F64", "shape": [3]}}),
        "dtype unknown": entry(dtype="X99"),
        "dtype a list": entry(dtype=[[[]]]),
        "gap": packed(header, numbers + bytes(8)),
        "cut": good[:-100],
        "metadata of 5 MB": packed(header | {"__metadata__": {"lenet": "x" * (5 << 20)}}),
        "metadata no text": packed(header | {"__metadata__": {"lenet": about}}),
        "no metadata": packed({name: kind for name, kind in header.items() if name != "__metadata__"}),
        "hidden of 10^12": model(hidden=[10**12]),
        "hidden of 10^5": model(hidden=[10**5]),
        "hidden of 10^300": model(hidden=[10**300]),
        "a million layers": model(hidden=[1] * 300_000),
        "channels of 10^9": model(channels=[10**9, 16]),
        "padding of 10^9": model(padding=10**9),
        "kernel of text": model(kernel_size="__import__('os')"),
        "images of 10^9": described(preprocessing=about["preprocessing"] | {"size": [10**9, 10**9]}),
        "images of 4096": described(preprocessing=about["preprocessing"] | {"size": [4096, 4096]}),
        "model unknown": described(model={"name": "os.system", "arguments": {}}),
        "classes of escapes": described(classes=["\x1b]0;owned\x07"] * 10),
        "a million classes": described(classes=["a"] * 200_000),
        "classes of lists": described(classes=[[]] * 10),
        "NaN weights": safetensors.torch.save(
            {name: w * np.nan for name, w in state.items()}, {"lenet": json.dumps(about)}
        ),
        "weights of 1e38": safetensors.torch.save(
            {name: torch.full_like(w, 3e38) for name, w in state.items()}, {"lenet": json.dumps(about)}
        ),
        "a terabyte of nothing": padded(good, 1 << 40),
        "60 MB of nothing": padded(good, 60 << 20),
        "loop": lambda path: path.symlink_to(path),
        "pipe": os.mkfifo,
        "device": lambda path: path.symlink_to("/dev/zero"),
        "folder": lambda path: path.mkdir(),
    }


def hostile_json(run: Path, marker: Path, num_changes: int) -> dict[str, Make]:
    """Invalid, endless or nonsensical JSON, by the file it replaces and what is wrong with it."""
    endless: dict[str, Make] = {
        "empty": b"",
        "pickle": pickle.dumps(Program(marker)),
        "archive": zipped(("a/data.pkl", pickle.dumps(Program(marker)))),
        "list": b"[]",
        "null": b"null",
        "nested": b'{"config":' + b"[" * 1_000_000,
        "nested objects": b'{"a":' * 500_000,
        "lists": b'{"a":[' + b"[]," * 1_200_000 + b"[]]}",
        "text of 3 MB": b'{"a":"' + b"x" * (3 << 20) + b'"}',
        "text of 30 MB": b'{"a":"' + b"x" * (30 << 20) + b'"}',
        "number of 100,000 digits": b'{"format":' + b"1" * 100_000 + b"}",
        "1e999": b'{"format":1e999}',
        "NaN": b'{"format":NaN}',
        "name twice": b'{"format":1,"format":1}',
        "not UTF-8": b'{"format":"\xff"}',
        "null byte": b'{"format":1}\0',
        "loop": lambda path: path.symlink_to(path),
        "pipe": os.mkfifo,
        "device": lambda path: path.symlink_to("/dev/zero"),
        "folder": lambda path: path.mkdir(),
        "a terabyte": padded(b"{", 1 << 40),
    }
    files = ("config.json", "environment.json", "summary.json")
    made = {f"{file} {name}": make for file in (*files, "metrics.jsonl") for name, make in endless.items()}
    nonsense: tuple[Any, ...] = (None, [], {}, -1, "x" * 100_000, [[[]]] * 1000, "\x1b[2J", {"a": {"a": {}}})
    chance = random.Random(0)
    for _ in range(num_changes):
        file = chance.choice(files)
        value = json.loads((run / file).read_text())
        path = chance.choice(list(_leaves(value)))
        other = chance.choice(nonsense)
        within = value
        for key in path[:-1]:
            within = within[key]
        within[path[-1]] = other
        made[f"{file} {'.'.join(map(str, path))} = {str(other)[:12]}"] = json.dumps(value).encode()
    return made


def hostile_images(places: int, short: bool) -> dict[str, Make]:
    """Image files, valid and not, by what is special about them; `places`: at how many bytes each format is truncated."""
    rgb = drawing().convert("RGB")
    rgba = rgb.copy()
    rgba.putalpha(drawing())
    made: dict[str, Make] = {}
    plain = {kind: saved(rgb, kind) for kind in ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM")}
    chance = random.Random(0)
    for kind, content in plain.items():
        made[f"plain.{kind}"] = content
        for number in range(places):
            made[f"cut {number}.{kind}"] = content[: chance.randrange(len(content))]
            damaged = bytearray(content)
            for _ in range(chance.choice((1, 1, 8))):
                damaged[min(int(chance.expovariate(1 / 100)), len(content) - 1)] = chance.randrange(256)
            made[f"damaged {number}.{kind}"] = bytes(damaged)
    made |= {
        "interlaced.png": interlaced(),
        "one bit.png": saved(rgb.convert("1"), "PNG"),
        "palette.png": saved(rgb.convert("P"), "PNG"),
        "palette, transparent.png": saved(rgb.convert("P"), "PNG", transparency=bytes(range(200))),
        "grey and alpha.png": saved(rgba.convert("LA"), "PNG"),
        "16 bits.png": saved(Image.fromarray(np.asarray(drawing()).astype(np.uint16) * 257), "PNG"),
        "cmyk.jpg": saved(rgb.convert("CMYK"), "JPEG"),
        "cmyk.tiff": saved(rgb.convert("CMYK"), "TIFF"),
        "floats.tiff": saved(Image.fromarray(np.asarray(drawing()) / np.float32(255)), "TIFF"),
        "floats that are none.tiff": saved(Image.fromarray(np.full((50, 50), np.nan, np.float32)), "TIFF"),
        "floats of 1e38.tiff": saved(Image.fromarray(np.array([[-3e38, 3e38]] * 50, np.float32)), "TIFF"),
        "one row.png": saved(Image.fromarray(np.arange(40_000).astype(np.uint8)[None]), "PNG"),
        "one column.png": saved(Image.fromarray(np.arange(40_000).astype(np.uint8)[:, None]), "PNG"),
        "one column of 16 million.png": png(1, 16_000_000, b"\0\0" * 16_000_000),
        "one pixel.png": saved(Image.new("L", (1, 1)), "PNG"),
        "moving.gif": saved(rgb, "GIF", save_all=True, append_images=[rgba.rotate(n) for n in range(20)]),
        "moving.png": saved(rgb, "PNG", save_all=True, append_images=[rgb.rotate(n) for n in range(20)]),
        "moving.webp": saved(rgb, "WEBP", save_all=True, append_images=[rgb.rotate(n) for n in range(20)]),
        "pages.tiff": saved(rgb, "TIFF", save_all=True, append_images=[rgb] * 20),
        **{f"turned {number}.jpg": saved(rgb, "JPEG", exif=exif(number)) for number in range(10)},
        "broken exif.jpg": saved(rgb, "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff"),
        "exif upon itself.jpg": saved(rgb, "JPEG", exif=b"Exif\0\0" + overlapping(60_000)),
        "exif upon itself.png": png_with(b"eXIf", overlapping(3 << 20)),
        "exif upon itself.tiff": overlapping(4 << 20),
        "exif within.tiff": within_tiff(40 << 20),
        "mpf upon itself.jpg": jpeg_with((0xE2, b"MPF\0" + overlapping(60_000))),
        "a million segments.jpg": jpeg_with(*[(0xE5, b"")] * 1_000_000),
        "60 MB of comments.jpg": jpeg_with(*[(0xFE, bytes(65_000))] * 1000),
        "20,000 scans.jpg": scans(20_000),
        "text of 1 GB, squeezed.png": png_with(b"zTXt", b"a\0\0" + bomb()),
        "profile of 1 GB, squeezed.png": png_with(b"iCCP", b"a\0\0" + bomb()),
        "300 squeezed texts.png": png_with(*[b"iTXt", b"a\0\1\0\0\0" + zlib.compress(bytes(900_000))] * 300),
        "text of 60 MB.png": png_with(b"tEXt", b"a\0" + bytes(60 << 20)),
        "text of 60 MB at the end.png": plain["PNG"][:-12]
        + chunk(b"tEXt", b"a\0" + bytes(60 << 20))
        + plain["PNG"][-12:],
        "2 million chunks.png": png_with(*[b"prVt", b""] * 2_000_000),
        "pixels of 1 GB, squeezed.png": png(10, 10, None, bomb()),
        "palette of none.png": chunks(
            (b"IHDR", struct.pack(">IIBBBBB", 9, 9, 8, 3, 0, 0, 0)), (b"IDAT", zlib.compress(bytes(90)))
        ),
        "comments of 3 MB.gif": gif(b"!\xfe" + (b"\xff" + bytes(255)) * 12_000 + b"\0"),
        "comments of 60 MB.gif": gif(b"!\xfe" + (b"\xff" + bytes(255)) * 240_000 + b"\0"),
        "frame beyond its screen.gif": gif(b"", b",\xff\xff\xff\xff\xff\xff\xff\xff\0\x02\0;"),
        "tile of 4 GB.tiff": tiled(32_000),
        "lzma.tiff": saved(rgb, "TIFF", compression="tiff_lzw").replace(
            b"\x03\x01\x03\0\x01\0\0\0\x05\0", b"\x03\x01\x03\0\x01\0\0\0\x6d\x88"
        ),
        "pages in a ring.tiff": ring(plain["TIFF"]),
        "comment of 60 MB.ppm": b"P6\n#" + b" " * (60 << 20) + b"\n9 9\n255\n" + bytes(243),
        "comment of 3 MB.ppm": b"P6\n#" + b" " * (3 << 20) + b"\n9 9\n255\n" + bytes(243),
        "text of 4 megapixels.ppm": b"P3 2000 2000 255 " + b"1 2 3 " * 4_000_000,
        "text of 0.4 megapixels.ppm": b"P3 700 700 255 " + b"1 2 3 " * 490_000,
        "maximum of 9999.ppm": b"P6 700 700 9999 " + b"\1\2\3\4\5\6" * 490_000,
        "sizes below zero.bmp": plain["BMP"][:18] + struct.pack("<ii", -9, -9) + plain["BMP"][26:],
        "runs.bmp": plain["BMP"][:30] + struct.pack("<I", 1) + plain["BMP"][34:],
        **{f"of 60,000.{kind.lower()}": claimed(kind, content, 60_000) for kind, content in plain.items()},
        **{f"of 5,000.{kind.lower()}": claimed(kind, content, 5000) for kind, content in plain.items()},
        "of 16,000.jpeg": claimed("JPEG", plain["JPEG"], 16_000),
        "of 16,001.jpeg": claimed("JPEG", plain["JPEG"], 16_001),
        "of 8,000, progressive.jpeg": claimed("JPEG", saved(rgb, "JPEG", progressive=True), 8000),
        "heic.png": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99_999),
        "program.eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n(x) (w) file\n",
        "program.svg": b"<svg xmlns='http://www.w3.org/2000/svg'><script>x</script></svg>",
        "program.pdf": b"%PDF-1.4\n1 0 obj<</OpenAction<</S/JavaScript>>>>endobj",
        "page.png": b"<html>404</html>",
        "empty.png": b"",
        "growing.png": plain["PNG"],
        "growing.jpg": plain["JPEG"],
        "a terabyte.png": padded(plain["PNG"], 1 << 40),
        "100 MB.png": padded(plain["PNG"], 100 << 20),
        "100 MB.jpg": padded(plain["JPEG"], 100 << 20),
        "100 MB.webp": padded(plain["WEBP"], 100 << 20),
        "loop.png": lambda path: path.symlink_to(path),
        "pipe.png": os.mkfifo,
        "device.png": lambda path: path.symlink_to("/dev/zero"),
        "folder.png": lambda path: path.mkdir(),
        "x" * 250: b"",
    }
    return made | large_images(short)


def large_images(short: bool) -> dict[str, Make]:
    """Valid images as large as allowed, in the kinds that need the most memory."""
    edge = 4000
    grey = np.full((edge, edge), 20, np.uint8)
    grey[:900, :900] = grey[-900:, :900] = grey[:900, -900:] = grey[-900:, -900:] = 0
    grey[:, 1500:1900] = grey[1700:1999] = 250
    image = Image.fromarray(grey)
    rgba = Image.merge("RGBA", [image, image, image, image.point(lambda value: min(255, value + 9))])
    noise = np.random.RandomState(0).randint(0, 255, (edge, edge, 4)).astype(np.uint8)
    floats = grey.astype(np.float32) / 255
    made: dict[str, Make] = {
        "16 megapixels.tiff": saved(Image.fromarray(floats), "TIFF"),
        "16 megapixels, turned.tiff": saved(rgba, "TIFF", compression="tiff_lzw", exif=exif(6)),
        "16 megapixels of 16 bits.png": saved(Image.fromarray(grey.astype(np.uint16) * 257), "PNG", compress_level=1),
        "10 megapixels.webp": saved(rgba.crop((0, 0, 3200, 3100)), "WEBP", lossless=True, quality=0, method=0),
    }
    if not short:
        made |= {
            "99 megapixels in strips.png": in_strips(10_000, 9990),
            "22 megapixels.avif": saved(Image.fromarray(grey).convert("RGB").resize((4750, 4800)), "AVIF", speed=10),
            "16 megapixels, turned.png": saved(rgba, "PNG", compress_level=1, exif=exif(6)),
            "12 megapixels, cmyk, progressive.jpg": saved(
                Image.fromarray(np.ascontiguousarray(noise[:3000]), "CMYK"),
                "JPEG",
                progressive=True,
                quality=95,
                subsampling=0,
            ),
            "16 megapixels, palette, transparent.png": saved(image.convert("P"), "PNG", transparency=bytes(range(250))),
            "16 megapixels.bmp": saved(rgba.convert("RGB"), "BMP"),
            "10 megapixels of noise.webp": saved(
                Image.fromarray(np.ascontiguousarray(noise[:3100, :3200])), "WEBP", quality=60, method=0
            ),
            "16 megapixels in 64 scans.jpg": scans(64, edge),
        }
    return made


# What the corpora are made of.


def drawing() -> Image.Image:
    """A small image with some content."""
    pixels = np.full((120, 100), 240, np.uint8)
    pixels[20:100, 30:50] = 10
    pixels[80:100, 30:90] = 60
    return Image.fromarray(pixels)


def large_network() -> bytes:
    """A weights file with as many parameters as allowed."""
    arguments = {"hidden": [13_000, 120]}
    network = TrainedNetwork(
        Path("x"), "mlp", arguments, tuple("0123456789"), lenet.images.preprocess.Preprocessing((28, 28))
    )
    return network.pack(initialized(build("mlp", hidden=(13_000, 120)), "default", 0).tensors)


def padded(content: bytes, size: int) -> Callable[[Path], object]:
    """A file that begins so, with nothing behind it that would need a disk."""

    def put(path: Path) -> None:
        path.write_bytes(content)
        os.truncate(path, size)

    return put


def zipped(*records: tuple[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in records:
            archive.writestr(name, data)
    return content.getvalue()


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    content = io.BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()


def exif(orientation: int) -> Image.Exif:
    data = Image.Exif()
    data[0x0112] = orientation
    return data


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def chunks(*parts: tuple[bytes, bytes]) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in [*parts, (b"IEND", b"")])


def png(width: int, height: int, rows: bytes | None, squeezed: bytes = b"", interlace: int = 0) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, interlace)
    return chunks((b"IHDR", head), (b"IDAT", zlib.compress(rows, 1) if rows is not None else squeezed))


def png_with(*parts: bytes) -> bytes:
    """A PNG with chunks, kind after data, before its pixels."""
    head = struct.pack(">IIBBBBB", 40, 40, 8, 0, 0, 0, 0)
    added = zip(parts[::2], parts[1::2], strict=True)
    return chunks((b"IHDR", head), *added, (b"IDAT", zlib.compress((b"\0" + bytes(20) + b"\xff" * 20) * 40)))


def in_strips(width: int, height: int) -> bytes:
    """A black PNG in colour that is too large to be decoded at once."""
    squeeze, row = zlib.compressobj(1), bytes(1 + 3 * width)
    content = b"".join(squeeze.compress(row) for _ in range(height)) + squeeze.flush()
    return chunks((b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)), (b"IDAT", content))


def interlaced() -> bytes:
    """Adam's seven passes over 16×16 pixels."""
    pixels = np.zeros((16, 16), np.uint8)
    pixels[4:12, 5:9] = 255
    steps = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    rows = [b"\0" + row.tobytes() for y, x, down, across in steps for row in pixels[y::down, x::across]]
    return png(16, 16, b"".join(rows), interlace=1)


def bomb() -> bytes:
    """A megabyte that deflate makes a gigabyte of."""
    squeeze = zlib.compressobj(9)
    return b"".join(squeeze.compress(bytes(1 << 20)) for _ in range(1 << 10)) + squeeze.flush()


def overlapping(size: int) -> bytes:
    """A TIFF directory of `size` bytes, each of whose entries is the whole of it."""
    count = min(65_000, (size - 14) // 12)
    entries = b"".join(struct.pack("<HHII", 0x8000 + n & 0xFFFF, 7, size - 64, 8) for n in range(count))
    return (b"II*\0\x08\0\0\0" + struct.pack("<H", count) + entries).ljust(size, b"\0")


def tiff(tags: dict[int, tuple[int, int, int]], data: bytes) -> bytes:
    """A TIFF of these tags (type, count, value), with `data` at byte 8."""
    entries = b"".join(struct.pack("<HHII", tag, *value) for tag, value in sorted(tags.items()))
    place = 8 + len(data)
    return b"II*\0" + struct.pack("<I", place) + data + struct.pack("<H", len(tags)) + entries + bytes(4)


def basic(width: int, height: int, compression: int, num_bytes: int) -> dict[int, tuple[int, int, int]]:
    return {
        256: (4, 1, width),
        257: (4, 1, height),
        258: (3, 1, 8),
        259: (3, 1, compression),
        262: (3, 1, 1),
        273: (4, 1, 8),
        277: (3, 1, 1),
        278: (4, 1, height),
        279: (4, 1, num_bytes),
    }


def tiled(edge: int) -> bytes:
    """A TIFF of 10×10 pixels in one tile of `edge`², squeezed."""
    data = bomb()
    tags = basic(10, 10, 8, len(data))
    tags |= {322: (4, 1, edge), 323: (4, 1, edge), 324: tags.pop(273), 325: tags.pop(279)}
    del tags[278]
    return tiff(tags, data)


def within_tiff(size: int) -> bytes:
    """A TIFF whose EXIF directory lies upon itself."""
    inner = overlapping(size)
    data = bytes(range(100)) + inner[8:]
    tags = basic(10, 10, 1, 100)
    tags[0x8769] = (4, 1, 108)
    return tiff(tags, data)


def ring(content: bytes) -> bytes:
    """A TIFF whose last page is followed by its first."""
    (place,) = struct.unpack_from("<I", content, 4)
    (count,) = struct.unpack_from("<H", content, place)
    end = place + 2 + 12 * count
    return content[:end] + struct.pack("<I", place) + content[end + 4 :]


def jpeg_with(*segments: tuple[int, bytes]) -> bytes:
    """A JPEG with segments before its own."""
    plain = saved(drawing(), "JPEG")
    added = (b"\xff" + bytes([kind]) + struct.pack(">H", len(data) + 2) + data for kind, data in segments)
    return plain[:2] + b"".join(added) + plain[2:]


def scans(count: int, edge: int = 4000) -> bytes:
    """A progressive JPEG of few bytes with so many scans, each of which covers the whole image."""
    content = saved(Image.new("L", (edge, edge), 128), "JPEG", progressive=True)
    first = content.index(b"\xff\xda")
    last = content.rindex(b"\xff\xda")
    return content[:last] + content[last:-2] * max(1, count - content.count(b"\xff\xda", first)) + content[-2:]


def gif(extension: bytes, frame: bytes | None = None) -> bytes:
    """A GIF with an extension before its frame."""
    plain = saved(drawing(), "GIF")
    begin = 13 + 3 * (2 << (plain[10] & 7)) if plain[10] & 128 else 13
    return plain[:begin] + extension + (plain[begin:] if frame is None else frame)


def claimed(kind: str, content: bytes, edge: int) -> bytes:
    """The same few bytes, claiming an image of `edge` × `edge` pixels."""
    if kind == "PNG":
        head = struct.pack(">IIBBBBB", edge, edge, 8, 2, 0, 0, 0)
        return content[:8] + chunk(b"IHDR", head) + content[33:]
    if kind == "TIFF":
        return tiff(basic(edge, edge, 8, 99), zlib.compress(bytes(99_999))[:99])
    if kind == "PPM":
        return b"P6 %d %d 255 " % (edge, edge) + content[20:]
    if kind == "WEBP":
        edge = min(edge, 16_383)
        frame = content.index(b"\x9d\x01\x2a") + 3
        return content[:frame] + struct.pack("<HH", edge, edge) + content[frame + 4 :]
    if kind == "JPEG":
        frame = (content.find(b"\xff\xc0") + 1 or content.index(b"\xff\xc2") + 1) + 4
        return content[:frame] + struct.pack(">HH", edge, edge) + content[frame + 4 :]
    place, form = {"BMP": (18, "<ii"), "GIF": (6, "<HH")}[kind]
    return content[:place] + struct.pack(form, edge, edge) + content[place + struct.calcsize(form) :]


def _run_command(arguments: list[str], answer: Connection) -> None:
    """In the child: runs the command and sends its outcome."""
    from lenet.cli.main import main

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    torch.set_num_threads(1)
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")  # forgets the peak of the process this one was forked from
    before, began = _peak(), time.process_time()
    output = io.StringIO()
    sys.argv = ["lenet", *arguments]
    code: Any = None
    try:
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            main()
    except SystemExit as stop:
        code = stop.code or 0
    except BaseException as error:
        output.write(f"Traceback: {error!r}")
    answer.send(Outcome(code, output.getvalue()[:2000], time.process_time() - began, _peak() - before))


def _peak() -> float:
    """The most memory this process has had, in MB."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6


def _put(make: Make, path: Path) -> None:
    """Writes a hostile file, or makes what stands for it."""
    if path.is_symlink() or path.is_fifo() or path.is_file():
        path.unlink()
    elif path.is_dir():
        path.rmdir()
    if isinstance(make, bytes):
        with contextlib.suppress(OSError):  # a name too long to be a file's
            path.write_bytes(make)
    else:
        make(path)


def _copied(run: Path, place: Path) -> Path:
    """A fresh copy of a run."""
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(run, place)
    return place


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value inside a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from _leaves(inner, (*path, key))


@contextlib.contextmanager
def _growing(path: Path) -> Iterator[None]:
    """A thread appends to the file all the time."""
    done = threading.Event()

    def grow() -> None:
        while not done.wait(0.0005):
            with path.open("ab") as file:
                file.write(bytes(10_000))

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        yield
    finally:
        done.set()
        writer.join()


@contextlib.contextmanager
def _environment(folder: Path) -> Iterator[Laboratory]:
    """The laboratory with a cache of its own, so that the user's files are neither touched nor counted."""
    kept = {name: os.environ.get(name) for name in ("LENET_CACHE", "LENET_DATA", "OMP_NUM_THREADS")}
    os.environ |= {"LENET_CACHE": str(folder / "cache"), "OMP_NUM_THREADS": "1"}
    os.environ.pop("LENET_DATA", None)
    here = Path.cwd()
    os.chdir(folder)
    try:
        yield Laboratory(folder)
    finally:
        os.chdir(here)
        for name, value in kept.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
