"""The page without its script: tables and pictures, for a viewer that runs none, such as a mail program or iOS's Files.

Headings are in English and Chinese. The pictures are PNG, a few hundred bytes each.
"""

import base64
import html
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from lenet.networks.layers import Activation, Dense, Flatten, Pooling
from lenet.networks.trained import TrainedNetwork

MISTAKES, IMAGES = 20, 7  # shown: of the worst mistakes, and with their maps
BUDGET = 50_000  # bytes of the images with their maps; the rest takes some 25,000
MOST_CLASSES = 30  # of a confusion matrix
MOST_UNITS = 64  # of a layer
WIDTH, HEIGHT = 560, 220  # pixels of the curve
INK, GRID, LINES = (27, 31, 39), (213, 217, 224), ((31, 95, 191), (194, 87, 26))
# From blue over nearly white to orange: charts/palette.js has the same colours.
STOPS = ((5, 48, 97), (67, 147, 195), (247, 247, 247), (224, 130, 20), (127, 59, 8))

SCRIPTLESS = (
    "The rest of this page needs JavaScript, which this viewer does not run: open the file in a browser. For an iPhone or "
    "iPad, lenet explore --serve on a computer in the same network gives an address to open."
)
SCRIPTLESS_ZH = (
    "此页面的其余内容需要 JavaScript:请在浏览器中打开此文件。"
    "在 iPhone 或 iPad 上,请使用同一网络中电脑上的 lenet explore --serve。"
)

Pixels = NDArray[np.uint8]


def static(data: dict[str, Any], networks: Sequence[TrainedNetwork]) -> str:
    """Return the HTML for viewers that run no scripts.

    Args:
        data: what the page holds, from `page_data`.
        networks: of its runs, in their order.
    """
    parts = [_paragraph(SCRIPTLESS), _paragraph(SCRIPTLESS_ZH), *map(_paragraph, data["notices"])]
    images = data["runs"][0]["images"]["test"]
    for run, network in zip(data["runs"], networks, strict=False):
        parts.append(f"<h1>{html.escape(run['name'])}</h1>")
        parts += [_facts(run), _curve(run), _layers(run, network), _confusion(run)]
        if images is not None:
            parts.append(_images(run, network, images))
    return "\n".join(part for part in parts if part)


def _facts(run: dict[str, Any]) -> str:
    test = run["test"]
    facts = [("Model", "模型", run["model"]), ("Data", "数据", run["data"]), ("Command", "命令", run["command"])]
    if test:
        facts += [("Accuracy on the test images", "测试准确率", f"{test['accuracy']:.4f} ({test['count']:,})")]
        facts += [("Loss on the test images", "测试损失", f"{test['loss']:.4f}")]
    return _table([], [(f"{name} {zh}", value) for name, zh, value in facts if value is not None])


def _layers(run: dict[str, Any], network: TrainedNetwork) -> str:
    rows = []
    for layer, shape in zip(network.architecture.layers, network.architecture.output_shapes, strict=True):
        parameters = sum(int(np.prod(each)) for each in layer.parameter_shapes.values())
        rows.append((layer.name, layer.kind, "×".join(map(str, shape)), f"{parameters:,}" if parameters else ""))
    return _heading("Layers", "网络层") + _table(["name", "kind", "output", "parameters"], rows)


def _confusion(run: dict[str, Any]) -> str:
    classes = run["classes"]
    if not run["test"] or len(classes) > MOST_CLASSES:
        return ""
    rows = [(name, *map(str, row)) for name, row in zip(classes, run["test"]["confusion"].tolist(), strict=True)]
    return _heading("Confusion matrix: true classes down, answers across", "混淆矩阵:行为真实类别,列为回答") + _table(
        ["", *classes], rows
    )


