/** Straight lines from edge to edge, as paper is ruled: finding them, so that they do not tie together what they cross. */

import { median, quantile, rint, sum64 } from "../numbers.js";
import { chosen } from "./reading.js";

/**
 * @typedef {import("../pixels.js").Mask} Mask
 * @typedef {import("../pixels.js").Floats} Floats
 */

const STEEPEST = 0.18; // ten degrees
const NUM_SLOPES = 37;
const COVERAGE = 0.55; // of the image's width that a line's pixels must cover
const THINNESS = 1 / 80; // of the image's height: half the width of the broadest line
const PALER = 0.75; // of the ink: a single line is ruling if it is paler

/** From -STEEPEST to STEEPEST, in the steps of NumPy's linspace. */
const SLOPES = Array.from({ length: NUM_SLOPES }, (_, i) =>
  i === NUM_SLOPES - 1 ? STEEPEST : i * ((2 * STEEPEST) / (NUM_SLOPES - 1)) - STEEPEST,
);

/**
 * Finds the lines of ruled or squared paper: straight and thin, from edge to edge, paler than the ink or several.
 * @param {Mask} mask  what stands out from the ground
 * @param {Floats} relief  how far
 * @returns {Mask} the pixels of the lines, as far as nothing crosses them
 */
export function ruling(mask, relief) {
  const level = levelLines(mask);
  const upright = levelLines(turned(mask));
  const lines = [level, { ...upright, mask: turned(upright.mask) }];
  const found = joined(lines.map((part) => part.mask));
  const rest = mask.data.map((value, i) => value & (1 - found.data[i]));
  if (!found.data.includes(1) || !rest.includes(1)) return { ...mask, data: new Uint8Array(rest.length) };
  const isPaler = median(chosen(relief.data, found.data)) < PALER * quantile(chosen(relief.data, rest), 0.75);
  if (isPaler) return found;
  return joined(lines.map((part) => (part.count > 1 ? part.mask : { ...mask, data: new Uint8Array(rest.length) })));
}

/**
 * A mask with rows and columns exchanged.
 * @param {Mask} mask
 * @returns {Mask}
 */
function turned({ width, height, data }) {
  const result = new Uint8Array(data.length);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) result[column * height + row] = data[row * width + column];
  }
  return { width: height, height: width, data: result };
}

/**
 * What is true in one of two masks.
 * @param {Mask[]} masks
 * @returns {Mask}
 */
function joined([one, other]) {
  return { ...one, data: one.data.map((value, i) => value | other.data[i]) };
}

/**
 * The pixels of lines that are level, or nearly so, and how many lines there are.
 * @param {Mask} mask
 * @returns {{mask: Mask, count: number}}
 */
function levelLines(mask) {
  const { width, height } = mask;
  const reach = Math.max(1, rint(THINNESS * height));
  const thick = thickRuns(mask, 2 * reach + 1);
  const thin = mask.data.map((value, i) => value & (1 - thick[i]));
  const firsts = []; // the first pixel of each run downwards
  for (let i = 0; i < thin.length; i++) if (thin[i] && !(i >= width && thin[i - width])) firsts.push(i);
  const margin = rint((STEEPEST * width) / 2) + 1; // how far a line may rise on its way to the side
  const start = (/** @type {number} */ i, /** @type {number} */ slope) =>
    Math.floor(i / width) - rint(slope * ((i % width) - width / 2)) + margin;
  let best = { score: 0, rows: /** @type {number[]} */ ([]), slope: 0 };
  for (const slope of SLOPES) {
    const counts = new Int32Array(height + 2 * margin);
    for (const i of firsts) counts[start(i, slope)]++;
    const rows = [];
    const shares = [];
    for (let row = 0; row + 1 < counts.length; row++) {
      const share = (counts[row] + counts[row + 1]) / width;
      if (share >= COVERAGE) rows.push(row), shares.push(share * share);
    }
    const score = sum64(shares);
    if (score > best.score) best = { score, rows, slope };
  }
  const lines = { ...mask, data: new Uint8Array(thin.length) };
  if (!best.rows.length) return { mask: lines, count: 0 };
  const near = new Uint8Array(height + 2 * (margin + reach) + 2);
  for (const row of best.rows) near.fill(1, Math.max(0, row - 1), row + 2 * reach + 2);
  for (let i = 0; i < thin.length; i++) if (thin[i] && near[start(i, best.slope)]) lines.data[i] = 1;
  const jumps = best.rows.filter((row, i) => i && row - best.rows[i - 1] > 2 * reach + 2);
  return { mask: lines, count: 1 + jumps.length };
}

/**
 * The pixels of a mask in runs downwards of at least so many pixels.
 * @param {Mask} mask
 * @param {number} length
 */
function thickRuns({ width, height, data }, length) {
  const result = new Uint8Array(data.length);
  for (let column = 0; column < width; column++) {
    for (let row = 0; row < height; row++) {
      const start = row;
      while (row < height && data[row * width + column]) row++;
      if (row - start < length) continue;
      for (let inside = start; inside < row; inside++) result[inside * width + column] = 1;
    }
  }
  return result;
}
