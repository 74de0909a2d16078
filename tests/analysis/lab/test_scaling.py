"""Dense against convolutional layers: the numbers by hand."""

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
    assert left.get_xscale() == right.get_yscale() == "log"
