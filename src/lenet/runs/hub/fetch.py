"""Downloads a network from the Hub into its client's cache, and says which of cache, mirror or net it came from."""

import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lenet.errors import LenetError, RunError, RunWarning
from lenet.files.untrusted import printable
from lenet.networks.trained import TrainedNetwork
from lenet.runs.hub import client
from lenet.runs.hub.address import Address
from lenet.runs.hub.checks import CONFIG, LIMITS, WEIGHTS, check_files, open_files, read_config

SHORT = 12  # digits of a hash in a note


@dataclass(frozen=True)
class Fetched:
    """A network from the Hub.

    Attributes:
        network: the network; its path is the weights file in the cache.
        address: what was asked for.
        commit: that it stands for now.
        source: in words, where the files are from.
    """

    network: TrainedNetwork
    address: Address
    commit: str
    source: str

    @property
    def notice(self) -> str:
        """What the user should know."""
        sha256 = self.network.sha256 or ""
        return f"{self.address} is commit {self.commit[:SHORT]}, weights SHA-256 {sha256[:SHORT]}…, from {self.source}"


def open_hub(source: str | os.PathLike[str]) -> TrainedNetwork:
    """Open a network on the Hub; a warning says which commit it is, and where it is from.

    Args:
        source: hf://user/name or hf://user/name@revision.

    Raises:
        RunError: the address makes no sense, the repository cannot be reached, or what it holds is refused.
        MissingExtra: huggingface_hub is not installed.
    """
    fetched = fetch(Address.of(source))
    warnings.warn(fetched.notice, RunWarning, stacklevel=3)
    return fetched.network


def fetch(address: Address) -> Fetched:
    """Return a network on the Hub: from the cache if the address is a commit in it, else from the server.

    If the server gives no answer, what the cache has for the revision is taken, and `source` says so.

    Args:
        address: where it is.

    Raises:
        RunError: as `open_hub`.
    """
    hub = client.library()
    cache = hub.constants.HF_HUB_CACHE
    where = f"the cache {printable(cache)}"
    if client.is_offline():
        return _cached(address, f"{where} (HF_HUB_OFFLINE)") or _not_cached(address, "HF_HUB_OFFLINE is set", where)
    if address.is_commit and (known := _cached(address, where)):
        return known
    try:
        with client.quiet():
            return _downloaded(address)
    except LenetError:
        raise
    except Exception as error:
        if not client.is_unreachable(error):
            raise client.explained(error, str(address)) from error
        known = _cached(address, f"{where}, since {client.server()} gave no answer")
        if known is None:
            raise client.explained(error, str(address)) from error
        return known


def _downloaded(address: Address) -> Fetched:
    """The network as the server has it now. Errors are the client's."""
    hub, server = client.library(), client.api()
    info = server.model_info(address.repository, revision=address.revision, files_metadata=True, timeout=client.TIMEOUT)
    files = {each.rfilename: each.size for each in info.siblings or ()}
    check_files(address, files)
    was_cached = _path(address.repository, info.sha, WEIGHTS) is not None
    config = download(address.repository, CONFIG, address.revision)
    commit = config.parent.name
    if commit != info.sha:
        raise RunError(f"{address} changed while it was read", hint="try again")
    values = read_config(config, address)
    weights = download(address.repository, WEIGHTS, commit)
    source = f"the cache {printable(hub.constants.HF_HUB_CACHE)}, checked with {client.server()}"
    network = open_files(values, weights, address)
    return Fetched(network, address, commit, source if was_cached else client.server())


def download(repository: str, name: str, revision: str | None) -> Path:
    """Return the path in the cache of a file, which is downloaded if it is not there, and never more of it than its limit.

    Args:
        repository: user/name.
        name: a key of LIMITS.
        revision: branch, tag or commit; None for the main branch.

    Raises:
        RunError: the server sends more than the limit. Other errors are the client's.
    """
    hub = client.library()

    class Bounded:
        """Stands for a progress bar of tqdm, whose update is called with each part that arrives."""

        def __init__(self, *, initial: int = 0, **options: Any) -> None:
            self.received, self.total, self.n = initial, 0, 0
            self.format_dict: dict[str, Any] = {}

        def __enter__(self) -> "Bounded":
            return self

        def __exit__(self, *error: object) -> None:
            pass

        def update(self, count: float = 1) -> None:
            self.received += int(count)
            if self.received > LIMITS[name]:
                raise RunError(
                    f"{repository} sends a {name} of more than {LIMITS[name]:,} bytes; the rest was not read"
                )

        def close(self) -> None:
            pass

        refresh = set_postfix_str = lambda self, *args, **options: None

    constants = hub.constants
    path = hub.hf_hub_download(
        repository,
        name,
        revision=revision,
        endpoint=constants.ENDPOINT,
        cache_dir=constants.HF_HUB_CACHE,
        tqdm_class=Bounded,
        library_name="lenet",
    )
    return Path(path)


def _cached(address: Address, source: str) -> Fetched | None:
    """The network that the cache has for a revision, if it has one."""
    config, weights = (_path(address.repository, address.revision or "main", name) for name in (CONFIG, WEIGHTS))
    if config is None or weights is None:
        return None
    return Fetched(open_files(read_config(config, address), weights, address), address, config.parent.name, source)


def _not_cached(address: Address, why: str, where: str) -> Fetched:
    raise RunError(
        f"{why}, and {where} does not have {address}",
        hint="download it once with a connection, or name the folder where it is with HF_HUB_CACHE",
    )


def _path(repository: str, revision: str, name: str) -> Path | None:
    """The path of a file in the cache, if it is there."""
    hub = client.library()
    found = hub.try_to_load_from_cache(repository, name, cache_dir=hub.constants.HF_HUB_CACHE, revision=revision)
    return Path(found) if isinstance(found, str) else None
