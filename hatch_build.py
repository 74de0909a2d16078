"""Builds the CPU kernels while lenet is installed from source, and wheels with kernels for every platform.

    pip install .            compiles with the C++ compiler of this machine, else with ziglang, installed for this build
    python hatch_build.py    builds a wheel for each platform into dist/, on Linux (needs hatchling and ziglang)

Without a compiler and without ziglang, the installation succeeds without kernels, and lenet reports it when it runs.
"""

import importlib.util
import os
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parent
KERNELS = Path("src/lenet/engines/kernels")
TARGET = "LENET_TARGET"  # the environment variable that names another platform to build for


class KernelsHook(BuildHookInterface[Any]):
    """Adds the native library to a wheel, or builds it in place for an editable installation."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        build = load_build()
        wanted = os.environ.get(TARGET)
        if wanted and wanted not in build.TARGETS:
            raise ValueError(f"{TARGET}={wanted}: expected one of {', '.join(build.TARGETS)}")
        target = build.TARGETS[wanted] if wanted else None
        self.folder = tempfile.TemporaryDirectory()
        out = ROOT / KERNELS if version == "editable" else Path(self.folder.name)
        try:
            library = current(build) if version == "editable" else None
            library = library or self.built(build, target, out)
        except build.BuildError as error:
            if target:
                raise
            self.app.display_warning(f"lenet is installed without its CPU kernels: {error}; {error.hint}")
            return
        platform = target.wheel_tag if target else sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{platform}"
        if version != "editable":
            build_data["force_include"][str(library)] = str(Path("lenet/engines/kernels") / library.name)

    def built(self, build: ModuleType, target: Any, out: Path) -> Any:
        """Builds the library with this machine's compiler; if there is none, or it fails, with ziglang."""
        has_zig = importlib.util.find_spec("ziglang") is not None
        try:
            if target or has_zig or build.find_compiler() is not None:
                return build.build(target, out)
        except build.BuildError:
            if target or has_zig or "CXX" in os.environ:
                raise
        fetch_zig(self.folder.name)
        return build.build(target, out)

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        self.folder.cleanup()


def current(build: ModuleType) -> Path | None:
    """The library beside the sources, if it was built from them as they are."""
    library: Path = ROOT / KERNELS / build.LIBRARY_NAME
    fingerprint = f"{build.source_hash()} ".encode()
    return library if library.is_file() and fingerprint in library.read_bytes() else None


def load_build() -> ModuleType:
    """The module that compiles, which imports nothing of lenet."""
    spec = importlib.util.spec_from_file_location("lenet_kernels_build", ROOT / KERNELS / "build.py")
    if spec is None or spec.loader is None:
        raise FileNotFoundError(ROOT / KERNELS)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def fetch_zig(folder: str) -> None:
    """Installs ziglang into `folder`, for this build alone; where that fails, there is no compiler.

    It is no build requirement in pyproject.toml: those are asked for always, and where they cannot be had nothing installs.
    """
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--retries", "1"]
    outside = {
        name: value for name, value in os.environ.items() if name != "PYTHONPATH"
    }  # pip hides itself from builds
    subprocess.run(
        [*pip, "--timeout", "15", "--target", folder, "ziglang"], env=outside, capture_output=True, check=False
    )
    sys.path.insert(0, folder)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [folder, os.environ.get("PYTHONPATH")]))


def main() -> None:
    """A wheel for each platform."""
    for name in load_build().TARGETS:
        command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
        subprocess.run(command, cwd=ROOT, env={**os.environ, TARGET: name}, check=True)


if __name__ == "__main__":
    main()
