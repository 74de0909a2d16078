/**
 * The arithmetic of one number of a layer's output, term by term, in the order and with the rounding of the kernels: the last
 * sum that is shown is the output, to the last bit.
 */

import { largest } from "./layers.js";

const f = Math.fround;
const GROUP = 128; // products of a dense layer that are summed before their sum is added to the total

/** @typedef {import("./network.js").Network} Network */
/**
 * A product, and the sum so far. `channel`, `row` and `column` say where the input is, outside of it for padding; `index` where
 * the weight is in the vector of weights. `group` is that of a dense layer's sums; `isLeftOut` a row of padding, not computed.
 * @typedef {object} Term
 * @property {string} name
 * @property {number} channel
 * @property {number} row
 * @property {number} column
 * @property {number} index
 * @property {number} input
 * @property {number} weight
 * @property {number} product
 * @property {number} sum
 * @property {number} [group]
 * @property {boolean} [isLeftOut]
 */
/** @typedef {Record<"gain"|"beta"|"mean"|"variance"|"scale"|"shift", number> & {isFolded: boolean}} Normalization */
/**
 * What a number is made of; what does not belong to its kind of layer is missing.
 *
 * `before`: the layer's input at the same place. `groups`: of a dense layer, the sum of each 128 products and the total after it,
 * which begins with the bias. `window`: of a pooling, its four numbers; `winner`: which of them is the largest, by `compared`:
 * the input of the activation before; `sums`: of an average, of the upper two, of the lower two, and of both. `rows`: of a
 * global mean, the sum of each row and the total after it; `share`: what the total is multiplied by.
 * @typedef {object} Arithmetic
 * @property {number} layer
 * @property {string} kind
 * @property {number} value
 * @property {Term[]} terms
 * @property {number|null} bias
 * @property {{sum: number, total: number}[]} [groups]
 * @property {Normalization} [normalization]
 * @property {number} [before]
 * @property {string} [function]
 * @property {{row: number, column: number, value: number, compared: number}[]} [window]
 * @property {number} [winner]
 * @property {number[]} [sums]
 * @property {{sum: number, total: number}[]} [rows]
 * @property {number} [share]
 */

/**
 * Takes one number of a layer's output apart.
 * @param {Network} network
 * @param {Uint8Array} pixels  the image
 * @param {Float32Array[]} outputs  what `forward` returned for it
 * @param {number} layer
 * @param {number} unit  a channel, or a feature
 * @param {number} [row]
 * @param {number} [column]
 * @returns {Arithmetic}
 */
export function terms(network, pixels, outputs, layer, unit, row = 0, column = 0) {
  const { kind, function: name } = network.layers[layer];
  const inputOf = (/** @type {number} */ each) => (each ? outputs[each - 1] : network.inputOf(pixels));
  const [, height = 1, width = 1] = network.shapes[layer], at = (unit * height + row) * width + column;
  const part = { layer, kind, value: outputs[layer][at], terms: [], bias: null, ...(name ? { function: name } : {}) };
  switch (kind) {
    case "convolution": {
      const from = { weights: network.weights, shift: 0 };
      return { ...part, ...products(network, layer, inputOf(layer), from, [unit, row, column]) };
    }
    case "batch-norm": return { ...part, ...normalization(network, layer, inputOf, [unit, row, column], at) };
    case "pooling": return { ...part, ...pooling(network, layer, inputOf, [unit, row, column]) };
    case "global-pooling": return { ...part, ...mean(network.shapeBefore(layer), inputOf(layer), unit) };
    case "dense": return { ...part, ...features(network, layer, inputOf(layer), unit) };
    default: return { ...part, before: inputOf(layer)[at] };
  }
}

/**
 * The products of a convolution's patch and kernel.
 * @param {Network} network
 * @param {number} layer  of the convolution
 * @param {Float32Array} input
 * @param {{weights: Float32Array, shift: number}} from  the weights, and by how much they lie before those of the vector
 * @param {number[]} place
 */
function products(network, layer, input, from, [unit, row, column]) {
  const { kernel, padding, isBlock, weight, bias } = network.kernels(layer);
  const [channels, height, width] = network.shapeBefore(layer);
  let sum = from.weights[bias + unit - from.shift], index = weight + unit * channels * kernel * kernel;
  const start = sum, list = /** @type {Term[]} */ ([]);
  for (let channel = 0; channel < channels; channel += 1)
    for (let ky = 0; ky < kernel; ky += 1)
      for (let kx = 0; kx < kernel; kx += 1, index += 1) {
        const y = row + ky - padding, x = column + kx - padding;
        const isInside = y >= 0 && y < height && x >= 0 && x < width, isLeftOut = !isBlock && (y < 0 || y >= height);
        const value = isInside ? input[(channel * height + y) * width + x] : 0, factor = from.weights[index - from.shift];
        const product = f(factor * value);
        if (!isLeftOut) sum = f(sum + product);
        const name = `${channel}:${y},${x}`;
        list.push({ name, channel, row: y, column: x, index, input: value, weight: factor, product, sum, isLeftOut });
      }
  return { terms: list, bias: start };
}

