"""The commands of docs/server.md, as they stand there, but for the port."""

import json
import re
import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
from serving import png, served

from lenet.deploy.server.run import open_networks

TEXT = (Path(__file__).parents[3] / "docs" / "server.md").read_text(encoding="utf-8")


@pytest.mark.docs
@pytest.mark.skipif(not shutil.which("curl") or not shutil.which("base64"), reason="needs curl and base64")
def test_the_commands_of_the_document(trained, images, tmp_path):
    (tmp_path / "3.png").write_bytes(png(images[0]))
    (tmp_path / "pixels.json").write_text(json.dumps({"pixels": images[0].tolist()}), encoding="utf-8")
    idx = struct.pack(">4B3I", 0, 0, 8, 3, 16, 28, 28) + np.ascontiguousarray(images[:16]).tobytes()
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(idx)
    tensor = {"name": "x", "shape": [1, 28, 28], "datatype": "UINT8", "data": images[0].ravel().tolist()}
    (tmp_path / "tensor.json").write_text(json.dumps({"inputs": [tensor]}), encoding="utf-8")
    commands = [line for block in re.findall(r"^```sh\n(.*?)^```", TEXT, re.M | re.S) for line in block.splitlines()]
    assert len(commands) == 10
    with served(open_networks([f"first={trained.path}"])) as url:
        for command in commands:
            line = command.replace("http://127.0.0.1:8000", url)
            done = subprocess.run(["bash", "-c", line], cwd=tmp_path, capture_output=True, text=True)
            assert done.returncode == 0, (command, done.stderr)
            is_error = '{"pixel":' in command
            assert ("error" in done.stdout) == is_error, done.stdout
            if is_error:
                assert json.loads(done.stdout)["error"]["message"] in TEXT
    explained = json.loads((tmp_path / "explained.json").read_text(encoding="utf-8"))
    assert {"seen", "occlusion", "layers"} < set(explained)
