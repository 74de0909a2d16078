/** The images that a training in the page has: those that the page holds of the run's data set, or the built-in digits. */

import { DIGITS, enlarged } from "./digits.js";

/** @typedef {import("../../base/types.js").PageData} PageData */
/** @typedef {import("../../base/types.js").Run} Run */
/** @typedef {import("../../training/trainer.js").Images} Images */
/**
 * What there is to train on, and to test on; `stored` are the same images as the page has them of any network.
 * @typedef {Pick<Run, "classes"|"input"|"preprocessing"|"data"> & {images: Images, test: Images, stored: Run["images"]}} Source
 */

const HELD_OUT = 5; // every fifth image is tested on
const LEAST = 20; // images

/**
 * The images of the page, divided into those to train on and those to test on.
 * @param {PageData} page
 * @param {string} name  "page" or "digits"
 * @returns {Source|null} null if there are too few
 */
export function sourceOf(page, name) {
  if (name === "digits") return page.digits ? digitsOf(page.digits) : null;
  const run = page.runs[0], sets = [run.images.test, run.images.train].filter((set) => set !== null);
  const labels = sets.flatMap((set) => Array.from(set.labels.values));
  if (labels.length < LEAST) return null;
  const { classes, input, preprocessing, data } = run, size = input.channels * input.height * input.width;
  const pixels = new Uint8Array(labels.length * size);
  let at = 0;
  for (const set of sets) {
    pixels.set(set.pixels.values, at);
    at += set.pixels.values.length;
  }
  return { classes, input, preprocessing, data, ...divided(pixels, Int32Array.from(labels), size), stored: run.images };
}

/**
 * @param {NonNullable<PageData["digits"]>} page
 * @returns {Source}
 */
function digitsOf(page) {
  const { classes, input, preprocessing } = DIGITS, size = input.height * input.width;
  const parts = divided(enlarged(page.pixels.values), Int32Array.from(page.labels.values), size);
  const setOf = (/** @type {Images & {places: number[]}} */ { pixels, labels, places }) => ({
    pixels: { shape: [labels.length, input.height, input.width], values: pixels },
    labels: { shape: [labels.length], values: labels }, positions: { shape: [labels.length], values: Int32Array.from(places) },
  });
  const stored = { test: setOf(parts.test), train: setOf(parts.images) };
  return { classes, input, preprocessing, data: "digits", ...parts, stored };
}

/**
 * @param {Uint8Array} pixels
 * @param {Int32Array} labels
 * @param {number} size  of an image
 */
function divided(pixels, labels, size) {
  const chosen = (/** @type {boolean} */ isTest) => {
    const places = Array.from(labels.keys()).filter((i) => (i % HELD_OUT === HELD_OUT - 1) === isTest);
    const some = new Uint8Array(places.length * size);
    places.forEach((place, i) => some.set(pixels.subarray(place * size, (place + 1) * size), i * size));
    return { pixels: some, labels: Int32Array.from(places, (place) => labels[place]), places };
  };
  return { images: chosen(false), test: chosen(true) };
}
