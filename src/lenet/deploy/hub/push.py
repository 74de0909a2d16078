"""Pushes a trained network to the Hugging Face Hub, in one commit: all of its files, or none."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any

from lenet import ready
from lenet.data.catalogue import CATALOGUE
from lenet.data.dataset import Splits
from lenet.deploy.card.about import About
from lenet.deploy.hub.files import HubFiles, hub_files
from lenet.deploy.hub.repository import must_be_replaceable, must_hold
from lenet.errors import ConfigError, LenetError, RunError, RunWarning
from lenet.files import durable, untrusted
from lenet.runs.hub import client
from lenet.runs.hub.address import Address, must_be_repository, must_be_revision
from lenet.runs.hub.checks import WEIGHTS
from lenet.runs.opening import Source, Trained, open_trained
from lenet.runs.run import Run

RECORD = "hub.json"  # in the run directory
NAME_HINT = "the run comes first: lenet push RUN user/name"
MAX_MESSAGE = 500


@dataclass(frozen=True)
class Options:
    """How a network is pushed.

    Attributes:
        private: whether the repository must be private; None leaves it as it is, and a new one public.
        branch: the branch; None for the main one. One that is not there is made.
        message: of the commit; by default what was pushed.
        pull_request: whether to open a pull request instead.
        card: whether to write the card; otherwise README.md and images stay as they are.
        pictures: whether the card shows images; by default it does, except those of the user's own in a repository that need
            not be private.

    Raises:
        ConfigError: an option makes no sense.
    """

    private: bool | None = None
    branch: str | None = None
    message: str | None = None
    pull_request: bool = False
    card: bool = True
    pictures: bool | None = None

    def __post_init__(self) -> None:
        if self.branch is not None:
            must_be_revision(self.branch)
        if self.message is not None and not 0 < len(self.message.strip()) <= MAX_MESSAGE:
            raise ConfigError(f"the message has {len(self.message)} characters; expected 1 to {MAX_MESSAGE}")


@dataclass(frozen=True)
class Pushed:
    """What `push` did.

    Attributes:
        repository: user/name.
        commit: that the files are in.
        url: of the commit, or of the pull request.
        weights_sha256: of model.safetensors.
        branch: that it is on.
        endpoint: the server.
        files: names of the files.
    """

    repository: str
    commit: str
    url: str
    weights_sha256: str
    branch: str
    endpoint: str
    files: tuple[str, ...]

    @property
    def address(self) -> str:
        """What opens exactly these files."""
        return str(Address(self.repository, self.commit))

    @property
    def newest(self) -> str:
        """What opens the newest files of the branch."""
        return str(Address(self.repository, None if self.branch == "main" else self.branch))


def push(
    run: Source,
    repository: str,
    *,
    data: str | Splits | None = None,
    data_dir: str | None = None,
    **how: Any,
) -> Pushed:
    """Push a trained network to the Hub: weights, config.json, lenet.json, model card.

        lenet.push("runs/first", "ann/boots", private=True)

    Args:
        run: a run, its directory, or a weights file that lenet wrote.
        repository: user/name; it is made if it is not there.
        data: the data set that the card is measured on; by default that of the run.
        data_dir: the folder of the data set's files.
        **how: `private`, `branch`, `message`, `pull_request`, `card` and `pictures` of Options, `title` and `licence` of the
            card.

    Returns:
        The commit.

    Raises:
        ConfigError: an option makes no sense.
        RunError: the network cannot be read, the name cannot be one, or the server refuses; nothing was pushed then.
        MissingExtra: huggingface_hub is not installed.
    """
    about = {name: how.pop(name) for name in ("title", "licence") if name in how}
    options = Options(**how)
    must_be_repository(repository, NAME_HINT)
    hub = client.library()
    trained = open_trained(run)
    described = About(repository=repository, pictures=_has_pictures(trained, options), **about)
    if client.is_offline():
        raise RunError(
            "HF_HUB_OFFLINE is set: nothing can be pushed", hint="lenet export RUN --to hub-folder shows what would be"
        )
    if hub.get_token() is None:
        raise RunError(f"there is no token for {client.server()}", hint=client.LOGIN)
    files = hub_files(trained, described, data, data_dir)
    with _errors_of(repository):
        pushed = _send(repository, files, options)
    if isinstance(trained, Run) and not trained.path.absolute().is_relative_to(ready.FOLDER.absolute()):
        _record(trained, pushed)
    return pushed


def _has_pictures(trained: Trained, options: Options) -> bool:
    """Whether the card shows images; a warning says where the user's own are left out."""
    if not options.card or options.pictures is not None:
        return options.card and bool(options.pictures)
    is_own = isinstance(trained, Run) and trained.resolved.data not in CATALOGUE
    if is_own and not options.private:
        warnings.warn(
            "the card shows none of your own images, since the repository may be public; --pictures shows the worst mistakes",
            RunWarning,
            stacklevel=3,
        )
        return False
    return True


