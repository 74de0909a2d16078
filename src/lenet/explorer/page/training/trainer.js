/** A training from nothing with the kernels, to the bits of lenet's CPU engine with vectors of four floats. */

import { Network } from "../engine/network.js";
import { initialWeights, plan } from "./plan.js";
import { layersOf, tensorsOf } from "./recipes.js";

/** @typedef {import("../engine/kernels.js").Kernels} Kernels */
/** @typedef {{pixels: Uint8Array, labels: Int32Array}} Images */
/**
 * @typedef {object} Task
 * @property {Images} images  to train on
 * @property {import("./recipes.js").Settings} settings
 * @property {{channels: number, height: number, width: number}} input
 * @property {string[]} classes
 * @property {import("../base/types.js").Preprocessing} preprocessing  with the mean and std of these images, or 0 and 1
 */

/** Takes steps, in the memory of the kernels. */
export class Trainer {
  /**
   * @param {Kernels} kernels
   * @param {Task} task
   */
  constructor(kernels, task) {
    const { settings, input, preprocessing } = task, layers = layersOf(settings, input, task.classes.length);
    const described = tensorsOf(layers), { memory } = kernels;
    this.kernels = kernels;
    this.task = task;
    this.run = { layers, input, preprocessing, tensors: described.tensors };
    this.numValues = described.numValues;
    this.count = task.images.labels.length;
    this.steps = Math.ceil(this.count / settings.batchSize); // of an epoch
    /** Steps taken. */
    this.step = 0;
    /** Whether a loss was not finite, which ends the training. */
    this.hasDiverged = false;
    const zeros = new Float32Array(described.numValues), vector = () => memory.place(zeros);
    const isAdam = settings.optimizer !== "sgd";
    this.weights = memory.place(initialWeights(settings, layers, described));
    this.order = memory.take(8 * this.count);
    this.shifts = settings.shift ? memory.take(16 * this.count) : 0;
    this.rates = memory.take(8 * this.steps);
    this.corrections = isAdam ? [memory.take(8 * this.steps), memory.take(8 * this.steps)] : [0, 0];
    this.losses = memory.take(8 * this.steps);
    this.correct = memory.take(8);
    this.network = memory.network(this.run);
    const labels = memory.place(BigInt64Array.from(task.images.labels, BigInt));
    this.images = memory.images(memory.place(task.images.pixels), labels, preprocessing);
    this.plan = memory.plan(this.order, this.shifts, this.count, settings.batchSize);
    const { weights, rates, corrections } = this, first = isAdam ? vector() : 0, second = isAdam ? vector() : 0;
    this.optimizer = memory.optimizer(settings, { weights, gradient: vector(), first, second, rates, corrections });
    this.space = kernels.space(this.network, Math.min(settings.batchSize, this.count), true);
    this.planned = -1;
    /** @type {Float64Array} */
    this.allRates = new Float64Array(0);
  }

  /** How many epochs are done, as a fraction. */
  get epoch() {
    return this.step / this.steps;
  }

  get isOver() {
    return this.hasDiverged || this.step >= this.steps * this.task.settings.epochs;
  }

  /**
   * Takes steps, at most to the end of the epoch.
   * @param {number} most
   * @returns {{loss: number, correct: number, images: number}} of the images: the sum of losses, how many were right, and all
   */
  advance(most) {
    const { settings } = this.task, epoch = Math.floor(this.step / this.steps), start = this.step % this.steps;
    if (epoch !== this.planned) this.begin(epoch);
    const stop = Math.min(start + most, this.steps), taken = stop - start, buffer = this.kernels.memory.memory.buffer;
    new Float64Array(buffer, this.rates, taken).set(this.allRates.subarray(start, stop));
    [0.9, 0.999].forEach((beta, i) => {
      if (!this.corrections[i]) return;
      const values = new Float64Array(buffer, this.corrections[i], taken);
      for (let k = 0; k < taken; k += 1) values[k] = 1 - beta ** (this.step + 1 + k);
    });
    const { network, images, plan: planned, optimizer, losses, correct, space } = this;
    const done = Number(this.kernels.exported.lenet_train(
      0, network, images, planned, optimizer, BigInt(start), BigInt(stop), losses, correct, space, 1));
    const each = new Float64Array(buffer, losses, done);
    let loss = 0, seen = 0;
    each.forEach((value, i) => {
      const size = Math.min(settings.batchSize, this.count - (start + i) * settings.batchSize);
      loss += value * size;
      seen += size;
    });
    this.hasDiverged = !Number.isFinite(loss);
    this.step += done;
    return { loss, correct: Number(new BigInt64Array(buffer, correct, 1)[0]), images: seen };
  }

  /**
   * Brings the plan of an epoch into the memory.
   * @param {number} epoch
   */
  begin(epoch) {
    const { order, shifts, rates } = plan(this.task.settings, epoch, this.count), { buffer } = this.kernels.memory.memory;
    new BigInt64Array(buffer, this.order, this.count).set(BigInt64Array.from(order, BigInt));
    if (shifts) new BigInt64Array(buffer, this.shifts, 2 * this.count).set(BigInt64Array.from(shifts, BigInt));
    this.allRates = rates;
    this.planned = epoch;
  }

  /** The network as it is now: a copy of the weights. @returns {Network} */
  get trained() {
    return new Network(this.run, this.kernels.memory.floats(this.weights, this.numValues).slice());
  }
}

/** @typedef {{loss: number, accuracy: number, confusion: Int32Array}} Evaluated  confusion: (true class, answer) */

/**
 * Returns loss, accuracy and confusion matrix of a network on images.
 * @param {Kernels} kernels
 * @param {Network} network
 * @param {Images} images
 * @returns {Evaluated}
 */
export function evaluate(kernels, network, { pixels, labels }) {
  const logits = kernels.logits(network, pixels, labels.length), classes = logits.length / labels.length;
  const confusion = new Int32Array(classes * classes);
  let loss = 0, correct = 0;
  labels.forEach((label, i) => {
    const own = logits.subarray(i * classes, (i + 1) * classes), most = Math.max(...own);
    loss += Math.log(own.reduce((total, value) => total + Math.exp(value - most), 0)) + most - own[label];
    const answer = Math.max(0, own.indexOf(most));
    confusion[label * classes + answer] += 1;
    correct += answer === label ? 1 : 0;
  });
  return { loss: loss / labels.length, accuracy: correct / labels.length, confusion };
}
