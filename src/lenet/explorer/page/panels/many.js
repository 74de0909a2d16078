/** The answers for many images at once: with the kernels where they are there, else with the page's own engine. */

import { softmax } from "../engine/doubt.js";
import { copying, widthOf } from "../engine/cut.js";
import { inSlices } from "../base/slices.js";

/** @typedef {import("../base/app.js").App} App */
/** @typedef {import("../engine/network.js").Network} Network */
/** @typedef {(images: Uint8Array, count: number) => Float32Array} LogitsOf */

const BATCH = 64; // images of one call of the kernels: between two, the page may paint

/**
 * What computes the logits of images, one after the other, of the network as the state says, and how many at once.
 * @param {App} app
 * @returns {{logitsOf: LogitsOf, batch: number}}
 */
export function logitsBy(app) {
  const network = app.network, { off, kernels } = app;
  if (kernels && !off.size) return { logitsOf: (images, count) => kernels.logits(network, images, count), batch: BATCH };
  const logitsOf = (/** @type {Uint8Array} */ images, /** @type {number} */ count) => {
    const size = images.length / count;
    const parts = Array.from({ length: count }, (_, i) => network.forward(images.subarray(i * size, (i + 1) * size), off));
    return joined(parts.map((outputs) => outputs[outputs.length - 1]));
  };
  return { logitsOf, batch: 1 };
}

/**
 * The answers for a stored set of images.
 * @typedef {{logits: Float32Array, predicted: Int32Array, confidence: Float64Array}} Answers  in the order of the set
 */

/**
 * The answers for the stored images of a set, computed in slices.
 * @param {App} app
 * @param {"test"|"train"} name
 * @returns {import("../base/slices.js").Job<Answers>}
 */
export function answersOf(app, name) {
  const set = app.run.images[name], network = app.network, { kernels } = app, { units } = app.state;
  const temperature = app.run.calibration?.temperature ?? 1, { logitsOf, batch } = logitsBy(app);
  return inSlices(app, `answers ${name}`, [set, network, kernels, units], function* () {
    const logits = yield* inBatches(set?.pixels.values ?? new Uint8Array(), set?.labels.values.length ?? 0, batch, logitsOf);
    return answers(logits, app.run.classes.length, temperature);
  });
}

/**
 * The predictions that logits are, with their probabilities.
 * @param {Float32Array} logits  (count, classes)
 * @param {number} classes
 * @param {number} temperature
 * @returns {Answers}
 */
export function answers(logits, classes, temperature) {
  const count = logits.length / classes, predicted = new Int32Array(count), confidence = new Float64Array(count);
  for (let i = 0; i < count; i += 1) {
    const probabilities = softmax(logits.subarray(i * classes, (i + 1) * classes), temperature);
    confidence[i] = Math.max(...probabilities);
    predicted[i] = probabilities.indexOf(confidence[i]);
  }
  return { logits, predicted, confidence };
}

/**
 * What goes into a dense layer, for the stored images of a set: (count, width), computed in slices.
 * @param {App} app
 * @param {"test"|"train"} name
 * @param {number} layer
 * @returns {import("../base/slices.js").Job<Float32Array>}
 */
export function inputsOf(app, name, layer) {
  const set = app.run.images[name], network = app.network, { kernels, off } = app, { units } = app.state;
  return inSlices(app, `inputs ${name} ${layer}`, [set, network, kernels, units], function* () {
    const pixels = set?.pixels.values ?? new Uint8Array(), count = set?.labels.values.length ?? 0;
    const width = widthOf(network, layer);
    if (kernels && !off.size && width > 1 && width <= 1000) {
      const cut = copying(network, layer);
      return yield* inBatches(pixels, count, BATCH, (/** @type {Uint8Array} */ images, /** @type {number} */ some) => kernels.logits(cut, images, some));
    }
    const before = (/** @type {Float32Array[]} */ outputs, /** @type {Uint8Array} */ image) => outputs[layer - 1] ?? network.inputOf(image);
    return yield* inBatches(pixels, count, 1, (image) => before(network.forward(image, off), image));
  });
}

/**
 * @param {Uint8Array} images
 * @param {number} count
 * @param {number} batch
 * @param {LogitsOf} compute
 * @returns {Generator<number, Float32Array, void>}
 */
export function* inBatches(images, count, batch, compute) {
  const size = count ? images.length / count : 0;
  /** @type {Float32Array[]} */
  const parts = [];
  for (let start = 0; start < count; start += batch) {
    const some = Math.min(batch, count - start);
    parts.push(compute(images.subarray(start * size, (start + some) * size), some));
    yield start / count;
  }
  return joined(parts);
}

/**
 * @param {Float32Array[]} parts
 * @returns {Float32Array}
 */
function joined(parts) {
  const all = new Float32Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
