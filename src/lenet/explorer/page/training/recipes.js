/** The recipes that the page offers, and the layers of their networks: those of recipes.py and networks/lenet.py. */

/**
 * @typedef {object} Settings
 * @property {string} recipe
 * @property {string} model  "lenet", "lenet-avg" or "lenet-bn"
 * @property {string} activation
 * @property {string} pooling
 * @property {number} padding
 * @property {string} init
 * @property {string} optimizer
 * @property {number} learningRate
 * @property {number} weightDecay
 * @property {string} schedule  "one-cycle" or "constant"
 * @property {number} batchSize
 * @property {number} epochs
 * @property {number} labelSmoothing
 * @property {boolean} normalize
 * @property {number} shift
 * @property {number} seed
 */
/** @typedef {import("../base/types.js").Layer} Layer */

/** @type {Settings} */
const FAST = {
  recipe: "fast", model: "lenet", activation: "relu", pooling: "max", padding: 2, init: "default", optimizer: "adamw",
  learningRate: 0.004, weightDecay: 0.1, schedule: "one-cycle", batchSize: 64, epochs: 10, labelSmoothing: 0, normalize: true,
  shift: 0, seed: 0,
};
/** @type {Partial<Settings>} */
const BOOK = { activation: "sigmoid", weightDecay: 0, schedule: "constant", batchSize: 256, normalize: false };

/** The recipes by name. */
export const RECIPES = /** @type {Record<string, Settings>} */ (Object.fromEntries(Object.entries({
  fast: {},
  sprint: { learningRate: 0.005, weightDecay: 0.05, batchSize: 32, epochs: 3, labelSmoothing: 0.1 },
  "book-sgd": { ...BOOK, model: "lenet-avg", pooling: "avg", init: "xavier-uniform", optimizer: "sgd", learningRate: 0.9 },
  "book-adam": { ...BOOK, padding: 0, optimizer: "adam", learningRate: 0.001, epochs: 5 },
  "book-adam-01": { ...BOOK, padding: 0, optimizer: "adam", learningRate: 0.01, epochs: 5 },
  "lenet-bn": { model: "lenet-bn", epochs: 20, shift: 1 },
}).map(([recipe, changes]) => [recipe, { ...FAST, ...changes, recipe }])));

const CHANNELS = [6, 16];
const HIDDEN = [120, 84];
const KERNEL = 5;

/**
 * Returns the layers of a network.
 * @param {Settings} settings
 * @param {{channels: number, height: number, width: number}} input
 * @param {number} numClasses
 * @returns {Layer[]}
 * @throws if the images are too small
 */
export function layersOf({ model, activation, pooling, padding }, input, numClasses) {
  const counts = { conv: 0, fc: 0, all: 0 };
  const name = (/** @type {"conv"|"fc"} */ part) => (
    model === "lenet-avg" ? String(counts.all++) : `${part}.${counts[part]++}`);
  const layers = /** @type {Layer[]} */ ([]);
  let { channels, height, width } = input;
  CHANNELS.forEach((made, i) => {
    const around = i === 0 ? padding : 0, change = 2 * around - KERNEL + 1;
    const sizes = { in_channels: channels, channels: made, kernel_size: KERNEL, padding: around };
    layers.push({ kind: "convolution", name: name("conv"), ...sizes });
    if (model === "lenet-bn") layers.push({ kind: "batch-norm", name: name("conv"), channels: made });
    layers.push({ kind: "activation", name: name("conv"), function: activation });
    layers.push({ kind: "pooling", name: name("conv"), function: pooling });
    [channels, height, width] = [made, (height + change) >> 1, (width + change) >> 1];
    if (Math.min(height, width) < 1) throw new Error("the images are too small for this network");
  });
  layers.push({ kind: "flatten", name: model === "lenet-avg" ? name("fc") : "flatten" });
  let features = channels * height * width;
  [...HIDDEN, numClasses].forEach((made, i) => {
    layers.push({ kind: "dense", name: name("fc"), in_features: features, features: made });
    if (i < HIDDEN.length) layers.push({ kind: "activation", name: name("fc"), function: activation });
    features = made;
  });
  return layers;
}

/**
 * Returns where each tensor lies in the vector of weights, and the numbers of both parts: learned, and with statistics.
 * @param {Layer[]} layers
 * @returns {{tensors: Record<string, [number, number[]]>, numParameters: number, numValues: number}}
 */
export function tensorsOf(layers) {
  /** @type {Record<string, [number, number[]]>} */
  const tensors = {};
  let size = 0;
  const add = (/** @type {string} */ name, /** @type {number[]} */ ...shape) => {
    tensors[name] = [size, shape];
    size += shape.reduce((a, b) => a * b);
  };
  for (const layer of layers) {
    const { kind, name, channels = 0, in_channels: inputs = 0, kernel_size: k = 0, features = 0, in_features: taken = 0 } = layer;
    if (kind === "convolution") add(`${name}.weight`, channels, inputs, k, k);
    if (kind === "dense") add(`${name}.weight`, features, taken);
    if (kind === "batch-norm") add(`${name}.weight`, channels);
    if (kind === "convolution" || kind === "batch-norm") add(`${name}.bias`, channels);
    if (kind === "dense") add(`${name}.bias`, features);
  }
  const numParameters = size;
  for (const { kind, name, channels = 0 } of layers)
    for (const part of kind === "batch-norm" ? ["running_mean", "running_var"] : []) add(`${name}.${part}`, channels);
  return { tensors, numParameters, numValues: size };
}
