/** What is changed, and what the network would answer without the changes. */

import { embeddingOf, judge } from "../../engine/doubt.js";
import { Network } from "../../engine/network.js";
import { changes, changesText } from "../../base/state.js";

/** @typedef {import("../../base/app.js").App} App */
/** @typedef {import("../../base/types.js").Run} Run */

export const RESET = Object.freeze({ units: "", weights: "", pixels: "", weight: null });

/**
 * How much is changed.
 * @param {App} app
 */
export function countsOf(app) {
  const { weights, pixels } = app.state;
  const units = [...app.off.values()].reduce((sum, each) => sum + each.size, 0);
  return { units, weights: changes(String(weights)).size, pixels: changes(String(pixels)).size };
}

/**
 * The answer without changes: logits, probabilities, class.
 * @param {App} app
 * @returns {{logits: Float32Array, probabilities: Float64Array, label: number}}
 */
export function unchanged(app) {
  if (!Object.values(countsOf(app)).some(Boolean)) return { logits: app.outputs[app.outputs.length - 1], ...app.answer };
  const weights = app.weightsOf(app.runNumber), { pixels } = app.source;
  return app.onceOf("unchanged answer", [weights, app.run, pixels], () => {
    const network = new Network(app.run, Float32Array.from(weights)), outputs = network.forward(pixels);
    const logits = outputs[outputs.length - 1], { calibration } = app.run;
    const { probabilities } = judge(calibration, logits, calibration ? embeddingOf(network, outputs, calibration) : null);
    return { logits, probabilities, label: probabilities.indexOf(Math.max(...probabilities)) };
  });
}

/**
 * Changes a weight, or takes the change back.
 * @param {App} app
 * @param {number} index  in the vector
 * @param {number|null} value  null: the original
 * @param {boolean} [isPassing]  as in the middle of a drag
 */
export function setWeight(app, index, value, isPassing = false) {
  const edits = changes(String(app.state.weights));
  if (value === null || value === app.weightsOf(app.runNumber)[index]) edits.delete(index);
  else edits.set(index, value);
  app.set({ weights: changesText(edits) }, { isPassing });
}

/**
 * The tensor that a weight belongs to, and its place in it.
 * @param {Run["tensors"]} tensors
 * @param {number} index  in the vector
 * @returns {{tensor: string, place: number[], start: number, length: number}|null}
 */
export function tensorOf(tensors, index) {
  for (const [tensor, [start, shape]] of Object.entries(tensors)) {
    const length = shape.reduce((a, b) => a * b, 1);
    if (index >= start && index < start + length) {
      let rest = index - start;
      const place = [...shape].reverse().map((size) => {
        const at = rest % size;
        rest = Math.floor(rest / size);
        return at;
      });
      return { tensor, place: place.reverse(), start, length };
    }
  }
  return null;
}

/**
 * The number in the vector of a place in a tensor; null if there is no such place.
 * @param {[number, number[]]} tensor  its first number, and its shape
 * @param {number[]} place
 */
export function indexIn([start, shape], place) {
  const isInside = place.length === shape.length && place.every((at, i) => Number.isInteger(at) && at >= 0 && at < shape[i]);
  return isInside ? start + place.reduce((sum, at, i) => sum * shape[i] + at, 0) : null;
}

/**
 * The places that a stroke from one pixel to another goes over.
 * @param {{row: number, column: number}} from
 * @param {{row: number, column: number}} to
 */
export function between(from, to) {
  const steps = Math.max(1, Math.abs(to.row - from.row), Math.abs(to.column - from.column));
  return Array.from({ length: steps + 1 }, (_, i) => ({
    row: Math.round(from.row + ((to.row - from.row) * i) / steps), column: Math.round(from.column + ((to.column - from.column) * i) / steps),
  }));
}
