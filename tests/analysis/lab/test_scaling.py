"""Dense against convolutional layers: the numbers by hand."""

import pytest
from charts import said, ticks

from lenet.analysis.lab import scaling


def test_parameters_and_memory_by_hand():
    sizes = scaling.measure()
    assert sizes["28"]["dense"] == {
        "parameters": (28 * 28 + 1) * 1000,
        "parameter_bytes": 4 * (28 * 28 + 1) * 1000,
        "output_bytes": 4000,
    }
    assert sizes["1000"]["dense"]["parameters"] == 1_000_001_000
    assert sizes["1000"]["convolution"] == {
        "parameters": 156,
        "parameter_bytes": 624,
        "output_bytes": 4 * 6 * 996 * 996,
    }
    assert sizes["28"]["lenet"]["parameters"] == 44_426
    assert sizes["28"]["mlp"]["parameters"] == 203_530


def test_table_and_chart():
    sizes = scaling.measure()
    table = scaling.table({"sizes": sizes})
    assert len(table.columns) == len(table.rows[0]) == 5
    assert table.rows[-1][0] == "1000×1000"
    assert table.rows[-1][1] == "1,000,001,000 (4.00 GB and 4.00 kB)"
    assert "grow 1,274-fold" in table.conclusions[1]
    assert "keeps its 156" in table.conclusions[1]
    left, right = scaling.draw(sizes).axes
    edges = [int(edge) for edge in sizes]
    for axes in (left, right):
        assert axes.get_xscale() == axes.get_yscale() == "log"
        assert ticks(axes.xaxis) == {edge: str(edge) for edge in edges}
        assert axes.yaxis.get_major_formatter()(4000, 0) == "4,000"
        assert axes.yaxis.get_major_formatter()(0.25, 0) == "0.25"
    for number, name in enumerate(scaling.WHAT):
        found = [sizes[str(edge)][name] for edge in edges]
        assert left.lines[number].get_xdata().tolist() == right.lines[number].get_xdata().tolist() == edges
        assert left.lines[number].get_ydata().tolist() == [each["parameters"] for each in found]
        bytes_of_both = [each["parameter_bytes"] + each["output_bytes"] for each in found]
        assert right.lines[number].get_ydata() * 1e6 == pytest.approx(bytes_of_both)
    names = [
        "dense layer of 1,000 units",
        "convolution of 6 kernels of 5×5",
        "MLP 256-10, whole",
        "LeNet, whole",
    ]
    assert said(left) == {"x": "edge of the image, pixels", "y": "parameters", "legend": names}
    assert said(right) == {"x": "edge of the image, pixels", "y": "MB, parameters and outputs"}
    assert table.columns == ["image", *names]
