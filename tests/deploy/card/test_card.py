"""The model card says what was measured, in Markdown that the Hub reads, with the same bytes each time."""

import io
import re
import shlex

import numpy as np
import pytest
from PIL import Image

import lenet
from lenet.configuration import configure
from lenet.deploy.card.about import About
from lenet.deploy.card.card import make_card
from lenet.deploy.card.markup import code, plain, yaml
from lenet.deploy.card.measured import measure
from lenet.errors import ConfigError, RunError
from lenet.runs.command import command_of

huggingface_hub = pytest.importorskip("huggingface_hub")


@pytest.fixture(scope="module")
def measured(trained):
    return measure([trained])


@pytest.fixture(scope="module")
def card(measured):
    return make_card(measured, About(licence="mit", repository="ann/digits"))


def test_the_hub_reads_the_front_matter(card, measured):
    read = huggingface_hub.ModelCard(card.markdown)
    values = read.data
    assert (values.library_name, values.pipeline_tag, values.license) == ("lenet", "image-classification", "mit")
    accuracy, error = values.eval_results
    assert (accuracy.task_type, accuracy.dataset_split, accuracy.metric_type) == (
        "image-classification",
        "test",
        "accuracy",
    )
    assert accuracy.metric_value == pytest.approx(measured.evaluation.accuracy, abs=5e-5)
    assert re.fullmatch(r"Test accuracy: [\d.]+%, 95 % interval [\d.]+% to [\d.]+%, seed 0", accuracy.metric_name)
    assert error.metric_value == pytest.approx(measured.evaluation.reliability.error, abs=5e-5)
    assert values.model_name == "LeNet for the built-in digits"


def test_every_section_is_there(card, trained):
    sections = re.findall("^## (.+)$", card.markdown, re.M)
    assert sections == [
        "Data",
        "Training",
        "Accuracy",
        "Calibration",
        "Confusions",
        "Worst mistakes",
        "Changed images",
        "Unfamiliar images",
        "Preprocessing",
        "Limits",
        "Reproduce",
    ]
    for text in (
        trained.environment.data_fingerprint,
        trained.summary.weights_sha256,
        "lenet train --recipe fast --data digits --epochs 1 --validation 55000 --seed 0",
        "lenet predict hf://ann/digits photo.jpg",
        "CC BY 4.0, E. Alpaydin",
        "The calibration divides the logits by the temperature",
        "is answered `unknown`",
    ):
        assert text in card.markdown
    assert str(trained.path.parent) not in card.markdown  # no path of this machine


def test_its_images_are_there_and_small(card):
    assert (
        set(re.findall(r"!\[.*\]\((.+)\)", card.markdown)) == set(card.images) == {"mistakes.png", "preprocessing.png"}
    )
    for content in card.images.values():
        with Image.open(io.BytesIO(content)) as image:
            assert image.format == "PNG"
            assert image.width <= 1600
        assert len(content) < 40_000


def test_the_same_run_gives_the_same_bytes(card, trained):
    assert make_card(measure([trained]), About(licence="mit", repository="ann/digits")).files == card.files


def test_without_pictures(measured):
    made = make_card(measured, About(pictures=False))
    assert set(made.files) == {"README.md"}
    assert "![" not in made.markdown
    assert "license" not in made.markdown.split("---")[1]


def test_several_seeds(tiny, tiny_run, tmp_path):
    other = lenet.train(tiny, recipe="fast", epochs=2, batch_size=50, seed=1, out=tmp_path / "one", progress="quiet")
    measured = measure([tiny_run, other], tiny)
    text = make_card(measured, About(pictures=False)).markdown
    assert measured.seeds == (0, 1)
    assert re.search(r"Over 2 trainings that differ in the seed alone: \*\*[\d.]+% ± [\d.]+\*\*", text)
    assert "(mean and std of 2 seeds)" in text
    with pytest.raises(ConfigError, match="two of the runs have the seed 0"):
        measure([tiny_run, tiny_run], tiny)
    third = lenet.train(tiny, recipe="fast", epochs=1, batch_size=50, seed=2, out=tmp_path / "two", progress="quiet")
    with pytest.raises(ConfigError, match=r"the runs differ in epochs\nhint: give runs that differ in the seed alone"):
        measure([tiny_run, third], tiny)
    with pytest.raises(ConfigError, match="is a weights file, whose settings are not known"):
        measure([tiny_run, tiny_run.path / "model.safetensors"], tiny)


