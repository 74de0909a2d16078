/**
 * What each layer computes, for one image, to the bits of the kernels' variant with vectors of four floats (engines/kernels).
 * Images are [channel][row][column]; every product and every sum rounds to float32.
 */

import { activation } from "./activation.js";

const f = Math.fround;
const TERMS = 128; // of a dense layer, summed before their sum is added to the total (dense.h)

/** @typedef {{channels: number, kernel: number, padding: number, weight: number, bias: number, isBlock: boolean}} Kernels */

/**
 * Returns an image within a frame of zeros.
 * @param {Float32Array} input (channels, height, width)
 * @param {number[]} shape
 * @param {number} padding the width of the frame
 * @returns {Float32Array}
 */
function padded(input, shape, padding) {
  if (!padding) return input;
  const [channels, height, width] = shape;
  const pitch = width + 2 * padding;
  const out = new Float32Array(channels * (height + 2 * padding) * pitch);
  for (let channel = 0; channel < channels; channel += 1)
    for (let row = 0; row < height; row += 1) {
      const from = (channel * height + row) * width;
      out.set(input.subarray(from, from + width), (channel * (height + 2 * padding) + row + padding) * pitch + padding);
    }
  return out;
}

/**
 * Computes a convolution: the bias, and then one product after the other, by channel, kernel row and kernel column.
 * @param {Float32Array} input (channels, height, width)
 * @param {number[]} shape of the input
 * @param {Kernels} kernels where the weights are, and their sizes; without pooling, the kernels leave out rows of the frame
 * @param {Float32Array} weights
 * @param {number[]} to the shape of the output
 * @returns {Float32Array}
 */
export function convolution(input, shape, kernels, weights, to) {
  const { channels, kernel, padding, isBlock } = kernels;
  const [inputs, height, width] = shape, [, rows, columns] = to;
  const x = padded(input, shape, padding), pitch = width + 2 * padding, plane = (height + 2 * padding) * pitch;
  const out = new Float32Array(channels * rows * columns);
  let tap = kernels.weight;
  for (let channel = 0; channel < channels; channel += 1) {
    const start = channel * rows * columns;
    out.fill(weights[kernels.bias + channel], start, start + rows * columns);
    for (let from = 0; from < inputs; from += 1)
      for (let ky = 0; ky < kernel; ky += 1) {
        const first = isBlock ? 0 : Math.max(0, padding - ky);
        const last = isBlock ? rows : Math.min(rows, padding + height - ky);
        const row = { out, start, x, at: from * plane + ky * pitch, first, last, columns, pitch };
        if (kernel === 5) addFive(row, weights, tap);
        else if (kernel === 3) addThree(row, weights, tap);
        else for (let kx = 0; kx < kernel; kx += 1) addOne({ ...row, at: row.at + kx }, weights[tap + kx]);
        tap += kernel;
      }
  }
  return out;
}

/**
 * A row of a kernel, whose products are added to rows `first` to `last - 1` of a channel of the output, which begins at `start`;
 * `at`: of the row of `x` that the first weight of the kernel's row meets first.
 * @typedef {{out: Float32Array, start: number, x: Float32Array, at: number, first: number, last: number, columns: number,
 *   pitch: number}} KernelRow
 */

/** @param {KernelRow} row @param {number} weight */
function addOne({ out, start, x, at, first, last, columns, pitch }, weight) {
  for (let row = first; row < last; row += 1) {
    const to = start + row * columns, end = to + columns;
    for (let i = to, k = at + row * pitch; i < end; i += 1, k += 1) out[i] = f(out[i] + f(weight * x[k]));
  }
}

/** The same for the three weights of a row at once. @param {KernelRow} row @param {Float32Array} weights @param {number} tap */
function addThree({ out, start, x, at, first, last, columns, pitch }, weights, tap) {
  const a = weights[tap], b = weights[tap + 1], c = weights[tap + 2];
  for (let row = first; row < last; row += 1) {
    const to = start + row * columns, end = to + columns;
    for (let i = to, k = at + row * pitch; i < end; i += 1, k += 1)
      out[i] = f(f(f(out[i] + f(a * x[k])) + f(b * x[k + 1])) + f(c * x[k + 2]));
  }
}

/** The same for five. @param {KernelRow} row @param {Float32Array} weights @param {number} tap */
function addFive({ out, start, x, at, first, last, columns, pitch }, weights, tap) {
  const a = weights[tap], b = weights[tap + 1], c = weights[tap + 2], d = weights[tap + 3], e = weights[tap + 4];
  for (let row = first; row < last; row += 1) {
    const to = start + row * columns, end = to + columns;
    for (let i = to, k = at + row * pitch; i < end; i += 1, k += 1) {
      const three = f(f(f(out[i] + f(a * x[k])) + f(b * x[k + 1])) + f(c * x[k + 2]));
      out[i] = f(f(three + f(d * x[k + 3])) + f(e * x[k + 4]));
    }
  }
}

