"""What a sweep trains, from text, TOML and Python; and the mistakes, each named with its entry."""

import re
from pathlib import Path

import pytest

from lenet.configuration import configure
from lenet.errors import ConfigError
from lenet.sweeps.spec import NUM_SEEDS, Draft
from lenet.sweeps.values import seeds_of
from lenet.sweeps.written import from_arguments, read_toml, with_options

DOCS = Path(__file__).parents[2] / "docs"


def options(*vary, seeds=None, **base):
    return with_options(Draft(), base, vary, seeds).spec()


def test_a_grid_combines_each_value_with_each():
    spec = options("activation=relu,tanh", "learning-rate=0.001,0.004", seeds="3", recipe="fast", epochs=2)
    assert [*spec.variations] == [
        f"activation={activation}, learning-rate={rate}" for activation in ("relu", "tanh") for rate in (0.001, 0.004)
    ]
    assert (spec.seeds, spec.varied) == ((0, 1, 2), ["activation", "learning_rate"])
    config = spec.configs["activation=tanh, learning-rate=0.001"]
    assert config == configure("fast", epochs=2, activation="tanh", learning_rate=0.001, device="cpu")


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("channels=6,16/12,32", [(6, 16), (12, 32)]),
        ("hidden=none/120,84", [(), (120, 84)]),
        ("flip=true,no", [True, False]),
        ("ema=default,0.998", [None, 0.998]),
        ("init=default,xavier-uniform", ["default", "xavier-uniform"]),
        ("epochs=1", [1]),
        ("recipe=fast,book-sgd", ["fast", "book-sgd"]),
        ("augment=none,light", ["none", "light"]),
    ],
)
def test_values_are_read_as_the_setting_has_them(text, values):
    spec = options(text)
    assert [next(iter(settings.values())) for settings in spec.variations.values()] == values


def test_default_leaves_a_setting_as_it_is_in_the_base():
    spec = options("ema=default,0.9", ema="0.998")
    assert [config.ema for config in spec.configs.values()] == [0.998, 0.9]
    assert [*spec.configs] == ["ema=default", "ema=0.9"]


def test_nothing_that_varies_is_a_sweep_over_seeds():
    spec = options(seeds="0,3,7", recipe="book-sgd")
    assert [*spec.variations] == ["book-sgd"]
    assert spec.seeds == (0, 3, 7)


def test_a_sweep_over_seeds_is_called_as_its_recipe(tmp_path, monkeypatch):
    (tmp_path / "photos").mkdir()
    monkeypatch.chdir(tmp_path)
    for base in ({}, {"data": "mnist"}, {"data": "photos"}, {"data": "photos", "recipe": "fast"}):
        spec = options(**base)
        assert [*spec.variations] == [spec.configs[name].recipe for name in spec.variations]
    assert [*options(data="photos").variations] == ["own"]


@pytest.mark.parametrize(("given", "seeds"), [(3, (0, 1, 2)), ("2", (0, 1)), ("5,", (5,)), ([4, 2], (4, 2))])
def test_seeds(given, seeds):
    assert seeds_of(given) == seeds


@pytest.mark.parametrize("given", [0, "", "1,1", [], "x", "1,x", -1, 1.5, [True], {1: 2}])
def test_seeds_that_are_none(given):
    with pytest.raises(ConfigError, match="seeds ") as caught:
        seeds_of(given)
    assert "--seeds 0,3,7" in caught.value.hint


@pytest.mark.parametrize(
    ("vary", "message", "hint"),
    [
        ("activation=rellu", "--vary activation=rellu: unknown activation 'rellu'", "did you mean relu?"),
        ("activaton=relu", "--vary activaton=relu: unknown setting 'activaton'", "did you mean activation?"),
        ("activation", "--vary activation: expected NAME=VALUE,VALUE", "--vary activation=relu,tanh"),
        ("activation=", "--vary activation=: activation has no values", "commas"),
        ("epochs=1,1", "--vary epochs=1,1: epochs contains 1 twice", "once"),
        ("epochs=0", "--vary epochs=0: epochs is 0; expected a whole number at least 1", None),
        ("seed=1,2", "--vary seed=1,2: seed cannot be set in a sweep", "--seeds 10"),
        ("threads=1,2", "--vary threads=1,2: threads cannot be set in a sweep", "one thread"),
        ("momentum=0,0.9", "the variation momentum=0.9: momentum is a setting of sgd", "--optimizer sgd"),
        ("recipe=fast,quick", "--vary recipe=fast,quick: unknown recipe 'quick'", "choose from"),
        ("checkpoint-every=5,7", "the variations checkpoint-every=5 and checkpoint-every=7 are the same", "once"),
        ("class-weights=balanced,default", "class_weights is balanced", "by slashes: class-weights=balanced/default"),
        ("channels=x/6", "channels is x; expected a whole number at least 1", None),
        ("flip=maybe", "--vary flip=maybe: flip is 'maybe'; expected True or False", None),
    ],
)
def test_mistakes_are_named_with_their_entry(vary, message, hint):
    with pytest.raises(ConfigError) as caught:
        options(vary)
    assert message in caught.value.message
    assert hint is None or hint in caught.value.hint


def test_a_setting_is_varied_once():
    with pytest.raises(ConfigError, match="epochs is varied twice"):
        options("epochs=1", "epochs=2")


FILE = """
seeds = [0, 3]
[base]
recipe = "fast"
batch-size = 50
[vary]
activation = ["relu", "tanh"]
channels = [[6, 16], [12, 32]]
"""
LIST = """
[base]
epochs = 1
[[variation]]
name = "plain"
[[variation]]
name = "wide"
channels = [12, 32]
"""


