/**
 * Finding ink: what is thin and stands out from its ground, as a digit on paper; as lenet.images.finding.ink.
 *
 * A stroke is thinner than what it is written on. So the ground of dark ink is the image after a closing with a square wider
 * than the strokes. How wide those are, and whether they are dark, is not known: the image is read in several ways, and the
 * most plausible reading wins.
 */

import { largest, median, partition, rint, std32, sum32 } from "../numbers.js";
import { belonging, isSpanned, partsOf } from "./belonging.js";
import { boxOf, label } from "./components.js";
import { blurred, dilated, eroded } from "./filters.js";
import { ruling } from "./lines.js";
import { closing } from "./maxima.js";
import { MIN_CONTRAST, Reading, chosen, count } from "./reading.js";

/**
 * @typedef {import("../pixels.js").Mask} Mask
 * @typedef {import("../pixels.js").Floats} Floats
 */

/**
 * A ground that an image may have, and what stands out from it.
 * @typedef {object} Ground
 * @property {Floats} relief  how far the image differs from it
 * @property {number} noise  how far noise lets the relief rise above zero (three stds)
 * @property {number} strongest  the strongest ink
 * @property {number} roughness  how rough the ground is: the sum of its steps, by its longest edge
 * @property {number} leastCost  the least cost that a reading with this ground can have
 */

const REACHES = [1 / 24, 1 / 12, 1 / 6, 1 / 3]; // half the width of the squares, as shares of the image's longest edge
const MIN_RISE = 1 / 4; // of the strongest ink: ink has steep edges, and the blur or shadow around it is not ink
const SOFT = 0.06; // of the object's size: how far its soft edges reach, in which it may be as pale as this share
const MIN_SOFT = 1 / 32;

/**
 * Finds what is written in an image.
 * @param {Floats} grey  some hundred pixels along each edge
 * @returns {Reading|null} the most plausible reading; null if nothing stands out from the ground
 */
export function findInk(grey) {
  const smooth = blurred(grey, 1);
  const longest = Math.max(grey.width, grey.height);
  const grounds = [];
  for (const sign of [-1, 1]) {
    const signed = { ...smooth, data: smooth.data.map((value) => -sign * value) };
    for (const share of REACHES) {
      const ground = groundOf(grey, signed, sign, Math.max(2, rint(share * longest)));
      if (ground) grounds.push(ground);
    }
  }
  grounds.sort((one, other) => one.leastCost - other.leastCost);
  /** @type {Reading|null} */
  let best = null;
  for (const ground of grounds) {
    if (best && ground.leastCost >= best.cost) break;
    const reading = read(ground);
    if (reading && (!best || reading.cost < best.cost)) best = reading;
  }
  return best;
}

/**
 * The ground of ink that is darker (sign -1) or lighter (1), closed by squares of a reach; null if nothing stands out.
 * @param {Floats} grey
 * @param {Floats} signed  the smooth image, on which the ink is dark
 * @param {number} sign
 * @param {number} reach
 * @returns {Ground|null}
 */
function groundOf(grey, signed, sign, reach) {
  const ground = blurred(closing(signed, reach), reach / 4);
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
function groundCost({ roughness, noise }, strength) {
  return (roughness + (10 / 3) * noise) / strength;
}

/**
 * Where a relief is above a limit.
 * @param {Floats} relief
 * @param {number} limit
 * @returns {Mask}
 */
function above({ width, height, data }, limit) {
  const least = Math.fround(limit);
  const result = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i++) result[i] = data[i] > least ? 1 : 0;
  return { width, height, data: result };
}

/**
 * What is in a mask, and not in another.
 * @param {Mask} mask
 * @param {Mask} other
 */
function without(mask, other) {
  const result = new Uint8Array(mask.data.length);
  for (let i = 0; i < result.length; i++) result[i] = mask.data[i] & (1 - other.data[i]);
  return result;
}

/**
 * Reads what stands out from a ground: which of it is the object, and how plausible that is.
 * @param {Ground} ground
 * @returns {Reading|null}
 */
function read(ground) {
  const { relief, noise, strongest } = ground;
  const mask = above(relief, Math.max((4 / 3) * noise, strongest * MIN_RISE));
  let components = label(mask);
  if (isSpanned(components)) {
    mask.data = without(mask, ruling(mask, relief));
    components = label(mask);
  }
  if (!components.length) return null;
  const { chosen: belongs, cost } = belonging(components, relief.data);
  const kept = components.keep(belongs);
  const box = boxOf(kept);
  const near = dilated(kept, Math.max(1, rint(SOFT * Math.max(box.height, box.width)))).data;
  const soft = above(relief, Math.max(noise, strongest * MIN_SOFT)).data;
  for (let i = 0; i < soft.length; i++) if (near[i] && soft[i] && !mask.data[i]) kept.data[i] = 1;
  const dropped = { ...mask, data: without(mask, kept) };
  return new Reading(relief, noise, partsOf(kept), kept, dropped, costOf(ground, kept, dropped) + cost);
}

/**
 * How implausible a reading is: by a rough ground, noise, uneven ink, no strokes, and much that is dropped.
 * @param {Ground} ground
 * @param {Mask} kept
 * @param {Mask} dropped
 */
function costOf(ground, kept, dropped) {
  const ink = chosen(ground.relief.data, kept.data);
  const strength = median(ink);
  const { height, width } = boxOf(kept);
  const [low, high] = [Math.min(height, width), Math.max(height, width)];
  const isSheet = ink.length > 0.75 * low * high && low > 0.5 * high;
  const isSolid = isSheet || eroded(kept, Math.max(1, rint(0.2 * high))).data.includes(1);
  return std32(ink) / strength + groundCost(ground, strength) + 3 * Number(isSolid) + count(dropped) / dropped.data.length;
}