def _images(run: dict[str, Any], network: TrainedNetwork, images: dict[str, Any]) -> str:
    """The worst mistakes, and some images with what the layers make of them."""
    pixels, labels, classes = images["pixels"], images["labels"], run["classes"]
    answers = network.logits(pixels[: 4 * MISTAKES]).argmax(axis=1)
    wrong = [number for number, answer in enumerate(answers) if answer != labels[number]]
    right = [number for number, answer in enumerate(answers) if answer == labels[number]]
    if not right:  # of a network with many mistakes the first images are nothing else
        right = list(range(len(pixels) - IMAGES, len(pixels)))
    figures = [_figure(pixels[n], f"{classes[labels[n]]} → {classes[answers[n]]}") for n in wrong[:MISTAKES]]
    parts = (
        [_heading("The worst mistakes: true class → answer", "最严重的错误:真实类别 → 回答"), *figures]
        if figures
        else []
    )
    shown = (wrong[: IMAGES // 2] + right)[:IMAGES]
    parts.append(_heading("What the layers make of some images", "各层对部分图像的输出"))
    left = BUDGET
    for number in shown:
        row = _maps(network, pixels[number], classes[labels[number]])
        left -= len(row)
        if left < 0:
            break
        parts.append(row)
    return "\n".join(parts)


def _maps(network: TrainedNetwork, image: Pixels, name: str) -> str:
    """An image and the outputs of its activations, poolings and the last layer."""
    outputs = network.outputs(image[None])
    figures = [_figure(image, name)]
    for layer, values in zip(network.architecture.layers, outputs, strict=True):
        if isinstance(layer, Activation | Pooling | Dense) and not isinstance(layer, Flatten):
            maps = values[0] if values.ndim == 4 else values[0][None, None]
            figures.append(_figure(_coloured(_joined(maps[:MOST_UNITS])), f"{layer.name} {layer.kind}", 2))
    return f"<div>{''.join(figures)}</div>"


def _joined(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Maps (units, rows, columns) beside each other with a column of NaN between them."""
    gaps = np.full((*maps.shape[:2], 1), np.nan, np.float32)
    joined: NDArray[np.float32] = np.concatenate([maps, gaps], axis=2).transpose(1, 0, 2).reshape(maps.shape[1], -1)
    return joined if len(joined) > 1 else np.repeat(joined[:, ::1], 6, axis=0)


def _coloured(values: NDArray[np.float32]) -> Image.Image:
    """Numbers as colours, blue for negative and orange for positive ones, with 16 levels each way; white for NaN."""
    far = float(np.nanmax(np.abs(values), initial=0.0)) or 1.0
    levels = np.where(np.isnan(values), 33, np.rint(16 * np.nan_to_num(values) / far) + 16).astype(np.uint8)
    picture = Image.fromarray(levels).convert("P")
    picture.putdata(levels.ravel().tolist())
    at = np.linspace(0, 1, 33)
    stops = np.linspace(0, 1, len(STOPS))
    colours = np.stack([np.interp(at, stops, [stop[part] for stop in STOPS]) for part in range(3)], axis=1)
    picture.putpalette([*np.rint(colours).astype(int).ravel().tolist(), 255, 255, 255])
    return picture


def _curve(run: dict[str, Any]) -> str:
    """Accuracy on the training and the test images over the epochs."""
    chunks, epochs = run["points"]["chunks"], run["points"]["epochs"]
    if not epochs:
        return ""
    picture = Image.new("P", (WIDTH, HEIGHT), 0)
    picture.putpalette([255, 255, 255, *INK, *GRID, *LINES[0], *LINES[1]])
    draw = ImageDraw.Draw(picture)
    left, right, top, bottom = 40, WIDTH - 10, 10, HEIGHT - 24
    last = max(point["epoch"] for point in (*chunks, *epochs))
    for share in (0, 0.25, 0.5, 0.75, 1):
        y = round(bottom + (top - bottom) * share)
        draw.line([(left, y), (right, y)], fill=2)
        draw.text((4, y - 6), f"{share:.0%}", fill=1)
    draw.text((left, bottom + 6), "0", fill=1)
    draw.text((right - 60, bottom + 6), f"epoch {last:g}", fill=1)
    for points, name, colour in ((chunks, "train_accuracy", 3), (epochs, "test_accuracy", 4)):
        places = [(left + (right - left) * p["epoch"] / last, bottom + (top - bottom) * p[name]) for p in points]
        draw.line(places, fill=colour, width=2) if len(places) > 1 else draw.point(places, fill=colour)
    for number, (name, colour) in enumerate((("training images", 3), ("test images", 4))):
        draw.text((left + 90 + 120 * number, bottom + 6), name, fill=colour)
    caption = "Accuracy over the epochs: blue training, orange test images"
    return _heading("Learning curve", "学习曲线") + _figure(picture, caption, 1)


def _figure(pixels: Pixels | Image.Image, caption: str, scale: int = 2) -> str:
    picture = Image.fromarray(pixels) if isinstance(pixels, np.ndarray) else pixels
    content = io.BytesIO()
    picture.save(content, "PNG", optimize=True)
    text, size = html.escape(caption, quote=True), (picture.width * scale, picture.height * scale)
    source = f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"
    image = f'<img src="{source}" alt="{text}" width="{size[0]}" height="{size[1]}" style="image-rendering:pixelated">'
    return f'<figure style="display:inline-block;margin:4px">{image}<figcaption>{text}</figcaption></figure>'


def _heading(text: str, zh: str) -> str:
    return f'<h2>{html.escape(text)} <span lang="zh">{html.escape(zh)}</span></h2>'


def _paragraph(text: str) -> str:
    return f"<p>{html.escape(text)}</p>"


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = f"<tr>{''.join(f'<th>{html.escape(title)}</th>' for title in titles)}</tr>" if titles else ""
    body = "".join(
        f"<tr><th>{html.escape(first)}</th>{''.join(f'<td>{html.escape(str(cell))}</td>' for cell in rest)}</tr>"
        for first, *rest in rows
    )
    return f"<table>{head}{body}</table>"
