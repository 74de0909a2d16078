/** A histogram as SVG. */

import { svg } from "../base/dom.js";
import { short } from "./raster.js";

/**
 * Draws counts over their range. The tallest bar is cut where it would hide the others, as the zeros of ReLUs do.
 * @param {ArrayLike<number>} counts
 * @param {number} low  of the range
 * @param {number} high
 * @param {{label: string, width?: number, height?: number}} options  label: for those who do not see it
 * @returns {SVGSVGElement}
 */
export function histogramChart(counts, low, high, { label, width = 180, height = 60 }) {
  const sorted = Array.from(counts).sort((a, b) => b - a), bottom = 14, most = Math.max(1, Math.min(sorted[0], 4 * (sorted[1] ?? 0)) || sorted[0]);
  const step = width / counts.length, tall = height - bottom;
  const bars = Array.from(counts, (count, i) => {
    const size = Math.min(1, count / most) * (tall - 3);
    return count > 0 && svg("rect", { x: i * step, y: tall - Math.max(1, size), width: step - 0.5, height: Math.max(1, size), fill: count > most ? "var(--mark)" : "var(--accent)" });
  });
  const text = (/** @type {number} */ x, /** @type {string} */ anchor, /** @type {string} */ words) =>
    svg("text", { x, y: height - 2, "text-anchor": anchor, "font-size": 11, fill: "currentColor" }, words);
  const zero = low < 0 && high > 0 ? (width * -low) / (high - low) : null;
  return svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label, class: "chart" },
    svg("line", { x1: 0, x2: width, y1: tall, y2: tall, stroke: "currentColor", "stroke-opacity": 0.4 }), ...bars,
    zero !== null && svg("line", { x1: zero, x2: zero, y1: 0, y2: tall, stroke: "currentColor", "stroke-opacity": 0.5, "stroke-dasharray": "2 2" }),
    text(0, "start", short(low)), text(width, "end", short(high)));
}
