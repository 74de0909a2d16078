/** Flat zones of an image, and which of them are ground, as lenet.images.finding.ground decides it. */

import { argmax, argsort, bincount, columnMeans32, median, quantile, sum64 } from "../../numbers.js";
import { label } from "../components.js";
import { dilated, eroded } from "../filters.js";
import { count } from "../reading.js";
import { channelOf, coloursIn, distance, distanceTo, lengths } from "./colours.js";
import { continued } from "./continued.js";

/**
 * @typedef {import("../../pixels.js").Mask} Mask
 * @typedef {import("../../pixels.js").Floats} Floats
 * @typedef {import("../components.js").Components} Components
 */

const ALIKE = 0.12; // of an image's contrast: how far the colours of zones of one ground may differ
const STRIP = 0.25; // of an edge: how deep a strip along it, of a desk or a lid, may be
const HEAVIEST = 12; // of the zones: one of them is the ground
// Parts of a garment that are nearly as bright as the ground, such as the black body of a shirt with white sleeves:
const PALE = 8; // of 255: how far they differ from the ground around the object at least
const LARGE = 0.003; // of the image's area; smaller ones are no matter
const MOST = 4; // more of them are a pattern of the ground
const { fround } = Math;

/**
 * The flat zones that are ground: of the colour that has most of the border and its corners, or strips along an edge.
 * @param {Floats} image
 * @param {Components} zones
 * @returns {Mask}
 */
export function groundZones(image, zones) {
  const { width, height } = image;
  if (!zones.length) return { width, height, data: new Uint8Array(width * height).fill(1) };
  const corners = cornersOf(zones);
  const contact = sidesOf(zones).map((sides) => sides[0] + sides[1] + sides[2] + sides[3]);
  const weight = contact.map(
    (pixels, n) => pixels + (corners[n] * (height + width)) / 4 + zones.areas[n] / (height * width),
  );
  const contrast = contrastOf(image);
  const chosen = new Uint8Array(zones.length);
  for (const n of heaviest(image, zones, weight, fround(ALIKE * contrast))) chosen[n] = 1;
  const off = zones.sums(distance(image, continued(image, zones.keep(chosen))).data);
  const isStrip = strips(zones);
  for (let n = 0; n < zones.length; n++) {
    if (contact[n] > 0 && (off[n] / zones.areas[n] < ALIKE * contrast || isStrip[n])) chosen[n] = 1;
  }
  return zones.keep(chosen);
}


/** How far colours differ from the one in the middle. @param {Floats} image */
function contrastOf({ channels, data }) {
  const middle = Float32Array.from({ length: channels }, (_, channel) => median(channelOf(data, channel, channels)));
  return Math.max(20, quantile(distanceTo(data, middle), 0.95));
}

/**
 * Of the heaviest zones those that are alike, and together the heaviest.
 * @param {Floats} image
 * @param {Components} zones
 * @param {number[]} weight
 * @param {number} reach  how far colours that are alike may differ
 */
function heaviest({ channels, data }, zones, weight, reach) {
  const heavy = argsort(weight.map((value) => -value)).slice(0, HEAVIEST);
  const sums = Array.from({ length: channels }, (_, channel) => zones.sums(channelOf(data, channel, channels)));
  const colours = heavy.map((n) => sums.map((sum) => sum[n] / zones.areas[n]));
  const groups = colours.map((one) =>
    heavy.filter((_, k) => lengths(Float64Array.from(one, (value, c) => value - colours[k][c]), channels)[0] < reach),
  );
  return groups[argmax(groups.map((group) => sum64(group.map((n) => weight[n]))))];
}

/** How many pixels of each zone lie along each edge. @param {Components} zones */
function sidesOf({ contacts, length }) {
  return Array.from({ length }, (_, n) => contacts.subarray(4 * n, 4 * n + 4));
}

/** Whether each zone is a strip along an edge. @param {Components} zones */
function strips(zones) {
  const { width, height, boxes } = zones;
  return sidesOf(zones).map((sides, n) => {
    const [down, across] = [boxes[4 * n + 1] - boxes[4 * n], boxes[4 * n + 3] - boxes[4 * n + 2]];
    if (Math.max(sides[0], sides[1]) >= 0.85 * width && down < STRIP * height) return true;
    return Math.max(sides[2], sides[3]) >= 0.85 * height && across < STRIP * width;
  });
}

/** How many of the image's corners each zone has most of. @param {Components} zones */
function cornersOf(zones) {
  const { width, height, labels } = zones;
  const [down, across] = [Math.max(1, Math.floor(height / 12)), Math.max(1, Math.floor(width / 12))];
  const counts = new Int32Array(zones.length);
  for (const top of [0, height - down]) {
    for (const left of [0, width - across]) {
      const numbers = [];
      for (let row = top; row < top + down; row++) {
        for (let column = left; column < left + across; column++) {
          const number = labels[row * width + column];
          if (number >= 0) numbers.push(number);
        }
      }
      if (numbers.length) counts[argmax(bincount(numbers))]++;
    }
  }
  return counts;
}

/**
 * Remove from the ground what belongs to the object: what lies beside it and has an outline, be it a faint one.
 * @param {Floats} image
 * @param {Mask} seen  the ground
 * @param {Mask} even  where there is no outline, not even a faint one
 * @returns {Mask}
 */
export function withoutPaleParts(image, seen, even) {
  const parts = label(eroded({ ...seen, data: seen.data.map((value, i) => value & even.data[i]) }, 2));
  const touching = sidesOf(parts).map((sides) => sides.some(Boolean));
  const isCandidate = touching.map((touches, n) => !touches && parts.areas[n] >= LARGE * seen.data.length);
  const candidates = [...isCandidate.keys()].filter((n) => isCandidate[n]);
  if (!candidates.length || candidates.length > MOST || !touching.includes(true)) return seen;
  const ground = continued(image, parts.keep(touching));
  const off = { ...image, data: image.data.map((value, i) => value - ground.data[i]) };
  const beside = dilated({ ...seen, data: seen.data.map((value) => 1 - value) }, 8);
  const result = seen.data.slice();
  for (const number of candidates) {
    const part = parts.keep(touching.map((_, n) => n === number));
    const common = { ...part, data: part.data.map((value, i) => value & beside.data[i]) };
    if (count(common) < Math.sqrt(parts.areas[number])) continue;
    if (lengths(columnMeans32(coloursIn(off, part), image.channels), image.channels)[0] < PALE) continue;
    dilated(part, 5).data.forEach((value, i) => (result[i] &= 1 - value));
  }
  return { ...seen, data: result };
}
