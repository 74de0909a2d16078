/**
 * A network that keeps the output of every layer, to the bits of the kernels' variant with vectors of four floats.
 *
 * In evaluation the kernels fold a batch normalization into the convolution before it: the weights of a channel times
 * scale = gain / sqrt(variance + epsilon). Here too: the normalization's output is that of the folded convolution, and the
 * convolution's own output, which the kernels never compute, is that of its own weights.
 */

import { activated, convolution, dense, globalMean, inputTable, pooled, scaled } from "./layers.js";

/** Added to a variance before its root, as in nn.BatchNorm2d. */
const EPSILON = 1e-5;

/** @typedef {import("../base/types.js").Layer} Layer */
/** @typedef {Pick<import("../base/types.js").Run, "layers"|"input"|"preprocessing"|"tensors">} Described */

/** A network: its layers, and its weights as one vector. */
export class Network {
  /**
   * @param {Described} run its layers, input, preprocessing and tensors
   * @param {Float32Array} weights (num_values,), in the order of `tensors`
   */
  constructor(run, weights) {
    this.run = run;
    this.layers = run.layers;
    this.weights = weights;
    const { channels, height, width } = run.input;
    /** The shape of an image: (channels, height, width). @type {number[]} */
    this.inputShape = [channels, height, width];
    /** The shape of each layer's output. @type {number[][]} */
    this.shapes = [];
    this.layers.forEach((layer, i) => this.shapes.push(outputShape(layer, this.shapeBefore(i))));
    /** Of each layer, whether it is a normalization that is folded into the convolution before it. @type {boolean[]} */
    this.isFolded = this.layers.map((layer, i) => layer.kind === "batch-norm" && this.layers[i - 1]?.kind === "convolution");
    this.table = inputTable(run.preprocessing.mean, run.preprocessing.std);
    /** @type {Map<number, Float32Array>} */
    this.folds = new Map();
  }

  /**
   * Returns the shape of a layer's input.
   * @param {number} layer
   * @returns {number[]}
   */
  shapeBefore(layer) {
    return layer ? this.shapes[layer - 1] : this.inputShape;
  }

  /**
   * Returns where a tensor begins in the vector of weights.
   * @param {number} layer
   * @param {string} part such as "weight"
   * @returns {number}
   */
  offset(layer, part) {
    return this.run.tensors[`${this.layers[layer].name}.${part}`][0];
  }

  /**
   * Returns the input of the network for an image.
   * @param {Uint8Array} pixels (height, width, channels)
   * @returns {Float32Array} (channels, height, width)
   */
  inputOf(pixels) {
    const [channels, height, width] = this.inputShape, size = height * width;
    const input = new Float32Array(channels * size);
    for (let channel = 0; channel < channels; channel += 1)
      for (let i = 0; i < size; i += 1) input[channel * size + i] = this.table[pixels[i * channels + channel]];
    return input;
  }

  /**
   * Computes the output of every layer for an image; the last one's are the logits.
   * @param {Uint8Array} pixels (height, width, channels)
   * @param {Map<number, Set<number>>} [off] by layer, the units that are switched off: their outputs are zero
   * @returns {Float32Array[]} of each layer (channels, height, width) or (features,)
   */
  forward(pixels, off) {
    const input = this.inputOf(pixels);
    /** @type {Float32Array[]} */
    const outputs = [];
    for (let layer = 0; layer < this.layers.length; layer += 1) {
      const output = this.compute(layer, input, outputs, off);
      for (const unit of off?.get(layer) ?? []) {
        const size = output.length / this.shapes[layer][0];
        output.fill(0, unit * size, (unit + 1) * size);
      }
      outputs.push(output);
    }
    return outputs;
  }

  /**
   * @param {number} layer
   * @param {Float32Array} input of the network
   * @param {Float32Array[]} outputs of the layers before
   * @param {Map<number, Set<number>> | undefined} off
   * @returns {Float32Array}
   */
  compute(layer, input, outputs, off) {
    const { kind, function: name = "", features = 0 } = this.layers[layer];
    const before = layer ? outputs[layer - 1] : input, shape = this.shapeBefore(layer);
    switch (kind) {
      case "convolution": return convolution(before, shape, this.kernels(layer), this.weights, this.shapes[layer]);
      case "batch-norm": return this.normalize(layer, layer > 1 ? outputs[layer - 2] : input, before, off);
      case "activation": return activated(before, name);
      case "pooling": return pooled(before, this.compared(layer, input, outputs), shape, name);
      case "global-pooling": return globalMean(before, shape);
      case "dense": return dense(before, this.weights, this.offset(layer, "weight"), this.offset(layer, "bias"), features);
      default: return before.slice(); // dropout, which drops nothing in evaluation, and flatten
    }
  }

