/**
 * What the page's worker does: it trains, which would keep the page from answering. The messages are {id, kind, …}: "load" with
 * the kernels' bytes, "train" with a task and test images, "stop". Each is answered by {id, kind: "done", result} or
 * {id, kind: "error", message}; a training also posts {id, kind: "progress", progress} as it goes.
 */

import { Kernels } from "./kernels.js";
import { description, weightsFile } from "../training/file.js";
import { Trainer, evaluate } from "../training/trainer.js";

const PROGRESS = 100; // milliseconds between two messages
const AT_ONCE = 25; // milliseconds of steps between two looks at what was asked

/** @typedef {{id: number, kind: string, [name: string]: any}} Message */
/**
 * How far a training has come: `loss` and `accuracy` are of the steps since the last report, `seconds` those of the steps alone.
 * @typedef {object} Progress
 * @property {number} step
 * @property {number} epoch
 * @property {number} seconds
 * @property {number} imagesPerSecond
 * @property {number} loss
 * @property {number} accuracy
 * @property {import("../training/trainer.js").Evaluated} test
 * @property {Float32Array} weights
 * @property {boolean} hasDiverged
 */

/**
 * Answers the page's messages.
 * @param {any} scope  the worker's global object
 */
export function work(scope) {
  /** @type {Kernels|null} */
  let kernels = null;
  let isStopped = false;
  /** @type {Record<string, (message: Message) => any>} */
  const tasks = {
    load: async ({ bytes }) => {
      kernels = await Kernels.load(bytes);
    },
    stop: () => {
      isStopped = true;
    },
    train: async ({ id, task, test }) => {
      isStopped = false;
      if (!kernels) throw new Error("the kernels are not loaded");
      return train(kernels, task, test, () => isStopped, (progress) => scope.postMessage({ id, kind: "progress", progress }));
    },
  };
  scope.onmessage = async (/** @type {{data: Message}} */ { data }) => {
    const { id, kind } = data;
    try {
      scope.postMessage({ id, kind: "done", result: await tasks[kind](data) });
    } catch (error) {
      scope.postMessage({ id, kind: "error", message: error instanceof Error ? error.message : String(error) });
    }
  };
}

/**
 * Trains a network from nothing.
 * @param {Kernels} kernels
 * @param {import("../training/trainer.js").Task} task
 * @param {import("../training/trainer.js").Images} test  the accuracy is measured on these
 * @param {() => boolean} isStopped
 * @param {(progress: Progress) => void} tell  called some ten times a second, and at the end
 * @returns {Promise<{run: import("./network.js").Described, weights: Float32Array, file: Uint8Array, progress: Progress}>}
 */
export async function train(kernels, task, test, isStopped, tell) {
  const begin = kernels.memory.end, pauses = new Pauses();
  try {
    return await trained(new Trainer(kernels, task), test, isStopped, tell, pauses);
  } finally {
    pauses.channel.port1.close();
    kernels.memory.end = begin;
  }
}

/**
 * @param {Trainer} trainer
 * @param {import("../training/trainer.js").Images} test
 * @param {() => boolean} isStopped
 * @param {(progress: Progress) => void} tell
 * @param {Pauses} pauses
 */
async function trained(trainer, test, isStopped, tell, pauses) {
  const { kernels, task, run } = trainer;
  let seconds = 0, images = 0, last = performance.now(), most = 1;
  let sums = { loss: 0, correct: 0, images: 0 };
  const report = () => {
    const network = trainer.trained, loss = sums.loss / sums.images, accuracy = sums.correct / sums.images;
    sums = { loss: 0, correct: 0, images: 0 };
    const { step, epoch, hasDiverged } = trainer, imagesPerSecond = images / seconds, tested = evaluate(kernels, network, test);
    return { step, epoch, seconds, imagesPerSecond, loss, accuracy, test: tested, weights: network.weights, hasDiverged };
  };
  while (!trainer.isOver && !isStopped()) {
    const began = performance.now(), before = trainer.step, part = trainer.advance(most), took = performance.now() - began;
    seconds += took / 1000;
    images += part.images;
    sums = { loss: sums.loss + part.loss, correct: sums.correct + part.correct, images: sums.images + part.images };
    most = Math.max(1, Math.round(((trainer.step - before) * AT_ONCE) / Math.max(took, 1)));
    if (performance.now() - last >= PROGRESS && !trainer.isOver) {
      tell(report());
      last = performance.now();
    }
    await pauses.pause();
  }
  const progress = report(), { weights } = progress;
  tell(progress);
  return { run, weights, file: weightsFile(run.tensors, weights, description(task)), progress };
}

/** Waits until messages were answered, without the four milliseconds that timers wait at least. */
class Pauses {
  constructor() {
    this.channel = new MessageChannel();
  }

  /** @returns {Promise<void>} */
  pause() {
    return new Promise((resolve) => {
      this.channel.port1.onmessage = () => resolve();
      this.channel.port2.postMessage(null);
    });
  }
}
