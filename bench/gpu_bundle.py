"""What bench/gpu.sh takes along to a machine with a GPU that reaches no registry: wheels, Fashion-MNIST, kernels, the commit.

    python bench/gpu_bundle.py make build/gpu                                       (here: make gpu-bundle)
    python bench/gpu_bundle.py install build/gpu SITE                              (there: bench/gpu.sh does the rest)
    python bench/gpu_bundle.py kernels build/gpu
    python bench/gpu_bundle.py commit build/gpu

`make` imports packages of the development environment; the others need Python alone.
"""

import argparse
import hashlib
import importlib.metadata
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
KERNELS = ROOT / "src" / "lenet" / "engines" / "kernels"
MOST_BYTES = 64 << 20  # of the checkout's files and the bundle
TESTING = ("hypothesis", "pytest", "pytest-xdist")
THERE = ("numpy", "torch", "triton", "matplotlib", "pillow")  # as in images for PyTorch; the last two are large
PLATFORMS = [f"manylinux_2_{number}_x86_64" for number in (28, 27, 24, 17, 12)] + ["manylinux2014_x86_64"]
UNMEASURED = ("bench/records/", "docs/")  # files that decide nothing; see recording.commit


def main() -> None:
    parser = argparse.ArgumentParser(description="Takes along what a machine with a GPU lacks.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("make", "install", "kernels", "commit"):
        command = commands.add_parser(name)
        command.add_argument("folder", type=Path, help="of the bundle")
        if name == "make":
            command.add_argument("--there", nargs="*", default=list(THERE), help="packages that the machine has")
            command.add_argument("--python", default="3.12", help="the machine's version of Python")
        if name == "install":
            command.add_argument("site", type=Path, help="where the packages go")
    options = parser.parse_args()
    if options.command == "make":
        make(options.folder, {normal(name) for name in options.there}, options.python)
    elif options.command == "install":
        print(install(options.folder, options.site))
    elif options.command == "kernels":
        print(bring_kernels(options.folder))
    else:
        print(commit_there(options.folder))


def make(folder: Path, there: set[str], python: str) -> None:
    """Fill the folder; exit with an error if all that travels is too large."""
    from recording import commit

    from lenet.data.locate import locate

    located = locate("fashion-mnist")
    if located is None:
        sys.exit("error: Fashion-MNIST is not on this machine\nhint: lenet data fashion-mnist, or set LENET_DATA")
    for name in ("wheels", "data"):
        shutil.rmtree(folder / name, ignore_errors=True)
    (folder / "data" / "fashion-mnist").mkdir(parents=True)
    for file in located.files:
        shutil.copy2(file.path, folder / "data" / "fashion-mnist")
    if wanted := requirements(there, python):
        options = ["--no-deps", "--only-binary=:all:", "--python-version", python, "--implementation", "cp"]
        options += [f"--platform={platform}" for platform in PLATFORMS]
        command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", *options]
        subprocess.run([*command, "--dest", str(folder / "wheels"), *wanted], check=True)
    for library in KERNELS.glob("lenet_cpu.*"):
        shutil.copy2(library, folder)
    files = code()
    lines = [f"{digest(ROOT / name)}  {name}" for name in files if not name.startswith(UNMEASURED)]
    (folder / "files").write_text("\n".join([commit(), *lines]) + "\n", encoding="utf-8")
    report(folder, sum((ROOT / name).stat().st_size for name in files))


def report(folder: Path, checkout: int) -> None:
    """Print the sizes; exit with an error if they are too large."""
    sizes = {path: path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    total = checkout + sum(sizes.values())
    print(f"{checkout / 2**20:6.1f} MiB the checkout's own files")
    for name in ("data", "wheels"):
        size = sum(size for path, size in sizes.items() if path.is_relative_to(folder / name))
        print(f"{size / 2**20:6.1f} MiB {folder / name}")
    print(f"{total / 2**20:6.1f} MiB in all, of {MOST_BYTES / 2**20:.0f}")
    if total > MOST_BYTES:
        wheels = sorted((path for path in sizes if path.suffix == ".whl"), key=lambda path: -sizes[path])
        largest = ", ".join(f"{path.name.split('-')[0]} ({sizes[path] / 2**20:.1f} MiB)" for path in wheels[:5])
        sys.exit(
            f"error: that is too large\nhint: name packages that the machine has after --there; the largest are {largest}"
        )


def requirements(there: set[str], python: str) -> list[str]:
    """Return lenet's dependencies and the test tools with all that they need, pinned to what is installed here.

    Args:
        there: names of packages that are left out, with what only they need.
        python: the version of Python that they are for.
    """
    from packaging.requirements import Requirement

    environment = {"python_version": python, "python_full_version": f"{python}.0", "extra": ""}
    found: dict[str, str] = {}
    queue = [*minimums(), *TESTING]
    while queue:
        name = normal(queue.pop())
        if name in found or name in there:
            continue
        found[name] = importlib.metadata.version(name)
        needed = map(Requirement, importlib.metadata.requires(name) or ())
        queue += [each.name for each in needed if each.marker is None or each.marker.evaluate(environment)]
    return [f"{name}=={version}" for name, version in sorted(found.items())]


def install(folder: Path, site: Path) -> str:
    """Unpack the wheels of packages that are missing here, or older than lenet needs; what was unpacked, in a line."""
    least, unpacked = minimums(), []
    for wheel in sorted((folder / "wheels").glob("*.whl")):
        name = normal(wheel.name.split("-")[0])
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            version = ""
        if not version or numbers(version) < numbers(least.get(name, "")):
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(site)
            unpacked.append(f"{name} (had {version})" if version else name)
    known = {normal(path.name.split("-")[0]) for path in site.glob("*.dist-info")}
    lacking = [name for name in least if name not in known and not is_installed(name)]
    if lacking:
        sys.exit(
            f"error: {', '.join(lacking)} missing here and in {folder}\nhint: make gpu-bundle, where a registry is"
        )
    return f"unpacked {', '.join(unpacked)}" if unpacked else "nothing is missing"


def is_installed(name: str) -> bool:
    """Whether a package is installed."""
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def bring_kernels(folder: Path) -> str:
    """Make sure that there are kernels: those that are there, those of the bundle, or built ones; which, in a line."""
    from lenet.engines import kernels
    from lenet.engines.kernels import build
    from lenet.errors import EngineError

    for source in (None, *folder.glob("lenet_cpu.*")):
        if source is not None:  # replaced rather than overwritten: this process may have opened the old one
            beside = KERNELS / f".{source.name}"
            shutil.copy2(source, beside)
            beside.replace(KERNELS / source.name)
        try:
            kernels.library.cache_clear()
            return f"{'those that are there' if source is None else 'brought along'}, {kernels.variant_name()}"
        except (EngineError, OSError):
            continue
    try:
        build.build()
        kernels.library.cache_clear()
        return f"built, {kernels.variant_name()}"
    except (build.BuildError, EngineError) as error:
        sys.exit(f"error: {error}")


def commit_there(folder: Path) -> str:
    """Return the commit that was taken along, with `+` if files of the checkout differ from it."""
    if not (folder / "files").is_file():
        return "unknown+"
    commit, *lines = (folder / "files").read_text(encoding="utf-8").splitlines()
    for line in lines:
        digested, name = line.split("  ", 1)
        if not (ROOT / name).is_file() or digest(ROOT / name) != digested:
            print(f"{name} differs from the commit", file=sys.stderr)
            return commit if commit.endswith("+") else f"{commit}+"
    return commit


def code() -> list[str]:
    """Return the names of the checkout's files."""
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, text=True, check=True)
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def minimums() -> dict[str, str]:
    """Return lenet's dependencies with the least version of each."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {normal(name): least for name, least in (line.split(">=") for line in project["dependencies"])}


def normal(name: str) -> str:
    """Return a package's name as registries spell it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def numbers(version: str) -> tuple[int, ...]:
    """Return the numbers of a version, for a comparison."""
    return tuple(map(int, re.findall(r"\d+", version)))


if __name__ == "__main__":
    main()
