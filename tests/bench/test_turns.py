import pytest

from lenet.networks import build

turns = pytest.importorskip("turns", reason="bench/ is not there")


def test_operations_are_two_for_each_multiply_add_of_forward_and_gradients():
    small = build("small")
    counts = small.multiply_adds
    assert turns.operations(small, training=False, padding=True) == 2 * sum(counts)
    assert turns.operations(small, training=True, padding=True) == 2 * (3 * sum(counts) - counts[0])
    plain = build("lenet")
    assert turns.operations(plain, training=True) == turns.operations(plain, training=True, padding=True)


def test_the_zeros_of_the_padding_are_left_out():
    # Along 28 pixels with padding 2, a kernel of 5 meets 3, 4, 5, ..., 5, 4, 3 of them.
    layers = build("lenet", padding=2)
    first = 6 * (24 * 5 + 2 * (3 + 4)) ** 2
    with_zeros = turns.operations(layers, training=False, padding=True)
    assert turns.operations(layers, training=False) == with_zeros - 2 * (layers.multiply_adds[0] - first)


def test_contenders_are_measured_in_turns_after_a_warm_up():
    calls = []

    def contender(name):
        def run(seconds):
            calls.append((name, seconds))
            return float(len(calls))

        return run

    rates = turns.measured({"a": contender("a"), "b": contender("b")}, repeats=2, seconds=1.0)
    assert calls == [("a", 0.5), ("b", 0.5), ("a", 1.0), ("b", 1.0), ("a", 1.0), ("b", 1.0)]
    assert rates == {"a": [3, 5], "b": [4, 6]}
    assert turns.quotients(rates["b"], rates["a"]) == [4 / 3, 6 / 5]
