"""What the tests of exported numbers share: a sweep, and its numbers read from its files alone."""

import json

import pytest

import lenet


@pytest.fixture(scope="session")
def sweep_base(tiny):
    """What the trainings of the sweep share."""
    return {"recipe": "fast", "data": tiny, "epochs": 2, "batch_size": 50, "validation": 100, "channels": (4, 6)}


@pytest.fixture(scope="session")
def swept(sweep_base, tmp_path_factory):
    """The folder of a sweep of four runs, two epochs each."""
    folder = tmp_path_factory.mktemp("sweeps") / "swept"
    vary = {"activation": ["relu", "tanh"]}
    lenet.sweep(sweep_base, vary=vary, seeds=[2, 10], out=folder, progress="quiet")
    return folder


@pytest.fixture(scope="session")
def written(swept):
    """By the name of each run the numbers of its files, by name and step: metrics.jsonl, summary.json, config.json."""

    def read(path):
        lines = [json.loads(line) for line in (path / "metrics.jsonl").read_text().splitlines()]
        numbers = {
            (f"{line['kind']}/{key}", line["step"]): (line["epoch"], value)
            for line in lines
            if line["kind"] != "finding"
            for key, value in line.items()
            if key not in ("kind", "step", "epoch")
        }
        assert len(numbers) == (len(lines) - 2) * 4 + 2 * 7  # four of a chunk, seven of an epoch
        summary, config, environment = (
            json.loads((path / f"{name}.json").read_text()) for name in ("summary", "config", "environment")
        )
        return numbers, summary, config["config"], environment, lines

    runs = [read(path.parent) for path in swept.glob("runs/*/*/config.json")]
    return {f"activation={config['activation']}/seed-{config['seed']}": run for run in runs for config in [run[2]]}
