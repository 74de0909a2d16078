"""The smoke test: a network learns from made-up pictures, is saved, opened and asked, in seconds."""

import numpy as np
from PIL import Image

import lenet


def test_train_save_load_evaluate_predict(tiny, tmp_path):
    run = lenet.train(tiny, epochs=2, batch_size=50, out=tmp_path / "run", progress="quiet")
    assert run.test_accuracy > 0.9
    again = lenet.load(tmp_path / "run")
    assert lenet.evaluate(again, tiny).accuracy == run.test_accuracy
    Image.fromarray(tiny.test.images[0]).save(tmp_path / "picture.png")
    prediction = lenet.predict(again, tmp_path / "picture.png")
    np.testing.assert_array_equal(prediction.seen, tiny.test.images[0])
