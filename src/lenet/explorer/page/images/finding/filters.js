/**
 * Filters on images of floats and on masks: blur, dilation, erosion; as lenet.images.finding.filters.
 *
 * Sums are added up in Python's order, so every bit is the same. Each mean is taken down the columns, row by row, which is fast;
 * for the other axis the image is turned and turned back.
 */

import { rint } from "../numbers.js";
import { copy, floats, turn } from "./rows.js";

/**
 * @typedef {import("../pixels.js").Mask} Mask
 * @typedef {import("../pixels.js").Floats} Floats
 */

/**
 * Adds to a mask what is at most `reach` pixels away, also diagonally.
 * @param {Mask} mask
 * @param {number} reach
 * @returns {Mask}
 */
export function dilated({ width, height, data }, reach) {
  const once = new Uint8Array(data.length);
  const result = new Uint8Array(data.length);
  for (let row = 0; row < height; row++) spread(data, row * width, 1, width, reach, once);
  for (let column = 0; column < width; column++) spread(once, column, width, height, reach, result);
  return { width, height, data: result };
}

/**
 * Removes from a mask what is at most `reach` pixels away from what is outside; the image's border is no outside.
 * @param {Mask} mask
 * @param {number} reach
 * @returns {Mask}
 */
export function eroded(mask, reach) {
  return inverse(dilated(inverse(mask), reach));
}

/**
 * What is not in a mask.
 * @param {Mask} mask
 * @returns {Mask}
 */
export function inverse({ width, height, data }) {
  const result = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i++) result[i] = 1 - data[i];
  return { width, height, data: result };
}

/**
 * Blurs with an approximation of a Gaussian, two means over 2 · radius + 1 pixels along each axis.
 * @param {Floats} image
 * @param {number} radius
 * @returns {Floats}
 */
export function blurred(image, radius) {
  const { width, height, channels, data } = image;
  const reach = rint(Math.min(radius, Math.max(width, height)));
  if (!reach) return image;
  const [one, other, result] = [floats(0, data.length), floats(1, data.length), new Float32Array(data.length)];
  meansDown(data, height, width * channels, reach, one);
  meansDown(one, height, width * channels, reach, other);
  turn(other, width, height, channels, one);
  meansDown(one, width, height * channels, reach, other);
  meansDown(other, width, height * channels, reach, one);
  turn(one, height, width, channels, result);
  return { ...image, data: result };
}

/**
 * Spreads what is true in a line of a mask to the places at most `reach` away.
 * @param {Uint8Array} data
 * @param {number} first  where the line starts
 * @param {number} step  from each of its places to the next
 * @param {number} length
 * @param {number} reach
 * @param {Uint8Array} target
 */
function spread(data, first, step, length, reach, target) {
  for (let place = 0, done = 0; place < length; place++) {
    if (!data[first + place * step]) continue;
    const end = Math.min(length, place + reach + 1);
    for (let near = Math.max(done, place - reach); near < end; near++) target[first + near * step] = 1;
    done = end;
  }
}

/**
 * The mean over 2 · reach + 1 rows; beyond the first and the last row the image is mirrored.
 *
 * The number of rows is a sum of powers of two, and so is the sum over them.
 * @param {Float32Array} data
 * @param {number} rows
 * @param {number} columns
 * @param {number} wanted  the reach, less where there are fewer rows
 * @param {Float32Array} target
 */
function meansDown(data, rows, columns, wanted, target) {
  const reach = Math.min(wanted, rows - 1);
  const goal = 2 * reach + 1;
  const size = rows * columns;
  let count = size + 2 * reach * columns;
  let [values, other] = [floats(2, count), floats(3, count)];
  for (let row = 0; row < reach; row++) {
    copy(data, reach - 1 - row, columns, values, row);
    copy(data, rows - 1 - row, columns, values, reach + rows + row);
  }
  copy(data, 0, columns, values, reach, rows);
  copy(values, 0, columns, target, 0, rows);
  for (let width = 1, summed = columns; 2 * width <= goal; ) {
    const times = goal & (2 * width) || 4 * width > goal ? 2 : 4; // four at once take less time than two and two
    count -= (times - 1) * width * columns;
    if (times === 2) addTwo(values, width * columns, count, other);
    else addFour(values, width * columns, count, other);
    [values, other] = [other, values];
    width *= times;
    if (!(goal & width)) continue;
    addTo(target, values, summed, size);
    summed += width * columns;
  }
  const share = Math.fround(1 / goal);
  for (let i = 0; i < size; i++) target[i] *= share;
}

/**
 * Adds to each number one that lies a step farther; four numbers in each round, which takes less time.
 * @param {Float32Array} values
 * @param {number} step
 * @param {number} count
 * @param {Float32Array} target
 */
function addTwo(values, step, count, target) {
  const { fround } = Math;
  let i = 0;
  for (; i + 3 < count; i += 4) {
    target[i] = fround(values[i] + values[i + step]);
    target[i + 1] = fround(values[i + 1] + values[i + step + 1]);
    target[i + 2] = fround(values[i + 2] + values[i + step + 2]);
    target[i + 3] = fround(values[i + 3] + values[i + step + 3]);
  }
  for (; i < count; i++) target[i] = fround(values[i] + values[i + step]);
}

/**
 * Adds to each number three that lie one, two and three steps farther.
 * @param {Float32Array} values
 * @param {number} step
 * @param {number} count
 * @param {Float32Array} target
 */
function addFour(values, step, count, target) {
  const { fround } = Math;
  for (let i = 0, j = step, k = 2 * step, l = 3 * step; i < count; i++, j++, k++, l++) {
    target[i] = fround(fround(values[i] + values[j]) + fround(values[k] + values[l]));
  }
}

/**
 * Adds to the first numbers of an array those of another from a place on.
 * @param {Float32Array} target
 * @param {Float32Array} values
 * @param {number} place
 * @param {number} count
 */
function addTo(target, values, place, count) {
  const { fround } = Math;
  let i = 0;
  for (; i + 3 < count; i += 4) {
    target[i] = fround(target[i] + values[place + i]);
    target[i + 1] = fround(target[i + 1] + values[place + i + 1]);
    target[i + 2] = fround(target[i + 2] + values[place + i + 2]);
    target[i + 3] = fround(target[i + 3] + values[place + i + 3]);
  }
  for (; i < count; i++) target[i] = fround(target[i] + values[place + i]);
}
