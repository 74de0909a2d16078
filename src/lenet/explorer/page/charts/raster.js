/** Maps of numbers on canvases, a pixel a number; CSS enlarges them with sharp edges. */

import { LEVELS, css, colour, table } from "./palette.js";
import { h, svg } from "../base/dom.js";

/** @typedef {{kind: "diverging"|"sequential"|"grey", low: number, high: number}} Scale */

/**
 * The scale for some numbers: diverging around zero if there are negative ones, else sequential from zero.
 * @param {ArrayLike<number>[]} parts
 * @returns {Scale}
 */
export function scaleOf(parts) {
  let low = 0, high = 0;
  for (const values of parts) {
    for (let i = 0; i < values.length; i += 1) {
      if (values[i] < low) low = values[i];
      if (values[i] > high) high = values[i];
    }
  }
  if (low === 0) return { kind: "sequential", low: 0, high: high || 1 };
  const far = Math.max(-low, high);
  return { kind: "diverging", low: -far, high: far };
}

/** The scale of pixels, from 0 to 255. @type {Scale} */
export const PIXELS = { kind: "grey", low: 0, high: 255 };

/**
 * Paints numbers (height · width) onto a canvas of as many pixels.
 * @param {HTMLCanvasElement} canvas
 * @param {ArrayLike<number>} values
 * @param {number} width
 * @param {number} height
 * @param {Scale} scale
 * @param {string} theme
 * @param {number} [start]  where the numbers begin in `values`
 */
export function paint(canvas, values, width, height, scale, theme, start = 0) {
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = context.createImageData(width, height), words = new Uint32Array(image.data.buffer);
  const colours = table(scale.kind, theme), factor = (LEVELS - 1) / (scale.high - scale.low);
  for (let i = 0; i < words.length; i += 1) {
    const level = Math.round((values[start + i] - scale.low) * factor);
    words[i] = colours[level < 0 ? 0 : level >= LEVELS ? LEVELS - 1 : level || 0];
  }
  context.putImageData(image, 0, 0);
}

/**
 * Paints an image of bytes, grey or in colour (height · width · channels).
 * @param {HTMLCanvasElement} canvas
 * @param {ArrayLike<number>} pixels
 * @param {number} width
 * @param {number} height
 * @param {number} channels
 */
export function paintPixels(canvas, pixels, width, height, channels) {
  if (channels === 1) return paint(canvas, pixels, width, height, PIXELS, "light");
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = context.createImageData(width, height);
  for (let i = 0; i < width * height; i += 1) {
    for (let c = 0; c < 3; c += 1) image.data[4 * i + c] = pixels[channels * i + c];
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

/**
 * A canvas of some size on the screen.
 * @param {number} size  of its longer side, in CSS pixels
 * @param {number} width
 * @param {number} height
 * @param {Record<string, any>} [attributes]
 */
export function canvasOf(size, width, height, attributes = {}) {
  const scale = size / Math.max(width, height);
  const style = `width:${Math.round(width * scale)}px;height:${Math.round(height * scale)}px`;
  return h("canvas", { width, height, style, role: "img", ...attributes });
}

/**
 * The legend of a scale, with its numbers.
 * @param {Scale} scale
 * @param {string} theme
 * @returns {SVGSVGElement}
 */
export function legend(scale, theme) {
  const width = 160, bars = 64;
  const kind = scale.kind, middle = kind === "diverging" ? [[0.5, 0]] : [];
  const marks = /** @type {[number, number][]} */ ([[0, scale.low], ...middle, [1, scale.high]]);
  return svg("svg", { width: width + 40, height: 30, viewBox: `-20 0 ${width + 40} 30`, role: "img", class: "legend",
    "aria-label": marks.map(([, value]) => short(value)).join(" … ") },
  ...Array.from({ length: bars }, (_, i) => svg("rect", { x: (i * width) / bars, y: 0, width: width / bars + 0.5, height: 12,
    fill: css(colour(kind, theme, i / (bars - 1))) })),
  ...marks.map(([at, value]) => svg("text", { x: at * width, y: 26, "text-anchor": "middle", "font-size": 12, fill: "currentColor" }, short(value))));
}

/**
 * A number in three significant digits.
 * @param {number} value
 */
export function short(value) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  return size >= 1e5 || size < 1e-3 ? value.toExponential(1) : String(Number(value.toPrecision(3)));
}
