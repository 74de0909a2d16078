/** Calibrated probabilities and the rule that rejects images, as networks/calibration.py and outliers.py compute them. */

import { bytesOf } from "../base/data.js";

/** @typedef {import("./network.js").Network} Network */
/** @typedef {{probabilities: Float64Array, score: number|null, isUnknown: boolean, reason: "far"|"weak"|null}} Judged */
/**
 * @typedef {object} View
 * @property {Float32Array} means  (classes, directions)
 * @property {Float32Array} precisions
 * @property {Float32Array} offsets  (classes,)
 * @property {number} rest
 * @property {number} usual
 * @property {number} distanceWeight
 * @property {number} evidenceWeight
 */

const UNIT = 4096; // directions are multiples of 1/4096
const TINY = 1e-6;
/** @type {WeakMap<object, {directions: Float64Array, amount: View, direction: View}>} */
const known = new WeakMap();

/**
 * Judges an answer.
 * @param {any} calibration  as Calibration.to_dict writes it; null for a network without
 * @param {Float32Array} logits
 * @param {Float32Array|null} embedding  what `embeddingOf` returned
 * @returns {Judged}
 */
export function judge(calibration, logits, embedding) {
  if (!calibration || !embedding) return { probabilities: softmax(logits, 1), score: null, isUnknown: false, reason: null };
  const { directions, amount, direction } = decoded(calibration);
  const probabilities = softmax(logits, calibration.temperature);
  const missing = calibration.evidence - evidence(logits, calibration.temperature);
  const values = Float64Array.from(embedding);
  const views = [[amount, values], [direction, unit(values)]].map((pair) => {
    const [view, seen] = /** @type {[View, Float64Array]} */ (pair);
    const far = view.distanceWeight * (distance(view, seen, directions) - view.usual), weak = view.evidenceWeight * missing;
    return { far, weak, total: far + weak };
  });
  const { far, weak, total: score } = views[1].total > views[0].total ? views[1] : views[0];
  const isUnknown = !(score <= 1);
  return { probabilities, score, isUnknown, reason: isUnknown ? (far >= weak ? "far" : "weak") : null };
}

/**
 * The embedding of an image: what goes into the dense layer that the calibration names.
 * @param {Network} network
 * @param {Float32Array[]} outputs  what `forward` returned
 * @param {any} calibration
 * @returns {Float32Array}
 */
export function embeddingOf(network, outputs, calibration) {
  return embeddingAt(network, outputs, network.layers.findIndex(({ name }) => name === calibration.layer));
}

/**
 * What goes into a layer.
 * @param {Network} network
 * @param {Float32Array[]} outputs
 * @param {number} layer
 * @returns {Float32Array}
 */
function embeddingAt(network, outputs, layer) {
  return outputs[layer - 1] ?? new Float32Array(network.shapeBefore(layer)[0]);
}

/**
 * The probabilities of the classes.
 * @param {Float32Array} logits
 * @param {number} temperature  by which logits are divided
 * @returns {Float64Array}
 */
export function softmax(logits, temperature) {
  const scaled = Float64Array.from(logits, (value) => value / temperature), most = Math.max(...scaled);
  const powers = scaled.map((value) => Math.exp(value - most)), total = powers.reduce((a, b) => a + b, 0);
  return powers.map((value) => value / total);
}

/**
 * log Σ exp(logits / temperature): low if no class has a large logit.
 * @param {Float32Array} logits
 * @param {number} temperature
 */
function evidence(logits, temperature) {
  const scaled = Float64Array.from(logits, (value) => value / temperature), most = Math.max(...scaled);
  return Math.log(scaled.reduce((total, value) => total + Math.exp(value - most), 0)) + most;
}

/**
 * An embedding divided by its root mean square.
 * @param {Float64Array} values
 */
function unit(values) {
  const root = Math.sqrt(values.reduce((total, value) => total + value * value, 0) / values.length + TINY);
  return values.map((value) => value / root);
}

/**
 * How far an embedding lies from the nearest class.
 * @param {View} view
 * @param {Float64Array} values
 * @param {Float64Array} directions  (directions, width)
 */
function distance(view, values, directions) {
  const width = values.length, count = directions.length / width;
  let left = values.reduce((total, value) => total + value * value, 0);
  const projected = Float64Array.from({ length: count }, (_, k) => {
    let total = 0;
    for (let i = 0; i < width; i += 1) total += values[i] * directions[k * width + i];
    left -= total * total;
    return total;
  });
  let nearest = Infinity;
  view.offsets.forEach((offset, label) => {
    let total = offset;
    for (let k = 0; k < count; k += 1) {
      const difference = projected[k] - view.means[label * count + k];
      total += difference * difference * view.precisions[label * count + k];
    }
    nearest = Math.min(nearest, total);
  });
  return nearest + view.rest * left;
}

/**
 * The arrays of a calibration, which its JSON holds in base64.
 * @param {any} calibration
 */
function decoded(calibration) {
  let found = known.get(calibration);
  if (!found) {
    const directions = Float64Array.from(new Int16Array(bytesOf(calibration.directions).buffer), (value) => value / UNIT);
    found = { directions, amount: viewOf(calibration.amount), direction: viewOf(calibration.direction) };
    known.set(calibration, found);
  }
  return found;
}

/**
 * @param {any} values  as View.to_dict writes them
 * @returns {View}
 */
function viewOf(values) {
  const [means, precisions, offsets] = ["means", "precisions", "offsets"].map(
    (name) => new Float32Array(bytesOf(values[name]).buffer));
  const { rest, usual, distance_weight: distanceWeight, evidence_weight: evidenceWeight } = values;
  return { means, precisions, offsets, rest, usual, distanceWeight, evidenceWeight };
}
