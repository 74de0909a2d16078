"""`lenet show`, `lenet networks` and `lenet import-weights`."""

import json

from lenet import ready


def test_import_weights(lenet_command, tmp_path):
    import torch

    from lenet.models import build

    torch.save({f"layer.{name}": w for name, w in build("softmax", seed=0).state_dict().items()}, tmp_path / "net.pt")
    code, out, err = lenet_command(
        "import-weights", tmp_path / "net.pt", "--model", "softmax", "--data", "digits", "--mean", "0.5", "--std", "0.5"
    )
    assert code == 0, err
    assert ["layer.1.weight", "1.weight", "10×784"] in [line.split() for line in out.splitlines()]
    assert "names differ; tensors were matched by their shapes" in out
    path = tmp_path / "net.safetensors"
    assert err.splitlines() == [f"wrote {path}", f"next: lenet evaluate {path} --data digits"]
    code, out, err = lenet_command("evaluate", path, "--data", "digits", "--plot")
    assert code == 0, err
    assert "digits, 10,000 test images: accuracy" in out
    assert (tmp_path / "net-confusion-digits-test.png").is_file()
    code, _, err = lenet_command("predict", tmp_path / "net.pt", "boot.png")
    assert (code, err.splitlines()[1]) == (
        2,
        f"hint: lenet import-weights {tmp_path / 'net.pt'} --model NAME --data NAME takes the weights out of it",
    )


def test_show(lenet_command):
    code, out, _ = lenet_command("show", "LeNetAvg")
    assert code == 0
    rows = [line.split("  ") for line in out.splitlines() if line.startswith(("Conv", "Avg", "Flat", "Lin"))]
    shapes = [next(cell.strip() for cell in row[1:] if cell.strip()) for row in rows]
    assert shapes == [
        "(1, 6, 28, 28)",
        "(1, 6, 14, 14)",
        "(1, 16, 10, 10)",
        "(1, 16, 5, 5)",
        "(1, 400)",
        "(1, 120)",
        "(1, 84)",
        "(1, 10)",
    ]
    assert "61,706" in out
    code, out, _ = lenet_command("show", "mlp", "--input", "3x1000x1000", "--hidden", "256")
    assert "768,000,256" in out
    assert "3.07 GB" in out


def test_networks(lenet_command):
    code, out, err = lenet_command("networks")
    assert (code, err) == (0, f"they are in {ready.FOLDER}\n")
    assert [line.split()[0] for line in out.splitlines()[2:]] == list(ready.NAMES)
    values = json.loads(lenet_command("networks", "--json")[1])
    assert [value["name"] for value in values] == list(ready.NAMES)
    assert all(value["test_accuracy"] > 0.9 for value in values)
