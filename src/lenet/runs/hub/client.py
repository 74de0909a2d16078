"""The Hub's own client, huggingface_hub, and its errors in lenet's words. No message ever holds a token.

The client respects the environment: HF_ENDPOINT (a mirror), HF_HUB_OFFLINE, HF_HOME, HF_HUB_CACHE, HF_TOKEN and proxies.
"""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from lenet.errors import LenetError, RunError
from lenet.extras import require
from lenet.files.untrusted import printable

PUBLIC = "https://huggingface.co"
TIMEOUT = 10.0  # seconds for an answer about a repository
LOGIN = "hf auth login stores a token; HF_TOKEN names one for this shell"
SECRET = re.compile(r"hf_[A-Za-z0-9]{8,}|(?<=://)[^/\s@]+@|(?<=[Bb]earer )\S+")


def library() -> ModuleType:
    """Import huggingface_hub.

    Raises:
        MissingExtra: if it is not installed, or too old.
    """
    require("hub", "a network on the Hub")
    import huggingface_hub.constants
    import huggingface_hub.utils

    return huggingface_hub


def api() -> Any:
    """Return the client for the server that the environment names."""
    hub = library()
    from lenet.version import __version__

    return hub.HfApi(endpoint=hub.constants.ENDPOINT, library_name="lenet", library_version=__version__)


@contextmanager
def quiet() -> Iterator[None]:
    """Leave out the client's progress bars, and Python's warnings about how it calls other packages."""
    utils = library().utils
    was_disabled = utils.are_progress_bars_disabled()
    if not was_disabled:
        utils.disable_progress_bars()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        if not was_disabled:
            utils.enable_progress_bars()


def server() -> str:
    """Return which server is asked, in words: the Hub, or a mirror."""
    endpoint = without_secrets(library().constants.ENDPOINT)
    return f"the Hub, {endpoint}" if endpoint == PUBLIC else f"the mirror {endpoint} (HF_ENDPOINT)"


def is_offline() -> bool:
    """Return whether HF_HUB_OFFLINE forbids any connection."""
    return bool(library().is_offline_mode())


def without_secrets(text: object) -> str:
    """Return a text on one line, without tokens and passwords."""
    words = str(text)
    token = library().get_token()
    if token:
        words = words.replace(token, "…")
    return printable(SECRET.sub("…", words))


def is_unreachable(error: Exception) -> bool:
    """Return whether an error of the client means that the server gave no answer, or is overloaded."""
    status = _status(error)
    if status is not None:
        return status == 429 or status >= 500
    return not isinstance(error, LenetError | ValueError)


def explained(error: Exception, what: str) -> LenetError:
    """Return an error of the client in lenet's words.

    Args:
        error: what the client raised.
        what: the address or repository.
    """
    name, status = type(error).__name__, _status(error)
    told = _server_message(error)
    if name == "RevisionNotFoundError":
        return RunError(f"{what} has no such revision", hint="name a branch, tag or commit of the repository after @")
    if name == "GatedRepoError":
        return RunError(f"{what} is gated: its authors let people in one by one", hint="ask on its page, then " + LOGIN)
    is_stranger = status == 401 and not library().get_token()
    if name == "RepositoryNotFoundError" or status == 404 or is_stranger:
        return RunError(
            f"{server()} has no repository {what}, or it is private and you may not see it",
            hint=f"check the name; for a private one, {LOGIN}",
        )
    if name == "RemoteEntryNotFoundError":
        return RunError(f"{what} lacks a file", hint="lenet push RUN user/name writes all that lenet reads")
    if status == 401 or name == "LocalTokenNotFoundError":
        return RunError(f"{server()} does not accept your token{told}", hint=LOGIN)
    if status == 403:
        return RunError(
            f"your token may not do this with {what}{told}",
            hint="take a token with the right to write to it, or another name",
        )
    if status == 412:
        return RunError(f"somebody else committed to {what} in the meantime", hint="look at it, then push again")
    if status is not None:
        return RunError(f"{server()} answered {status} for {what}{told}", hint="try again later")
    if isinstance(error, ValueError):
        return RunError(
            f"{server()} refused {what}: {without_secrets(error)}",
            hint="lenet export RUN --to hub-folder shows what is sent",
        )
    return RunError(
        f"{server()} could not be reached for {what}, or broke off: {without_secrets(error) or name}",
        hint="check the connection and HF_ENDPOINT; HF_HUB_OFFLINE=1 takes what is in the cache",
    )


def _status(error: Exception) -> int | None:
    """The HTTP status that an error is about."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    return status if isinstance(status, int) else None


def _server_message(error: Exception) -> str:
    """What the server said, for the end of a message."""
    message = getattr(error, "server_message", None)
    return f" ({without_secrets(message)[:200]})" if message else ""
