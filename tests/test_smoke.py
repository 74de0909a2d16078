"""The smoke tests: a network learns, is saved, opened, asked, stopped and resumed, and the command line answers, in seconds.

`make check` runs these and what else has the marker `smoke`.
"""

import numpy as np
import pytest
from PIL import Image
from trainings import StopAfter, same

import lenet
from lenet.cli.main import main

pytestmark = pytest.mark.smoke


def test_train_save_load_evaluate_predict(tiny, tmp_path):
    run = lenet.train(tiny, recipe="fast", epochs=2, batch_size=50, out=tmp_path / "run", progress="quiet")
    assert run.test_accuracy > 0.9
    again = lenet.load(tmp_path / "run")
    assert lenet.evaluate(again, tiny).accuracy == run.test_accuracy
    Image.fromarray(tiny.test.images[0]).save(tmp_path / "picture.png")
    prediction = lenet.predict(again, tmp_path / "picture.png")
    np.testing.assert_array_equal(prediction.seen, tiny.test.images[0])


def test_a_stopped_training_resumes_to_the_same_bits(tiny, tmp_path, tiny_run):
    with pytest.raises(KeyboardInterrupt):
        lenet.train(tiny, recipe="fast", epochs=2, batch_size=50, out=tmp_path / "run", progress=StopAfter(3))
    assert same(lenet.resume(tmp_path / "run", data=tiny, progress="quiet"), tiny_run)


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"], ["--version"], ["show", "lenet"]])
def test_the_command_line_answers(arguments, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["lenet", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code in (None, 0)
    assert capsys.readouterr().out
