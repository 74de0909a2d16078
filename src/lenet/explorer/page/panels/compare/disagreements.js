/** Where two networks answer differently: as the file has it, else computed for the stored images. */

import { Network } from "../../engine/network.js";
import { answers, inBatches } from "../many.js";
import { inSlices } from "../../base/slices.js";

/** @typedef {import("../../base/app.js").App} App */
/** @typedef {import("../many.js").Answers} Answers */

/**
 * The stored test images on which two networks disagree, the largest difference first, with both answers; count, total and
 * right are of the whole test set, if the file has them: right of the first, of the second, of neither.
 * @typedef {{images: number[], first: number[], second: number[], count: number, total: number, right: number[]|null}} Disagreements
 */

const BATCH = 64; // images of one call of the kernels

/**
 * @param {App} app
 * @param {number} one  numbers of runs
 * @param {number} two
 * @returns {{result: Disagreements|null, share: number}}
 */
export function disagreementsOf(app, one, two) {
  const known = app.data.runs[Math.max(one, two)].disagreements;
  if (known && one + two === 1) return { result: asKnown(known, one === 1, app.data.runs[0].test?.count ?? 0), share: 1 };
  const { runs } = app.data, set = runs[one].images.test, kernels = /** @type {any} */ (app.kernels);
  return inSlices(app, "disagreements", [runs[one], runs[two], kernels], function* () {
    if (!set) return { images: [], first: [], second: [], count: 0, total: 0, right: null };
    const both = [];
    for (const run of [runs[one], runs[two]]) {
      const network = new Network(run, Float32Array.from(run.weights.values)), size = set.pixels.values.length / set.labels.values.length;
      const logitsOf = kernels?.logits ? (/** @type {Uint8Array} */ images, /** @type {number} */ count) => kernels.logits(network, images, count)
        : (/** @type {Uint8Array} */ images) => last(network.forward(images.subarray(0, size), undefined));
      const logits = yield* inBatches(set.pixels.values, set.labels.values.length, kernels?.logits ? BATCH : 1, logitsOf);
      both.push(answers(logits, run.classes.length, 1));
    }
    return compared(both[0], both[1], set.labels.values, runs[one].classes.length);
  });
}

/**
 * The images on which answers differ, by the difference of their losses.
 * @param {Answers} one
 * @param {Answers} two
 * @param {ArrayLike<number>} labels
 * @param {number} classes
 * @returns {Disagreements}
 */
export function compared(one, two, labels, classes) {
  const loss = (/** @type {Answers} */ { logits }, /** @type {number} */ image) => {
    const values = logits.subarray(image * classes, (image + 1) * classes), most = Math.max(...values);
    return Math.log(values.reduce((sum, value) => sum + Math.exp(value - most), 0)) + most - values[labels[image]];
  };
  const apart = (/** @type {number} */ image) => Math.abs(loss(one, image) - loss(two, image));
  const images = Array.from(labels, (_, image) => image).filter((image) => one.predicted[image] !== two.predicted[image]).sort((a, b) => apart(b) - apart(a) || a - b);
  return { images, first: images.map((image) => one.predicted[image]), second: images.map((image) => two.predicted[image]), count: images.length,
    total: labels.length, right: null };
}

/**
 * What page_data.py found.
 * @param {{count: number, right: number[], images: {values: Int32Array}, predicted: {values: Int32Array}}} known
 * @param {boolean} isSwapped  whether the second network comes first
 * @param {number} total
 * @returns {Disagreements}
 */
function asKnown({ count, right, images, predicted }, isSwapped, total) {
  const answer = (/** @type {number} */ which) => Array.from(images.values, (_, i) => predicted.values[2 * i + which]);
  const [first, second] = isSwapped ? [1, 0] : [0, 1];
  return { images: [...images.values], first: answer(first), second: answer(second), count, total, right: [right[first], right[second], right[2]] };
}

/** @param {Float32Array[]} outputs */
function last(outputs) {
  return outputs[outputs.length - 1];
}
