import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lenet.config import FIELDS, TrainConfig
from lenet.configuration import RECIPES, configure, from_dict, to_dict
from lenet.errors import ConfigError


def test_book_recipes_say_what_the_chapter_says():
    book = RECIPES["book-sgd"]
    assert (book.model, book.init, book.optimizer, book.learning_rate) == ("lenet-avg", "xavier-uniform", "sgd", 0.9)
    assert (book.batch_size, book.epochs, book.weight_decay, book.momentum) == (256, 10, 0, 0)
    adam, adam_01 = RECIPES["book-adam"], RECIPES["book-adam-01"]
    assert (adam.model, adam.activation, adam.init, adam.optimizer) == ("lenet", "sigmoid", "default", "adam")
    assert (adam.learning_rate, adam_01.learning_rate, adam.epochs) == (0.001, 0.01, 5)
    assert dataclasses.replace(adam_01, learning_rate=0.001, recipe="book-adam") == adam


# The recipe `fast`, which is also the default of every setting; what the others change is below.
FAST = {
    "recipe": "fast",
    "data": "auto",
    "data_dir": None,
    "size": None,
    "fit": "pad",
    "skip_bad": False,
    "split_seed": 0,
    "model": "lenet",
    "kernel_size": None,
    "channels": None,
    "hidden": None,
    "activation": "relu",
    "pooling": None,
    "padding": 2,
    "dropout": None,
    "init": "default",
    "optimizer": "adamw",
    "learning_rate": 0.004,
    "momentum": 0.0,
    "nesterov": False,
    "weight_decay": 0.1,
    "schedule": "one-cycle",
    "warm_up": 0.0,
    "clip_norm": None,
    "ema": None,
    "batch_size": 64,
    "epochs": 10,
    "label_smoothing": 0.0,
    "class_weights": None,
    "teacher": None,
    "temperature": 4.0,
    "teacher_weight": 0.9,
    "normalize": True,
    "flip": False,
    "shift": 0,
    "augment": "none",
    "rotation": 0.0,
    "scale": 0.0,
    "shear": 0.0,
    "erasing": 0.0,
    "brightness": 0.0,
    "contrast": 0.0,
    "validation": 0,
    "keep": "last",
    "patience": None,
    "seed": 0,
    "strict": False,
    "checkpoint_every": None,
    "snapshots": 10,
    "engine": "auto",
    "device": "auto",
    "precision": "fp32",
    "threads": None,
}
BOOK = {"weight_decay": 0.0, "schedule": "constant", "batch_size": 256, "normalize": False}
BOOK_ADAM = BOOK | {"activation": "sigmoid", "padding": 0, "optimizer": "adam", "epochs": 5}
BOOK_SGD = BOOK | {
    "model": "lenet-avg",
    "activation": None,
    "padding": None,
    "init": "xavier-uniform",
    "optimizer": "sgd",
    "learning_rate": 0.9,
}
LIGHT = {
    "activation": None,
    "padding": None,
    "augment": "light",
    "shift": 1,
    "rotation": 5.0,
    "scale": 0.05,
    "brightness": 0.1,
    "contrast": 0.1,
}
OWN = {"activation": None, "padding": None}  # the defaults of the model


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("fast", {}),
        (
            "sprint",
            {"learning_rate": 0.005, "weight_decay": 0.05, "batch_size": 32, "epochs": 3, "label_smoothing": 0.1},
        ),
        ("book-sgd", BOOK_SGD),
        ("book-adam", BOOK_ADAM | {"learning_rate": 0.001}),
        ("book-adam-01", BOOK_ADAM | {"learning_rate": 0.01}),
        ("lenet-bn", OWN | {"model": "lenet-bn", "epochs": 20, "shift": 1}),
        ("small", LIGHT | {"model": "small", "epochs": 30}),
        ("own", LIGHT | {"model": "small", "epochs": 100, "batch_size": 16}),
        ("tiny", OWN | {"model": "tiny", "learning_rate": 0.01, "weight_decay": 0.02, "epochs": 40, "shift": 1}),
    ],
)
def test_the_settings_of_a_recipe_stay(name, changes):
    """Whoever repeats a published number relies on them; a change of one needs new numbers."""
    assert to_dict(RECIPES[name]) == FAST | {"recipe": name} | changes


