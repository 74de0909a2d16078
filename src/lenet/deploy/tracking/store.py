"""Runs in an MLflow tracking store, `lenet export RUN… --to mlflow`: a server, a database, or a folder.

A run that the experiment has already, with the same numbers, is left as it is; one that has grown since, or that was written
in part, is written anew, and its earlier form goes to MLflow's trash.
"""

import contextlib
import errno
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lenet.analysis.report import counted
from lenet.deploy.targets import Export
from lenet.deploy.tracking.finding import find_all
from lenet.deploy.tracking.numbers import FINISHED, HAS_DIVERGED, RunNumbers, numbers_of
from lenet.errors import LenetError, MissingExtra, RunError, quoted
from lenet.extras import require
from lenet.files import durable
from lenet.files.untrusted import printable
from lenet.sweeps.values import text_of

EXPERIMENT = "lenet"
IDENTITY, CONTENT = "lenet.identity", "lenet.content"  # tags
STATES = {FINISHED: "FINISHED", HAS_DIVERGED: "FAILED"}  # any other is RUNNING
FULL = (errno.ENOSPC, errno.EDQUOT)  # the disk, or what a user may have of it
IN_EXTRA = ("alembic", "mlflow", "sqlalchemy")  # modules of the extra mlflow
# The packages of drivers, where they have other names than their modules, or need a compiler without their extra.
DRIVERS = {"MySQLdb": "mysqlclient", "psycopg": "psycopg[binary]", "psycopg2": "psycopg2-binary"}
BATCH = 1000  # numbers of a request, as many as MLflow takes
# Unless the user has set them. A server that does not answer is reported within a minute, not after MLflow's quarter of an
# hour, and nothing is sent to MLflow's makers.
DEFAULTS = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}


def make(
    sources: Sequence[str | os.PathLike[str]], tracking_uri: str | None = None, experiment: str | None = None
) -> Export:
    """Write runs into a tracking store.

    Args:
        sources: as `find_all` takes them.
        tracking_uri: the store, by default MLflow's own: MLFLOW_TRACKING_URI, what `mlflow.set_tracking_uri` was given, or
            the database mlflow.db in the current folder.
        experiment: by default MLFLOW_EXPERIMENT_NAME, or else lenet.

    Returns:
        An Export without content.

    Raises:
        MissingExtra: MLflow is not installed.
        RunError: as `find_all` raises it, or the store does not answer or refuses something. A run is there whole, or not at
            all; the same call writes those that are missing.
    """
    require("mlflow", "--to mlflow")
    runs = find_all(sources)
    with _environment():
        import mlflow
        from mlflow.tracking import MlflowClient

        uri = tracking_uri or str(mlflow.get_tracking_uri())
        _check_database(uri)
        experiment = experiment or os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT
        with _explained(uri):
            client = MlflowClient(tracking_uri=uri)
            number = _experiment(client, experiment)
            new = sum(_write(client, number, numbers_of(found)) for found in runs)
    there = f", {len(runs) - new} were there already" if new < len(runs) else ""
    return Export(None, (f"wrote {counted(new, 'run')}{there}: experiment {experiment} of {_without_password(uri)}",))


def _write(client: Any, experiment: str, numbers: RunNumbers) -> bool:
    """Write a run, and remove what the experiment has of it; returns whether there was something to do."""
    from mlflow.entities import Param, RunTag

    content = _content(numbers)
    before = client.search_runs([experiment], f"tags.`{IDENTITY}` = '{numbers.identity}'")
    if any(run.data.tags.get(CONTENT) == content for run in before):
        return False
    start, end = (round(1000 * seconds) for seconds in (numbers.started, numbers.ended))
    run = client.create_run(experiment, start, {IDENTITY: numbers.identity}, run_name=numbers.found.name)
    run_id = run.info.run_id
    try:
        params = [Param(name, text_of(value)) for name, value in numbers.found.settings.items() if value is not None]
        tags = dict(numbers.tags) | {f"finding.{finding.name}": finding.message for finding in numbers.findings}
        client.log_batch(run_id, params=params, tags=[RunTag(name, text) for name, text in tags.items()])
        metrics = _metrics(numbers)
        for part in range(0, len(metrics), BATCH):
            client.log_batch(run_id, metrics=metrics[part : part + BATCH])
        client.set_terminated(run_id, STATES.get(numbers.status, "RUNNING"), end)
        client.set_tag(run_id, CONTENT, content)  # the last: without it, the run is written anew
    except BaseException:
        with contextlib.suppress(Exception):
            client.delete_run(run_id)
        raise
    for earlier in before:
        client.delete_run(earlier.info.run_id)
    return True


