/** A chart of lines over a common axis, as SVG. */

import { svg } from "../base/dom.js";
import { short } from "./raster.js";

/** @typedef {{name: string, points: [number, number][], colour: string, dashed?: boolean}} Line */

export const COLOURS = ["var(--accent)", "var(--mark)", "var(--good)", "var(--bad)"];

/**
 * Draws lines with their axes and a legend.
 * @param {Line[]} lines
 * @param {{width?: number, height?: number, x: string, y: string, mark?: number|null, low?: number, high?: number, label: string}} options
 *   x, y: what the axes show; mark: an x that is marked by a line; low, high: of the y axis; label: for those who do not see it
 * @returns {SVGSVGElement}
 */
export function lineChart(lines, { width = 460, height = 200, x, y, mark = null, low, high, label }) {
  const left = 46, right = 10, top = 10, bottom = 36, all = lines.flatMap((line) => line.points).filter((p) => p.every(Number.isFinite));
  const xs = extent(all.map(([at]) => at)), ys = extent(all.map(([, value]) => value));
  const from = low ?? ys[0], to = high ?? ys[1];
  const px = (/** @type {number} */ at) => left + ((at - xs[0]) / (xs[1] - xs[0])) * (width - left - right);
  const py = (/** @type {number} */ value) => height - bottom - ((value - from) / (to - from)) * (height - top - bottom);
  const text = (/** @type {number} */ at, /** @type {number} */ down, /** @type {string} */ anchor, /** @type {string} */ words) =>
    svg("text", { x: at, y: down, "text-anchor": anchor, "font-size": 12, fill: "currentColor" }, words);
  const path = (/** @type {Line} */ line) => line.points.filter((p) => p.every(Number.isFinite)).map(([at, value]) => `${px(at).toFixed(1)},${py(value).toFixed(1)}`).join(" ");
  let along = left;
  return svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label, class: "chart" },
    svg("path", { d: `M${left},${top}V${height - bottom}H${width - right}`, fill: "none", stroke: "currentColor", "stroke-opacity": 0.5 }),
    text(left - 4, py(to) + 8, "end", short(to)), text(left - 4, py(from), "end", short(from)),
    text(left, height - bottom + 14, "middle", short(xs[0])), text(width - right, height - bottom + 14, "end", short(xs[1])),
    text((left + width) / 2, height - bottom + 14, "middle", x), text(left + 4, top + 8, "start", y),
    mark !== null && svg("line", { x1: px(mark), x2: px(mark), y1: top, y2: height - bottom, stroke: "var(--pale)", "stroke-dasharray": "2 3" }),
    ...lines.map((line) => svg("polyline", { points: path(line), fill: "none", stroke: line.colour, "stroke-width": 2,
      "stroke-dasharray": line.dashed ? "5 4" : null })),
    ...lines.flatMap((line) => {
      const at = along;
      along += 30 + widthOf(line.name);
      return [svg("line", { x1: at, x2: at + 16, y1: height - 8, y2: height - 8, stroke: line.colour, "stroke-width": 2,
        "stroke-dasharray": line.dashed ? "5 4" : null }), text(at + 20, height - 4, "start", line.name)];
    }));
}

/**
 * About how wide a text of 12 pixels is: Chinese characters are square.
 * @param {string} text
 */
function widthOf(text) {
  return Array.from(text).reduce((total, character) => total + (character > "\u2e80" ? 12 : 7), 0);
}

/**
 * The smallest and the largest of some numbers, apart even if there is only one.
 * @param {number[]} values
 * @returns {[number, number]}
 */
function extent(values) {
  if (!values.length) return [0, 1];
  const low = Math.min(...values), high = Math.max(...values);
  return low === high ? [low - 0.5, high + 0.5] : [low, high];
}
