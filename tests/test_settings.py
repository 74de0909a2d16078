"""Numbers against their limits, as text and as numbers."""

import math

import pytest

from lenet.errors import ConfigError
from lenet.settings import Limits, added_setting, checked_interval, checked_number, checked_numbers, setting


@pytest.mark.parametrize(
    ("limits", "words", "allowed", "refused"),
    [
        (Limits(), "", [-1e9, 0, 10**400], [math.inf, math.nan]),
        (Limits(above=1), "above 1", [2, 1.001], [1, 0, math.inf]),
        (Limits(least=1), "at least 1", [1, 10**400], [0.999, -1, math.nan]),
        (Limits(below=1), "below 1", [0.999, -5], [1, 2, -math.inf]),
        (Limits(most=1), "at most 1", [1, -5], [1.001, 2]),
        (Limits(above=0, most=2.5), "above 0 and at most 2.5", [1, 2.5], [0, 2.6]),
        (Limits(least=0, below=1), "at least 0 and below 1", [0, 0.5], [1, -0.1]),
    ],
)
def test_limits_allow_what_they_say(limits, words, allowed, refused):
    assert str(limits) == words
    assert all(limits.allow(number) for number in allowed)
    assert not any(limits.allow(number) for number in refused)


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [("3", int, 3), (3.0, int, 3), ("1e-2", float, 0.01), (2, float, 2.0), (" 7 ", int, 7)],
)
def test_a_number_may_be_text(value, kind, expected):
    number = checked_number("n", value, kind, Limits())
    assert (number, type(number)) == (expected, kind)


@pytest.mark.parametrize("value", [2.5, "2.5", True, None, "", "two", [1], math.nan, math.inf])
def test_what_is_no_whole_number_is_refused(value):
    with pytest.raises(ConfigError) as caught:
        checked_number("n", value, int, Limits())
    assert caught.value.message == f"n is {value}; expected a whole number"


@pytest.mark.parametrize("value", [True, None, "", "two", [1], math.nan])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(ConfigError) as caught:
        checked_number("n", value, float, Limits(least=0))
    assert caught.value.message == f"n is {value}; expected a number at least 0"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("6,16", (6, 16)),
        ("6, 16,", (6, 16)),
        (6, (6,)),
        ([6, "16"], (6, 16)),
        (" None", ()),
        ("none", ()),
        ("", ()),
        ((), ()),
    ],
)
def test_several_numbers_may_be_a_list_one_number_or_text(value, expected):
    assert checked_numbers("n", value, Limits(least=1)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [(None, (math.inf, math.inf)), ("500", (500, math.inf)), ("30s", (math.inf, 30)), ("0.5s", (math.inf, 0.5))],
)
def test_an_interval_is_of_steps_or_seconds(text, expected):
    assert checked_interval(text) == expected


@pytest.mark.parametrize("text", ["0", "-5", "0s", "-1s", "nans", "s", "often", "1.5", "5m"])
def test_another_interval_is_refused(text):
    with pytest.raises(ConfigError, match="expected steps, such as 500, or seconds, such as 30s") as caught:
        checked_interval(text)
    assert caught.value.message.startswith(f"checkpoint_every is {text!r};")


def test_a_setting_decides_and_is_not_added_unless_it_is_said():
    plain, added = setting(3, "Help."), added_setting("a", "More.", choices=("a", "b"), decides=False)
    assert (plain.default, added.default) == (3, "a")
    assert dict(plain.metadata) == {"help": "Help.", "choices": (), "limits": Limits(), "decides": True, "added": False}
    assert dict(added.metadata) == {
        "help": "More.",
        "choices": ("a", "b"),
        "limits": Limits(),
        "decides": False,
        "added": True,
    }
