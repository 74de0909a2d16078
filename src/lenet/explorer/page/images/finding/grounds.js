/**
 * The grounds that an image with ink may have, and how much of its cost a reading owes to each; as lenet.images.finding.ink.
 *
 * @typedef {import("../pixels.js").Floats} Floats
 */

import { largest, partition, rint, smallest, sum32 } from "../numbers.js";
import { blurred } from "./filters.js";
import { closing } from "./maxima.js";
import { MIN_CONTRAST } from "./reading.js";

/**
 * A ground that an image may have, and what stands out from it.
 * @typedef {object} Ground
 * @property {Floats} relief  how far the image differs from it
 * @property {number} noise  how far noise lets the relief rise above zero (three stds)
 * @property {number} strongest  the strongest ink
 * @property {number} roughness  how rough the ground is: the sum of its steps, by its longest edge
 * @property {number} leastCost  the least cost that a reading with this ground can have
 */

/**
 * An image closed by squares, which becomes a ground when it is blurred.
 * @typedef {object} Closed
 * @property {Floats} image
 * @property {number} sign  -1 for ink that is darker than its ground, 1 for lighter
 * @property {number} radius  of the blur
 */

const REACHES = [1 / 24, 1 / 12, 1 / 6, 1 / 3]; // half the width of the squares, as shares of the image's longest edge
const SURE = 0.98; // of a bound, for what is lost in rounding

/**
 * The image closed by squares of each size, for dark and for light ink; numbered as Python takes them.
 * @param {Floats} grey
 * @param {Floats} smooth
 * @returns {{closed: Closed, number: number, bound: number}[]}  with what a reading costs at least
 */
export function closings(grey, smooth) {
  const longest = Math.max(grey.width, grey.height);
  const result = [];
  for (const sign of [-1, 1]) {
    const signed = { ...smooth, data: smooth.data.map((value) => -sign * value) };
    const values = sign === 1 ? grey.data : grey.data.map((value) => -value);
    const rise = largest(values) - partition(values, values.length >> 1)[values.length >> 1];
    let range = [-Infinity, Infinity];
    /** @type {Floats} */
    let image = signed;
    for (const [number, share] of REACHES.entries()) {
      const reach = Math.max(2, rint(share * longest));
      if (range[0] !== range[1]) image = closing(signed, reach); // an even one stays the same for wider squares
      else if (range[0] === 0) break; // and so do its ground and its reading
      range = [smallest(image.data), largest(image.data)];
      const most = range[1] - range[0] + rise; // that anything can stand out from the ground
      if (most < SURE * MIN_CONTRAST) continue;
      const closed = { image, sign, radius: reach / 4 };
      const bound = (SURE * leastRoughness(closed)) / most;
      result.push({ closed, number: number + (sign === 1 ? REACHES.length : 0), bound });
    }
  }
  return result;
}

/**
 * What the roughness of a blurred image is at least: that of the sums of its rows, and of its columns, which the blur along
 * them does not change.
 * @param {Closed} closed
 */
function leastRoughness({ image, radius }) {
  const { width, height, data } = image;
  const [rows, columns] = [new Float64Array(height), new Float64Array(width)];
  for (let row = 0, i = 0; row < height; row++) {
    let sum = 0;
    for (let column = 0; column < width; column++, i++) {
      sum += data[i];
      columns[column] += data[i];
    }
    rows[row] = sum;
  }
  const reach = rint(Math.min(radius, Math.max(width, height)));
  return (variation(meansOf(rows, reach)) + variation(meansOf(columns, reach))) / Math.max(width, height);
}

/** Means over 2 · reach + 1 numbers, twice, mirrored at both ends. @param {Float64Array} values @param {number} wanted */
function meansOf(values, wanted) {
  const { length } = values;
  const reach = Math.min(wanted, length - 1);
  const at = (/** @type {number} */ i) => (i < 0 ? -1 - i : i < length ? i : 2 * length - 1 - i);
  const mean = (/** @type {Float64Array} */ some) =>
    some.map((_, place) => {
      let sum = 0;
      for (let i = place - reach; i <= place + reach; i++) sum += some[at(i)];
      return sum / (2 * reach + 1);
    });
  return mean(mean(values));
}

/** The sum of the steps between neighbours. @param {Float64Array} values */
function variation(values) {
  let sum = 0;
  for (let i = 1; i < values.length; i++) sum += Math.abs(values[i] - values[i - 1]);
  return sum;
}

/**
 * The ground that a closed image is; null if nothing stands out from it.
 * @param {Floats} grey
 * @param {Closed} closed
 * @returns {Ground|null}
 */
export function groundOf(grey, { image, sign, radius }) {
  const ground = blurred(image, radius);
  const values = new Float32Array(grey.data.length);
  for (let i = 0; i < values.length; i++) values[i] = ground.data[i] + sign * grey.data[i];
  const half = values.length >> 1;
  const ordered = partition(values, half);
  const level = ordered[half]; // ink covers less than half of the image
  let flat = 0;
  for (let i = 0; i < values.length; i++) {
    values[i] -= level;
    if (values[i] <= 0) flat++;
  }
  const noise = 3 * 1.4826 * Math.fround(level - partition(ordered.subarray(0, half + 1), flat >> 1)[flat >> 1]);
  const strong = Math.max(1, Math.floor(values.length / 2000));
  const place = values.length - half - strong;
  const strongest = Math.fround(partition(ordered.subarray(half), place)[place] - level);
  if (strongest < Math.max(MIN_CONTRAST, (5 / 3) * noise)) return null;
  const { width, height } = grey;
  const roughness = (steps(ground.data, width, height, 0) + steps(ground.data, width, height, 1)) / Math.max(width, height);
  const result = { relief: { ...grey, data: values }, noise, strongest, roughness, leastCost: 0 };
  return { ...result, leastCost: groundCost(result, largest(values)) };
}

/**
 * The sum of all steps between neighbours along an axis.
 * @param {Float32Array} data
 * @param {number} width
 * @param {number} height
 * @param {number} axis
 */
function steps(data, width, height, axis) {
  const [rows, columns] = axis ? [height, width - 1] : [height - 1, width];
  const offset = axis ? 1 : width;
  const sizes = new Float32Array(rows * columns);
  for (let row = 0, i = 0; row < rows; row++) {
    for (let at = row * width; at < row * width + columns; at++) sizes[i++] = Math.abs(Math.fround(data[at + offset] - data[at]));
  }
  return sum32(sizes);
}

/**
 * What noise and roughness add to the cost of a reading whose ink is so strong.
 * @param {Ground} ground
 * @param {number} strength
 */
export function groundCost({ roughness, noise }, strength) {
  return (roughness + (10 / 3) * noise) / strength;
}
