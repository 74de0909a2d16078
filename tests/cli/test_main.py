"""The entry point: which command is called, and how errors end it."""

import signal
import subprocess
import sys

import pytest

import lenet
from lenet import __main__
from lenet.cli import main

SMALL = ("--data", "digits", "--epochs", "1", "--validation", "59000")


def test_version(lenet_command):
    assert lenet_command("--version") == (0, f"lenet {lenet.__version__}\n", "")


@pytest.mark.torch
@pytest.mark.parametrize(
    ("arguments", "error", "hint"),
    [
        (
            ("train", "--recipe", "quick"),
            "unknown recipe 'quick'",
            "choose from fast, sprint, book-sgd, book-adam, book-adam-01, lenet-bn, small, tiny",
        ),
        (
            ("train", "--model", "vgg"),
            "unknown model 'vgg'",
            "choose from lenet, lenet-avg, softmax, mlp, lenet-bn, small, tiny",
        ),
        (("train", "--data", "cifar"), "unknown data set 'cifar'", "auto"),
        (("train", "--learning-rate", "0"), "learning_rate is 0; expected a number above 0", None),
        (("train", "--batch-size", "-1"), "batch_size is -1; expected a whole number at least 1", None),
        (("train", "--epochs", "0"), "epochs is 0; expected a whole number at least 1 and below 8001", None),
        (("train", "--device", "cuda:7", *SMALL), "no device 'cuda:7'", "--device"),
        (
            ("train", "--kernel-size", "29", "--padding", "0", *SMALL),
            "a 29×29 kernel, larger than its 28×28 image",
            "smaller kernel",
        ),
        (
            ("train", "--engine", "cpu", "--kernel-size", "13", "--padding", "6", "--channels", "4", *SMALL),
            "the CPU kernels do not take a kernel of 13×13 in the layer conv.0 (nn.Conv2d); they take a square",
            "use --engine reference",
        ),
        (
            ("train", "--engine", "cpu", "--model", "mlp", "--hidden", ",".join("9" * 16), *SMALL),
            "the CPU kernels do not take 34 layers; they take at most 32",
            "use --engine reference",
        ),
        (("train", "--model", "mlp", "--pooling", "avg", *SMALL), "mlp has no setting pooling", "it takes hidden"),
        (("train", "--data-dir", "nowhere", *SMALL), "nowhere", None),
        (("evaluate", "nowhere"), "no run directory nowhere", "lenet runs"),
        (("predict", "nowhere", "a.png"), "no run directory nowhere", "lenet runs"),
        (("train", "--resume", "nowhere"), "no run directory nowhere", "lenet runs"),
        (("train", "--resume", "x", "--seed", "3"), "--seed cannot change them", "leave it out"),
        (("train", "--resume", "x", "--out", "y"), "--out cannot change them", "leave it out"),
        (("show", "vgg"), "unknown model 'vgg'", "choose from"),
        (("show", "mlp", "--input", "big"), "the input 'big' is not an image size", "1x28x28"),
        (("train", "--seed", str(2**64), *SMALL), "seed is 18446744073709551616; expected a whole number", None),
        (("train", "--shift", "100000", *SMALL), "shift is 100000, but the images of digits are 28×28", "smaller"),
        (("train", "--out", "x" * 300, *SMALL), "cannot make the run directory", "--out DIR"),
        (("train", "--out", "/proc/lenet", *SMALL), "cannot make the run directory", "--out DIR"),
        (("runs", "nowhere"), "no folder nowhere", "lenet train"),
        (("compare", "a", "b"), "no run directory a", "lenet runs"),
        (("data", "show", "cifar"), "unknown data set 'cifar'", "auto"),
    ],
)
def test_mistake(lenet_command, tmp_path, monkeypatch, arguments, error, hint):
    monkeypatch.chdir(tmp_path)
    code, out, err = lenet_command(*arguments)
    assert code == 2
    assert out == ""
    assert err.startswith("error: ")
    assert error in err.splitlines()[0]
    if hint:
        assert hint in err.split("hint: ")[1]
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "error", "hint"),
    [
        (("trian",), "unknown command 'trian'", "did you mean train? choose from train, evaluate, "),
        (("data", "shw"), "unknown command 'shw'", "did you mean show? choose from list, show, fetch, verify, import"),
        (
            ("train", "--modle", "x"),
            "unknown option --modle",
            "did you mean --model? lenet train --help lists the options",
        ),
        (("train", "--lr", "0.1"), "unknown option --lr", "did you mean --learning-rate? lenet train --help"),
        (("train", "--bs", "9"), "unknown option --bs", "did you mean --batch-size? lenet train --help"),
        (("train", "--num-epochs", "9"), "unknown option --num-epochs", "did you mean --epochs? lenet train --help"),
        (("train", "--dataset", "x"), "unknown option --dataset", "did you mean --data? lenet train --help"),
        (("train", "--label-smooth", "x"), "unknown option --label-smooth", "did you mean --label-smoothing? lenet"),
        (("train", "--wings"), "unknown option --wings", "lenet train --help lists the options"),
        (("-x",), "unknown option -x", "lenet --help lists the options"),
        (
            ("train", "--epochs", "many"),
            "epochs is many; expected a whole number at least 1 and below 8001",
            "lenet train",
        ),
        (("train", "--epochs"), "option --epochs requires an argument", "lenet train --help explains the options"),
        (("predict", "x"), "IMAGE is missing", "usage: lenet predict [OPTIONS]"),
        (("predict", "x", "y", "--top", "0"), "--top is 0; expected a whole number at least 1", "lenet predict"),
        (("data", "show"), "NAME is missing", "usage: lenet data show [OPTIONS]"),
        (("import-weights", "x"), "--model is missing", "usage: lenet import-weights [OPTIONS]"),
        (
            ("import-weights", "x", "--model", "mlp", "--data", "mnist", "--mean", "x"),
            "--mean is x; expected a number",
            "lenet",
        ),
        (("runs", "a", "b"), "got unexpected extra argument", "usage: lenet runs [OPTIONS]"),
    ],
)
def test_usage_error(lenet_command, arguments, error, hint):
    code, out, err = lenet_command(*arguments)
    assert (code, out) == (2, "")
    first, second = err.splitlines()
    assert first.startswith(f"error: {error}")
    assert second.startswith(f"hint: {hint}")


