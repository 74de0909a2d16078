"""What is searched: ranges and choices, checked against the limits of each setting."""

import pytest

from lenet.configuration import configure
from lenet.errors import ConfigError
from lenet.sweeps.tune.bounds import Choices, Range
from lenet.sweeps.tune.space import Axis, Space, described

BASE = configure("fast")


def axes(search, base=BASE):
    return Space.of(search, base).axes


def test_ranges_and_choices():
    assert axes({"learning-rate": "1e-4..1e-1:log"}) == (
        Axis("learning_rate", "learning_rate", Range(1e-4, 0.1, None, True)),
    )
    assert axes({"batch_size": "16..128:step=16"})[0].bounds == Range(16, 128, 16)
    assert axes({"dropout": "0..0.5"})[0].bounds == Range(0.0, 0.5)
    assert axes({"activation": "relu,tanh"})[0].bounds == Choices(("relu", "tanh"))
    assert axes({"activation": ["relu", "tanh"]})[0].bounds == Choices(("relu", "tanh"))
    assert axes({"normalize": [True, False]})[0].bounds == Choices((True, False))
    assert axes({"channels": "6,16/12,32"})[0].bounds == Choices(("6,16", "12,32"))


def test_a_range_holds_for_each_number_of_a_setting_with_several():
    space = Space.of({"channels": "4..32", "hidden": "16..64:log,8..32", "pooling": "max,avg"}, BASE)
    assert [axis.name for axis in space.axes] == ["channels.1", "channels.2", "hidden.1", "hidden.2", "pooling"]
    params = {"channels.1": 4, "channels.2": 9, "hidden.1": 20, "hidden.2": 8, "pooling": "max"}
    settings = {"channels": (4, 9), "hidden": (20, 8), "pooling": "max"}
    assert space.settings(params) == settings
    assert described(settings) == "--channels 4,9 --hidden 20,8 --pooling max"
    assert space.to_dict()["hidden.1"] == "16..64:log"
    lists = Space.of({"channels": "6,16/12,32"}, BASE)
    assert lists.settings({"channels": "12,32"}) == {"channels": (12, 32)}
    assert lists.to_dict() == {"channels": "6,16/12,32"}


@pytest.mark.parametrize(
    ("search", "message"),
    [
        ({}, "nothing is searched"),
        ({"learning-rat": "1..2"}, "search learning-rat: learning_rat is not a setting"),
        ({"seed": "1..2"}, "search seed: seed is the same for all trials"),
        ({"learning_rate": "0..1"}, "learning_rate is 0; expected a number above 0"),
        ({"dropout": "0..1"}, "dropout is 1; expected a number at least 0 and below 1"),
        ({"batch_size": "8..64.5"}, "batch_size is 64.5; expected a whole number"),
        ({"learning_rate": "1..0.1"}, r"the range 1\.\.0\.1 is empty"),
        ({"shift": "0..3:log"}, r"the range 0\.\.3 is logarithmic; expected a lower bound above 0"),
        ({"batch_size": "16..128:step=9"}, "steps of 9 from 16 do not end at 128"),
        ({"batch_size": "16..128:step=0"}, "the step of batch_size is 0"),
        ({"batch_size": "16..128:log:step=16"}, "has steps and is logarithmic"),
        ({"batch_size": "16..128:linear"}, "'linear' after the range is unknown; expected log or step=N"),
        ({"activation": "relu,tan"}, "unknown activation 'tan'"),
        ({"activation": "relu"}, "activation has one value, relu; expected a range or several"),
        ({"activation": "a..b"}, "activation is not a number"),
        ({"activation": "relu,tanh", "--activation": "relu,tanh"}, "it is given twice"),
        ({"channels": "0..8"}, "channels is 0; expected a whole number at least 1"),
    ],
)
def test_bounds_that_make_no_sense(search, message):
    with pytest.raises(ConfigError, match=message) as caught:
        Space.of(search, BASE)
    assert caught.value.hint or "expected" in caught.value.message


def test_a_model_without_the_setting():
    with pytest.raises(ConfigError, match="the model softmax has no channels"):
        Space.of({"channels": "4..8"}, configure("fast", model="softmax"))


@pytest.mark.parametrize("search", ["learning_rate=1..2", ["learning_rate"]])
def test_a_search_of_another_type(search):
    with pytest.raises(ConfigError, match="expected bounds by setting") as caught:
        Space.of(search, BASE)
    assert "search={" in caught.value.hint


def test_a_setting_that_cannot_be_searched_is_not_mistaken_for_another():
    with pytest.raises(ConfigError, match="search validation: validation is the same for all trials") as caught:
        Space.of({"validation": "1,2"}, BASE)
    assert "did you mean" not in caught.value.hint


def test_a_setting_that_is_left_as_it_is_has_no_option():
    assert described({"teacher": None, "ema": 0.5, "nesterov": False}) == "--ema 0.5 --no-nesterov"
