/** Arithmetic of colours, in Python's order of additions, so that every bit is the same. */

import { partition } from "../../numbers.js";

/**
 * @typedef {import("../../pixels.js").Floats} Floats
 * @typedef {import("../../pixels.js").Mask} Mask
 */

/**
 * The lengths of colours, as float32.
 * @param {Float32Array | Float64Array} colours  channel by channel
 * @param {number} channels
 * @returns {Float32Array}
 */
export function lengths(colours, channels) {
  const result = new Float32Array(colours.length / channels);
  if (colours instanceof Float64Array) {
    for (let i = 0, k = 0; i < result.length; i++) {
      let sum = 0;
      for (let channel = 0; channel < channels; channel++, k++) sum += colours[k] * colours[k];
      result[i] = Math.sqrt(sum);
    }
    return result;
  }
  for (let i = 0; i < result.length; i++) result[i] = Math.sqrt(product(colours, i * channels, colours, i * channels, channels));
  return result;
}

/**
 * The sum of the products of two colours' channels, in float32.
 * @param {Float32Array} one
 * @param {number} first  where the one colour starts
 * @param {Float32Array} other
 * @param {number} second  where the other starts
 * @param {number} channels
 */
export function product(one, first, other, second, channels) {
  let sum = Math.fround(one[first] * other[second]);
  for (let channel = 1; channel < channels; channel++) {
    sum = Math.fround(sum + Math.fround(one[first + channel] * other[second + channel]));
  }
  return sum;
}

/**
 * How far an image's colours are from another's, pixel by pixel.
 * @param {Floats} image
 * @param {Floats} other
 * @returns {Floats} with one channel
 */
export function distance({ width, height, channels, data }, other) {
  const off = new Float32Array(data.length);
  for (let i = 0; i < off.length; i++) off[i] = data[i] - other.data[i];
  return { width, height, channels: 1, data: lengths(off, channels) };
}

/**
 * How far colours are from one of them.
 * @param {Float32Array} colours
 * @param {Float32Array} middle
 */
export function distanceTo(colours, middle) {
  const off = new Float32Array(colours.length);
  for (let i = 0; i < off.length; i++) off[i] = colours[i] - middle[i % middle.length];
  return lengths(off, middle.length);
}

/**
 * One channel of colours.
 * @param {Float32Array} colours
 * @param {number} channel
 * @param {number} channels
 */
export function channelOf(colours, channel, channels) {
  const result = new Float32Array(colours.length / channels);
  for (let i = 0, k = channel; i < result.length; i++, k += channels) result[i] = colours[k];
  return result;
}

/**
 * The colours of an image where a mask is true.
 * @param {Floats} image
 * @param {Mask} mask
 * @returns {Float32Array}
 */
export function coloursIn({ channels, data }, mask) {
  const result = new Float32Array(data.length);
  let length = 0;
  for (let i = 0; i < mask.data.length; i++) {
    if (!mask.data[i]) continue;
    for (let channel = 0; channel < channels; channel++) result[length++] = data[i * channels + channel];
  }
  return result.slice(0, length);
}

/** The median as NumPy computes it, in float32. @param {Float32Array} values */
export function median32(values) {
  const half = values.length >> 1;
  const ordered = partition(values, half);
  if (values.length % 2) return ordered[half];
  let below = ordered[0];
  for (let i = 1; i < half; i++) if (ordered[i] > below) below = ordered[i];
  return Math.fround(Math.fround(below + ordered[half]) / 2);
}
