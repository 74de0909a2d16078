/**
 * Strokes of a round pen as an image: the page computes the pixels itself, as some browsers change what is read from a canvas.
 *
 * @typedef {import("../pixels.js").Image} Image
 * @typedef {[number, number][]} Stroke  points in half pixels of the image: x and y from 0 to LAST
 * @typedef {{isLight: boolean, strokes: Stroke[]}} Drawing  isLight: dark strokes on a light ground
 */

import { strokeWidth } from "../strokes.js";
import { rint } from "../numbers.js";

export const EDGE = 128; // pixels: the finding of objects takes such an image as it is
export const LAST = 254; // half pixels; 255 ends a stroke in an address
const USUAL = 0.1; // the width of MNIST's strokes as a share of the digit's longest edge
const TYPICAL = 0.7; // the longest edge of a drawing as a share of the image
const SLANT = 1.19; // how much narrower `strokeWidth` measures a round pen, whose strokes have all directions (input.test.mjs)
const WIDEST = 0.12; // share of the image: the loops of an 8 stay open
const SAMPLE = 50; // training images that are measured
const INK = 127; // pixels above it belong to a stroke

/**
 * Draw.
 * @param {Drawing} drawing
 * @param {number} width  of the pen in pixels
 * @returns {Image} grey, EDGE by EDGE
 */
export function rasterised({ isLight, strokes }, width) {
  const ink = new Uint8Array(EDGE * EDGE);
  for (const stroke of strokes) {
    const points = stroke.map(([x, y]) => [(x + 1) / 2, (y + 1) / 2]);
    for (let i = 0; i < points.length; i += 1) addLine(ink, points[Math.max(0, i - 1)], points[i], width / 2);
  }
  return { width: EDGE, height: EDGE, channels: 1, data: isLight ? ink.map((value) => 255 - value) : ink };
}

/**
 * Add a line with round ends, as the darkest of what crosses a pixel.
 * @param {Uint8Array} ink
 * @param {number[]} from
 * @param {number[]} to
 * @param {number} radius
 */
function addLine(ink, [fromX, fromY], [toX, toY], radius) {
  const reach = radius + 0.5, [dx, dy] = [toX - fromX, toY - fromY], square = dx * dx + dy * dy;
  const first = (/** @type {number} */ a, /** @type {number} */ b) => Math.max(0, Math.floor(Math.min(a, b) - reach));
  const stop = (/** @type {number} */ a, /** @type {number} */ b) => Math.min(EDGE, Math.ceil(Math.max(a, b) + reach));
  const [left, right, top, bottom] = [first(fromX, toX), stop(fromX, toX), first(fromY, toY), stop(fromY, toY)];
  for (let row = top; row < bottom; row += 1) {
    for (let column = left; column < right; column += 1) {
      const [x, y] = [column + 0.5 - fromX, row + 0.5 - fromY];
      const along = square ? Math.min(1, Math.max(0, (x * dx + y * dy) / square)) : 0;
      const [awayX, awayY] = [x - along * dx, y - along * dy];
      const cover = reach - Math.sqrt(awayX * awayX + awayY * awayY);
      if (cover <= 0) continue;
      const value = cover >= 1 ? 255 : rint(255 * cover);
      if (value > ink[row * EDGE + column]) ink[row * EDGE + column] = value;
    }
  }
}

/**
 * The width of the pen that gives strokes as wide as those of the training images, once they are framed like these.
 * @param {import("../../base/types.js").Run} run
 * @returns {number} pixels
 */
export function penWidth({ images, input, preprocessing }) {
  const set = images.train ?? images.test;
  const share = set && preprocessing.framing === "mass" ? usualShare(set, input, preprocessing.ground === "light") : USUAL;
  return Math.min(WIDEST, share * SLANT * TYPICAL) * EDGE;
}

/**
 * The median width of the strokes of images, as a share of the longest edge of what they show.
 * @param {import("../../base/types.js").ImageSet} set
 * @param {{height: number, width: number}} input
 * @param {boolean} isLight
 */
function usualShare({ pixels, labels }, { height, width }, isLight) {
  const size = height * width, count = labels.values.length, step = Math.max(1, Math.floor(count / SAMPLE));
  /** @type {number[]} */
  const shares = [];
  for (let i = 0; i < count; i += step) {
    const data = pixels.values.slice(i * size, (i + 1) * size).map((value) => Number((isLight ? 255 - value : value) > INK));
    const longest = longestEdge(data, width);
    if (longest > 0) shares.push(strokeWidth({ width, height, data }) / longest);
  }
  return shares.length ? shares.sort((a, b) => a - b)[shares.length >> 1] : USUAL;
}

/** @param {Uint8Array} data @param {number} width */
function longestEdge(data, width) {
  let [top, bottom, left, right] = [Infinity, -1, Infinity, -1];
  data.forEach((value, i) => {
    if (!value) return;
    const row = Math.floor(i / width), column = i % width;
    [top, bottom, left, right] = [Math.min(top, row), Math.max(bottom, row), Math.min(left, column), Math.max(right, column)];
  });
  return bottom < 0 ? 0 : Math.max(bottom - top, right - left) + 1;
}
