/** The moments of a training that the page holds: its snapshots, and at last the trained network. */

import { softmax } from "../../engine/doubt.js";
import { Network } from "../../engine/network.js";

/** @typedef {import("../../base/app.js").App} App */
/** @typedef {import("../../base/types.js").Run} Run */

/**
 * A moment: number is that of the snapshot, null for the trained network.
 * @typedef {{number: number|null, step: number|null, epoch: number|null, accuracy: number|null, loss: number|null}} Moment
 */

const CURVES = 4; // classes of which the probability is drawn

/**
 * The moments of a run, in their order.
 * @param {Run} run
 * @returns {Moment[]}
 */
export function momentsOf(run) {
  const saved = run.snapshots.map(({ step, epoch, accuracy, loss }, number) => (
    { number, step, epoch, accuracy: accuracy ?? null, loss: loss ?? null }));
  return [...saved, { number: null, step: null, epoch: run.epochs, accuracy: run.test?.accuracy ?? null, loss: run.test?.loss ?? null }];
}

/**
 * Which of the moments the state is at.
 * @param {Run} run
 * @param {string|number|null} snapshot  of the state
 */
export function indexOf(run, snapshot) {
  const number = Number(snapshot);
  return snapshot === null || !Number.isInteger(number) || number < 0 ? run.snapshots.length : Math.min(number, run.snapshots.length);
}

/**
 * The probabilities of the classes for the image at each moment.
 * @param {App} app
 * @returns {Float64Array[]}
 */
export function answersOverTime(app) {
  const { run, image } = app;
  const networks = app.onceOf("replay networks", [run], () => momentsOf(run).map(({ number }) => (
    new Network(run, Float32Array.from((number === null ? run : run.snapshots[number]).weights.values)))));
  return app.onceOf("replay answers", [networks, image], () => networks.map((network) => {
    const outputs = network.forward(image.pixels, undefined);
    return softmax(outputs[outputs.length - 1], run.calibration?.temperature ?? 1);
  }));
}

/**
 * The classes whose probability is worth drawing: the true one, then those that were most probable at some moment.
 * @param {Float64Array[]} answers
 * @param {number|null} label
 * @returns {number[]}
 */
export function classesToDraw(answers, label) {
  const most = Array.from(answers[0], (_, each) => Math.max(...answers.map((probabilities) => probabilities[each])));
  const last = answers[answers.length - 1], order = [...most.keys()].sort((a, b) => last[b] - last[a] || most[b] - most[a]);
  return [...new Set([...(label === null ? [] : [label]), ...order.slice(0, 2), ...order.sort((a, b) => most[b] - most[a])])].slice(0, CURVES);
}