def test_each_recipe_knows_its_own_name():
    assert all(config.recipe == name for name, config in RECIPES.items())


def test_settings_change_a_recipe_and_none_leaves_it():
    config = configure("book-sgd", epochs=2, learning_rate=None)
    assert (config.epochs, config.learning_rate) == (2, 0.9)


def test_another_model_starts_from_its_own_defaults():
    assert configure("fast").padding == 2
    other = configure("fast", model="mlp")
    assert (other.padding, other.activation, other.learning_rate) == (None, None, RECIPES["fast"].learning_rate)
    assert configure("fast", model="mlp", activation="tanh").activation == "tanh"


def test_the_same_model_in_another_spelling_keeps_the_recipe():
    assert configure("fast", model="LeNet").padding == 2


def test_another_optimizer_drops_the_momentum_of_the_recipe():
    assert configure("fast", optimizer="sgd", momentum=0.9, nesterov=True).momentum == 0.9
    with pytest.raises(ConfigError, match="momentum is a setting of sgd"):
        configure("fast", momentum=0.9)


def test_augment_stands_for_settings_and_those_given_win():
    strong = configure("fast", augment="strong")
    assert (strong.augment, strong.rotation, strong.shift, strong.flip) == ("strong", 15, 2, False)
    assert configure("fast", augment="strong", rotation="0", shift=5) == dataclasses.replace(
        strong, rotation=0, shift=5
    )
    assert configure("fast", augment="none") == configure("fast")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"learning_rate": 0}, "learning_rate is 0; expected a number above 0"),
        ({"learning_rate": float("nan")}, "learning_rate is nan; expected a number above 0"),
        ({"learning_rate": float("inf")}, "learning_rate is inf; expected a number above 0"),
        ({"batch_size": 0}, "batch_size is 0; expected a whole number at least 1"),
        ({"batch_size": 2.5}, "batch_size is 2.5; expected a whole number at least 1"),
        ({"epochs": -3}, "epochs is -3; expected a whole number at least 1 and below 8001"),
        ({"epochs": "many"}, "epochs is many; expected a whole number at least 1 and below 8001"),
        ({"epochs": True}, "epochs is True; expected a whole number at least 1 and below 8001"),
        ({"label_smoothing": 1}, "label_smoothing is 1; expected a number at least 0 and below 1"),
        ({"channels": "6,x"}, "channels is x; expected a whole number at least 1"),
        ({"channels": 2.5}, "channels is 2.5; expected whole numbers, such as 6,16"),
        ({"hidden": (120, 0)}, "hidden is 0; expected a whole number at least 1"),
        ({"dropout": 1}, "dropout is 1; expected a number at least 0 and below 1"),
        ({"flip": 1}, "flip is 1; expected True or False"),
        ({"optimizer": "adagrad"}, "unknown optimizer 'adagrad'"),
        ({"nesterov": True, "optimizer": "sgd"}, "nesterov needs a momentum above 0"),
        ({"precision": "tf32"}, "precision is tf32, which only the engine cuda has; the engine is auto"),
        ({"warm_up": 0.1}, "warm_up is 0.1, but the schedule one-cycle has a warm-up of its own"),
        ({"warm_up": 1, "schedule": "cosine"}, "warm_up is 1; expected a number at least 0 and below 1"),
        ({"clip_norm": 0}, "clip_norm is 0; expected a number above 0"),
        ({"ema": 1}, "ema is 1; expected a number above 0 and below 1"),
        ({"class_weights": "1,0"}, "class_weights is 0; expected a number above 0"),
        ({"class_weights": "even"}, "class_weights is even; expected a number above 0"),
        ({"class_weights": 3}, "class_weights is 3; expected balanced, or a number for each class, such as 1,2.5"),
        ({"keep": "best"}, "keep is best, but no images are held out; the test set is not used to choose"),
        ({"patience": 2}, "patience is 2, but no images are held out; the test set is not used to choose"),
        ({"patience": 0}, "patience is 0; expected a whole number at least 1"),
        ({"keep": "first"}, "unknown keep 'first'"),
        ({"rotation": 181}, "rotation is 181; expected a number at least 0 and at most 180"),
        ({"scale": 1}, "scale is 1; expected a number at least 0 and at most 0.9"),
        ({"shear": -1}, "shear is -1; expected a number at least 0 and at most 45"),
        ({"erasing": 1}, "erasing is 1; expected a number at least 0 and below 1"),
        ({"brightness": -0.1}, "brightness is -0.1; expected a number at least 0 and below 1"),
        ({"contrast": float("nan")}, "contrast is nan; expected a number at least 0 and below 1"),
        ({"augment": "heavy"}, "unknown augment 'heavy'"),
        ({"epoch": 3}, "unknown setting 'epoch'"),
    ],
)
def test_impossible_settings_are_named(settings, message):
    with pytest.raises(ConfigError) as caught:
        configure("fast", **settings)
    assert caught.value.message == message