def _metrics(numbers: RunNumbers) -> list[Any]:
    from mlflow.entities import Metric

    start, end = 1000 * numbers.started, round(1000 * numbers.ended)
    metrics = [
        Metric(value.name, value.value, round(start + 1000 * value.seconds), value.step)
        for value in numbers.with_epochs
    ]
    return [*metrics, *(Metric(name, number, end, numbers.last_step) for name, number in numbers.final.items())]


def _content(numbers: RunNumbers) -> str:
    """SHA-256 of everything that is exported of a run, but for its name, place and times, which a copy may change."""
    findings = [finding.to_dict() for finding in numbers.findings]
    tags = {name: text for name, text in numbers.tags.items() if name not in ("folder", "variation")}
    made_of = [[*numbers.values], dict(numbers.final), tags, findings]
    return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()


def _experiment(client: Any, name: str) -> str:
    """The number of the experiment of that name, which is made if there is none."""
    found = client.get_experiment_by_name(name)
    if found is None:
        return str(client.create_experiment(name))
    if found.lifecycle_stage != "active":
        raise RunError(
            f"the experiment {printable(name)} was deleted",
            hint=f"name another with --experiment, or mlflow experiments restore -x {found.experiment_id}",
        )
    return str(found.experiment_id)


@contextlib.contextmanager
def _environment() -> Iterator[None]:
    """MLflow's settings for an export, where the user has not set others."""
    missing = {name: value for name, value in DEFAULTS.items() if name not in os.environ}
    os.environ.update(missing)
    try:
        yield
    finally:
        for name in missing:
            os.environ.pop(name, None)


@contextlib.contextmanager
def _explained(uri: str) -> Iterator[None]:
    """What goes wrong in MLflow, or on the way to it, as an error with a hint."""
    from mlflow.exceptions import MlflowException

    place, is_server = _without_password(uri), urlsplit(uri).scheme in ("http", "https")
    try:
        yield
    except LenetError:
        raise
    except ImportError as error:  # what only databases need
        raise MissingExtra(f"the MLflow store {place} needs {error.name or error}", hint=_install(error)) from error
    except Exception as error:
        if not isinstance(error, MlflowException | OSError) and not type(error).__module__.startswith("sqlalchemy"):
            raise
        if "maintenance mode" in str(error):
            raise RunError(
                f"MLflow no longer writes into a folder such as {place}",
                hint="use a database, --tracking-uri sqlite:///mlflow.db, or set MLFLOW_ALLOW_FILE_STORE=true",
            ) from error
        if is_server and (why := _silence(error)):
            raise RunError(
                f"the MLflow server {place} does not answer: {why}",
                hint="check that it runs and that --tracking-uri or MLFLOW_TRACKING_URI names it; the same command then "
                "writes what is missing",
            ) from error
        cause = (str(error).strip().splitlines() or [type(error).__name__])[0]
        if password := urlsplit(uri).password:
            cause = cause.replace(password, "…")
        what = "give a server, --tracking-uri http://HOST:5000, or a database, --tracking-uri sqlite:///mlflow.db"
        if "disk is full" in cause or (isinstance(error, OSError) and error.errno in FULL):
            what = durable.FREE_SPACE
        raise RunError(
            f"the MLflow store {place} refuses this: {printable(cause)}",
            hint=f"{what}; the same command writes what is missing",
        ) from error


def _install(error: ImportError) -> str:
    """The command that installs what is missing: the extra, or the driver of a database that is not part of it."""
    module = (error.name or "").partition(".")[0]
    package = "lenet[mlflow]" if module in ("", *IN_EXTRA) else DRIVERS.get(module, module)
    return f'pip install "{package}"' if "[" in package else f"pip install {package}"


def _silence(error: BaseException | None) -> str | None:
    """Why a server could not be reached, in words; None for any other error."""
    from requests import exceptions

    while error is not None:
        if isinstance(error, exceptions.Timeout) or "timed out" in str(error):
            return f"nothing came within {os.environ['MLFLOW_HTTP_REQUEST_TIMEOUT']} s"
        if isinstance(error, exceptions.RequestException):
            return "no connection"
        error = error.__cause__ or error.__context__
    return None


def _check_database(uri: str) -> None:
    """Raise RunError where the file of a database cannot be made: MLflow would try for a minute."""
    if not uri.startswith("sqlite:///"):
        return
    path = Path(uri.removeprefix("sqlite:///")).absolute()
    writable = os.access(path if path.exists() else path.parent, os.W_OK)
    if path.is_dir() or not writable or not path.parent.is_dir():
        what = "is a folder" if path.is_dir() else "cannot be written" if path.parent.is_dir() else "has no folder"
        raise RunError(
            f"the database {printable(path)} {what}",
            hint=f"check {quoted(path.parent)}, or give another --tracking-uri",
        )


def _without_password(uri: str) -> str:
    parts = urlsplit(uri)
    return printable(uri.replace(f"{parts.password}@", "…@") if parts.password else uri)
