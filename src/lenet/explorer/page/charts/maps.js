/** Painting all maps of a layer onto one canvas. */

import { LEVELS, table } from "./palette.js";

/** @typedef {import("./grids.js").Grid} Grid */

/** @type {WeakMap<HTMLCanvasElement, {image: ImageData, words: Uint32Array}>} */
const IMAGES = new WeakMap(); // so that painting anew allocates nothing
const ZERO = (LEVELS - 1) / 2, STRONG = Math.round(0.3 * ZERO); // a bar's colours are far enough from the neutral one

/**
 * The largest absolute value.
 * @param {ArrayLike<number>} values
 * @param {number} [start]
 * @param {number} [end]
 */
export function farthest(values, start = 0, end = values.length) {
  let far = 0;
  for (let i = start; i < end; i += 1) {
    const size = values[i] < 0 ? -values[i] : values[i];
    if (size > far && size !== Infinity) far = size;
  }
  return far;
}

/**
 * Paints a layer.
 * @param {HTMLCanvasElement} canvas
 * @param {ArrayLike<number>} values  (channels, height, width) or (features,)
 * @param {Grid} grid
 * @param {ArrayLike<number>} fars  of each map the value of the strongest colour; one for all of them if there is but one
 * @param {string} theme
 * @param {"diverging"|"grey"} [kind]  grey: of numbers from 0 on
 */
export function paintLayer(canvas, values, grid, fars, theme, kind = "diverging") {
  const { image, words } = imageOf(canvas, grid);
  const colours = table(kind, theme);
  if (grid.kind === "bars") paintBars(words, values, grid, fars[0], colours);
  else if (grid.kind === "cells") paintRow(words, 0, values, 0, grid.count, factorOf(fars[0], kind), kind, colours);
  else {
    const { height, width, columns, count } = grid, pitch = grid.size[0];
    for (let unit = 0, from = 0; unit < count; unit += 1) {
      const factor = factorOf(fars.length > 1 ? fars[unit] : fars[0], kind);
      let to = Math.floor(unit / columns) * (height + 1) * pitch + (unit % columns) * (width + 1);
      for (let row = 0; row < height; row += 1, to += pitch, from += width) {
        paintRow(words, to, values, from, width, factor, kind, colours);
      }
    }
  }
  /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")).putImageData(image, 0, 0);
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Grid} grid
 */
function imageOf(canvas, { size: [width, height] }) {
  const known = IMAGES.get(canvas);
  if (known && known.image.width === width && known.image.height === height && canvas.width === width) return known;
  Object.assign(canvas, { width, height });
  const image = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")).createImageData(width, height);
  const made = { image, words: new Uint32Array(image.data.buffer) };
  IMAGES.set(canvas, made);
  return made;
}

/** @param {number} far @param {"diverging"|"grey"} kind */
function factorOf(far, kind) {
  return (kind === "grey" ? LEVELS - 1 : ZERO) / (far || 1);
}

/**
 * @param {Uint32Array} words
 * @param {number} to
 * @param {ArrayLike<number>} values
 * @param {number} from
 * @param {number} count
 * @param {number} factor
 * @param {"diverging"|"grey"} kind
 * @param {Uint32Array} colours
 */
function paintRow(words, to, values, from, count, factor, kind, colours) {
  const middle = kind === "grey" ? 0.5 : ZERO + 0.5;
  for (let i = 0; i < count; i += 1) {
    const level = Math.floor(values[from + i] * factor + middle);
    words[to + i] = colours[level < 0 ? 0 : level >= LEVELS ? LEVELS - 1 : level || 0];
  }
}

/**
 * Bars from zero: up and down if there are negative values, else up from the lower edge.
 * @param {Uint32Array} words
 * @param {ArrayLike<number>} values
 * @param {Grid} grid
 * @param {number} far
 * @param {Uint32Array} colours
 */
function paintBars(words, values, { count, height, scale, size: [pitch] }, far, colours) {
  words.fill(0);
  let hasNegative = false;
  for (let i = 0; i < count; i += 1) hasNegative ||= values[i] < 0;
  const zero = hasNegative ? height >> 1 : height - 1, reach = hasNegative ? height >> 1 : height - 1;
  const thick = scale > 3 ? scale - 1 : scale;
  for (let i = 0; i < count; i += 1) {
    const share = Math.max(-1, Math.min(1, values[i] / (far || 1))), end = Math.round(zero - share * reach);
    const level = Math.round(ZERO + share * (ZERO - STRONG)) + (share < 0 ? -STRONG : STRONG);
    const colour = colours[Math.max(0, Math.min(LEVELS - 1, level || 0))];
    for (let y = Math.max(0, Math.min(end, zero)); y <= Math.min(height - 1, Math.max(end, zero)); y += 1) {
      if (share !== 0 || y === zero) words.fill(share ? colour : 0xff888888, y * pitch + i * scale, y * pitch + i * scale + thick);
    }
  }
}
