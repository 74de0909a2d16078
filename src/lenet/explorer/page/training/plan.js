/** What chance decides: initial weights, and the order, shifts and learning rates of an epoch; to the bits of lenet's own. */

import { Random } from "./random.js";

/** @typedef {import("./recipes.js").Settings} Settings */
/** @typedef {{order: Int32Array, shifts: Int32Array|null, rates: Float64Array}} Plan */

const ORDER = 0, WEIGHTS = 2; // the first number of each generator's seed
const WARM_UP = 0.3, START = 1 / 25; // of the one-cycle schedule

/**
 * Makes the plan of an epoch, as data/plan.py does.
 * @param {Settings} settings
 * @param {number} epoch  counted from 0
 * @param {number} count  of images
 * @returns {Plan}
 */
export function plan(settings, epoch, count) {
  const random = new Random([ORDER, settings.seed, epoch]), order = random.permutation(count), { shift } = settings;
  const shifts = shift ? Int32Array.from({ length: 2 * count }, () => random.below(2 * shift) - shift) : null;
  return { order, shifts, rates: learningRates(settings, epoch, count) };
}

/**
 * Computes the learning rate of each step of an epoch.
 * @param {Settings} settings
 * @param {number} epoch
 * @param {number} count
 * @returns {Float64Array}
 */
function learningRates({ schedule, learningRate, batchSize, epochs }, epoch, count) {
  const steps = Math.ceil(count / batchSize);
  return Float64Array.from({ length: steps }, (_, step) => {
    if (schedule === "constant") return learningRate;
    const done = (epoch * steps + step + 0.5) / (epochs * steps);
    const up = START + ((1 - START) * (1 - Math.cos((Math.PI * done) / WARM_UP))) / 2;
    const down = (1 + Math.cos((Math.PI * (done - WARM_UP)) / (1 - WARM_UP))) / 2;
    return learningRate * (done < WARM_UP ? up : down);
  });
}

/**
 * Returns initial weights, as networks/initialization.py draws them.
 * @param {Settings} settings
 * @param {import("../base/types.js").Layer[]} layers
 * @param {ReturnType<typeof import("./recipes.js").tensorsOf>} described
 * @returns {Float32Array}
 */
export function initialWeights({ init, seed }, layers, { tensors, numValues }) {
  const random = new Random([WEIGHTS, seed]), weights = new Float32Array(numValues);
  const part = (/** @type {string} */ name) => {
    const [start, shape] = tensors[name];
    return weights.subarray(start, start + shape.reduce((a, b) => a * b));
  };
  const draw = (/** @type {Float32Array} */ values, /** @type {number} */ bound) => {
    for (let i = 0; i < values.length; i += 1) values[i] = -bound + (bound - -bound) * random.uniform();
  };
  for (const { kind, name } of layers)
    if (kind === "convolution" || kind === "dense") {
      const [, [outputs, inputs, ...kernel]] = tensors[`${name}.weight`], field = kernel.reduce((a, b) => a * b, 1);
      const fanIn = inputs * field, even = 1 / Math.sqrt(fanIn);
      draw(part(`${name}.weight`), init === "default" ? even : Math.sqrt(6 / (fanIn + outputs * field)));
      draw(part(`${name}.bias`), even);
    } else if (kind === "batch-norm") {
      part(`${name}.weight`).fill(1);
      part(`${name}.running_var`).fill(1);
    }
  return weights;
}
