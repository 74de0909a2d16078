"""The core with PyTorch blocked from import: everything but pytorch/ and d2l/ works, and what needs it says so."""

import subprocess
import sys
import textwrap

import pytest

pytestmark = pytest.mark.process

BLOCKED = """
import sys

class NoTorch:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "torch":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, NoTorch())
"""


def run(code, folder, *, expected=0):
    program = BLOCKED + textwrap.dedent(code)
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == expected, done.stderr
    return done


@pytest.mark.smoke
def test_the_core_trains_evaluates_predicts_and_resumes(tmp_path):
    code = """
        import dataclasses
        import numpy as np
        import lenet
        from lenet.data.dataset import Splits

        train, test = lenet.data.load("digits")
        data = Splits(*(dataclasses.replace(part, name="few").subset(np.arange(600)) for part in (train, test)), "digits")
        run = lenet.train(data, recipe="book-sgd", activation="relu", learning_rate=0.2, batch_size=50, epochs=1, out="run",
                          progress="quiet")
        run = lenet.resume(run, data=data, epochs=2, progress="quiet")
        assert lenet.evaluate(run, data).num_images == 600
        assert len(lenet.predict(run, test.images[0]).probabilities) == 10
        assert run.network.logits(test.images[:3]).shape == (3, 10)
        assert len(run.network.outputs(test.images[:3])) == len(run.network.architecture.layers)
        assert [each.config.seed for each in lenet.train_many([run.config], data=data, out="many", progress="quiet")] == [0]
        assert "torch" not in sys.modules
    """
    run(code, tmp_path)


def test_a_safetensors_file_is_imported(tmp_path):
    code = """
        import sys
        import lenet
        from lenet.files.safetensors import pack
        from lenet.networks import build
        from lenet.networks.initialization import initialized

        network = initialized(build("lenet"), "default", seed=0)
        with open("net.safetensors", "wb") as file:
            file.write(pack(network.tensors))
        assert lenet.import_weights("net.safetensors", model="lenet", data="mnist").notes == []
        assert "torch" not in sys.modules
    """
    run(code, tmp_path)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import lenet; lenet.models.LeNet", "lenet.models.LeNet needs PyTorch"),
        ("import lenet; lenet.train('digits', engine='reference')", "the engine reference needs PyTorch"),
        ("import lenet; lenet.train('digits', device='cuda')", "the device cuda needs PyTorch"),
        (
            "import lenet; lenet.import_weights('net.pt', model='lenet', data='mnist')",
            "reading net.pt, a pickle, needs PyTorch",
        ),
        ("from lenet import d2l", "lenet.d2l needs PyTorch"),
        ("import lenet.d2l as d2l", "lenet.d2l needs PyTorch"),
    ],
)
def test_what_needs_pytorch_says_so(tmp_path, code, message):
    error = run(code, tmp_path, expected=1).stderr
    assert f'{message}, which is not installed\nhint: pip install "lenet[torch]"\n' in error
    assert "During handling of the above exception" not in error


def test_the_command_line_without_pytorch(tmp_path):
    def command(*arguments, expected):
        code = f"sys.argv = {['lenet', *arguments]}\nfrom lenet.cli.main import main\nmain()"
        return run(code, tmp_path, expected=expected)

    assert "61,706" in command("show", "lenet-avg", expected=0).stdout
    command("data", "list", expected=0)
    error = command("train", "--data", "digits", "--engine", "reference", expected=2).stderr
    assert error.splitlines()[-2:] == [
        "error: the engine reference needs PyTorch, which is not installed",
        'hint: pip install "lenet[torch]"',
    ]
