"""Charts: one style, and matplotlib only where one is drawn."""

import io
import subprocess
import sys

from PIL import Image

from lenet.display.style import rendered, styled_figure


def test_matplotlib_is_imported_with_the_first_chart():
    code = (
        "import sys, lenet.training.train, lenet.analysis.evaluation, lenet.analysis.prediction, lenet.analysis.plots\n"
        "import lenet.analysis.reproduction, lenet.analysis.lab.laboratory\n"
        "print('matplotlib' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_figure_has_the_style():
    with styled_figure(2, 1) as figure:
        assert not figure.subplots().spines["top"].get_visible()
        figure.suptitle("$5")
    assert rendered(figure, "svg") == rendered(figure, "svg")
    assert b"<?xml" in rendered(figure, "svg")
    with Image.open(io.BytesIO(rendered(figure, "png"))) as image:
        assert image.size == (300, 150)
