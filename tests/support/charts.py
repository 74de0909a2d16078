"""What a reader of a chart reads."""

from typing import Any


def said(axes: Any) -> dict[str, Any]:
    """The words of one of a chart's axes: title, labels and legend, as far as there are any."""
    legend = axes.get_legend()
    words = {
        "title": axes.get_title(),
        "x": axes.get_xlabel(),
        "y": axes.get_ylabel(),
        "legend": [text.get_text() for text in legend.get_texts()] if legend else [],
    }
    return {name: value for name, value in words.items() if value}


def ticks(axis: Any) -> dict[float, str]:
    """The words at the ticks of an axis, by position."""
    return dict(zip(axis.get_ticklocs().tolist(), [text.get_text() for text in axis.get_ticklabels()], strict=True))


def error_bars(axes: Any) -> list[Any]:
    """The points with error bars that were drawn."""
    return list(axes.containers)
