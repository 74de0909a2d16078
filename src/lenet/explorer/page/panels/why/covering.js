/** What covering a square of the image does to the answer, at every place. */

import { softmax } from "../../engine/doubt.js";
import { coverSquare } from "../../engine/occlusion.js";

/** @typedef {import("../many.js").LogitsOf} LogitsOf */
/** @typedef {{channels: number, height: number, width: number}} Input */

/**
 * The logits with a square around each pixel covered, and last those of the whole image.
 * @typedef {{logits: Float32Array, classes: number, places: number}} Covered
 */

/**
 * The byte that covers: the training images' background; for photographs, the mean of the image.
 * @param {string} ground  of the preprocessing
 * @param {Uint8Array} pixels
 */
export function groundOf(ground, pixels) {
  if (ground === "dark") return 0;
  if (ground === "light") return 255;
  return Math.round(pixels.reduce((total, pixel) => total + pixel, 0) / pixels.length);
}

/**
 * Covers a square around each pixel in turn; at the edges, what of it lies in the image.
 * @param {LogitsOf} logitsOf
 * @param {number} batch  images at once
 * @param {Uint8Array} pixels  (height, width, channels)
 * @param {Input} input
 * @param {number} ground
 * @param {number} edge  of the square, odd
 * @returns {Generator<number, Covered, void>}
 */
export function* cover(logitsOf, batch, pixels, input, ground, edge) {
  const places = input.height * input.width, size = pixels.length;
  const classes = logitsOf(pixels, 1).length, logits = new Float32Array((places + 1) * classes);
  for (let start = 0; start <= places; start += batch) {
    const some = Math.min(batch, places + 1 - start), images = new Uint8Array(some * size);
    for (let i = 0; i < some; i += 1) {
      images.set(pixels, i * size);
      if (start + i < places) coverSquare(images.subarray(i * size, (i + 1) * size), input, start + i, ground, edge);
    }
    logits.set(logitsOf(images, some), start * classes);
    yield start / (places + 1);
  }
  return { logits, classes, places };
}

/**
 * The probabilities at each place, and last those of the whole image.
 * @param {Covered} covered
 * @param {number} temperature
 * @returns {Float64Array} (places + 1, classes)
 */
export function probabilitiesOf({ logits, classes, places }, temperature) {
  const all = new Float64Array(logits.length);
  for (let i = 0; i <= places; i += 1) all.set(softmax(logits.subarray(i * classes, (i + 1) * classes), temperature), i * classes);
  return all;
}

/**
 * How far the lead of a class over another one falls at each place: the difference of their logits.
 * @param {Covered} covered
 * @param {number} a
 * @param {number} b
 * @returns {Float32Array} (places,)
 */
export function leadLost({ logits, classes, places }, a, b) {
  const lead = (/** @type {number} */ i) => logits[i * classes + a] - logits[i * classes + b], whole = lead(places);
  return Float32Array.from({ length: places }, (_, i) => whole - lead(i));
}

/**
 * How far the probability of a class falls at each place.
 * @param {Float64Array} probabilities  (places + 1, classes)
 * @param {number} classes
 * @param {number} label
 * @returns {Float64Array} (places,)
 */
export function probabilityLost(probabilities, classes, label) {
  const places = probabilities.length / classes - 1, whole = probabilities[places * classes + label];
  return Float64Array.from({ length: places }, (_, i) => whole - probabilities[i * classes + label]);
}

/**
 * What the covers show about a class and another one.
 * @typedef {object} Reading
 * @property {number} weakest  the place at which the class falls most
 * @property {number} opening  the place at which the other class rises most
 * @property {Map<number, number[]>} turns  the places at which another class is the answer, by class
 * @property {Int32Array} answers  (places,)
 */

/**
 * Looks for the places that matter.
 * @param {Covered} covered
 * @param {number} a  the class that is asked about
 * @param {number} b  the one that it is compared with
 * @returns {Reading}
 */
export function readingOf(covered, a, b) {
  const { logits, classes, places } = covered, lost = leadLost(covered, a, b);
  const best = (/** @type {number} */ place) => {
    const some = logits.subarray(place * classes, (place + 1) * classes);
    return some.indexOf(Math.max(...some));
  };
  const answers = Int32Array.from({ length: places }, (_, place) => best(place)), whole = best(places);
  /** @type {Map<number, number[]>} */
  const turns = new Map();
  answers.forEach((answer, place) => {
    if (answer !== whole) turns.set(answer, [...(turns.get(answer) ?? []), place]);
  });
  const probabilities = probabilitiesOf(covered, 1);
  const most = (/** @type {(place: number) => number} */ of) => {
    let found = 0;
    for (let place = 1; place < places; place += 1) if (of(place) > of(found)) found = place;
    return found;
  };
  const weakest = most((place) => -probabilities[place * classes + a] + 1e-6 * lost[place]);
  return { weakest, opening: most((place) => probabilities[place * classes + b] + 1e-6 * lost[place]), turns, answers };
}

/**
 * The part of the image in which a place lies, for a sentence: a row and a column of three by three.
 * @param {number} place
 * @param {Input} input
 * @returns {"upperLeft"|"top"|"upperRight"|"left"|"centre"|"right_"|"lowerLeft"|"bottom"|"lowerRight"}
 */
export function partOf(place, { height, width }) {
  const row = Math.min(2, Math.floor((3 * (Math.floor(place / width) + 0.5)) / height));
  const column = Math.min(2, Math.floor((3 * ((place % width) + 0.5)) / width));
  return /** @type {const} */ ([["upperLeft", "top", "upperRight"], ["left", "centre", "right_"], ["lowerLeft", "bottom", "lowerRight"]])[row][column];
}
