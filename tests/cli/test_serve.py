"""`lenet serve`: mistakes, each with a hint. tests/deploy/server tests what it answers."""

import importlib.util
import socket

import pytest

pytest.importorskip("uvicorn")


def test_a_busy_port(lenet_command, trained):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, _, err = lenet_command("serve", trained.path, "--port", port)
    assert code == 2
    assert f"error: cannot listen at 127.0.0.1, port {port}: " in err
    assert err.endswith("hint: another program may use it: --port takes another, 0 any that is free\n")


def test_an_address_of_another_machine(lenet_command, trained):
    code, _, err = lenet_command("serve", trained.path, "--host", "192.0.2.1")
    assert code == 2
    assert "error: cannot listen at 192.0.2.1, port 8000: " in err


def test_mistakes(lenet_command, trained, tmp_path):
    assert lenet_command("serve", tmp_path / "none")[::2] == (
        2,
        f"error: no run directory {tmp_path / 'none'}\nhint: lenet runs lists those under runs/\n",
    )
    code, _, err = lenet_command("serve", trained.path, trained.path)
    assert code == 2
    assert err.splitlines()[0] == "error: two networks are called trained"
    strange = tmp_path / "a b"
    strange.symlink_to(trained.path)
    assert lenet_command("serve", strange)[2].splitlines()[0] == "error: the name a b cannot be part of an URL"
    for option, value in (("--port", 65_536), ("--max-body", 0), ("--max-queue", 0)):
        code, _, err = lenet_command("serve", trained.path, option, value)
        assert (code, err.splitlines()[0].partition(";")[0]) == (2, f"error: {option} is {value}")


def test_without_the_extra(lenet_command, trained, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name == "uvicorn" else find(name, *more)
    )
    code, _, err = lenet_command("serve", trained.path)
    assert code == 2
    assert err.endswith('error: lenet serve needs uvicorn, which is not installed\nhint: pip install "lenet[serve]"\n')
