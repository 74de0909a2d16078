"""Which tensor of another program is which of a network's parameters."""

import numpy as np
import pytest

from lenet.errors import RunError
from lenet.networks.matching import Tensors, match, without_counters, without_prefix

SHAPES = {"0.weight": (6, 1, 5, 5), "0.bias": (6,), "3.weight": (10, 6), "3.bias": (10,)}


def tensors(shapes, is_ordered=False, dtype="float32"):
    return Tensors({name: np.zeros(shape) for name, shape in shapes.items()}, dict.fromkeys(shapes, dtype), is_ordered)


def renamed(shapes, order=None):
    return {f"layer.{name}": shapes[name] for name in order or shapes}


@pytest.mark.parametrize("prefixes", ["module.", "_orig_mod.", "module._orig_mod."])
def test_a_prefix_of_wrappers_is_left_out_if_all_names_have_it(prefixes):
    wrapped = tensors({f"{prefixes}{name}": shape for name, shape in SHAPES.items()}, is_ordered=True)
    bare = without_prefix(wrapped)
    assert bare.shapes == SHAPES
    assert bare.dtypes == dict.fromkeys(SHAPES, "float32")
    assert bare.is_ordered
    mixed = tensors({"module.a": (1,), "b": (2,)})
    assert without_prefix(mixed) is mixed


def test_numbers_of_batches_are_left_out():
    counted = tensors(SHAPES | {"1.num_batches_tracked": (), "num_batches_tracked": ()}, is_ordered=True)
    bare = without_counters(counted)
    assert bare.shapes == SHAPES
    assert bare.dtypes == dict.fromkeys(SHAPES, "float32")
    assert bare.is_ordered


def test_the_same_names_and_shapes_are_the_same():
    assert match(tensors(SHAPES), SHAPES, "net.pt", "lenet") == {name: name for name in SHAPES}


def test_in_the_order_of_the_layers_names_do_not_matter():
    twice = SHAPES | {"5.weight": (10, 10), "5.bias": (10,)}  # two biases of one shape
    assert match(tensors(renamed(twice), True), twice, "net.pt", "lenet") == {f"layer.{name}": name for name in twice}
    with pytest.raises(RunError, match="shapes alone do not say which tensor is which") as caught:
        match(tensors(renamed(twice)), twice, "net.pt", "lenet")
    assert caught.value.hint == "rename them as lenet does, or save them in the order of its layers with torch.save"


@pytest.mark.parametrize("is_ordered", [False, True])
def test_in_another_order_shapes_decide_if_each_is_there_once(is_ordered):
    given = tensors(renamed(SHAPES, sorted(SHAPES)), is_ordered)
    assert match(given, SHAPES, "net.pt", "lenet") == {f"layer.{name}": name for name in sorted(SHAPES)}


@pytest.mark.parametrize("change", [{"3.bias": (9,)}, {"extra": (1,)}, {"0.weight": (6,), "0.bias": (6, 1, 5, 5)}])
def test_other_shapes_do_not_fit_and_both_sides_are_listed(change):
    with pytest.raises(
        RunError, match=r"^the weights do not fit: net\.pt has .*; lenet has 0\.weight 6×1×5×5, "
    ) as caught:
        match(tensors(SHAPES | change), SHAPES, "net.pt", "lenet")
    assert caught.value.hint.startswith("describe the network that was trained: --model")


@pytest.mark.parametrize(("count", "more"), [(24, ""), (25, " and 1 more"), (30, " and 6 more")])
def test_of_many_tensors_24_are_listed(count, more):
    many = {f"t{number:02d}": (number + 1,) for number in range(count)}
    with pytest.raises(RunError) as caught:
        match(tensors(many), SHAPES, "net.pt", "lenet")
    listed = ", ".join(f"t{number:02d} {number + 1}" for number in range(24))
    assert caught.value.message.startswith(f"the weights do not fit: net.pt has {listed}{more}; lenet has ")


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
def test_weights_of_these_dtypes_are_taken(dtype):
    tensors(SHAPES, dtype=dtype).must_be_floats("net.pt")


@pytest.mark.parametrize("dtype", ["int64", "int8", "bool"])
def test_weights_of_other_dtypes_are_not(dtype):
    with pytest.raises(RunError, match=rf"net\.pt has 0\.weight in {dtype}; expected weights") as caught:
        tensors(SHAPES, dtype=dtype).must_be_floats("net.pt")
    assert "torch.save(net.state_dict(), 'net.pt')" in caught.value.hint


@pytest.mark.parametrize(("name", "layer"), [("weight_g", "weight_g"), ("a.b.weight_g", "a.b")])
def test_a_layer_without_a_name_is_called_by_its_tensor(name, layer):
    with pytest.raises(RunError, match=f"the layer {layer} is of the kind weight_norm"):
        tensors({name: (1,)}).must_be_floats("net.pt")


def test_batch_normalization_that_the_network_lacks_is_named():
    normalized = SHAPES | {
        f"{layer}.{part}": (6,) for layer in ("bn1", "bn2") for part in ("running_mean", "running_var")
    }
    with pytest.raises(RunError, match=r"net\.pt has batch normalization \(bn1, bn2\), and lenet has none") as caught:
        match(tensors(normalized), SHAPES, "net.pt", "lenet")
    assert "--model lenet-bn" in caught.value.hint