/**
 * Multiplies each channel by a number and add another.
 * @param {Float32Array} input
 * @param {Float32Array} scale (channels,)
 * @param {Float32Array} shift (channels,)
 * @returns {Float32Array}
 */
export function scaled(input, scale, shift) {
  const out = new Float32Array(input.length), size = input.length / scale.length;
  for (let i = 0; i < out.length; i += 1) {
    const channel = Math.floor(i / size);
    out[i] = f(f(input[i] * scale[channel]) + shift[channel]);
  }
  return out;
}

/**
 * Applies an activation to every number.
 * @param {Float32Array} input
 * @param {string} name
 * @returns {Float32Array}
 */
export function activated(input, name) {
  const out = new Float32Array(input.length);
  if (name === "relu") for (let i = 0; i < out.length; i += 1) out[i] = 0 > input[i] ? 0 : input[i];
  else {
    const function_ = activation(name);
    for (let i = 0; i < out.length; i += 1) out[i] = function_(input[i]);
  }
  return out;
}

/**
 * Pools 2 × 2 pixels. The largest is chosen before an activation, as in the kernels: sigmoids that are equal after rounding.
 * @param {Float32Array} input (channels, height, width)
 * @param {Float32Array} compared by these numbers the largest is chosen: the input of the activation before, or `input`
 * @param {number[]} shape of the input
 * @param {string} name "max" or "avg"
 * @returns {Float32Array}
 */
export function pooled(input, compared, shape, name) {
  const [channels, height, width] = shape, rows = height >> 1, columns = width >> 1;
  const out = new Float32Array(channels * rows * columns);
  let i = 0;
  for (let channel = 0; channel < channels; channel += 1)
    for (let row = 0; row < rows; row += 1)
      for (let column = 0; column < columns; column += 1) {
        const a = (channel * height + 2 * row) * width + 2 * column, c = a + width;
        if (name === "avg") out[i++] = f(f(f(input[a] + input[a + 1]) + f(input[c] + input[c + 1])) * 0.25);
        else out[i++] = input[largest(compared, a, c)];
      }
  return out;
}

/**
 * Returns the place of the largest of four numbers, as vector.h's `larger` finds it: of two equal ones, the second.
 * @param {Float32Array} x
 * @param {number} above the place of the upper two
 * @param {number} below the place of the lower two
 * @returns {number}
 */
export function largest(x, above, below) {
  const a = x[above] > x[above + 1] ? above : above + 1;
  const b = x[below] > x[below + 1] ? below : below + 1;
  return x[a] > x[b] ? a : b;
}

/**
 * Computes the mean of each channel: rows are summed first.
 * @param {Float32Array} input (channels, height, width)
 * @param {number[]} shape
 * @returns {Float32Array}
 */
export function globalMean(input, [channels, height, width]) {
  const out = new Float32Array(channels), share = f(1 / (height * width));
  let i = 0;
  for (let channel = 0; channel < channels; channel += 1) {
    let total = 0;
    for (let row = 0; row < height; row += 1) {
      let ofRow = 0;
      for (let column = 0; column < width; column += 1) ofRow = f(ofRow + input[i++]);
      total = f(total + ofRow);
    }
    out[channel] = f(total * share);
  }
  return out;
}

/**
 * Computes a dense layer. 128 products are summed at a time; the first sum is added to the bias, the next to the total.
 * @param {Float32Array} input (inputs,)
 * @param {Float32Array} weights
 * @param {number} weight where the layer's weights (features, inputs) begin
 * @param {number} bias where its biases begin
 * @param {number} features
 * @returns {Float32Array}
 */
export function dense(input, weights, weight, bias, features) {
  const out = new Float32Array(features), count = input.length;
  for (let feature = 0, at = weight; feature < features; feature += 1) {
    let total = weights[bias + feature];
    for (let first = 0; first < count; first += TERMS) {
      let sum = 0;
      for (let k = first, last = Math.min(first + TERMS, count); k < last; k += 1) sum = f(sum + f(weights[at++] * input[k]));
      total = f(sum + total);
    }
    out[feature] = total;
  }
  return out;
}

/**
 * Returns the inputs of a network for every byte, as normalize.h makes them: (byte / 255 - mean) / std.
 * @param {number} mean
 * @param {number} std
 * @returns {Float32Array} (256,)
 */
export function inputTable(mean, std) {
  const isPlain = mean === 0 && std === 1, m = f(mean), s = f(std);
  return Float32Array.from({ length: 256 }, (_, byte) => {
    const grey = f(byte / 255);
    return isPlain ? grey : f(f(grey - m) / s);
  });
}
