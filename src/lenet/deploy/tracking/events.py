"""Runs as TensorBoard's event files, `lenet export RUN… --to tensorboard`: a folder for `tensorboard --logdir`.

Each run has a folder with one file: its settings and status for the tab HPARAMS, every number of metrics.jsonl as a scalar at
its step, those of summary.json under final/, hashes, versions and findings as text, and its curve. The file in the top folder
lists the settings that differ. TensorBoard's scalars are float32.
"""

import io
import os
from collections.abc import Iterator, Sequence
from typing import Any

from lenet.analysis.report import counted
from lenet.config import FIELDS
from lenet.deploy.targets import Export
from lenet.deploy.tracking.finding import FoundRun, find_all
from lenet.deploy.tracking.numbers import FINISHED, HAS_DIVERGED, RunNumbers, numbers_of
from lenet.extras import require
from lenet.files import untrusted
from lenet.sweeps.values import text_of

FILE = "events.out.tfevents.{:.0f}.lenet"  # TensorBoard looks for "tfevents"
METRICS = (
    "validation_accuracy",
    "test_accuracy",
    "validation_loss",
    "test_loss",
    "train_accuracy",
    "train_loss",
    "seconds",
)
MACHINE = ("engine", "device", "threads")  # settings that are no columns of the tab HPARAMS
MAX_DISCRETE = 12  # different values of a setting that TensorBoard lists one by one
MAX_CURVE = 1 << 20  # bytes of curve.png


def make(sources: Sequence[str | os.PathLike[str]]) -> Export:
    """Make the event files.

    Args:
        sources: as `find_all` takes them.

    Raises:
        MissingExtra: tensorboard is not installed.
        RunError: as `find_all` raises it; for a run that cannot be read, when its file is made.
    """
    require("tensorboard", "--to tensorboard")
    runs = find_all(sources)
    note = f"{counted(len(runs), 'run')}; tensorboard --logdir shows them"
    return Export(_files(runs), (note,))


def _files(runs: Sequence[FoundRun]) -> Iterator[tuple[str, bytes]]:
    """The path and the content of each file, made one after the other: a sweep may have thousands."""
    first = numbers_of(runs[0])
    yield FILE.format(first.started), _records(first.started, [(first.started, 0, _experiment(runs, first))])
    for found in runs:
        numbers = numbers_of(found)
        yield f"{found.name}/{FILE.format(numbers.started)}", _records(numbers.started, _summaries(numbers))


def _summaries(numbers: RunNumbers) -> Iterator[tuple[float, int, Any]]:
    """What the file of a run holds: times, steps and Summary values."""
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.plugins.hparams import plugin_data_pb2

    start = plugin_data_pb2.SessionStartInfo(group_name=numbers.found.name, start_time_secs=numbers.started)
    for name, setting in numbers.found.settings.items():
        match _shown(setting):
            case None:
                continue
            case bool() as flag:
                start.hparams[name].bool_value = flag
            case int() | float() as number:
                start.hparams[name].number_value = number
            case text:
                start.hparams[name].string_value = text
    yield numbers.started, 0, _hparams("session_start_info", session_start_info=start)
    yield numbers.started, 0, _text("about", _about(numbers))
    for value in sorted(numbers.with_epochs, key=lambda value: value.step):
        time = numbers.started + value.seconds
        yield time, value.step, Summary.Value(tag=value.name, simple_value=value.value)
    for name, number in numbers.final.items():
        yield numbers.ended, numbers.last_step, Summary.Value(tag=f"final/{name}", simple_value=number)
    if (curve := _curve(numbers)) is not None:
        yield numbers.ended, numbers.last_step, Summary.Value(tag="curve", image=curve)
    yield numbers.ended, numbers.last_step, _hparams("session_end_info", session_end_info=_end(numbers))


def _end(numbers: RunNumbers) -> Any:
    from tensorboard.plugins.hparams import api_pb2, plugin_data_pb2

    states = {FINISHED: api_pb2.STATUS_SUCCESS, HAS_DIVERGED: api_pb2.STATUS_FAILURE}
    status = states.get(numbers.status, api_pb2.STATUS_RUNNING)
    return plugin_data_pb2.SessionEndInfo(status=status, end_time_secs=numbers.ended)


