"""Optional packages: whether they are installed, asked without importing them."""

import importlib.util

from lenet.errors import MissingExtra

OLDEST_TORCH = (2, 6)


def has_torch() -> bool:
    """Return whether PyTorch is installed and new enough."""
    try:
        require_torch("")
    except MissingExtra:
        return False
    return True


def require_torch(what: str) -> None:
    """Raise MissingExtra unless PyTorch is installed and new enough.

    Args:
        what: what needs it, for the message.
    """
    hint = 'pip install "lenet[torch]"'
    try:
        is_installed = importlib.util.find_spec("torch") is not None
    except (ImportError, ValueError):  # a finder that refuses it, or a module without a spec
        is_installed = False
    if not is_installed:
        raise MissingExtra(f"{what} needs PyTorch, which is not installed", hint=hint)
    from importlib import metadata  # takes 15 ms, and most commands need no extra

    try:
        version = metadata.version("torch")
        numbers = tuple(int(number) for number in version.split("+")[0].split(".")[:2])
    except (metadata.PackageNotFoundError, ValueError):  # built by hand, or a version of another form
        return
    if numbers < OLDEST_TORCH:
        oldest = ".".join(map(str, OLDEST_TORCH))
        raise MissingExtra(f"{what} needs PyTorch {oldest} or newer; {version} is installed", hint=hint)


def has_heic() -> bool:
    """Return whether pillow-heif is installed, which reads the HEIC images of phones."""
    return importlib.util.find_spec("pillow_heif") is not None
