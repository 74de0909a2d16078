/**
 * Finding a solid object, as a garment on a floor (framing "box"): what its outline separates from the ground around it; as
 * lenet.images.finding.solid.
 *
 * Frames and strips along the image's edges are cut off first. If what is found is a sheet, an even rectangle with something
 * on it, that is looked for instead.
 */

import { argmax, argsort, largest, median, quantile, rint } from "../numbers.js";
import { cropped } from "../pixels.js";
import { boxOf, label } from "./components.js";
import { dilated, eroded } from "./filters.js";
import { Box, chosen, count, MIN_CONTRAST, Reading } from "./reading.js";
import { distance } from "./solids/colours.js";
import { continued } from "./solids/continued.js";
import { findGround } from "./solids/ground.js";
import { sheetOf } from "./solids/sheets.js";
import { insideStrips } from "./solids/strips.js";

/**
 * @typedef {import("../pixels.js").Mask} Mask
 * @typedef {import("../pixels.js").Floats} Floats
 * @typedef {import("./components.js").Components} Components
 */

const MIN_RISE = 0.05; // of the object's contrast: garments have parts nearly as pale as the ground
const NEAR = 0.06; // of the object's size: how far away what belongs to it may lie
const DEPTH = 2; // how often what is found may be taken for a frame or sheet around the object

/**
 * Find a solid object.
 * @param {Floats} image  some hundred pixels along each edge
 * @param {number} [depth]  how often what is found may be a frame or a sheet around the object
 * @returns {Reading|null} what was found; null if nothing stands out from the ground
 */
export function findSolid(image, depth = DEPTH) {
  const { box, step } = insideStrips(image);
  if (depth && step) {
    const inner = findSolid(cropped(image, box), depth - 1);
    if (inner && isObject(inner, step)) return placed(inner, box, image);
  }
  const whole = look(image);
  const sheet = whole && depth ? sheetOf(image, whole) : null;
  if (!whole || !sheet) return whole;
  const around = boxOf(sheet);
  const inner = findSolid(onSheet(cropped(image, around), cropped(sheet, around)), depth - 1);
  return inner && isObject(inner, whole.contrast) ? placed(inner, around, image) : whole;
}

/**
 * An image with the colours of its sheet continued beyond it.
 * @param {Floats} image
 * @param {Mask} sheet
 * @returns {Floats}
 */
function onSheet(image, sheet) {
  const ground = continued(image, sheet).data;
  return { ...image, data: image.data.map((value, i) => (sheet.data[Math.floor(i / image.channels)] ? value : ground[i])) };
}

/**
 * Find what stands out from the ground around it.
 * @param {Floats} image
 * @returns {Reading|null}
 */
function look(image) {
  const { ground, seen } = findGround(image);
  const relief = distance(image, ground);
  const known = eroded(seen, 1);
  const noise = 3 * 1.4826 * median(chosen(relief.data, (known.data.includes(1) ? known : seen).data));
  const beyond = relief.data.filter((_, i) => !seen.data[i]);
  const strongest = beyond.length ? quantile(beyond, 0.9) : 0;
  if (strongest < Math.max(MIN_CONTRAST, noise)) return null;
  const least = Math.fround(Math.max((4 / 3) * noise, MIN_RISE * strongest));
  const mask = { ...seen, data: seen.data.map((value, i) => Number(!value && relief.data[i] > least)) };
  const components = label(mask);
  if (!components.length) return null;
  const kept = components.keep(belonging(components, components.sums(relief.data), mask));
  const dropped = { ...mask, data: mask.data.map((value, i) => value & (1 - kept.data[i])) };
  return new Reading(relief, noise, partsOf(kept), kept, dropped);
}

/**
 * Which components belong to the object: the main one, others as strong, and what lies near and isn't tiny.
 * @param {Components} components
 * @param {Float64Array} mass
 * @param {Mask} mask
 * @returns {Uint8Array}
 */
function belonging(components, mass, mask) {
  const { areas, labels } = components;
  const main = argmax(mass);
  const result = Uint8Array.from(mass, (value, n) => Number(n === main || value > 0.3 * mass[main]));
  const reach = Math.max(1, rint(NEAR * components.sizes[main]));
  const around = dilated(components.keep(areas.map((_, n) => Number(n === main))), reach).data;
  for (let i = 0; i < around.length; i++) {
    if (around[i] && mask.data[i] && areas[labels[i]] >= 0.002 * areas[main]) result[labels[i]] = 1;
  }
  return result;
}

/**
 * The parts of similar size, left to right: one, unless there are several objects with a gap between them.
 * @param {Mask} kept
 * @returns {Mask[]}
 */
function partsOf(kept) {
  const box = boxOf(kept);
  const groups = label(dilated(kept, Math.max(1, rint(0.015 * Math.max(box.height, box.width)))));
  const { areas, boxes, labels } = groups;
  const half = 0.5 * largest(areas);
  const large = [...areas.keys()].filter((n) => {
    const [down, across] = [boxes[4 * n + 1] - boxes[4 * n], boxes[4 * n + 3] - boxes[4 * n + 2]];
    return areas[n] >= half && Math.min(down, across) / Math.max(down, across) > 0.3;
  });
  if (large.length < 2) return [kept];
  const order = argsort(large.map((n) => boxes[4 * n + 2] + boxes[4 * n + 3]));
  return order.map((place) => ({ ...kept, data: kept.data.map((value, i) => Number(value && labels[i] === large[place])) }));
}

/**
 * Whether what was found inside a frame or on a sheet is an object, and no detail of one that was taken for a sheet.
 * @param {Reading} inner
 * @param {number} contrast
 */
function isObject(inner, contrast) {
  const share = count(inner.kept) / inner.kept.data.length;
  return inner.contrast >= 0.3 * contrast && share >= 0.01 && share <= 0.85;
}

/**
 * A reading of a box of an image as one of the whole image.
 * @param {Reading} inner
 * @param {Box} box
 * @param {Floats} image
 */
function placed(inner, box, { width, height }) {
  const mask = (/** @type {Mask} */ part) => ({ width, height, data: padded(part, new Uint8Array(width * height), box, width) });
  const data = padded(inner.relief, new Float32Array(width * height), box, width);
  const parts = inner.parts.map(mask);
  return new Reading({ width, height, channels: 1, data }, inner.noise, parts, mask(inner.kept), mask(inner.dropped));
}

/**
 * Copy a box's values to where they lie in the whole image.
 * @template {Uint8Array | Float32Array} T
 * @param {{width: number, height: number, data: T}} part
 * @param {T} target
 * @param {Box} box
 * @param {number} width  of the whole image
 */
function padded(part, target, box, width) {
  for (let row = 0; row < part.height; row++) {
    target.set(part.data.subarray(row * part.width, (row + 1) * part.width), (box.top + row) * width + box.left);
  }
  return target;
}
