"""Mutation testing: small faults put into the source, one at a time, and the share of them that the tests notice.

    python bench/mutants.py               (60 mutants, about ten minutes)
    python bench/mutants.py --short       (6 mutants, each only against the tests that mirror its module; nothing is recorded)

The mutants are mutmut's: another operator, constant or argument, a condition turned round. `--size` of them are drawn from
all of src/lenet with `--seed`. Left out is what tests are not meant to pin down: charts and other drawing, the words of
messages and help, and the script that builds the kernels, whose fingerprint would stop every test; also what only type
checkers read, the arguments of TypeVar, of which a program does nothing. Each mutant is written into a copy of the tree and
meets the test file that mirrors its module, then all tests of its room. A test that fails, or runs into the time limit,
kills it.

Exit code 1 if the share killed is below `--floor`. With three of four mutants killed, a sample of 60 falls below a half, and
one of 6 below a sixth, less than once in a thousand: the floor finds broken tests, not chance.
"""

import argparse
import difflib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import libcst as cst
from mutmut.mutation.file_mutation import Mutation, create_mutations, deep_replace
from recording import ROOT, Log

PACKAGE = Path("src/lenet")
DRAWING = (
    "display",
    "analysis/plots.py",
    "analysis/report.py",
    "d2l/names/animator.py",
    "d2l/names/board.py",
    "d2l/names/canvas.py",
    "d2l/names/figures.py",
    "d2l/names/images.py",
    "cli/output.py",
)
WORDING = ("cli", "engines/kernels/build.py", "errors.py", "version.py", "__main__.py")
LEFT_OUT = (*DRAWING, *WORDING)
TYPING = ("TypeVar", "ParamSpec", "NewType")  # whose arguments only type checkers read
MARKERS = "not proof and not build and not page and not ray and not gpu and not docs and not notebook"
LIBRARIES = ("lenet_cpu.so", "lenet_cpu.dylib")
SECONDS, SECONDS_SHORT = 300, 60  # for one run of tests; a mutant that hangs them is killed


