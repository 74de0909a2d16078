"""The CPU engine's native library: its path, its structures, and the variants that this processor can run.

The structures mirror `interface.h`, which documents them. `build.py` builds the library.
"""

import ctypes
import functools
import os
from ctypes import POINTER, c_char_p, c_double, c_float, c_int32, c_int64, c_uint32, c_void_p
from pathlib import Path

from lenet.engines.kernels.build import LIBRARY_NAME, source_hash
from lenet.errors import EngineError

FOLDER = Path(__file__).parent
MAX_LAYERS, MAX_CLASSES = 32, 1000  # LENET_MAX_LAYERS, LENET_MAX_CLASSES
REMEDY = "install a C++ compiler, or `pip install ziglang`, then run `python -m lenet.engines.kernels`"


class KernelsMissing(EngineError):
    """The library is missing or cannot be used; the hint says how to build it."""


class Layer(ctypes.Structure):
    _fields_ = [
        ("kind", c_int32),
        ("function", c_int32),
        ("outputs", c_int32),
        ("kernel_size", c_int32),
        ("padding", c_int32),
        ("threshold", c_uint32),
        ("kept", c_float),
    ]


class Network(ctypes.Structure):
    _fields_ = [
        ("in_channels", c_int32),
        ("height", c_int32),
        ("width", c_int32),
        ("num_layers", c_int32),
        ("layers", Layer * MAX_LAYERS),
    ]


class Images(ctypes.Structure):
    _fields_ = [
        ("pixels", c_void_p),
        ("labels", c_void_p),
        ("mean", c_float),
        ("std", c_float),
        ("is_unnormalized", c_int32),
        ("targets", c_void_p),
        ("target_views", c_int32),
        ("targets_are_half", c_int32),
    ]


class Plan(ctypes.Structure):
    _fields_ = [
        ("order", c_void_p),
        ("flips", c_void_p),
        ("shifts", c_void_p),
        ("maps", c_void_p),
        ("tones", c_void_p),
        ("erased", c_void_p),
        ("dropout_keys", c_void_p),
        ("num_positions", c_int64),
        ("batch_size", c_int64),
        ("grey", c_int64),
    ]


class Optimizer(ctypes.Structure):
    _fields_ = [
        ("kind", c_int32),
        ("nesterov", c_int32),
        ("beta1", c_double),
        ("beta2", c_double),
        ("momentum", c_float),
        ("epsilon", c_float),
        ("weight_decay", c_float),
        ("label_smoothing", c_float),
        ("clip_norm", c_float),
        ("temperature", c_float),
        ("teacher_weight", c_float),
        ("weights", c_void_p),
        ("gradient", c_void_p),
        ("first", c_void_p),
        ("second", c_void_p),
        ("rates", c_void_p),
        ("first_corrections", c_void_p),
        ("second_corrections", c_void_p),
        ("average", c_void_p),
        ("average_shares", c_void_p),
        ("class_weights", c_void_p),
    ]


@functools.cache
def library() -> ctypes.CDLL:
    """Return the library beside this file. Raises KernelsMissing if it is missing or cannot be used."""
    return opened(FOLDER / LIBRARY_NAME)


def opened(path: Path) -> ctypes.CDLL:
    """Return the library at `path`, with its functions declared."""
    if not path.is_file():
        raise KernelsMissing("the CPU kernels are not built", hint=REMEDY)
    try:
        lib = ctypes.CDLL(str(path))
        lib.lenet_build.restype = c_char_p
    except (OSError, AttributeError) as error:  # not a library, or not this one
        raise KernelsMissing(f"the CPU kernels cannot be loaded: {error}", hint=REMEDY) from error
    built: str = lib.lenet_build().decode()
    if built.split()[0] != source_hash():
        raise KernelsMissing("the CPU kernels were built from other sources", hint=REMEDY)
    lib.lenet_num_variants.restype = c_int32
    lib.lenet_variant_name.restype = c_char_p
    lib.lenet_variant_name.argtypes = [c_int32]
    lib.lenet_variant_runs_here.restype = c_int32
    lib.lenet_variant_runs_here.argtypes = [c_int32]
    lib.lenet_workspace_size.restype = c_int64
    lib.lenet_workspace_size.argtypes = [c_int32, POINTER(Network), c_int64, c_int32, c_int32]
    lib.lenet_train.restype = c_int64
    lib.lenet_train.argtypes = [
        c_int32,
        POINTER(Network),
        POINTER(Images),
        POINTER(Plan),
        POINTER(Optimizer),
        c_int64,
        c_int64,
        c_void_p,
        POINTER(c_int64),
        c_void_p,
        c_int32,
    ]
    lib.lenet_logits.restype = c_int64
    lib.lenet_logits.argtypes = [
        c_int32,
        POINTER(Network),
        POINTER(Images),
        c_int64,
        c_void_p,
        c_void_p,
        c_void_p,
        c_int32,
    ]
    return lib


def variants() -> dict[str, int]:
    """Return the variants that this processor can run, the fastest first, with their numbers."""
    lib = library()
    return {
        lib.lenet_variant_name(number).decode(): number
        for number in range(lib.lenet_num_variants())
        if lib.lenet_variant_runs_here(number)
    }


def variant_name() -> str:
    """Return the variant that LENET_KERNELS names, else the fastest for this processor.

    Raises:
        EngineError: this processor cannot run it, or runs none.
    """
    here, wanted = variants(), os.environ.get("LENET_KERNELS")
    if not here:
        raise EngineError("the CPU kernels have no variant for this processor", hint="use --engine reference")
    if wanted and wanted not in here:
        raise EngineError(
            f"LENET_KERNELS is {wanted!r}, which is no variant of the CPU kernels that runs here",
            hint=f"this processor runs {', '.join(here)}",
        )
    return wanted or next(iter(here))


def variant_number(name: str | None = None) -> int:
    """Return the number of the named or the fastest variant. Raises EngineError if this processor cannot run it."""
    name = variant_name() if name is None else name
    here = variants()
    if name not in here:
        raise EngineError(
            f"no variant {name!r} of the CPU kernels runs here", hint=f"this processor runs {', '.join(here)}"
        )
    return here[name]
