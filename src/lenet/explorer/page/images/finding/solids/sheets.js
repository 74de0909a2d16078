/** Sheets on which an object lies, as lenet.images.finding.solid recognises them. */

import { argmax, largest, rint } from "../../numbers.js";
import { filled, label } from "../components.js";
import { eroded } from "../filters.js";
import { count } from "../reading.js";
import { channelOf, coloursIn, distanceTo, median32 } from "./colours.js";

/**
 * @typedef {import("../../pixels.js").Mask} Mask
 * @typedef {import("../../pixels.js").Floats} Floats
 * @typedef {import("../reading.js").Reading} Reading
 */

// Cosine and sine of 90 angles, from the tangents of half of them: the last bits of a sine depend on the processor.
const ANGLES = Array.from({ length: 90 }, (_, number) => {
  const half = (number - 45) / 108;
  return [(1 - half * half) / (1 + half * half), (2 * half) / (1 + half * half)];
});

/**
 * The inside of a sheet, if what was found is one: a rectangle, also a leaning one, with an even border.
 * @param {Floats} image
 * @param {Reading} whole
 * @returns {Mask|null}
 */
export function sheetOf(image, whole) {
  const components = label(whole.kept);
  const main = argmax(components.areas);
  const sheet = filled(components.keep(components.areas.map((_, n) => Number(n === main))));
  const area = count(sheet);
  if (area < 0.05 * sheet.data.length || area < 0.93 * rectangle(sheet)) return null;
  const size = largest(components.sizes);
  const inside = eroded(sheet, Math.max(2, rint(0.015 * size)));
  const inner = eroded(inside, Math.max(2, rint(0.03 * size)));
  const ring = { ...inside, data: inside.data.map((value, i) => value & (1 - inner.data[i])) };
  if (!ring.data.includes(1)) return null;
  const colours = coloursIn(image, ring);
  const { channels } = image;
  const usual = Float32Array.from({ length: channels }, (_, c) => median32(channelOf(colours, c, channels)));
  const most = Math.fround(0.2 * whole.contrast);
  const off = distanceTo(colours, usual);
  return off.filter((value) => value <= most).length / off.length >= 0.9 ? inside : null;
}

/** The area of the smallest rectangle around a mask, at any angle. @param {Mask} mask */
function rectangle({ width, height, data }) {
  const points = [];
  for (let row = 0; row < height; row++) {
    const line = data.subarray(row * width, (row + 1) * width);
    const first = line.indexOf(1);
    if (first >= 0) points.push([row, first], [row, line.lastIndexOf(1)]);
  }
  let least = Infinity;
  for (const [cosine, sine] of ANGLES) {
    const down = points.map(([row, column]) => row * cosine - column * sine);
    const across = points.map(([row, column]) => row * sine + column * cosine);
    least = Math.min(least, (extent(down) + 1) * (extent(across) + 1));
  }
  return least;
}

/** How far the greatest number is from the smallest. @param {number[]} values */
function extent(values) {
  return values.reduce((one, other) => Math.max(one, other)) - values.reduce((one, other) => Math.min(one, other));
}