def test_a_weights_file_needs_data(tiny, tiny_run):
    weights = tiny_run.path / "model.safetensors"
    with pytest.raises(ConfigError, match="does not say what data"):
        measure([weights])
    text = make_card(measure([weights], tiny), About(pictures=False)).markdown
    assert "How it was trained is not recorded in the weights file." in text
    assert "measured on" in text
    assert "The network has no calibration" in text
    assert "answers every image with one of its classes" in text


def test_it_is_written_whole_and_never_over_another(trained, tmp_path):
    out = tmp_path / "card"
    written = lenet.card(trained, out=out)
    assert written.path == out
    assert sorted(path.name for path in out.iterdir()) == ["README.md", "mistakes.png", "preprocessing.png"]
    with pytest.raises(RunError, match=r"card exists\nhint: name another with --out, or remove it"):
        lenet.card(trained, out=out)


@pytest.mark.parametrize("wrong", [{"licence": "My Own"}, {"title": ""}, {"title": "two\nlines"}, {"title": "x" * 101}])
def test_what_cannot_be_said(wrong):
    with pytest.raises(ConfigError, match=f"the {next(iter(wrong))} is "):
        About(**wrong)


def test_other_data_are_named(trained, tiny):
    text = make_card(measure([trained], tiny), About(pictures=False)).markdown
    assert f"| measured on | {len(tiny.test):,} test images of toy |" in text
    assert trained.environment.data_fingerprint in text
    assert tiny.fingerprint in text


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"recipe": "book-sgd", "epochs": 3},
        {"recipe": "sprint", "model": "lenet-bn", "augment": "light"},
        {"recipe": "fast", "optimizer": "sgd", "learning_rate": 0.1, "momentum": 0.9, "channels": (4, 8), "hidden": ()},
        {"recipe": "own", "flip": True, "normalize": False, "class_weights": "balanced"},
    ],
)
def test_the_command_gives_the_settings_again(settings, trained):
    from lenet.cli import main

    config = configure(**settings, seed=7)
    run = type("Run", (), {"config": config, "resolved": trained.resolved})
    words = command_of(run)
    context = main.command("train").make_context("train", words[2:])
    typed = {name: value for name, value in context.params.items() if value is not None}
    given = {name: value for name, value in typed.items() if name in vars(config) and name not in ("recipe", "data")}
    assert configure(typed["recipe"], **given | {"data": config.data}) == config


HOSTILE = [
    "a|b",
    "<script>x</script>",
    "*bold* _it_ `code`",
    "[link](x)",
    "--- #",
    "a: b",
    "'\"",
    "\\",
    "no",
    "1e3",
    "日本",
]


def test_texts_are_shown_as_they_are():
    assert plain("<b>*x*\n|") == r"&lt;b&gt;\*x\* |"
    assert code("a`b") == "`` a`b ``"
    read = pytest.importorskip("yaml").safe_load(
        yaml({"names": HOSTILE, "in": {"a": [{"b": None, "c": [1.5]}, {"d": True}]}})
    )
    assert read == {"names": HOSTILE, "in": {"a": [{"b": None, "c": [1.5]}, {"d": True}]}}


def test_hostile_class_names(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (55, 12, 12), np.uint8)
    labels = np.arange(55) % 11
    splits = lenet.Splits.from_arrays((images, labels), (images, labels), classes=HOSTILE, name="<own>")
    run = lenet.train(splits, recipe="fast", epochs=1, batch_size=11, out=tmp_path / "run", progress="quiet")
    made = make_card(measure([run], splits))
    assert "<script>" not in made.markdown
    assert huggingface_hub.ModelCard(made.markdown).data.library_name == "lenet"
    rows = [line for line in made.markdown.splitlines() if line.startswith(r"| a\|b ")]
    assert rows
    assert shlex.split(re.search("^lenet train .+$", made.markdown, re.M)[0])