@dataclass(frozen=True)
class Mutant:
    """A module with one fault: its path in the tree, the whole text, and the difference."""

    path: Path
    text: str
    diff: str


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant: the tests that killed it, or None if it survived."""

    mutant: Mutant
    killed_by: str | None
    seconds: float


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--size", type=int, default=60)
    parser.add_argument("--floor", type=float, default=0.5, help="the least share of mutants to be killed")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--short", action="store_true", help="6 mutants, mirrored tests only")
    parser.add_argument("--no-record", action="store_true")
    options = parser.parse_args()
    if options.short:
        options.size, options.floor = 6, 1 / 6
    log = Log("mutants", record=not (options.no_record or options.short))
    mutants = list(drawn(options.size, options.seed))
    verdicts = []
    with tempfile.TemporaryDirectory() as folder:
        trees: SimpleQueue[Path] = SimpleQueue()
        for number in range(options.workers):
            trees.put(copy_of_the_tree(Path(folder) / str(number)))
        check_tests(Path(folder) / "0")

        def judge(mutant: Mutant) -> Verdict:
            tree = trees.get()
            try:
                return judged(mutant, tree, mirrored_only=options.short)
            finally:
                trees.put(tree)

        with ThreadPoolExecutor(options.workers) as pool:
            for verdict in pool.map(judge, mutants):
                verdicts.append(verdict)
                what = f"killed by {verdict.killed_by}" if verdict.killed_by else "survived"
                log.say(f"{verdict.seconds:>6.1f} s  {verdict.mutant.path}: {what}")
                if not verdict.killed_by:
                    log.say(verdict.mutant.diff)
    killed = sum(verdict.killed_by is not None for verdict in verdicts)
    share = killed / len(verdicts)
    log.say(f"\nkilled {killed} of {len(verdicts)}: {share:.0%} (at least {options.floor:.0%})")
    survived = [verdict.mutant.diff for verdict in verdicts if verdict.killed_by is None]
    log.finish(
        {"bench": "mutants", "seed": options.seed, "size": len(verdicts), "killed": killed, "survived": survived}
    )
    sys.exit(share < options.floor)


def drawn(size: int, seed: int) -> Iterator[Mutant]:
    """That many mutants, each as likely as any other of the whole source."""
    everything = []
    for path in sorted((ROOT / PACKAGE).rglob("*.py")):
        if not any(path.relative_to(ROOT / PACKAGE).is_relative_to(each) for each in LEFT_OUT):
            everything += list(mutations(path))
    for path, text, module, mutation in random.Random(seed).sample(everything, size):
        mutated: Any = deep_replace(module, mutation.original_node, mutation.mutated_node)  # a Module, as `module` is
        changed = mutated.code
        lines = difflib.unified_diff(text.splitlines(), changed.splitlines(), str(path), str(path), lineterm="", n=1)
        yield Mutant(path, changed, "\n".join(lines))


def mutations(path: Path) -> Iterator[tuple[Path, str, cst.Module, Mutation]]:
    """The mutations of a file, those of messages and of what only type checkers read left out."""
    text = path.read_text(encoding="utf-8")
    module, found, *_ = create_mutations(str(path), text)
    roots = [node for node in descendants(module) if isinstance(node, cst.Raise) or _is_typing(node)]
    left_out = {id(node) for root in roots for node in (root, *descendants(root))}
    for mutation in found:
        node = mutation.original_node
        is_message = isinstance(node, cst.SimpleString) and " " in node.value
        if not is_message and id(node) not in left_out:
            yield path.relative_to(ROOT), text, module, mutation


def _is_typing(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value in TYPING


def descendants(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    for child in node.children:
        yield child
        yield from descendants(child)


def copy_of_the_tree(folder: Path) -> Path:
    """Copies the files that git knows, as they are now, and the kernels."""
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    kernels = PACKAGE / "engines/kernels"
    for name in [*listed, *(str(kernels / library) for library in LIBRARIES)]:
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    return folder


def check_tests(tree: Path) -> None:
    """Ends with an error if tests fail without a mutant, and everything would count as killed."""
    if not passes(tree, ["-m", "smoke"], SECONDS):
        sys.exit("error: the smoke tests fail without a mutant\nhint: make check")


def judged(mutant: Mutant, tree: Path, *, mirrored_only: bool) -> Verdict:
    """Runs the tests of the mutant's module, then of its room, in a copy of the tree."""
    began = time.perf_counter()
    original = (tree / mutant.path).read_text(encoding="utf-8")
    (tree / mutant.path).write_text(mutant.text, encoding="utf-8")
    try:
        targets = tests_of(mutant.path, tree)
        for tests in targets[:1] if mirrored_only else targets:
            if not passes(tree, [*tests, "-m", MARKERS], SECONDS_SHORT if mirrored_only else SECONDS):
                return Verdict(mutant, " ".join(tests), time.perf_counter() - began)
        return Verdict(mutant, None, time.perf_counter() - began)
    finally:
        (tree / mutant.path).write_text(original, encoding="utf-8")


def tests_of(path: Path, tree: Path) -> list[list[str]]:
    """The test file that mirrors a module, if there is one, then the tests of its room."""
    inner = path.relative_to(PACKAGE)
    mirrored = Path("tests") / inner.with_name(f"test_{inner.name}")
    room = [f"tests/{inner.parts[0]}"]
    if len(inner.parts) == 1:
        room = sorted(str(file.relative_to(tree)) for file in (tree / "tests").glob("test_*.py"))
    elif not (tree / room[0]).is_dir():
        room = ["tests/test_smoke.py"]
    return [[str(mirrored)], room] if (tree / mirrored).is_file() else [room]


def passes(tree: Path, arguments: list[str], seconds: int) -> bool:
    """Whether those tests pass in a copy of the tree, within the time limit."""
    command = [sys.executable, "-m", "pytest", "--exitfirst", "--quiet", "-p", "no:cacheprovider", *arguments]
    environment = os.environ | {"PYTHONPATH": str(tree / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    with subprocess.Popen(
        command, cwd=tree, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        try:
            return process.wait(seconds) in (0, 5)  # 5: no tests
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return False


if __name__ == "__main__":
    main()
