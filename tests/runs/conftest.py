import pytest
from toys import toy_run


@pytest.fixture
def recorder(tmp_path):
    return toy_run(tmp_path / "run")