def written(folder, text):
    path = folder / "spec.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file(tmp_path):
    spec = read_toml(written(tmp_path, FILE)).spec()
    assert spec.seeds == (0, 3)
    assert [*spec.variations][-1] == "activation=tanh, channels=12,32"
    assert spec.configs["activation=tanh, channels=12,32"].batch_size == 50
    changed = with_options(read_toml(tmp_path / "spec.toml"), {"batch_size": "64"}, ["activation=relu"], "1").spec()
    assert [*changed.variations] == ["activation=relu, channels=6,16", "activation=relu, channels=12,32"]
    assert {config.batch_size for config in changed.configs.values()} == {64}


def test_the_files_of_the_document(tmp_path):
    blocks = re.findall(r"^```toml\n(.*?)^```", (DOCS / "sweeps.md").read_text(encoding="utf-8"), re.M | re.S)
    grid, named = (read_toml(written(tmp_path, block)).spec() for block in blocks)
    assert (len(grid.variations), len(grid.seeds)) == (4, 10)
    assert [*named.variations] == ["as it is", "twice the channels, half the rate"]


def test_a_list_of_variations(tmp_path):
    spec = read_toml(written(tmp_path, LIST)).spec()
    assert [*spec.variations] == ["plain", "wide"]
    assert spec.configs["wide"].channels == (12, 32)
    assert len(spec.seeds) == NUM_SEEDS
    with pytest.raises(ConfigError, match=r"--vary epochs=1,2: .*expected a grid or a list"):
        with_options(read_toml(tmp_path / "spec.toml"), {}, ["epochs=1,2"], None).spec()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seeds = ", "is not valid TOML"),
        ("epochs = 1", "unknown entry 'epochs'"),
        ("base = 1", "base is not a table"),
        ("[base]\nepoch = 1", "[base]: unknown setting 'epoch'"),
        ("[vary]\nactivation = ['rellu']", "[vary] activation: unknown activation 'rellu'"),
        ("[vary]\nactivation = { a = 1 }", "[vary] activation: unknown activation"),
        ("variation = 1", "variation is not a list of tables"),
        ("[[variation]]\nepochs = 1", "[[variation]] 1 has no name"),
        ("[[variation]]\nname = 'a'\n[[variation]]\nname = 'a'", "two variations are called a"),
        ("[[variation]]\nname = 'a'\nepochs = 0", "variation a: epochs is 0"),
        ("seeds = 0", "seeds is 0"),
        ("seeds = 0", "spec.toml, seeds: seeds is 0; expected a whole number"),
        ("seeds = [1, 'x']", "spec.toml, seeds: seeds is x; expected a whole number"),
        ("seeds = { 1 = 1 }", "spec.toml, seeds: seeds is {'1': 1}; expected a number, or several seeds"),
        ("[base]\nepochs = 0", "spec.toml, [base] epochs: epochs is 0; expected a whole number"),
    ],
)
def test_mistakes_in_a_file(tmp_path, text, message):
    with pytest.raises(ConfigError) as caught:
        read_toml(written(tmp_path, text)).spec()
    assert message in caught.value.message
    with pytest.raises(ConfigError, match="cannot be read"):
        read_toml(tmp_path / "none.toml")


def test_arguments_of_python(tmp_path):
    config = configure("book-sgd", epochs=3, activation="relu")
    spec = from_arguments(config, {"learning_rate": [0.1, 0.5]}, 2).spec()
    assert spec.configs["learning-rate=0.5"] == configure(
        "book-sgd", epochs=3, activation="relu", learning_rate=0.5, device="cpu"
    )
    spec = from_arguments({"epochs": 1}, {"plain": {}, "wide": {"channels": (12, 32)}}, [5]).spec()
    assert ([*spec.variations], spec.seeds) == (["plain", "wide"], (5,))
    assert from_arguments(Path(written(tmp_path, FILE)), None, None).spec().seeds == (0, 3)
    with pytest.raises(ConfigError, match="vary activation: unknown activation 'x'"):
        from_arguments("fast", {"activation": ["x"]}, 1).spec()


@pytest.mark.parametrize("table", ["[base]", "[vary]", "[[variation]]\nname = 'a'"])
def test_two_spellings_of_a_setting_in_a_file(tmp_path, table):
    text = f"{table}\nlearning-rate = 0.001\nlearning_rate = 0.01"
    where = "variation a" if "name" in table else table
    with pytest.raises(ConfigError) as caught:
        with_options(read_toml(written(tmp_path, text)), {}, [], None).spec()
    assert f"spec.toml, {where}: learning_rate is given twice" in caught.value.message


def test_two_spellings_of_a_setting_in_python():
    both = {"learning-rate": [0.001], "learning_rate": [0.01]}
    for base, vary in ((dict.fromkeys(both, 0.01), None), ("fast", both), ("fast", {"a": both})):
        with pytest.raises(ConfigError, match="learning_rate is given twice"):
            from_arguments(base, vary, 1).spec()


@pytest.mark.parametrize(
    ("base", "vary", "message"),
    [
        ("fast", ["activation"], r"vary is \['activation'\]; expected values by setting"),
        ("fast", {3: [1]}, "vary: 3 is not the name of a setting"),
        ("fast", {"a": {3: 1}}, "variation a: 3 is not the name of a setting"),
        ({"data": "mnist", 3: 1}, None, "base: 3 is not the name of a setting"),
        ({"data": "mnist", "epochs": 0}, None, "base epochs: epochs is 0"),
    ],
)
def test_arguments_of_other_types(base, vary, message):
    with pytest.raises(ConfigError, match=message) as caught:
        from_arguments(base, vary, 1).spec()
    assert caught.value.hint or "expected" in caught.value.message
