"""Every script of bench/ imports, takes --help, and its C++ compiles, so that none breaks unnoticed between measurements."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from lenet.engines.kernels.build import FOLDER, find_compiler

BENCH = Path(__file__).parents[2] / "bench"
MODULES = sorted(path.stem for path in BENCH.glob("*.py"))
# A script and the package of an extra that it imports.
OPTIONAL = {"mutants": "libcst", "server_litserve": "litserve"}


@pytest.mark.torch
@pytest.mark.parametrize("name", MODULES)
def test_a_script_imports_and_prints_its_help(name, monkeypatch, capsys):
    if name in OPTIONAL:
        pytest.importorskip(OPTIONAL[name])
    module = importlib.import_module(name)
    assert Path(module.__file__).parent == BENCH
    if '__name__ == "__main__"' not in (BENCH / f"{name}.py").read_text(encoding="utf-8"):
        return  # a module that scripts share
    monkeypatch.setattr(sys, "argv", [f"bench/{name}.py", "--help"])
    with pytest.raises(SystemExit) as ended:
        module.main()
    assert not ended.value.code
    assert "usage:" in capsys.readouterr().out


@pytest.mark.parametrize("name", sorted(path.name for path in BENCH.glob("*.cpp")))
def test_a_program_compiles(name):
    compiler = find_compiler()
    if compiler is None:
        pytest.skip("no C++ compiler")
    subprocess.run([*compiler, "-std=c++17", "-fsyntax-only", "-Wno-psabi", f"-I{FOLDER}", BENCH / name], check=True)
