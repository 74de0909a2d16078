"""Any module as a chain of layers: a class with a `forward` of its own, as the nn.Sequential that computes the same.

    layers = chain(model, pictures)  # ModelError, with the reason, for what is no chain

The fast engine reads a network layer by layer, and learners write `class LeNet(nn.Module)`. torch.fx follows `forward` once,
and what it meets must be one straight line. Nothing is copied: the layers are the model's own, so are their weights.
"""

import contextlib
import io
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.nn.modules.module import _has_any_global_hook

from lenet.errors import ModelError
from lenet.pytorch.functions import LAYERS, check_function, check_known, node_layers, refused, with_scaled_tanh
from lenet.pytorch.modules import evaluating


def chain(model: nn.Module, pictures: Tensor) -> nn.Sequential:
    """Return the layers of `model`, in its present mode, as one flat nn.Sequential of the same objects.

    Flattening becomes nn.Flatten, functions become their modules, what changes nothing is left out. The model is as before,
    and no random number is drawn.

    Args:
        model: any module; all of it in training mode, or none.
        pictures: at least two, (N, channels, height, width). The first alone shows the shapes between the layers; with all
            of them the outputs of the two are compared, bit for bit, with the same random numbers.

    Raises:
        ModelError: if the model is no such chain, saying why.
        RuntimeError: PyTorch's, if forward does not take the pictures.
    """
    _refuse_additions(model)
    modes = [(module, module.training) for module in model.modules()]
    with torch.random.fork_rng(devices=[]), torch.no_grad(), _one_thread():
        layers = nn.Sequential(*with_scaled_tanh(list(_straight(_followed(model, pictures[:1]), model))))
        for module, training in modes:
            module.training = training
        layers.training = model.training
        if {id(weights) for weights in layers.parameters()} != {id(weights) for weights in model.parameters()}:
            raise refused("weights that forward does not use")
        if not torch.equal(_outputs(model, pictures), _outputs(layers, pictures)):
            raise refused("a forward that is not the sum of its layers")
    return layers


def _outputs(model: nn.Module, pictures: Tensor) -> Tensor:
    """The outputs in the present mode, always with the same random numbers; running statistics stay as they are."""
    buffers = [(buffer, buffer.clone()) for buffer in model.buffers()]
    state = torch.random.get_rng_state()
    try:
        outputs: Tensor = model(pictures.clone())
    finally:
        torch.random.set_rng_state(state)
        for buffer, before in buffers:
            buffer.copy_(before)
    return outputs


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
        raise refused("hooks on all modules")
    for name, module in model.named_modules():
        named = name or type(module).__name__
        hooks = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
        if any(getattr(module, kind) for kind in hooks):
            raise refused(f"a hook on {named}")
        if "forward" in vars(module) or type(module).__call__ is not nn.Module.__call__:
            raise refused(f"{named} with another forward than its class's")
    for name, weights in model.named_parameters():
        if weights._backward_hooks or getattr(weights, "_post_accumulate_grad_hooks", None):
            raise refused(f"a hook on {name}")


class _Follower(fx.Tracer):
    """Follows forward, and computes each thing it calls with a picture, so that the shapes on the way are known.

    What is unknown is refused before it is computed. Layers compute in evaluation mode, in which running statistics stay as
    they are, and one picture is enough for a BatchNorm; the shapes are the same.
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

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Whether fx follows a module no further: lenet's own layers too, not only those of torch.nn."""
        return type(m) in LAYERS or super().is_leaf_module(m, module_qualified_name)

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
            check_known(self.root.get_submodule(target))
        elif kind == "placeholder":
            if self.values:
                raise refused("a forward with several inputs")
        elif kind == "get_attr":
            raise refused(f"{target} used outside of a layer")
        else:
            check_function(target)

    def _computed(self, kind: str, target: Any, args: Any, kwargs: Any) -> Any:
        if kind == "placeholder":
            return self.picture.clone()
        if kind == "call_module":
            layer = self.root.get_submodule(target)
            with evaluating(layer):
                return layer(*args, **kwargs)
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
        raise refused(f"a forward that cannot be followed ({type(error).__name__}: {''.join(why[:1])})") from error
    if changed or said.getvalue():
        raise refused(f"a forward that {'prints' if said.getvalue() else f'keeps {changed[0]}'}")
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
                raise refused("a forward that returns more than logits")
        elif not isinstance(values[node], Tensor):
            continue
        if [each for each in node.all_input_nodes if isinstance(values[each], Tensor)] != [before]:
            raise refused("a forward that branches")
        if node.op == "output":
            return
        yield from node_layers(node, model, tuple(values[before].shape), tuple(values[node].shape))
        before = node
