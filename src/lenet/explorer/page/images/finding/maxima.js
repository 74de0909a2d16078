/**
 * The maximum over squares, and the closing made of it; as lenet.images.finding.filters.
 *
 * Maxima are the same however they are computed: here of whole numbers in the order of the floats, which takes half as long.
 */

import { copy, integers, turn } from "./rows.js";

/**
 * @typedef {import("../pixels.js").Floats} Floats
 */

/**
 * Fills what is dark and narrower than 2 · reach + 1 pixels: the maximum over squares, then the minimum.
 * @param {Floats} image  with one channel
 * @param {number} reach
 * @returns {Floats}
 */
export function closing(image, reach) {
  const { width, height } = image;
  const size = width * height;
  const [one, other, result] = [integers(0, size), integers(1, size), new Int32Array(size)];
  const bits = new Int32Array(image.data.buffer, image.data.byteOffset, size);
  for (let i = 0; i < size; i++) other[i] = ordered(bits[i]);
  maximaDown(other, height, width, reach, one);
  turn(one, width, height, 1, other);
  maximaDown(other, width, height, reach, one);
  for (let i = 0; i < size; i++) one[i] = ~one[i]; // in the opposite order
  maximaDown(one, width, height, reach, other);
  turn(other, height, width, 1, one);
  maximaDown(one, height, width, reach, result);
  for (let i = 0; i < size; i++) result[i] = ordered(~result[i]);
  return { ...image, data: new Float32Array(result.buffer) };
}

/**
 * The bits of a float as a whole number, in the same order; and back.
 * @param {number} bits
 */
function ordered(bits) {
  return bits ^ ((bits >> 31) & 0x7fffffff);
}

/**
 * The maximum over 2 · reach + 1 rows, by maxima from the start and from the end of blocks of so many rows.
 * @param {Int32Array} data
 * @param {number} rows
 * @param {number} columns
 * @param {number} reach
 * @param {Int32Array} target
 */
function maximaDown(data, rows, columns, reach, target) {
  const block = 2 * reach + 1;
  const [fromStart, toEnd] = [integers(2, rows * columns), integers(3, rows * columns)];
  const end = rows - 1;
  for (let row = 0; row < rows; row++) {
    if (row % block) larger(data, row, fromStart, row - 1, columns, fromStart, row);
    else copy(data, row, columns, fromStart, row);
  }
  for (let row = end; row >= 0; row--) {
    if (row < end && (row + 1) % block) larger(data, row, toEnd, row + 1, columns, toEnd, row);
    else copy(data, row, columns, toEnd, row);
  }
  for (let row = 0; row < rows; row++) {
    const [low, high] = [Math.max(0, row - reach), Math.min(end, row + reach)];
    if (Math.floor(low / block) < Math.floor(high / block)) larger(toEnd, low, fromStart, high, columns, target, row);
    else if (low % block) copy(toEnd, low, columns, target, row);
    else copy(fromStart, high, columns, target, row);
  }
}

/**
 * Writes the larger of two rows' numbers into a row.
 * @param {Int32Array} one
 * @param {number} first
 * @param {Int32Array} other
 * @param {number} second
 * @param {number} columns
 * @param {Int32Array} target
 * @param {number} row
 */
function larger(one, first, other, second, columns, target, row) {
  const [start, end] = [row * columns, (row + 1) * columns];
  const [near, far] = [first * columns - start, second * columns - start];
  let k = start;
  for (; k + 3 < end; k += 4) {
    target[k] = Math.max(one[k + near], other[k + far]);
    target[k + 1] = Math.max(one[k + near + 1], other[k + far + 1]);
    target[k + 2] = Math.max(one[k + near + 2], other[k + far + 2]);
    target[k + 3] = Math.max(one[k + near + 3], other[k + far + 3]);
  }
  for (; k < end; k++) target[k] = Math.max(one[k + near], other[k + far]);
}
