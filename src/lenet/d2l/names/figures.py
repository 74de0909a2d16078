"""The book's settings of figures and axes."""

from collections.abc import Sequence
from typing import Any


def set_axes(
    axes: Any, xlabel: Any, ylabel: Any, xlim: Any, ylim: Any, xscale: str, yscale: str, legend: Sequence[str]
) -> None:
    """Set labels, limits, scales, legend and grid of a chart: the book's `set_axes`.

    Args:
        axes: of matplotlib.
        xlabel: label of the x axis, or None.
        ylabel: label of the y axis, or None.
        xlim: limits of the x axis, or None; two that are equal are ignored.
        ylim: limits of the y axis, or None.
        xscale: linear or log.
        yscale: linear or log.
        legend: names of the lines.
    """
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
    """Show figures as SVG in a notebook: the book's `use_svg_display`. Elsewhere it does nothing."""
    from lenet.display.notebook import in_notebook

    if in_notebook():
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        set_matplotlib_formats("svg")


def set_figsize(figsize: tuple[float, float] = (3.5, 2.5)) -> None:
    """Set the size of future figures, in inches: the book's `set_figsize`.

    Args:
        figsize: width and height.
    """
    import matplotlib

    use_svg_display()
    matplotlib.rcParams["figure.figsize"] = figsize
