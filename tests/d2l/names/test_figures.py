"""Settings of figures."""

from lenet import d2l


def test_settings_of_figures():
    d2l.use_svg_display()
    d2l.set_figsize((4, 3))
    import matplotlib

    assert matplotlib.rcParams["figure.figsize"] == [4, 3]
    d2l.set_figsize()
