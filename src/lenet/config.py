"""The settings of a training: one frozen dataclass, the only place where a default stands.

    config = TrainConfig(epochs=2, seed=7)

The fields are also the flags of `lenet train`: their help texts, choices and limits stand here and nowhere else.
configuration.py makes a TrainConfig from a recipe.
"""

import dataclasses
import typing
from dataclasses import dataclass
from typing import Any

from lenet.combinations import check_combinations
from lenet.errors import ConfigError, choices_hint
from lenet.recipes import AUGMENT_SETTINGS, DEFAULT_RECIPE, RECIPE_SETTINGS
from lenet.registry import ACTIVATIONS, ENGINES, FITS, INITS, MODELS, OPTIMIZERS, POOLINGS
from lenet.settings import (
    COUNT,
    EPOCHS,
    NATURAL,
    POSITIVE,
    SEEDS,
    SHARE,
    Limits,
    added_setting,
    checked_interval,
    checked_value,
    setting,
)

EDGES = Limits(least=8, most=4096)  # pixels of height and width
PRECISIONS = ("fp32", "tf32", "bf16")
SCHEDULES = ("constant", "cosine", "one-cycle")
MODEL_FIELDS = ("kernel_size", "channels", "hidden", "activation", "pooling", "padding", "dropout")


@dataclass(frozen=True)
class TrainConfig:
    """Hold all settings of a training. The defaults are the recipe `fast`; None leaves a choice to the model.

    Raises:
        ConfigError: for a value that is not possible, naming the field, the value and what is expected.
    """

    recipe: str = setting(
        DEFAULT_RECIPE,
        "The recipe to start from; every other flag changes one setting of it.",
        choices=RECIPE_SETTINGS,
        decides=False,
    )
    data: str = setting(
        "auto",
        "Data set, or the path of your own images; auto takes Fashion-MNIST if it is here or can be downloaded, else the "
        "built-in digits.",
    )
    data_dir: str | None = setting(
        None, "Folder in which to look for the data before the cache.  [env: LENET_DATA]", decides=False
    )
    size: tuple[int, ...] | None = added_setting(
        None,
        "Height and width to which your own images are brought, such as 64 or 48,64; by default what keeps their detail.",
        limits=EDGES,
        decides=False,
    )
    fit: str = added_setting(
        "pad",
        "How your own images are brought to that size: pad them, crop them, or stretch them.",
        choices=FITS,
        decides=False,
    )
    skip_bad: bool = added_setting(
        False, "Leave out those of your own files that cannot be used, and list them.", decides=False
    )
    split_seed: int = added_setting(
        0,
        "Decides which of your own images are the test images, where the data does not say.",
        limits=SEEDS,
        decides=False,
    )

    model: str = setting("lenet", "Network.", choices=MODELS)
    kernel_size: int | None = setting(None, "Height and width of the convolution kernels, in pixels.", limits=COUNT)
    channels: tuple[int, ...] | None = setting(None, "Output channels of each convolution, such as 6,16.", limits=COUNT)
    hidden: tuple[int, ...] | None = setting(
        None, "Widths of the hidden dense layers, such as 120,84; none for none.", limits=COUNT
    )
    activation: str | None = setting("relu", "Activation after each layer.", choices=ACTIVATIONS)
    pooling: str | None = setting(None, "Pooling after each convolution.", choices=POOLINGS)
    padding: int | None = setting(2, "Zero padding around the image, for the first convolution.", limits=NATURAL)
    dropout: float | None = added_setting(
        None, "Share of the units before a dense layer that a training step drops at random.", limits=SHARE
    )
    init: str = setting(
        "default",
        "Initial weights: PyTorch's default, Xavier uniform on every layer, or the convolutions of the ready-made network "
        "mnist, for the model small.",
        choices=INITS,
    )

    optimizer: str = setting("adamw", "Optimiser.", choices=OPTIMIZERS)
    learning_rate: float = setting(0.004, "Learning rate; for one-cycle its peak.", limits=POSITIVE)
    momentum: float = setting(0.0, "Momentum of sgd.", limits=SHARE)
    nesterov: bool = setting(False, "Nesterov momentum for sgd.")
    weight_decay: float = setting(0.1, "Weight decay.", limits=NATURAL)
    schedule: str = setting(
        "one-cycle",
        "Learning rate over time: constant, falling along half a cosine, or rising and falling once.",
        choices=SCHEDULES,
    )
    warm_up: float = added_setting(
        0.0, "Share of all steps in which the learning rate first rises from 0, for constant and cosine.", limits=SHARE
    )
    clip_norm: float | None = added_setting(
        None, "Scale down a gradient whose norm over all weights is above this.", limits=POSITIVE
    )
    ema: float | None = added_setting(
        None,
        "Average the weights over the steps with this decay, such as 0.998; the average is evaluated and saved.",
        limits=Limits(above=0, below=1),
    )
    batch_size: int = setting(64, "Images in a step.", limits=COUNT)
    epochs: int = setting(10, "Passes over the training images.", limits=EPOCHS)
    label_smoothing: float = setting(0.0, "Share of each label spread over all classes.", limits=SHARE)
    class_weights: tuple[float, ...] | str | None = added_setting(
        None,
        "Weights of the classes in the loss, such as 1,2.5; balanced makes them from the numbers of images.",
        limits=POSITIVE,
    )
    teacher: str | None = added_setting(
        None, "Run or weights file of a trained network, whose logits this one learns too, beside the labels."
    )
    temperature: float = added_setting(
        4.0, "Temperature at which a teacher's logits become soft targets.", limits=Limits(above=0, most=100)
    )
    teacher_weight: float = added_setting(
        0.9,
        "Share of the teacher's soft targets in the loss; the labels have the rest.",
        limits=Limits(least=0, most=1),
    )

    normalize: bool = setting(
        True, "Shift and scale the pixels to mean 0 and standard deviation 1 of the training set."
    )
    flip: bool = setting(False, "Mirror a random half of the training images in each epoch.")
    shift: int = setting(0, "Move each training image by up to this many random pixels in each epoch.", limits=NATURAL)
    augment: str = added_setting(
        "none",
        "Strength of the augmentation: sets --shift and the options from here to --contrast, where they are not given.",
        choices=AUGMENT_SETTINGS,
        decides=False,
    )
    rotation: float = added_setting(
        0.0, "Turn each training image by a random angle of up to this many degrees.", limits=Limits(least=0, most=180)
    )
    scale: float = added_setting(0.0, "Change each image's size by up to this share.", limits=Limits(least=0, most=0.9))
    shear: float = added_setting(0.0, "Slant each image by up to this many degrees.", limits=Limits(least=0, most=45))
    erasing: float = added_setting(
        0.0, "Cover up to this share of a random half of the images with grey.", limits=SHARE
    )
    brightness: float = added_setting(0.0, "Change each image's brightness by up to this share.", limits=SHARE)
    contrast: float = added_setting(0.0, "Change each image's contrast by up to this share.", limits=SHARE)
    validation: int = setting(
        0,
        "Training images held out for validation, chosen by the seed; they calibrate the network at the end.",
        limits=NATURAL,
    )
    keep: str = added_setting(
        "last",
        "Which weights are saved in the end: of the last epoch, or of the best on the validation images.",
        choices=("last", "best"),
    )
    patience: int | None = added_setting(
        None, "End the training after so many epochs without improvement on the validation images.", limits=COUNT
    )
    seed: int = setting(
        0, "Decides the initial weights, the random order and augmentation, and the validation images.", limits=SEEDS
    )

    strict: bool = added_setting(False, "End the training at the doctor's first finding.")
    checkpoint_every: str | None = added_setting(
        None,
        "Save a checkpoint at the end of every epoch, and within epochs after so many steps (500) or seconds (30s).",
        decides=False,
    )
    snapshots: int = added_setting(
        10,
        "Keep the weights of so many moments of the training, for lenet explore to replay it; 0 for none.",
        limits=Limits(least=0, most=100),
        decides=False,
    )

    engine: str = setting(
        "auto",
        "What computes: lenet's own CPU kernels (cpu), plain PyTorch (reference), or CUDA graphs on a GPU (cuda).",
        choices=("auto", *ENGINES),
    )
    device: str = setting("auto", "auto, cpu, cuda, cuda:N or mps.")
    precision: str = added_setting(
        "fp32",
        "Arithmetic of the engine cuda: fp32, or tf32 or bf16, which are faster and less exact.",
        choices=PRECISIONS,
    )
    threads: int | None = setting(None, "CPU threads; by default one for each core.", limits=COUNT)

    def __post_init__(self) -> None:
        for spec in dataclasses.fields(self):
            object.__setattr__(self, spec.name, checked(spec.name, getattr(self, spec.name)))
        _ = self.checkpoint_interval
        check_combinations(self)

    @property
    def image_size(self) -> tuple[int, int] | None:
        """Height and width of `size`, if it is given."""
        return None if self.size is None else (self.size[0], self.size[-1])

    @property
    def own_data(self) -> dict[str, Any]:
        """How the user's own data is made into a data set, as `lenet.data.load` takes it."""
        return {"size": self.image_size, "fit": self.fit, "split_seed": self.split_seed, "skip_bad": self.skip_bad}

    @property
    def rates_depend_on_epochs(self) -> bool:
        """Whether with more epochs the learning rates of the first ones would be others."""
        return self.schedule != "constant" or self.warm_up > 0

    @property
    def checkpoint_interval(self) -> tuple[float, float]:
        """Steps and seconds between two checkpoints within an epoch; infinite where not set."""
        return checked_interval(self.checkpoint_every)


FIELDS = {spec.name: spec for spec in dataclasses.fields(TrainConfig)}
TYPES = typing.get_type_hints(TrainConfig)


def model_name(name: str) -> str:
    """The model's name as in registry.MODELS; `LeNetAvg`, `lenet_avg` and `LENET-AVG` are the same."""
    plain = {known.replace("-", ""): known for known in MODELS}
    try:
        return plain[name.lower().replace("-", "").replace("_", "")]
    except KeyError:
        raise ConfigError(f"unknown model {name!r}", hint=choices_hint(name, MODELS)) from None


def checked(name: str, value: Any) -> Any:
    """The value in its field's type, or a ConfigError."""
    if name == "model":
        return model_name(value)
    return checked_value(FIELDS[name], TYPES[name], value)
