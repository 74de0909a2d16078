"""Named settings: the recipes, each as its differences from the defaults of TrainConfig, and strengths of augmentation."""

from typing import Any

DEFAULT_RECIPE = "fast"
OWN_RECIPE = "own"  # for people's own images; training/own.py decides the rest by their number

# What `augment` sets. Without flip: whether a mirrored image has the same label depends on the data.
AUGMENT_SETTINGS: dict[str, dict[str, Any]] = {
    "none": {
        "shift": 0,
        "rotation": 0.0,
        "scale": 0.0,
        "shear": 0.0,
        "erasing": 0.0,
        "brightness": 0.0,
        "contrast": 0.0,
    },
    "light": {
        "shift": 1,
        "rotation": 5.0,
        "scale": 0.05,
        "shear": 0.0,
        "erasing": 0.0,
        "brightness": 0.1,
        "contrast": 0.1,
    },
    "strong": {
        "shift": 2,
        "rotation": 15.0,
        "scale": 0.15,
        "shear": 10.0,
        "erasing": 0.2,
        "brightness": 0.2,
        "contrast": 0.2,
    },
}

# The chapter in the book's Chinese PyTorch port: train_ch5 with Adam. With sigmoids and PyTorch's default initial weights,
# it depends on the seed whether the network escapes the plateau within its epochs.
_BOOK_ADAM: dict[str, Any] = {
    "model": "lenet",
    "activation": "sigmoid",
    "padding": 0,
    "optimizer": "adam",
    "weight_decay": 0.0,
    "schedule": "constant",
    "batch_size": 256,
    "epochs": 5,
    "normalize": False,
}

# Networks with batch normalization, at their own defaults. What changes the images was chosen on 10,000 held-out images of
# Fashion-MNIST (docs/log.md).
_NORMALIZED: dict[str, Any] = {"activation": None, "padding": None}

RECIPE_SETTINGS: dict[str, dict[str, Any]] = {
    # ReLU, padding, pixels of mean 0 and a one-cycle schedule: over 91 % on Fashion-MNIST (bench/accuracy.py).
    "fast": {},
    # The same network, over 90 % after three epochs (bench/time_to_accuracy.py). Smaller batches, a higher peak rate and
    # label smoothing compensate for the missing epochs; its training loss is that of the smoothed labels.
    "sprint": {"learning_rate": 0.005, "weight_decay": 0.05, "batch_size": 32, "epochs": 3, "label_smoothing": 0.1},
    # Dive into Deep Learning, chapter "Convolutional Neural Networks (LeNet)": train_ch6 with lr 0.9.
    "book-sgd": {
        "model": "lenet-avg",
        "activation": None,
        "padding": None,
        "init": "xavier-uniform",
        "optimizer": "sgd",
        "learning_rate": 0.9,
        "weight_decay": 0.0,
        "schedule": "constant",
        "batch_size": 256,
        "epochs": 10,
        "normalize": False,
    },
    "book-adam": {"learning_rate": 0.001, **_BOOK_ADAM},
    "book-adam-01": {"learning_rate": 0.01, **_BOOK_ADAM},
    "lenet-bn": {"model": "lenet-bn", "epochs": 20, "shift": 1, **_NORMALIZED},
    "small": {"model": "small", "epochs": 30, "augment": "light", **AUGMENT_SETTINGS["light"], **_NORMALIZED},
    # So few parameters overfit little: less weight decay, a higher rate and more epochs.
    "tiny": {"model": "tiny", "learning_rate": 0.01, "weight_decay": 0.02, "epochs": 40, "shift": 1, **_NORMALIZED},
    # Epochs, batch size and class weights follow from the number of images (training/own.py); these are those for 80 images.
    "own": {
        "model": "small",
        "epochs": 100,
        "batch_size": 16,
        "augment": "light",
        **AUGMENT_SETTINGS["light"],
        **_NORMALIZED,
    },
}
