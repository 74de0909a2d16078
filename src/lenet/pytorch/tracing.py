"""Any module as a chain of layers: a class with a `forward` of its own, as the nn.Sequential that computes the same.

    layers = chain(model, pictures)  # ModelError, with the reason, for what is no chain

The fast engine reads a network layer by layer, and learners write `class LeNet(nn.Module)`. torch.fx follows `forward` once,
and what it meets must be one straight line. Nothing is copied: the layers are the model's own, so are their weights.
"""

import contextlib
import io
import math
import operator
from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn
from torch.nn.modules.module import _has_any_global_hook

from lenet.errors import ModelError

ACTIVATIONS = (nn.Sigmoid, nn.Tanh, nn.ReLU)
POOLINGS = (nn.MaxPool2d, nn.AvgPool2d)
LAYERS = (nn.Conv2d, nn.Linear, nn.Flatten, nn.Identity, *ACTIVATIONS, *POOLINGS)

# What a forward may call besides its layers: the activation or pooling that a function or a method of a tensor stands for,
# reshaping, and reading shapes.
FUNCTIONS: dict[Any, type[nn.Module]] = {
    **dict.fromkeys((F.relu, torch.relu, "relu"), nn.ReLU),
    **dict.fromkeys((F.sigmoid, torch.sigmoid, "sigmoid"), nn.Sigmoid),
    **dict.fromkeys((F.tanh, torch.tanh, "tanh"), nn.Tanh),
    **dict.fromkeys((F.max_pool2d, torch.max_pool2d), nn.MaxPool2d),
    F.avg_pool2d: nn.AvgPool2d,
}
POOLING_ARGUMENTS = ("kernel_size", "stride", "padding")  # by position; the others only by name
RESHAPING = (torch.flatten, torch.reshape, "view", "reshape", "flatten")
READING = (getattr, operator.getitem, operator.mul, math.prod, "size", "dim", "numel")


