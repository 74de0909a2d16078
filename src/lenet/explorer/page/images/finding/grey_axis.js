/** From colours to the one grey in which the details of an image stand out most; as lenet.images.finding.search. */

import { argmax, quantile, sum64 } from "../numbers.js";
import { blurred } from "./filters.js";

/**
 * @typedef {import("../pixels.js").Floats} Floats
 */

const SWEEPS = 8; // of rotations, which double the digits that are right; five are enough

/**
 * Projects colours on the axis along which the details of an image differ most from what is around them.
 *
 * Ink and paper of one brightness but of different colours are told apart like this.
 * @param {Floats} copy  with three channels
 * @returns {Floats}
 */
export function greyAxis(copy) {
  const around = blurred(copy, Math.max(copy.width, copy.height) / 8).data;
  const details = copy.data.map((value, i) => value - around[i]);
  const energy = combined(details.map((value) => value * value), [1, 1, 1]);
  const least = Math.fround(quantile(energy, 0.9));
  const strong = details.filter((_, i) => energy[Math.floor(i / 3)] >= least);
  const product = (/** @type {number} */ row, /** @type {number} */ column) =>
    sum64(Float64Array.from({ length: strong.length / 3 }, (_, i) => strong[3 * i + row] * strong[3 * i + column]));
  const [rr, rg, rb, gg, gb, bb] = [product(0, 0), product(0, 1), product(0, 2), product(1, 1), product(1, 2), product(2, 2)];
  const axis = mainAxis([[rr, rg, rb], [rg, gg, gb], [rb, gb, bb]]);
  const isDark = axis[0] + axis[1] + axis[2] < 0;
  return { ...copy, channels: 1, data: combined(copy.data, isDark ? axis.map((share) => -share) : axis) };
}

/**
 * Finds the eigenvector of the largest eigenvalue of a symmetric matrix, of length 1, by Jacobi's rotations.
 * @param {number[][]} values  three rows of three; they are overwritten
 */
export function mainAxis(values) {
  const vectors = [[1, 0, 0], [0, 1, 0], [0, 0, 1]];
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (const [one, other, third] of [[0, 1, 2], [0, 2, 1], [1, 2, 0]]) {
      if (values[one][other] === 0) continue;
      const ratio = (values[other][other] - values[one][one]) / (2 * values[one][other]);
      const tangent = (ratio >= 0 ? 1 : -1) / (Math.abs(ratio) + Math.sqrt(ratio * ratio + 1));
      const cosine = 1 / Math.sqrt(tangent * tangent + 1);
      const sine = tangent * cosine;
      const change = tangent * values[one][other];
      values[one][one] -= change;
      values[other][other] += change;
      values[one][other] = values[other][one] = 0;
      const [left, right] = [values[one][third], values[other][third]];
      values[one][third] = values[third][one] = cosine * left - sine * right;
      values[other][third] = values[third][other] = sine * left + cosine * right;
      for (const vector of vectors) {
        const [first, second] = [vector[one], vector[other]];
        vector[one] = cosine * first - sine * second;
        vector[other] = sine * first + cosine * second;
      }
    }
  }
  const largest = argmax(values.map((row, number) => row[number]));
  return vectors.map((vector) => vector[largest]);
}

/**
 * The sum of the three channels of colours, each times its share.
 * @param {Float32Array} colours
 * @param {number[]} shares
 */
function combined(colours, shares) {
  const { fround } = Math;
  const [red, green, blue] = shares.map(fround);
  const result = new Float32Array(colours.length / 3);
  for (let i = 0, j = 0; i < result.length; i++, j += 3) {
    result[i] = fround(fround(colours[j] * red) + fround(colours[j + 1] * green)) + fround(colours[j + 2] * blue);
  }
  return result;
}
