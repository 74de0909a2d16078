"""What the workers of a cluster are waited for, without a cluster."""

import pytest

from lenet.distributed import crew
from lenet.errors import EngineError


def test_workers_that_never_start_are_an_error(monkeypatch):
    workers = crew.Crew()
    workers.members.append(crew.Member(None, "node", "host"))
    workers._next_look = float("inf")
    workers.hire(None, lambda member: None)
    monkeypatch.setattr(crew, "START", 0.0)
    with pytest.raises(EngineError, match="no worker has started on the Ray cluster in 0 seconds") as caught:
        workers.hire(None, lambda member: None)
    assert "ray status" in caught.value.hint
    workers._were_taken = True  # by other work, which may take long
    workers.hire(None, lambda member: None)
