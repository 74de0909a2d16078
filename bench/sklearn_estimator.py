"""Seconds to fit and to classify, and test accuracy: LeNetClassifier beside scikit-learn's own, and a plain PyTorch loop.

python bench/sklearn_estimator.py

The loop trains the same network with the same settings, on images that are in memory as float32: what a wrapper of PyTorch
would do at best. All have scikit-learn's interface, and their defaults otherwise.
"""

import argparse
import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any

from recording import Log, pin, spread

NUM_IMAGES = 10_000  # of Fashion-MNIST's training images


class TorchLoop:
    """LeNet by PyTorch's own layers and optimiser, in eager mode."""

    def __init__(self, epochs: int, learning_rate: float, weight_decay: float, seed: int) -> None:
        self.epochs, self.learning_rate, self.weight_decay, self.seed = epochs, learning_rate, weight_decay, seed

    def fit(self, images: Any, labels: Any) -> None:
        import torch
        from torch import nn

        from lenet import models
        from lenet.training.own import batch_size

        torch.manual_seed(self.seed)
        pixels, classes = self._pixels(images), torch.from_numpy(labels)
        self.mean, self.std = pixels.mean(), pixels.std()
        pixels = (pixels - self.mean) / self.std
        size = batch_size(len(images))
        self.model = models.LeNet(activation="relu", padding=2, input_size=pixels.shape[2:])
        optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay, foreach=True
        )
        steps = -(-len(images) // size)
        rate = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, self.learning_rate, total_steps=self.epochs * steps, cycle_momentum=False
        )
        for _ in range(self.epochs):
            for batch in torch.randperm(len(images)).split(size):
                loss = nn.functional.cross_entropy(self.model(pixels[batch]), classes[batch])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                rate.step()

    def predict(self, images: Any) -> Any:
        import torch

        with torch.inference_mode():
            parts = ((self._pixels(part) - self.mean) / self.std for part in self._parts(images))
            return torch.cat([self.model(part).argmax(1) for part in parts]).numpy()

    @staticmethod
    def _parts(images: Any) -> list[Any]:
        return [images[start : start + 1000] for start in range(0, len(images), 1000)]

    @staticmethod
    def _pixels(images: Any) -> Any:
        """As LeNetClassifier enlarges them: 8×8 pixels to 32×32."""
        import torch

        factor = max(1, round(28 / images.shape[1] + 1e-9))
        enlarged = images.repeat(factor, axis=1).repeat(factor, axis=2)
        return torch.from_numpy(enlarged[:, None]).float() / 255


def digits() -> tuple[Any, Any, Any, Any]:
    """The 1,797 digits of 8×8 pixels that scikit-learn has: three quarters to train on; as bytes."""
    import numpy as np
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    images, labels = load_digits(return_X_y=True)
    pixels = np.rint(images * 255 / 16).astype(np.uint8).reshape(-1, 8, 8)
    train, test, train_labels, test_labels = train_test_split(
        pixels, labels, test_size=0.25, random_state=0, stratify=labels
    )
    return train, train_labels.astype(np.int64), test, test_labels


def fashion() -> tuple[Any, Any, Any, Any]:
    """The first 10,000 training images of Fashion-MNIST, and its test images."""
    from lenet import data

    train, test = data.load("fashion-mnist")
    return train.images[:NUM_IMAGES], train.labels[:NUM_IMAGES], test.images, test.labels


def contenders(seed: int) -> dict[str, tuple[Any, Callable[[Any], Any]]]:
    """Each classifier, and the form in which it takes images."""
    from sklearn.neural_network import MLPClassifier
    from sklearn.svm import SVC

    from lenet.sklearn import LeNetClassifier

    def rows(images: Any) -> Any:
        return images.reshape(len(images), -1) / 255

    ours = LeNetClassifier(random_state=seed)
    loop = TorchLoop(ours.max_iter, ours.learning_rate, ours.weight_decay, seed)
    return {
        "LeNetClassifier": (ours, lambda images: images),
        "PyTorch loop": (loop, lambda images: images),
        "MLPClassifier": (MLPClassifier(random_state=seed), rows),
        "SVC": (SVC(), rows),
    }


def measured(
    classifier: Any, form: Callable[[Any], Any], sets: tuple[Any, Any, Any, Any]
) -> tuple[float, float, float]:
    """Seconds to fit, seconds to classify the test images, and accuracy on them."""
    train, train_labels, test, test_labels = sets
    train, test = form(train), form(test)
    began = time.perf_counter()
    classifier.fit(train, train_labels)
    fitted = time.perf_counter()
    predicted = classifier.predict(test)
    return fitted - began, time.perf_counter() - fitted, float((predicted == test_labels).mean())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--data", choices=("digits", "fashion-mnist"), help="only one of the two")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--no-record", action="store_true")
    arguments = parser.parse_args()
    pin(arguments.threads)
    import torch

    torch.set_num_threads(arguments.threads)
    warnings.simplefilter("ignore")  # of MLPClassifier, whose 200 passes may not be enough
    log = Log("sklearn_estimator", record=not arguments.no_record and arguments.data is None)
    makers = {"digits": digits, "fashion-mnist": fashion}
    results: dict[str, Any] = {}
    for name in [arguments.data] if arguments.data else makers:
        sets = makers[name]()
        rows: dict[str, list[tuple[float, float, float]]] = {}
        for seed in range(arguments.repeats):
            for contender, (classifier, form) in contenders(seed).items():
                rows.setdefault(contender, []).append(measured(classifier, form, sets))
        log.say(f"{name}: {len(sets[0]):,} training images, {len(sets[2]):,} test images, {arguments.threads} threads")
        log.say(f"{'':16} {'fit s':>8} {'predict s':>10} {'accuracy':>9}")
        results[name] = {"train": len(sets[0]), "test": len(sets[2]), "rows": {}}
        for contender, values in rows.items():
            fit, predict, accuracy = (list(column) for column in zip(*values, strict=True))
            mean = statistics.fmean(accuracy)
            log.say(f"{contender:16} {statistics.median(fit):8.2f} {statistics.median(predict):10.3f} {mean:9.2%}")
            results[name]["rows"][contender] = {"fit": spread(fit), "predict": spread(predict), "accuracy": mean}
    log.finish(
        {"bench": "sklearn_estimator", "repeats": arguments.repeats, "threads": arguments.threads, "sets": results}
    )


if __name__ == "__main__":
    main()
