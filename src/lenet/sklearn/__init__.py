"""Training as a scikit-learn estimator (the extra `sklearn`).

from lenet.sklearn import LeNetClassifier
"""

from typing import TYPE_CHECKING, Any

from lenet.extras import require

if TYPE_CHECKING:
    from lenet.sklearn.classifier import LeNetClassifier

__all__ = ["LeNetClassifier"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'lenet.sklearn' has no attribute {name!r}")
    require("sklearn", "lenet.sklearn")
    from lenet.sklearn.classifier import LeNetClassifier

    return LeNetClassifier


def __dir__() -> list[str]:
    return list(__all__)
