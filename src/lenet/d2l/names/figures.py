"""Settings of figures and axes."""

from collections.abc import Sequence
from typing import Any


def set_axes(
    axes: Any, xlabel: Any, ylabel: Any, xlim: Any, ylim: Any, xscale: str, yscale: str, legend: Sequence[str]
) -> None:
    """Labels, limits, scales, legend and grid of a chart."""
    axes.set_xlabel(xlabel or "")
    axes.set_ylabel(ylabel or "")
    axes.set_xscale(xscale)
    axes.set_yscale(yscale)
    if xlim is not None and xlim[0] != xlim[1]:
        axes.set_xlim(xlim)
    axes.set_ylim(ylim)
    if legend:
        axes.legend(legend)
    axes.grid(visible=True)


def use_svg_display() -> None:
    """Figures as SVG in a notebook; elsewhere nothing."""
    from lenet.display.notebook import in_notebook

    if in_notebook():
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        set_matplotlib_formats("svg")


def set_figsize(figsize: tuple[float, float] = (3.5, 2.5)) -> None:
    """The size of figures to come, in inches."""
    import matplotlib

    use_svg_display()
    matplotlib.rcParams["figure.figsize"] = figsize
