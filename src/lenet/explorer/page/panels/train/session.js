/** A training in the page: what is asked of the worker, what came back, and the run that the page can show. */

import { Assistant } from "../../engine/assistant.js";
import { meanAndStd } from "../../training/file.js";

/** @typedef {import("../../base/app.js").App} App */
/** @typedef {import("../../base/types.js").Run} Run */
/** @typedef {import("../../training/recipes.js").Settings} Settings */
/** @typedef {import("./source.js").Source} Source */
/** @typedef {import("../../engine/worker.js").Progress} Progress */
/** @typedef {import("../../engine/network.js").Described} Described */
/** @typedef {{run: Described, weights: Float32Array, file: Uint8Array<ArrayBuffer>, progress: Progress}} Result */

const MOST_KEPT = 24; // weights of moments of the training, for its replay

/** The one training of the page. */
export class Session {
  constructor() {
    /** @type {Assistant|null} */
    this.assistant = null;
    this.isRunning = false;
    /** @type {Settings|null} */
    this.settings = null;
    /** @type {import("../../base/types.js").Preprocessing|null} */
    this.preprocessing = null;
    /** @type {Source|null} */
    this.source = null;
    /** Curves, without the weights. @type {Progress[]} */
    this.points = [];
    /** Moments with their weights. @type {Progress[]} */
    this.moments = [];
    /** @type {Result|null} */
    this.result = null;
    /** @type {string|null} */
    this.fault = null;
  }

  /** The last report. @returns {Progress|undefined} */
  get last() {
    return this.points[this.points.length - 1];
  }

  /**
   * Trains; `changed` is called whenever there is something new to see.
   * @param {App} app
   * @param {Settings} settings
   * @param {Source} source
   * @param {() => void} changed
   */
  async start(app, settings, source, changed) {
    Object.assign(this, { isRunning: true, settings, source, points: [], moments: [], result: null, fault: null });
    const tell = (/** @type {Progress} */ progress) => {
      this.points.push({ ...progress, weights: new Float32Array(0) });
      this.moments.push(progress);
      if (this.moments.length > MOST_KEPT) this.moments = this.moments.filter((_, i) => i % 2 === 1);
      changed();
    };
    try {
      const { images, test, input, classes, preprocessing } = source;
      const measured = settings.normalize ? meanAndStd(images.pixels) : { mean: 0, std: 1 };
      this.preprocessing = { ...preprocessing, ...measured };
      const task = { images, settings, input, classes, preprocessing: this.preprocessing };
      this.assistant ??= new Assistant(/** @type {any} */ (app.data.kernels).values);
      await this.assistant.ready;
      this.result = await this.assistant.ask("train", { task, test }, tell);
    } catch (error) {
      this.fault = error instanceof Error ? error.message : String(error);
    }
    this.isRunning = false;
    changed();
  }

  /** Ends the training; what was learned so far stays. */
  stop() {
    this.assistant?.ask("stop");
  }
}

/**
 * The trained network as a run of the page.
 * @param {Session} session  that has a result
 * @param {string} name
 * @returns {Run}
 */
export function runOf({ settings, points, moments, result, source }, name) {
  const { run, weights, progress } = /** @type {Result} */ (result), { model, recipe, seed } = /** @type {Settings} */ (settings);
  const { classes: names, input, data, stored: images } = /** @type {Source} */ (source);
  const table = (/** @type {any} */ values, /** @type {number[]} */ shape) => ({ shape, values });
  const confusionOf = (/** @type {Progress} */ { test }) => table(test.confusion, [names.length, names.length]);
  const chunks = points.map(({ step, epoch, loss, accuracy, imagesPerSecond }) => (
    { kind: "chunk", step, epoch, train_loss: loss, train_accuracy: accuracy, images_per_second: imagesPerSecond }));
  const epochs = points.map(({ test, ...rest }, i) => (
    { ...chunks[i], kind: "epoch", epoch: rest.epoch, test_loss: test.loss, test_accuracy: test.accuracy }));
  const snapshots = moments.map((each) => ({
    step: each.step, epoch: each.epoch, weights: table(each.weights, [each.weights.length]), accuracy: each.test.accuracy,
    loss: each.test.loss, confusion: confusionOf(each),
  }));
  const { accuracy, loss, confusion } = progress.test, count = confusion.reduce((a, b) => a + b, 0);
  return {
    name, model, recipe, data, seed, epochs: progress.epoch, command: null, classes: names, input, layers: run.layers,
    tensors: run.tensors, preprocessing: run.preprocessing, weights: table(weights, [weights.length]), calibration: null,
    test: { accuracy, loss, count, confusion: confusionOf(progress) }, points: { chunks, epochs }, findings: [], snapshots,
    scales: null, images,
  };
}
