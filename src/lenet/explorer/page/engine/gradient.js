/** The gradient of a logit with respect to the network's input, as networks/gradients.py computes it. */

import { slope } from "./activation.js";
import { largest } from "./layers.js";

/** @typedef {import("./network.js").Network} Network */

/**
 * Computes how much a logit changes for a change of each number of the input, with what `forward` returned for the image.
 * @param {Network} network
 * @param {Float32Array[]} outputs
 * @param {number} label  which logit
 * @returns {Float32Array} (channels, height, width)
 */
export function inputGradient(network, outputs, label) {
  let gradient = new Float64Array(outputs[outputs.length - 1].length);
  gradient[label] = 1;
  for (let layer = network.layers.length - 1; layer >= 0; layer -= 1) gradient = before(network, outputs, layer, gradient);
  return Float32Array.from(gradient);
}

/**
 * The gradient with respect to a layer's input, of that with respect to its output.
 * @param {Network} network
 * @param {Float32Array[]} outputs
 * @param {number} layer
 * @param {Float64Array<ArrayBuffer>} gradient
 * @returns {Float64Array<ArrayBuffer>}
 */
function before(network, outputs, layer, gradient) {
  const { kind, function: name } = network.layers[layer];
  switch (kind) {
    case "convolution": return beforeConvolution(network, layer, gradient);
    case "batch-norm": {
      const { scale } = network.normalization(layer), size = gradient.length / scale.length;
      return gradient.map((value, i) => value * scale[Math.floor(i / size)]);
    }
    case "activation": { // the first layer's input is not kept, but no network begins with an activation that needs it
      const after = outputs[layer], input = outputs[layer - 1] ?? after;
      return gradient.map((value, i) => value * slope(String(name), input[i], after[i]));
    }
    case "pooling": return beforePooling(network, outputs, layer, gradient);
    case "global-pooling": {
      const [channels, height, width] = network.shapeBefore(layer), size = height * width;
      return Float64Array.from({ length: channels * size }, (_, i) => gradient[Math.floor(i / size)] / size);
    }
    case "dense": return beforeDense(network, layer, gradient);
    default: return gradient;
  }
}

/**
 * @param {Network} network
 * @param {number} layer
 * @param {Float64Array} gradient
 * @returns {Float64Array<ArrayBuffer>}
 */
function beforeDense(network, layer, gradient) {
  const [count] = network.shapeBefore(layer), weights = network.weights, out = new Float64Array(count);
  let at = network.offset(layer, "weight");
  for (const value of gradient)
    for (let i = 0; i < count; i += 1, at += 1) out[i] += value * weights[at];
  return out;
}

/**
 * What each output gives to the pixels of its window, added up where windows overlap.
 * @param {Network} network
 * @param {number} layer
 * @param {Float64Array} gradient
 * @returns {Float64Array<ArrayBuffer>}
 */
function beforeConvolution(network, layer, gradient) {
  const [inputs, height, width] = network.shapeBefore(layer), [channels, rows, columns] = network.shapes[layer];
  const { kernel, padding, weight } = network.kernels(layer), out = new Float64Array(inputs * height * width);
  let tap = weight;
  for (let channel = 0; channel < channels; channel += 1)
    for (let to = 0; to < inputs; to += 1)
      for (let ky = 0; ky < kernel; ky += 1)
        for (let kx = 0; kx < kernel; kx += 1, tap += 1) {
          const value = network.weights[tap], left = kx - padding;
          for (let row = Math.max(0, padding - ky); row < Math.min(rows, height + padding - ky); row += 1) {
            const from = (channel * rows + row) * columns, at = (to * height + row + ky - padding) * width + left;
            for (let column = Math.max(0, -left); column < Math.min(columns, width - left); column += 1)
              out[at + column] += value * gradient[from + column];
          }
        }
  return out;
}

/**
 * @param {Network} network
 * @param {Float32Array[]} outputs
 * @param {number} layer
 * @param {Float64Array} gradient
 * @returns {Float64Array<ArrayBuffer>}
 */
function beforePooling(network, outputs, layer, gradient) {
  const [channels, height, width] = network.shapeBefore(layer), [, rows, columns] = network.shapes[layer];
  const out = new Float64Array(channels * height * width);
  const isAverage = network.layers[layer].function === "avg";
  const compared = isAverage ? out : network.compared(layer, outputs[0], outputs) ?? out;
  let i = 0;
  for (let channel = 0; channel < channels; channel += 1)
    for (let row = 0; row < rows; row += 1)
      for (let column = 0; column < columns; column += 1, i += 1) {
        const above = (channel * height + 2 * row) * width + 2 * column, below = above + width;
        if (isAverage) for (const at of [above, above + 1, below, below + 1]) out[at] = gradient[i] / 4;
        else out[first(/** @type {Float32Array} */ (compared), above, below)] = gradient[i];
      }
  return out;
}

/**
 * The first of the places with the largest number of four.
 * @param {Float32Array} x
 * @param {number} above
 * @param {number} below
 */
function first(x, above, below) {
  const most = x[largest(x, above, below)];
  return [above, above + 1, below].find((place) => x[place] === most) ?? below + 1;
}
