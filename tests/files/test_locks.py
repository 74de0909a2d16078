"""Locks on folders: held by one process, and gone with it, whatever else is going on."""

import os
import subprocess
import sys
import threading

import pytest

from lenet.errors import RunError
from lenet.files import locks

pytestmark = pytest.mark.skipif(locks.fcntl is None, reason="this system has no locks")


def test_a_lock_ends_with_its_process(tmp_path):
    with (
        locks.lock(tmp_path),
        pytest.raises(RunError, match="another process is training in"),
        locks.lock(tmp_path),
    ):
        pass
    code = "import sys, time; from pathlib import Path; from lenet.files import locks\n"
    code += "with locks.lock(Path(sys.argv[1])): print('in', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"in\n"
        with pytest.raises(RunError, match="another process is training in"), locks.lock(tmp_path):
            pass
        process.kill()
    with locks.lock(tmp_path):
        assert list(tmp_path.iterdir()) == []


def test_a_lock_is_free_when_it_is_released_although_a_process_was_started_meanwhile(tmp_path):
    """Between fork and exec, a new process has copies of all open files of this one."""
    read, write = os.pipe()
    with locks.lock(tmp_path):
        child = os.fork()
        if child == 0:
            os.close(write)
            os.read(read, 1)  # until the parent closes its end
            os._exit(0)
    os.close(read)
    try:
        assert locks.is_locked(tmp_path) is False
        with locks.lock(tmp_path):
            assert locks.is_locked(tmp_path)
    finally:
        os.close(write)
        os.waitpid(child, 0)


def test_looking_at_a_lock_is_no_reason_to_be_refused(tmp_path):
    looked = threading.Event()
    is_over = threading.Event()

    def look():
        while not is_over.is_set():
            locks.is_locked(tmp_path)
            looked.set()

    thread = threading.Thread(target=look)
    thread.start()
    looked.wait()
    try:
        for _ in range(200):
            with locks.lock(tmp_path):
                pass
    finally:
        is_over.set()
        thread.join()


def test_a_folder_that_is_gone_is_no_locks_business(tmp_path):
    with locks.lock(tmp_path / "gone"):
        assert locks.is_locked(tmp_path / "gone") is None
