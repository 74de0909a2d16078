"""Requests of the Open Inference Protocol, version 2: one tensor of images that are as the network sees them.

UINT8 holds pixels from 0 to 255, FP32 those divided by 255, which are rounded to 8 bits, as the training images have.
"""

import math
from typing import Any

import numpy as np

from lenet.deploy.server.bodies import parsed
from lenet.deploy.server.limits import Limits
from lenet.deploy.server.responses import HttpError
from lenet.deploy.server.tasks import Task
from lenet.files.untrusted import printable
from lenet.images.pixels import Pixels

DATATYPES = ("UINT8", "FP32")
ENTRIES = {"id", "parameters", "inputs", "outputs"}
TENSOR = {"name", "shape", "datatype", "parameters", "data"}
OUTPUTS = ("probabilities", "logits", "label")
FORM = '{"inputs": [{"name": "pixels", "shape": [1, 28, 28], "datatype": "UINT8", "data": [0, 255, …]}]}'


def read_tensor(task: Task, limits: Limits) -> None:
    """Read the body of an inference request: set `seen`, `outputs` and `identity`. Raises HttpError if it is another."""
    values = parsed(task.body)
    if not {"inputs"} <= set(values) <= ENTRIES:
        raise _wrong(
            f"the body has the entries {printable(sorted(values))}; expected inputs, and perhaps id and outputs"
        )
    identity, inputs, parameters = values.get("id"), values["inputs"], values.get("parameters", {})
    if identity is not None and not isinstance(identity, str):
        raise _wrong(f"id is {printable(identity)}; expected a text")
    if not isinstance(parameters, dict):
        raise _wrong(f"parameters is {type(parameters).__name__}; expected an object")
    if not isinstance(inputs, list) or len(inputs) != 1 or not isinstance(inputs[0], dict):
        raise _wrong("inputs is not a list of one tensor")
    task.identity = identity
    task.outputs = _outputs(values.get("outputs", []), task)
    task.seen = _images(inputs[0], task, limits)


def _outputs(wanted: Any, task: Task) -> tuple[str, ...]:
    known = [*OUTPUTS, *(["unknown"] if task.network.calibration else [])]
    is_list = isinstance(wanted, list) and all(isinstance(each, dict) and "name" in each for each in wanted)
    if not is_list or any(each["name"] not in known for each in wanted):
        raise _wrong(f"outputs is {printable(wanted)}; expected names of {', '.join(known)}")
    return tuple(each["name"] for each in wanted)


def _images(tensor: dict[str, Any], task: Task, limits: Limits) -> Pixels:
    if not {"name", "shape", "datatype", "data"} <= set(tensor) <= TENSOR or not isinstance(tensor["name"], str):
        raise _wrong(f"the tensor has the entries {printable(sorted(tensor))}; expected name, shape, datatype and data")
    shape, datatype = tensor["shape"], tensor["datatype"]
    if datatype not in DATATYPES:
        raise _wrong(f"datatype is {printable(datatype)}; expected {' or '.join(DATATYPES)}")
    if not isinstance(tensor.get("parameters", {}), dict):
        raise _wrong("parameters of the tensor is no object")
    if not isinstance(shape, list) or not all(type(size) is int and 0 < size < 1 << 31 for size in shape):
        raise _wrong(f"shape is {printable(shape)}; expected a list of whole numbers")
    own = task.network.preprocessing.shape
    height, width, channels = *own[:2], own[2] if len(own) == 3 else 1
    count = shape[0] if shape else 0
    forms = [[count, *own], [count, channels, height, width], [count, height * width * channels]]
    if channels == 1:
        forms.append([count, height, width, 1])
    if shape not in forms:
        expected = ", or ".join(f"[N, {', '.join(map(str, form[1:]))}]" for form in forms)
        raise _wrong(f"shape is {printable(shape)}; expected {expected}")
    if count > limits.images:
        raise HttpError("too_large", f"the tensor has {count:,} images; expected at most {limits.images}", "send fewer")
    values = _numbers(tensor["data"], math.prod(shape), datatype).reshape(shape)
    if shape == forms[1] and channels == 3 and shape != forms[0]:
        values = values.transpose(0, 2, 3, 1)
    return np.ascontiguousarray(values.reshape(count, *own))


def _numbers(data: Any, count: int, datatype: str) -> Pixels:
    """The flat or nested numbers of a tensor as bytes."""
    flat = _flat(data)
    if len(flat) != count:
        raise _wrong(f"data has {len(flat):,} numbers; expected {count:,} by its shape")
    kinds = {type(value) for value in flat}
    if datatype == "UINT8":
        if kinds != {int} or not 0 <= min(flat) <= max(flat) <= 255:
            raise _wrong("data is not whole numbers from 0 to 255", "FP32 takes numbers from 0 to 1")
        return np.array(flat, np.uint8)
    if not kinds <= {int, float} or not 0 <= min(flat) <= max(flat) <= 1:
        raise _wrong("data is not numbers from 0 to 1", "UINT8 takes whole numbers from 0 to 255")
    return np.asarray(np.rint(np.array(flat, np.float32) * np.float32(255)), np.uint8)


def _flat(data: Any) -> list[Any]:
    """All values of nested lists, in order."""
    if not isinstance(data, list):
        raise _wrong(f"data is {type(data).__name__}; expected a list of numbers")
    while any(type(each) is list for each in data):
        if not all(type(each) is list for each in data):
            raise _wrong("data has numbers and lists beside each other")
        data = [value for each in data for value in each]
    flat: list[Any] = data
    return flat


def _wrong(message: str, hint: str = "") -> HttpError:
    return HttpError("bad_value", message, hint or FORM)