@contextmanager
def _errors_of(repository: str) -> Iterator[None]:
    """Turn the client's errors into lenet's, and let it print nothing."""
    try:
        with client.quiet():
            yield
    except KeyboardInterrupt:
        raise RunError(
            f"interrupted: the commit to {repository} was not confirmed; it is there whole, or not at all",
            hint="push again",
        ) from None
    except LenetError:
        raise
    except Exception as error:
        raise client.explained(error, repository) from error


def _send(repository: str, files: HubFiles, options: Options) -> Pushed:
    """Make the repository and the branch if they are not there, and commit the files. Errors are the client's."""
    hub, server = client.library(), client.api()
    must_write = not options.pull_request
    if must_write:
        server.create_repo(repository, private=options.private, exist_ok=True)
    info = server.model_info(repository, files_metadata=True, timeout=client.TIMEOUT)
    if options.private and not info.private:
        raise RunError(
            f"{repository} is public, not private", hint="make it private on its page first, or leave out --private"
        )
    if options.branch and must_write:
        server.create_branch(repository, branch=options.branch, exist_ok=True)
        info = server.model_info(repository, revision=options.branch, files_metadata=True, timeout=client.TIMEOUT)
    present = {each.rfilename for each in info.siblings or ()}
    must_be_replaceable(repository, present, options.branch)
    chosen = {
        name: content
        for name, content in files.contents.items()
        if options.card or PurePosixPath(name).suffix not in (".md", ".png")
    }
    commit = server.create_commit(
        repository,
        [hub.CommitOperationAdd(name, content) for name, content in sorted(chosen.items())],
        commit_message=options.message or f"{files.title}, {files.accuracy:.2%} on its test set",
        revision=options.branch,
        create_pr=options.pull_request,
        parent_commit=info.sha if must_write else None,
    )
    if must_write:
        must_hold(server, repository, commit.oid, chosen[WEIGHTS])
    return Pushed(
        repository,
        commit.oid,
        client.without_secrets(commit.pr_url or commit.commit_url),
        files.weights_sha256,
        options.branch or "main" if must_write else f"refs/pr/{commit.pr_num}",
        client.without_secrets(hub.constants.ENDPOINT),
        tuple(sorted(chosen)),
    )


def _record(run: Run, pushed: Pushed) -> None:
    """Add what was pushed to hub.json in the run directory, where that can be written."""
    path = run.path / RECORD
    entries: list[Any] = []
    try:
        values = untrusted.parse_json(untrusted.read(path, untrusted.MAX_JSON)) if path.exists() else {}
        entries = list(values.get("pushed", [])) if isinstance(values, dict) else []
    except (ValueError, RunError, TypeError):
        pass  # a damaged record is written anew
    with suppress(OSError):  # the run may lie where nothing can be written; what was pushed is printed too
        durable.write(path, durable.as_json({"pushed": [*entries, asdict(pushed)]}))