def _experiment(runs: Sequence[FoundRun], first: RunNumbers) -> Any:
    """The columns of the tab HPARAMS: the settings that differ, or for runs of the same settings all that decide them."""
    from tensorboard.plugins.hparams import api_pb2

    names = [name for name in runs[0].settings if FIELDS[name].metadata["decides"] and name not in MACHINE]
    columns = {name: [_shown(run.settings[name]) for run in runs] for name in names}
    differing = {name: values for name, values in columns.items() if len(set(map(repr, values))) > 1}
    experiment = api_pb2.Experiment(time_created_secs=first.started)
    for name, values in (differing or columns).items():
        present = [value for value in values if value is not None]
        if present:
            experiment.hparam_infos.append(_column(name, present))
    for name in METRICS:
        if name in first.final or not first.final:
            experiment.metric_infos.add(display_name=name.replace("_", " ")).name.tag = f"final/{name}"
    return _hparams("experiment", experiment=experiment)


def _column(name: str, values: Sequence[bool | float | str]) -> Any:
    """What TensorBoard must know of a setting to sort and filter by it."""
    from tensorboard.plugins.hparams import api_pb2

    info = api_pb2.HParamInfo(name=name, display_name=name.replace("_", " "))
    if all(isinstance(value, bool) for value in values):
        info.type = api_pb2.DATA_TYPE_BOOL
    elif all(isinstance(value, int | float) for value in values):
        info.type = api_pb2.DATA_TYPE_FLOAT64
    else:
        info.type = api_pb2.DATA_TYPE_STRING
    different = sorted(set(values), key=lambda value: (isinstance(value, str), value))
    if len(different) <= MAX_DISCRETE:
        info.domain_discrete.extend(different)
    elif info.type == api_pb2.DATA_TYPE_FLOAT64:
        info.domain_interval.min_value, info.domain_interval.max_value = different[0], different[-1]
    return info


def _shown(setting: Any) -> bool | int | float | str | None:
    """A setting as TensorBoard can hold it: several numbers become text."""
    return setting if setting is None or isinstance(setting, bool | int | float | str) else text_of(setting)


def _about(numbers: RunNumbers) -> str:
    """Hashes, versions and findings as Markdown."""
    lines = ["| | |", "| --- | --- |", *(f"| {name} | {value} |" for name, value in numbers.tags.items())]
    return "\n".join([*lines, "", *(f"- {finding.name}: {finding.message}" for finding in numbers.findings)])


def _hparams(tag: str, **data: Any) -> Any:
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.plugins.hparams import metadata, plugin_data_pb2

    described = metadata.create_summary_metadata(plugin_data_pb2.HParamsPluginData(**data))
    return Summary.Value(tag=f"_hparams_/{tag}", metadata=described, tensor=metadata.NULL_TENSOR)


def _text(tag: str, text: str) -> Any:
    from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
    from tensorboard.compat.proto.tensor_pb2 import TensorProto
    from tensorboard.compat.proto.types_pb2 import DT_STRING

    described = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="text"))
    tensor = TensorProto(dtype=DT_STRING, string_val=[text.encode()])
    return Summary.Value(tag=tag, metadata=described, tensor=tensor)


def _curve(numbers: RunNumbers) -> Any:
    """The image of the learning curve, if the run has one."""
    from tensorboard.compat.proto.summary_pb2 import Summary

    path = numbers.found.path / "curve.png"
    if not path.is_file() or path.stat().st_size > MAX_CURVE:
        return None
    content = untrusted.read(path, MAX_CURVE)
    if content[:8] != b"\x89PNG\r\n\x1a\n" or content[12:16] != b"IHDR":
        return None
    width, height = (int.from_bytes(content[start : start + 4], "big") for start in (16, 20))
    return Summary.Image(width=width, height=height, colorspace=4, encoded_image_string=content)


def _records(started: float, summaries: Any) -> bytes:
    """The content of an event file."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.record_writer import RecordWriter

    content = io.BytesIO()
    writer = RecordWriter(content)
    writer.write(Event(wall_time=started, file_version="brain.Event:2").SerializeToString())
    for time, step, value in summaries:
        event = Event(wall_time=time, step=step, summary=Summary(value=[value]))
        writer.write(event.SerializeToString())
    return content.getvalue()
