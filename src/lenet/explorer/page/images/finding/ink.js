/**
 * Finding ink: what is thin and stands out from its ground, as a digit on paper; as lenet.images.finding.ink.
 *
 * A stroke is thinner than what it is written on. So the ground of dark ink is the image after a closing with a square wider
 * than the strokes. How wide those are, and whether they are dark, is not known: the image is read in several ways, and the
 * most plausible reading wins.
 */

import { median, rint, std32 } from "../numbers.js";
import { belonging, isSpanned, partsOf } from "./belonging.js";
import { boxOf, label } from "./components.js";
import { blurred, dilated, eroded } from "./filters.js";
import { closings, groundCost, groundOf } from "./grounds.js";
import { ruling } from "./lines.js";
import { Reading, chosen, count } from "./reading.js";

/**
 * @typedef {import("../pixels.js").Mask} Mask
 * @typedef {import("../pixels.js").Floats} Floats
 * @typedef {import("./grounds.js").Ground} Ground
 */

const MIN_RISE = 1 / 4; // of the strongest ink: ink has steep edges, and the blur or shadow around it is not ink
const SOFT = 0.06; // of the object's size: how far its soft edges reach, in which it may be as pale as this share
const MIN_SOFT = 1 / 32;

/**
 * Finds what is written in an image.
 *
 * Python computes every ground, and reads them by their least cost. Here a ground whose cost cannot be the least is not computed:
 * the reading that wins is the same.
 * @param {Floats} grey  some hundred pixels along each edge
 * @returns {Reading|null} the most plausible reading; null if nothing stands out from the ground
 */
export function findInk(grey) {
  /** @type {{reading: Reading, rank: number[]}|null} */
  let best = null;
  for (const { closed, number, bound } of closings(grey, blurred(grey, 1)).sort((one, other) => one.bound - other.bound)) {
    if (best && bound > best.reading.cost) break;
    const ground = groundOf(grey, closed);
    if (!ground || (best && ground.leastCost > best.reading.cost)) continue;
    const reading = read(ground);
    const rank = reading ? [reading.cost, ground.leastCost, number] : [];
    if (reading && (!best || isBefore(rank, best.rank))) best = { reading, rank };
  }
  return best && best.reading;
}

/**
 * Whether a list of numbers comes before another: by the first in which they differ.
 * @param {number[]} one
 * @param {number[]} other
 */
function isBefore(one, other) {
  const first = one.findIndex((value, i) => value !== other[i]);
  return first >= 0 && one[first] < other[first];
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