HEAVY = ("torch", "numpy", "matplotlib", "PIL", "pydantic", "rich", "requests", "lenet.training.train")
QUICK = """
import sys
from lenet.cli.main import main
mistakes = ("trian", "train --model nope", "train --modle x", "train --epochs x", "predict x", "lab --seeds 0")
for line in (*mistakes, "train --help"):
    sys.argv = ["lenet", *line.split()]
    try:
        main()
    except SystemExit:
        pass
print([name for name in HEAVY if name in sys.modules])
"""


def test_mistakes_import_nothing_large():
    code = f"HEAVY = {HEAVY}\n{QUICK}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert len(done.stderr.splitlines()) == 6 * 2


@pytest.mark.parametrize("group", [(), ("data",)])
def test_no_command_prints_help(lenet_command, group):
    assert lenet_command(*group) == lenet_command(*group, "--help")


def test_default_hint(lenet_command):
    assert lenet_command("show", "mlp", "--hidden", "0") == (
        2,
        "",
        "error: hidden is 0; expected a whole number at least 1\nhint: lenet show --help explains the options\n",
    )


def test_help_ends_with_an_example(lenet_command):
    for name in [*main.COMMANDS, *main.GROUPS]:
        code, out, err = lenet_command(*name.split(), "--help")
        assert (code, err) == (0, "")
        example = " ".join(out.split("\n\n")[-1].split())
        assert example.startswith(f"Example: lenet {name}".strip())
        assert out.isascii()  # typer prints it, in the terminal's encoding


def test_debug(lenet_command):
    for arguments in (("--debug", "show", "vgg"), ("show", "vgg", "--debug")):
        code, out, err = lenet_command(*arguments)
        assert (code, out) == (2, "")
        assert "Traceback" in err
        assert err.splitlines()[-2] == "error: unknown model 'vgg'"


def test_bug(lenet_command, monkeypatch):
    monkeypatch.setattr("lenet.networks.summary.rows", lambda *a, **k: 1 / 0)
    code, _, err = lenet_command("show", "lenet")
    assert code == 1
    assert err.startswith("error: ZeroDivisionError")
    assert "--debug" in err


@pytest.mark.parametrize("is_loaded", [True, False])
def test_out_of_memory(lenet_command, monkeypatch, is_loaded):
    """Whether PyTorch is loaded or not."""
    error = RuntimeError("CUDA error: out of memory") if is_loaded else MemoryError()

    def rows(*arguments, **settings):
        raise error

    if not is_loaded:
        monkeypatch.delitem(sys.modules, "lenet.engines.memory", raising=False)
    monkeypatch.setattr("lenet.networks.summary.rows", rows)
    code, out, err = lenet_command("show", "lenet")
    assert (code, out) == (2, "")
    assert err.startswith("error: this program is out of memory\nhint: ")


BUSY = """
from lenet.cli.main import exit_on_signals
with exit_on_signals():
    try:
        print("ready", flush=True)
        while True:
            pass
    finally:
        print("tidied up", flush=True)
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_signal_raises_system_exit(number, code):
    with subprocess.Popen([sys.executable, "-c", BUSY], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        out, _ = process.communicate(timeout=30)
    assert (process.returncode, out) == (code, "tidied up\n")


def test_signal_handlers_are_restored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with main.exit_on_signals():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGHUP, before)


def test_ctrl_c(lenet_command, monkeypatch):
    def interrupted(*arguments, **settings):
        raise KeyboardInterrupt

    monkeypatch.setattr("lenet.networks.sizes.parse_input", interrupted)
    assert lenet_command("show", "lenet") == (130, "", "")
    monkeypatch.setattr(main, "main", interrupted)
    with pytest.raises(SystemExit) as ended:
        __main__.main()
    assert ended.value.code == 130
