"""A schema-driven tester reads /openapi.json and asks whatever it allows, and what it forbids."""

import os
import subprocess
import sys

import pytest
from serving import ask

CONFIG = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", 422]  # no schema can say which images show something
"""


def test_every_path_of_the_description_is_there(url):
    paths = ask(url, "/openapi.json")[2]["paths"]
    assert {"/v1/predict", "/v1/explain", "/v1/model", "/livez", "/readyz", "/metrics", "/v2"} < set(paths)
    for path in paths:
        concrete = path.replace("{model}", "digits").replace("{version}", "1")
        methods = set(paths[path])
        assert ask(url, concrete)[0] == (200 if "get" in methods else 405), path


@pytest.mark.proof
@pytest.mark.process
def test_schemathesis_finds_nothing(url, tmp_path):
    pytest.importorskip("schemathesis")
    (tmp_path / "schemathesis.toml").write_text(CONFIG, encoding="utf-8")
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{url}/openapi.json", "--checks", "all", "-n", "10"]
    done = subprocess.run(
        [*command, "--seed", "1", "--phases", "coverage,fuzzing"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=os.environ | {"NO_COLOR": "1"},
    )
    assert done.returncode == 0, done.stdout[-3000:]