Edges = tuple[list[float], list[float]]
ABOVE_0: Edges = ([1e-9, 1e9], [0, -1])
FROM_0: Edges = ([0, 99], [-1])
FROM_1: Edges = ([1, 99], [0])
BELOW_1: Edges = ([0, 0.999], [-1e-9, 1])
# For each number, what is allowed at the edge, and what is not just beyond it.
EDGES: dict[str, Edges] = {
    "size": ([8, 4096], [7, 4097]),
    "split_seed": ([0, 2**63 - 1], [-1, 2**63]),
    "kernel_size": FROM_1,
    "channels": FROM_1,
    "hidden": FROM_1,
    "padding": FROM_0,
    "dropout": BELOW_1,
    "learning_rate": ABOVE_0,
    "momentum": BELOW_1,
    "weight_decay": ([0, 1e9], [-1e-9]),
    "warm_up": BELOW_1,
    "clip_norm": ABOVE_0,
    "ema": ([1e-9, 0.999], [0, 1]),
    "batch_size": FROM_1,
    "epochs": ([1, 8000], [0, 8001]),
    "label_smoothing": BELOW_1,
    "temperature": ([1e-9, 100], [0, 100.1]),
    "teacher_weight": ([0, 1], [-1e-9, 1.1]),
    "shift": FROM_0,
    "rotation": ([0, 180], [-1e-9, 180.1]),
    "scale": ([0, 0.9], [-1e-9, 0.91]),
    "shear": ([0, 45], [-1e-9, 45.1]),
    "erasing": BELOW_1,
    "brightness": BELOW_1,
    "contrast": BELOW_1,
    "validation": FROM_0,
    "patience": FROM_1,
    "seed": ([0, 2**63 - 1], [-1, 2**63]),
    "snapshots": ([0, 100], [-1, 101]),
    "threads": FROM_1,
}


def is_number(spec):
    """Whether it takes numbers alone: class weights, which may also be a word, are tested with what is refused."""
    kind = str(spec.type)
    return ("int" in kind or "float" in kind) and "str" not in kind


def test_the_edges_of_every_number_are_tested():
    assert list(EDGES) == [name for name, spec in FIELDS.items() if is_number(spec)]


@pytest.mark.parametrize("name", EDGES)
def test_a_number_is_allowed_up_to_its_limits(name):
    needed = {"optimizer": "sgd", "schedule": "constant"} | ({"validation": 9} if name == "patience" else {})
    allowed, refused = EDGES[name]
    for value in allowed:
        assert getattr(configure("fast", **needed | {name: value}), name) in (value, (value,))
    for value in refused:
        with pytest.raises(ConfigError, match=f"^{name} is {value}; expected a (whole )?number"):
            configure("fast", **needed | {name: value})


OWN_DATA = ["size", "fit", "skip_bad", "split_seed"]  # what they decide is in the fingerprint of the data


def test_the_size_of_own_images_is_one_number_or_two():
    assert configure().image_size is None
    assert configure(size=64).image_size == (64, 64)
    assert configure(size="48,64").image_size == (48, 64)
    with pytest.raises(ConfigError, match="size is 10,20,30; expected one number for height and width, or two"):
        configure(size="10,20,30")