  /**
   * Returns the numbers by which a pooling chooses the largest: what goes into the activation before it, if there is one.
   * @param {number} layer
   * @param {Float32Array} input
   * @param {Float32Array[]} outputs
   * @returns {Float32Array}
   */
  compared(layer, input, outputs) {
    const back = this.layers[layer - 1]?.kind === "activation" ? 2 : 1;
    return layer >= back ? outputs[layer - back] : input;
  }

  /**
   * Returns the sizes of a convolution and where its weights are, in the vector or in what folding gives.
   * @param {number} layer
   * @returns {import("./layers.js").Kernels}
   */
  kernels(layer) {
    const { channels = 0, kernel_size: kernel = 1, padding = 0 } = this.layers[layer];
    const rest = this.layers.slice(layer + 1).map((each) => each.kind);
    if (rest[0] === "batch-norm") rest.shift();
    if (rest[0] === "activation") rest.shift();
    const isBlock = rest[0] === "pooling"; // the kernels fuse it with its pooling
    return { channels, kernel, padding, isBlock, weight: this.offset(layer, "weight"), bias: this.offset(layer, "bias") };
  }

  /**
   * Returns the folded weights and biases of the convolution before a normalization: (channels, taps) and then (channels,).
   * @param {number} layer of the normalization
   * @returns {Float32Array}
   */
  folded(layer) {
    const known = this.folds.get(layer);
    if (known) return known;
    const { channels = 0 } = this.layers[layer], w = this.weights;
    const [weight, bias] = [this.offset(layer - 1, "weight"), this.offset(layer - 1, "bias")];
    const { scale, mean, beta } = this.normalization(layer), taps = (bias - weight) / channels;
    const out = new Float32Array(channels * (taps + 1));
    for (let channel = 0; channel < channels; channel += 1) {
      for (let tap = channel * taps; tap < (channel + 1) * taps; tap += 1) out[tap] = w[weight + tap] * scale[channel];
      out[channels * taps + channel] = (w[bias + channel] - mean[channel]) * scale[channel] + beta[channel];
    }
    this.folds.set(layer, out);
    return out;
  }

  /**
   * Returns the numbers of a normalization, by channel; scale: gain / sqrt(variance + epsilon), in float64.
   * @param {number} layer
   * @returns {{gain: Float32Array, beta: Float32Array, mean: Float32Array, variance: Float32Array, scale: Float64Array}}
   */
  normalization(layer) {
    const { channels = 0 } = this.layers[layer];
    const [gain, beta, mean, variance] = ["weight", "bias", "running_mean", "running_var"].map((part) => {
      const start = this.offset(layer, part);
      return this.weights.subarray(start, start + channels);
    });
    const scale = Float64Array.from(gain, (value, channel) => value / Math.sqrt(variance[channel] + EPSILON));
    return { gain, beta, mean, variance, scale };
  }

  /**
   * @param {number} layer
   * @param {Float32Array} input of the convolution before, if it is folded
   * @param {Float32Array} before the normalization's input
   * @param {Map<number, Set<number>> | undefined} off
   * @returns {Float32Array}
   */
  normalize(layer, input, before, off) {
    const { scale, mean, beta } = this.normalization(layer);
    if (!this.isFolded[layer])
      return scaled(before, Float32Array.from(scale), Float32Array.from(scale, (each, i) => beta[i] - mean[i] * each));
    const folded = this.folded(layer), shape = this.shapes[layer], kernels = this.kernels(layer - 1);
    kernels.bias -= kernels.weight;
    kernels.weight = 0;
    const output = convolution(input, this.shapeBefore(layer - 1), kernels, folded, shape);
    const size = shape[1] * shape[2];
    for (const unit of off?.get(layer - 1) ?? []) // of the zeros of a convolution's unit that is off
      output.fill((0 - mean[unit]) * scale[unit] + beta[unit], unit * size, (unit + 1) * size);
    return output;
  }
}

/**
 * @param {Layer} layer
 * @param {number[]} shape of its input
 * @returns {number[]}
 */
function outputShape(layer, shape) {
  const [channels, height, width] = shape;
  switch (layer.kind) {
    case "convolution": {
      const { padding = 0, kernel_size: kernel = 1, channels: made = 0 } = layer, change = 2 * padding - kernel + 1;
      return [made, height + change, width + change];
    }
    case "pooling": return [channels, height >> 1, width >> 1];
    case "global-pooling": return [channels, 1, 1];
    case "flatten": return [shape.reduce((a, b) => a * b, 1)];
    case "dense": return [layer.features ?? 0];
    default: return shape;
  }
}
