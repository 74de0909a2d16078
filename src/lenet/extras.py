"""Optional packages: whether they are installed, asked without importing them."""

import importlib.util

from lenet.errors import MissingExtra

# The extras that an error names: the module that shows whether one is installed, its package, its title and oldest version.
NEEDED = {
    "torch": ("torch", "torch", "PyTorch", (2, 6)),
    "serve": ("uvicorn", "uvicorn", "uvicorn", (0, 34)),
    "hub": ("huggingface_hub", "huggingface_hub", "huggingface_hub", (1, 0)),
    "parquet": ("pyarrow", "pyarrow", "pyarrow", (17, 0)),
    "ray": ("ray", "ray", "Ray", (2, 40)),
    "optuna": ("optuna", "optuna", "Optuna", (4, 0)),
    "tensorboard": ("tensorboard", "tensorboard", "TensorBoard", (2, 18)),
    "mlflow": ("mlflow", "mlflow-skinny", "MLflow", (3, 10)),
    "sklearn": ("sklearn", "scikit-learn", "scikit-learn", (1, 6)),
}


def has_torch() -> bool:
    """Return whether PyTorch is installed and new enough."""
    try:
        require_torch("")
    except MissingExtra:
        return False
    return True


def require_torch(what: str) -> None:
    """Raise MissingExtra unless PyTorch is installed and new enough; see `require`."""
    require("torch", what)


def require(extra: str, what: str) -> None:
    """Raise MissingExtra unless the package of an extra is installed and new enough.

    Args:
        extra: a name in NEEDED.
        what: what needs it, for the message.
    """
    module, package, title, oldest = NEEDED[extra]
    hint = f'pip install "lenet[{extra}]"'
    try:
        is_installed = importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):  # a finder that refuses it, or a module without a spec
        is_installed = False
    if not is_installed:
        raise MissingExtra(f"{what} needs {title}, which is not installed", hint=hint)
    from importlib import metadata  # takes 15 ms, and most commands need no extra

    try:
        version = metadata.version(package)
        numbers = tuple(int(number) for number in version.split("+")[0].split(".")[:2])
    except (metadata.PackageNotFoundError, ValueError):  # built by hand, or a version of another form
        return
    if numbers < oldest:
        needed = ".".join(map(str, oldest))
        raise MissingExtra(f"{what} needs {title} {needed} or newer; {version} is installed", hint=hint)


def has_heic() -> bool:
    """Return whether pillow-heif is installed, which reads the HEIC images of phones."""
    return importlib.util.find_spec("pillow_heif") is not None
