"""Coverage-guided fuzzing of everything that reads a file: every execution ends in a result or in a named error.

Each reader of faultlab/readers runs in a process of its own under atheris (libFuzzer for Python), which keeps the inputs
that reach new branches of lenet, gzip and Pillow's Python, and mutates those. An exception other than a LenetError, a death
by signal, an execution of more than 10 seconds, or 200 MB more memory than at the start ends the process; the input is
kept. `python -m faultlab.fuzzing MODULE RUNS SECONDS FOLDER`, in bench, is one such process.
"""

import importlib
import importlib.util
import mmap
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

from faultlab import Row

BENCH = Path(__file__).parents[1]
READERS = {  # the slow ones first
    "images": "images, all formats",
    "collections": "own data sets: archives, arrays, tables, lists",
    "weights": "weights: safetensors, metadata",
    "runs": "a run's JSON files",
    "idx": "IDX files, plain and gzip",
}
INSTRUMENTED = ("lenet", "gzip", "json", "PIL")
# They compute with arrays of pixels and read no bytes; atheris keeps every array that a comparison in them makes.
NOT_INSTRUMENTED = [
    f"lenet.images.{name}"
    for name in (
        *("framing", "invariants", "strokes", "levels", "pixels", "fit"),
        *(
            f"finding.{part}"
            for part in ("components", "filters", "ground", "ink", "lines", "reading", "search", "solid")
        ),
    )
]
RUNS, RUNS_SHORT = 1_000_000, 6_000
AT_ONCE = 2  # processes
SEED = 5
HANG = 10  # seconds
BEYOND_THE_START = 200  # MB
PROGRESS = re.compile(r"^#\d+\s+\w+\s+cov: (\d+) ft: \d+ corp: (\d+)", re.MULTILINE)
EXECUTED = re.compile(r"^stat::number_of_executed_units:\s+(\d+)", re.MULTILINE)
PEAK = re.compile(r"^stat::peak_rss_mb:\s+(\d+)", re.MULTILINE)
FAILURE = re.compile(r"(?:Uncaught Python exception: ===\n|ERROR: libFuzzer: )(.*)")


def examine(short: bool) -> Iterator[Row]:
    """A row for each reader."""
    runs = RUNS_SHORT if short else RUNS
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield from pool.map(lambda name: fuzz(f"faultlab.readers.{name}", READERS[name], runs), READERS)


def fuzz(module: str, what: str, runs: int, hang: int = HANG) -> Row:
    """Runs the reader in `module` on that many inputs, each for at most `hang` seconds."""
    fault, wanted = f"fuzzing the reader of {what}", f"{runs:,} of {runs:,}"
    if importlib.util.find_spec("atheris") is None:
        return Row(fault, 0, 0, "not done: atheris is not installed (pip install 'lenet[faults]')", wanted)
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        paths = [str(BENCH), *filter(None, [os.environ.get("PYTHONPATH")])]
        began = time.perf_counter()
        ended = subprocess.run(
            [sys.executable, "-m", "faultlab.fuzzing", module, str(runs), str(hang), folder],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        seconds = time.perf_counter() - began
        return judged(fault, wanted, ended.stdout, ended.returncode, Path(folder), runs, seconds)


def judged(fault: str, wanted: str, output: str, code: int, folder: Path, runs: int, seconds: float) -> Row:
    """The row of a process that has ended: its executions as libFuzzer counts them, and as the reader was called."""
    executed, peak, progress = EXECUTED.search(output), PEAK.search(output), PROGRESS.findall(output)
    if not executed or not peak or not progress:
        lines = output.strip().splitlines() or ["it printed nothing"]
        return Row(fault, 0, 0, f"not done, exit code {code}: {lines[-1]}", wanted)
    trials = int(executed[1])
    results, refused, at_start = _counts(folder / "counts")
    beyond = int(peak[1]) - at_start
    (seeded, _), (reached, inputs) = progress[0], progress[-1]
    evidence = (
        f"{results:,} results, {refused:,} named errors; branches {int(seeded):,} by the seeds, {int(reached):,} "
        f"at the end, by {int(inputs):,} inputs; memory +{beyond:,} MB; {trials / seconds:,.0f} executions a second"
    )
    survived = min(results + refused, trials)
    if code or beyond > BEYOND_THE_START or trials < runs:
        failure = FAILURE.search(output)
        kept = [str(shutil.copy(path, tempfile.gettempdir())) for path in folder.glob("fault-*")]
        what = failure[1] if failure else f"ended with exit code {code} after {trials:,} executions"
        evidence = f"{what}: {', '.join(kept) or 'no input kept'}; {evidence}"
        survived = min(survived, trials - 1)
    return Row(fault, trials, survived, evidence, wanted)


def main() -> None:
    """One process: imports the reader with its branches counted; never returns, because libFuzzer ends the process."""
    import atheris

    if process := os.fork():  # whose peak of memory is its own: that of a program just started includes its parent's
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) % 256)
    module, runs, hang, folder = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
    warnings.simplefilter("ignore")  # Pillow's, of strange files
    with atheris.instrument_imports(include=[*INSTRUMENTED, module], exclude=NOT_INSTRUMENTED):
        reader = importlib.import_module(module)
        from lenet.errors import LenetError

    corpus = folder / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(reader.seeds()):
        (corpus / str(number)).write_bytes(seed)
    words = ("".join(f"\\x{byte:02x}" for byte in word) for word in reader.WORDS)
    (folder / "words").write_text("".join(f'"{word}"\n' for word in words))
    counts = _counts(folder / "counts")

    def execute(content: bytes) -> None:
        try:
            reader.read(content, folder)
            counts[0] += 1
        except LenetError:
            counts[1] += 1
        if (beyond := _peak() - counts[2]) > BEYOND_THE_START:  # libFuzzer looks too, but only once a second
            raise MemoryError(f"{beyond:,} MB beyond the start")

    def mutated(content: bytes, size: int, seed: int) -> bytes:
        other: bytes = reader.mutated(content, lambda part: atheris.Mutate(part, size), Random(seed))
        return other[:size]

    counts[2] = _peak()
    options = {
        "runs": runs,
        "seed": SEED,
        "max_len": reader.MAX_LENGTH,
        "len_control": 0,
        "timeout": hang,
        "rss_limit_mb": counts[2] + BEYOND_THE_START,
        "dict": folder / "words",
        "artifact_prefix": f"{folder}/fault-",
        "print_final_stats": 1,
    }
    arguments = [f"-{name}={value}" for name, value in options.items()]
    atheris.Setup([sys.argv[0], *arguments, str(corpus)], execute, custom_mutator=mutated)
    atheris.Fuzz()


def _peak() -> int:
    """The most memory that this process ever had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _counts(path: Path) -> memoryview:
    """Results, named errors and the MB at the start, in a file that outlives the process."""
    with path.open("a+b") as file:
        file.truncate(24)
        return memoryview(mmap.mmap(file.fileno(), 24)).cast("Q")


if __name__ == "__main__":
    main()