def chain(model: nn.Module, pictures: Tensor) -> nn.Sequential:
    """The layers of `model`, in its present mode, as one flat nn.Sequential of the same objects.

    pictures: at least two, `(N, channels, height, width)`. The first alone shows the shapes between the layers; with all
    of them the outputs of the two are compared, bit for bit. Flattening becomes nn.Flatten, functions become their modules,
    what changes nothing is left out. The model is as before, and no random number is drawn. Raises ModelError, saying why,
    if the model is no such chain, and what forward raises if it does not take the pictures.
    """
    _refuse_additions(model)
    modes = [(module, module.training) for module in model.modules()]
    with torch.random.fork_rng(devices=[]), torch.no_grad(), _one_thread():
        layers = nn.Sequential(*_straight(_followed(model, pictures[:1]), model))
        for module, training in modes:
            module.training = training
        layers.training = model.training
        if {id(weights) for weights in layers.parameters()} != {id(weights) for weights in model.parameters()}:
            raise _refused("weights that forward does not use")
        if not torch.equal(model(pictures.clone()), layers(pictures.clone())):
            raise _refused("a forward that is not the sum of its layers")
    return layers


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """PyTorch with one thread, in this thread: on a busy machine several wait milliseconds for each other in every layer."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _refuse_additions(model: nn.Module) -> None:
    """What PyTorch would call or compute beside the layers, and a chain would not."""
    if _has_any_global_hook():
        raise _refused("hooks on all modules")
    for name, module in model.named_modules():
        named = name or type(module).__name__
        hooks = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
        if any(getattr(module, kind) for kind in hooks):
            raise _refused(f"a hook on {named}")
        if "forward" in vars(module) or type(module).__call__ is not nn.Module.__call__:
            raise _refused(f"{named} with another forward than its class's")
    for name, weights in model.named_parameters():
        if weights._backward_hooks or getattr(weights, "_post_accumulate_grad_hooks", None):
            raise _refused(f"a hook on {name}")


class _Follower(fx.Tracer):
    """Follows forward, and computes each thing it calls with a picture, so that the shapes on the way are known.

    What is unknown is refused before it is computed: a batch normalisation would learn from being looked at.
    """

    def __init__(self, picture: Tensor) -> None:
        super().__init__()
        self.picture = picture
        self.values: dict[fx.Node, Any] = {}
        self.computing = False
        self.failure: RuntimeError | None = None  # PyTorch's, of a layer that does not take what arrives

    def create_proxy(self, kind: str, target: Any, args: Any, kwargs: Any, *more: Any, **named: Any) -> fx.Proxy:
        """Records a call, as fx does, and computes it."""
        self._must_be_known(kind, target)
        proxy: fx.Proxy = super().create_proxy(kind, target, args, kwargs, *more, **named)
        inputs = fx.node.map_arg((proxy.node.args, proxy.node.kwargs), self.values.__getitem__)
        self.computing = True
        try:
            self.values[proxy.node] = self._computed(kind, target, *inputs)
        except RuntimeError as error:
            self.failure = error
            raise
        finally:
            self.computing = False
        return proxy

    def call_module(self, m: nn.Module, forward: Any, args: Any, kwargs: Any) -> Any:
        """fx calls this for every module; the one being computed is just computed."""
        return forward(*args, **kwargs) if self.computing else super().call_module(m, forward, args, kwargs)

    def getattr(self, attr: str, attr_val: Any, parameter_proxy_cache: dict[str, Any]) -> Any:
        """fx hands out weights through this; the layer being computed needs them as they are."""
        return attr_val if self.computing else super().getattr(attr, attr_val, parameter_proxy_cache)

    def iter(self, obj: fx.Proxy) -> Iterator[Any]:
        """The numbers of a shape, one by one; how many there are is known."""
        value: Any = self.values[obj.node]
        numbers: Any = obj
        return iter([numbers[i] for i in range(len(value))]) if isinstance(value, tuple) else super().iter(obj)

    def _must_be_known(self, kind: str, target: Any) -> None:
        if kind == "call_module":
            layer = self.root.get_submodule(target)
            if type(layer) not in LAYERS and not (isinstance(layer, nn.Dropout) and not layer.training):
                raise _refused(f"nn.{type(layer).__name__}")
        elif kind == "placeholder":
            if self.values:
                raise _refused("a forward with several inputs")
        elif kind == "get_attr":
            raise _refused(f"{target} used outside of a layer")
        elif target not in (*FUNCTIONS, *RESHAPING, *READING):
            raise _refused(f"{getattr(target, '__name__', target)} in forward")

    def _computed(self, kind: str, target: Any, args: Any, kwargs: Any) -> Any:
        if kind == "placeholder":
            return self.picture.clone()
        if kind == "call_module":
            return self.root.get_submodule(target)(*args, **kwargs)
        if kind == "call_method":
            return getattr(args[0], target)(*args[1:], **kwargs)
        return target(*args, **kwargs)


def _followed(model: nn.Module, picture: Tensor) -> _Follower:
    """What forward calls, in its order. A forward that prints or keeps something does so on every call: it is refused."""
    said = io.StringIO()
    follower = _Follower(picture)
    try:
        with _unchanged(model) as changed, contextlib.redirect_stdout(said):
            follower.graph = follower.trace(model)
    except ModelError:
        raise
    except (Exception, SystemExit) as error:  # forward is anybody's code, followed with something that is no tensor
        if follower.failure is not None:
            raise follower.failure from None
        why = str(error).split(". ")[0].splitlines()
        raise _refused(f"a forward that cannot be followed ({type(error).__name__}: {''.join(why[:1])})") from error
    if changed or said.getvalue():
        raise _refused(f"a forward that {'prints' if said.getvalue() else f'keeps {changed[0]}'}")
    return follower


@contextlib.contextmanager
def _unchanged(model: nn.Module) -> Iterator[list[str]]:
    """Puts back the attributes that forward sets; afterwards the list names them."""
    before = [(module, dict(vars(module))) for module in model.modules()]
    changed: list[str] = []
    try:
        yield changed
    finally:
        for module, attributes in before:
            now = vars(module)
            changed += [name for name in now if name not in attributes or now[name] is not attributes[name]]
            now.clear()
            now.update(attributes)


def _straight(follower: _Follower, model: nn.Module) -> Iterator[nn.Module]:
    """The layers, each fed by the one before it and nothing else."""
    values, (first, *nodes) = follower.values, follower.graph.nodes
    before = first
    for node in nodes:
        if node.op == "output":
            if not isinstance(node.args[0], fx.Node):
                raise _refused("a forward that returns more than logits")
        elif not isinstance(values[node], Tensor):
            continue
        if [each for each in node.all_input_nodes if isinstance(values[each], Tensor)] != [before]:
            raise _refused("a forward that branches")
        if node.op == "output":
            return
        layer = _layer(node, model, tuple(values[before].shape), tuple(values[node].shape))
        if layer is not None:
            yield layer
        before = node


def _layer(node: fx.Node, model: nn.Module, shape: tuple[int, ...], after: tuple[int, ...]) -> nn.Module | None:
    """The layer that a node is; None for one that changes nothing."""
    if node.op == "call_module":
        layer = model.get_submodule(str(node.target))
        if len(node.args) > 1 or node.kwargs:
            raise _refused(f"more than one argument for {node.target}")
        idle = isinstance(layer, nn.Identity | nn.Dropout) or (isinstance(layer, nn.Flatten) and shape == after)
        return None if idle else layer
    if node.target in RESHAPING:
        if after == shape:
            return None
        if after != (shape[0], math.prod(shape[1:])):
            raise _refused(f"a reshaping from {shape} to {after}")
        return nn.Flatten()
    kind = FUNCTIONS.get(node.target)
    if kind is None:  # one of READING, that reads a picture instead of a shape
        raise _refused(f"{getattr(node.target, '__name__', node.target)} of pictures in forward")
    if kind in ACTIVATIONS:
        return kind()
    if len(node.all_input_nodes) > 1 or "input" in node.kwargs:
        raise _refused("a pooling whose arguments are not plain numbers")
    return kind(**dict(zip(POOLING_ARGUMENTS, node.args[1:], strict=False)), **node.kwargs)


def _refused(what: str) -> ModelError:
    return ModelError(f"not a chain of layers: {what}")