def test_which_settings_decide_the_numbers_and_which_earlier_runs_lack():
    other = [name for name, spec in FIELDS.items() if not spec.metadata["decides"]]
    assert other == ["recipe", "data_dir", *OWN_DATA, "augment", "checkpoint_every", "snapshots"]
    augmentation = ["augment", "rotation", "scale", "shear", "erasing", "brightness", "contrast"]
    added = [name for name, spec in FIELDS.items() if spec.metadata["added"]]
    before = ["dropout", "warm_up", "clip_norm", "ema", "class_weights", "teacher", "temperature", "teacher_weight"]
    since = ["keep", "patience", "strict", "checkpoint_every", "snapshots", "precision"]
    assert added == [*OWN_DATA, *before, *augmentation, *since]


def test_the_choices_of_every_setting_stay():
    assert {name: spec.metadata["choices"] for name, spec in FIELDS.items() if spec.metadata["choices"]} == {
        "recipe": ("fast", "sprint", "book-sgd", "book-adam", "book-adam-01", "lenet-bn", "small", "tiny", "own"),
        "fit": ("pad", "crop", "stretch"),
        "model": ("lenet", "lenet-avg", "softmax", "mlp", "lenet-bn", "small", "tiny"),
        "activation": ("sigmoid", "tanh", "relu", "scaled-tanh", "leaky-relu"),
        "pooling": ("max", "avg"),
        "init": ("default", "xavier-uniform", "pretrained"),
        "optimizer": ("sgd", "adam", "adamw"),
        "schedule": ("constant", "cosine", "one-cycle"),
        "augment": ("none", "light", "strong"),
        "keep": ("last", "best"),
        "engine": ("auto", "cpu", "reference", "cuda"),
        "precision": ("fp32", "tf32", "bf16"),
    }


def test_unknown_names_list_the_choices_or_the_nearest():
    with pytest.raises(ConfigError) as caught:
        configure("quick")
    choices = "choose from fast, sprint, book-sgd, book-adam, book-adam-01, lenet-bn, small, tiny, own"
    assert caught.value.hint == choices
    with pytest.raises(ConfigError) as caught:
        configure("book-sdg")
    assert caught.value.hint == f"did you mean book-sgd? {choices}"
    with pytest.raises(ConfigError) as caught:
        configure("fast", optimizer="adagrad")
    assert caught.value.hint == "choose from sgd, adam, adamw"


def test_numbers_may_come_as_text():
    config = configure("fast", channels="12, 32", hidden="84", learning_rate="1e-2", epochs="3")
    assert (config.channels, config.hidden, config.learning_rate, config.epochs) == ((12, 32), (84,), 0.01, 3)
    assert configure("fast", hidden="none").hidden == ()
    assert configure("fast", hidden=()).hidden == ()


@given(
    st.builds(
        configure,
        st.sampled_from(sorted(RECIPES)),
        epochs=st.integers(1, 1000),
        learning_rate=st.floats(1e-6, 10),
        seed=st.integers(0, 2**31),
        channels=st.none() | st.lists(st.integers(1, 64), min_size=1, max_size=3).map(tuple),
        validation=st.integers(0, 59_999),
        flip=st.booleans(),
    )
)
def test_a_config_survives_the_way_through_json(config):
    assert from_dict(to_dict(config)) == config


def test_a_config_of_another_version_is_refused():
    values = to_dict(TrainConfig())
    with pytest.raises(ConfigError, match="do not match this version's: future"):
        from_dict(values | {"future": 1})
    with pytest.raises(ConfigError, match="epochs"):
        from_dict({name: value for name, value in values.items() if name != "epochs"})


def test_an_older_run_is_read():
    values = to_dict(TrainConfig())
    for name in ("strict", "augment", "rotation", "scale", "shear", "erasing", "brightness", "contrast"):
        del values[name]
    assert from_dict(values) == TrainConfig()


def test_every_field_explains_itself():
    assert all(spec.metadata["help"].endswith((".", "]")) for spec in FIELDS.values())