/**
 * A normalization: of the folded convolution's products, or of its input alone.
 * @param {Network} network
 * @param {number} layer
 * @param {(layer: number) => Float32Array} inputOf
 * @param {number[]} place
 * @param {number} at  the place in the layer's output
 */
function normalization(network, layer, inputOf, place, at) {
  const { gain, beta, mean: means, variance, scale } = network.normalization(layer), [unit] = place;
  const isFolded = network.isFolded[layer], shift = f(beta[unit] - means[unit] * scale[unit]);
  const numbers = { gain: gain[unit], beta: beta[unit], mean: means[unit], variance: variance[unit] };
  const before = inputOf(layer)[at], described = { ...numbers, scale: f(scale[unit]), shift, isFolded };
  if (!isFolded) {
    return { before, bias: shift, normalization: described };
  }
  const from = { weights: network.folded(layer), shift: network.offset(layer - 1, "weight") };
  return { before, normalization: described, ...products(network, layer - 1, inputOf(layer - 1), from, place) };
}

/**
 * @param {Network} network
 * @param {number} layer
 * @param {(layer: number) => Float32Array} inputOf
 * @param {number[]} place
 */
function pooling(network, layer, inputOf, [unit, row, column]) {
  const [, height, width] = network.shapeBefore(layer), input = inputOf(layer);
  const isActivated = network.layers[layer - 1]?.kind === "activation", by = isActivated ? inputOf(layer - 1) : input;
  const above = (unit * height + 2 * row) * width + 2 * column, below = above + width;
  const window = [above, above + 1, below, below + 1].map((at, i) => (
    { row: 2 * row + (i >> 1), column: 2 * column + (i & 1), value: input[at], compared: by[at] }));
  const [a, b, c, d] = window.map(({ value }) => value);
  const sums = [f(a + b), f(c + d), f(f(a + b) + f(c + d))];
  if (network.layers[layer].function === "avg") return { window, sums, share: 0.25 };
  return { window, winner: [above, above + 1, below, below + 1].indexOf(largest(by, above, below)) };
}

/**
 * @param {number[]} shape
 * @param {Float32Array} input
 * @param {number} unit
 */
function mean([, height, width], input, unit) {
  let total = 0;
  const rows = Array.from({ length: height }, (_, row) => {
    let sum = 0;
    for (let column = 0; column < width; column += 1) sum = f(sum + input[(unit * height + row) * width + column]);
    total = f(total + sum);
    return { sum, total };
  });
  return { rows, share: f(1 / (height * width)) };
}

/**
 * The products of a dense layer's feature. The sums begin anew after each 128 products.
 * @param {Network} network
 * @param {number} layer
 * @param {Float32Array} input
 * @param {number} unit
 */
function features(network, layer, input, unit) {
  const place = placing(network, layer), first = network.offset(layer, "weight") + unit * input.length;
  const bias = network.weights[network.offset(layer, "bias") + unit], groups = /** @type {{sum: number, total: number}[]} */ ([]);
  let sum = 0;
  const list = Array.from(input, (value, i) => {
    if (i % GROUP === 0) sum = 0;
    const weight = network.weights[first + i], product = f(weight * value), group = Math.floor(i / GROUP);
    sum = f(sum + product);
    groups[group] = { sum, total: f(sum + (groups[group - 1]?.total ?? bias)) };
    return { ...place(i), index: first + i, input: value, weight, product, sum, group };
  });
  return { terms: list, bias, groups };
}

/**
 * Returns what says where a number of a dense layer's input comes from: a channel and a pixel if it was flattened.
 * @param {Network} network
 * @param {number} layer
 * @returns {(i: number) => {name: string, channel: number, row: number, column: number}}
 */
function placing(network, layer) {
  let flat = layer - 1;
  while (flat >= 0 && network.layers[flat].kind === "dropout") flat -= 1;
  const isFlattened = network.layers[flat]?.kind === "flatten";
  const [, height = 1, width = 1] = isFlattened ? network.shapeBefore(flat) : [];
  return (i) => {
    const channel = Math.floor(i / (height * width)), row = Math.floor(i / width) % height, column = i % width;
    return { name: height * width > 1 ? `${channel}:${row},${column}` : String(channel), channel, row, column };
  };
}
