/** Scaling a solid object between the middles of its soft edges, as lenet.images.finding.soft_edges does it. */

import { rint } from "../../numbers.js";
import { resized } from "../../resample.js";

/**
 * @typedef {import("../../pixels.js").Floats} Floats
 */

const HALF = 0.5; // of what lies just inside of an edge: as high is the edge in its middle
const REACH = 0.7; // of a pixel that the network sees: how far inside
const FINER = 4; // times the size, of which each pixel's middle is taken: Fashion-MNIST's images were sharpened

/**
 * Scale an object, keeping its proportions, so that it just fits into a frame.
 * @param {Floats} relief  how far the object rises above its ground, cropped to it
 * @param {[number, number]} frame  height and width to fit into
 * @returns {Floats} as high or as wide as the frame
 */
export function fitted(relief, frame) {
  const cell = Math.max(relief.height / frame[0], relief.width / frame[1]);
  const [down, across] = profiles(relief).map((profile) => edges(profile, cell));
  const scale = Math.min(frame[0] / (down[1] - down[0]), frame[1] / (across[1] - across[0]));
  const [height, width] = [down, across].map(([first, last]) => Math.max(1, rint((last - first) * scale)));
  const wide = resized(relief, FINER * width, relief.height, "bicubic", { across });
  return middles(resized(wide, FINER * width, FINER * height, "bicubic", { down }), width, height);
}

/**
 * The mean of the four finer pixels in the middle of each pixel.
 * @param {Floats} fine
 * @param {number} width
 * @param {number} height
 * @returns {Floats}
 */
function middles(fine, width, height) {
  const { fround } = Math;
  const data = new Float32Array(width * height);
  for (let i = 0; i < data.length; i++) {
    const first = (FINER * Math.floor(i / width) + FINER / 2 - 1) * fine.width + FINER * (i % width) + FINER / 2 - 1;
    const second = first + fine.width;
    const left = fround(fine.data[first] + fine.data[second]);
    data[i] = fround(left + fround(fine.data[first + 1] + fine.data[second + 1])) / 4;
  }
  return { ...fine, width, height, data };
}

/** The maximum of each row, and of each column. @param {Floats} image */
function profiles({ width, height, data }) {
  const [rows, columns] = [new Float32Array(height).fill(-Infinity), new Float32Array(width).fill(-Infinity)];
  for (let row = 0, i = 0; row < height; row++) {
    for (let column = 0; column < width; column++, i++) {
      rows[row] = Math.max(rows[row], data[i]);
      columns[column] = Math.max(columns[column], data[i]);
    }
  }
  return [rows, columns];
}

/**
 * Where an object begins and ends along an axis.
 * @param {Float32Array} profile  the maxima across it
 * @param {number} cell  pixels that are one of the network's
 * @returns {[number, number]}
 */
function edges(profile, cell) {
  const near = Math.max(1, rint(REACH * cell));
  const [first, last] = [edge(profile, near), profile.length - edge(profile.slice().reverse(), near)];
  return last - first >= 1 ? [first, last] : [0, profile.length];
}

/**
 * Where a profile first reaches half of its maximum over the first pixels, between two of them; 0 if at once.
 * @param {Float32Array} profile
 * @param {number} near
 */
function edge(profile, near) {
  const half = HALF * Math.max(...profile.subarray(0, near + 1));
  const place = profile.findIndex((value) => value >= half);
  const before = place ? profile[place - 1] : 0;
  return profile[place] <= before ? place : Math.max(0, place - 0.5 + (half - before) / (profile[place] - before));
}
