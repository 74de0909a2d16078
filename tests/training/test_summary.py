"""Every number of the summary is that of the training."""

import dataclasses
import hashlib

import numpy as np
import pytest
from trainings import train_toy

from lenet.runs.records import Summary


@pytest.mark.parametrize("settings", [{}, {"validation": 60}, {"validation": 60, "keep": "best", "patience": 5}])
def test_the_summary_repeats_what_the_run_holds(tiny, tmp_path, settings):
    run = train_toy(tiny, tmp_path, seed=4, **settings)
    keeps_best = "keep" in settings
    best = max(run.epochs, key=lambda point: (point.validation_accuracy or 0, -(point.validation_loss or 0)))
    saved = best if keeps_best else run.epochs[-1]
    times = {
        name: getattr(run.summary, name)
        for name in ("seconds", "steps_seconds", "images_per_second", "images_per_second_end_to_end")
    }
    assert run.summary == Summary(
        train_loss=saved.train_loss,
        train_accuracy=saved.train_accuracy,
        validation_loss=saved.validation_loss,
        validation_accuracy=saved.validation_accuracy,
        test_loss=saved.test_loss,
        test_accuracy=saved.test_accuracy,
        epochs=2,
        kept_epoch=saved.epoch if keeps_best else None,
        ended="all 2 epochs are done" if keeps_best else None,
        parameters=run.network.network.weights.size,
        model="lenet",
        recipe="fast",
        seed=4,
        engine=run.resolved.engine,
        device="cpu",
        data="toy",
        micro_batch=None,
        weights_sha256=hashlib.sha256((run.path / "model.safetensors").read_bytes()).hexdigest(),
        run=str(run.path),
        **times,
    )
    num_images = 2 * run.resolved.num_train
    assert times["images_per_second"] == pytest.approx(num_images / times["steps_seconds"])
    assert times["images_per_second_end_to_end"] == pytest.approx(num_images / times["seconds"])
    assert all(np.isfinite(value) for value in dataclasses.asdict(run.summary).values() if isinstance(value, float))
