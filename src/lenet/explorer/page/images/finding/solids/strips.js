/** Frames and strips along the edges of an image, as lenet.images.finding.solid cuts them off. */

import { Box, MIN_CONTRAST } from "../reading.js";
import { channelOf, median32, product } from "./colours.js";

/**
 * @typedef {import("../../pixels.js").Floats} Floats
 */

const MAX_STRIP = 1 / 7; // of an edge: how broad a frame may be
const { fround } = Math;

/**
 * The box inside of a frame, or of strips along edges, and by how much the brightness changes there; 0 without any.
 * @param {Floats} image
 * @returns {{box: Box, step: number}}
 */
export function insideStrips(image) {
  const { width, height } = image;
  const found = [0, 1, 2, 3].map((side) => margin(image, side));
  const [top, bottom, left, right] = found.map(({ lines }) => lines);
  return { box: new Box(top, height - bottom, left, width - right), step: Math.max(...found.map(({ step }) => step)) };
}

/**
 * How many lines at a side belong to a strip, and by how much the brightness changes behind them.
 * @param {Floats} image
 * @param {number} side  0 to 3: top, bottom, left, right
 */
function margin(image, side) {
  const { channels } = image;
  const depth = side < 2 ? image.height : image.width;
  const changes = Math.min(depth, Math.trunc(MAX_STRIP * depth) + 2) - 1;
  let found = { lines: 0, step: 0 };
  for (let number = 0; number < changes; number++) {
    const change = difference(image, side, number + 1, Math.max(0, number - 2));
    const usual = Float32Array.from({ length: channels }, (_, c) => median32(channelOf(change, c, channels)));
    const size = product(usual, 0, usual, 0, channels);
    if (size < MIN_CONTRAST ** 2) continue;
    const least = fround(fround(0.6) * size);
    const length = change.length / channels;
    let alike = 0;
    for (let i = 0; i < length; i++) if (product(change, i * channels, usual, 0, channels) > least) alike++;
    if (alike / length >= 0.9) found = { lines: number + 1, step: fround(Math.sqrt(size)) };
  }
  return found;
}

/**
 * One line of an image minus another, counted from a side.
 * @param {Floats} image
 * @param {number} side
 * @param {number} line
 * @param {number} other
 */
function difference({ width, height, channels, data }, side, line, other) {
  const [length, depth] = side < 2 ? [width, height] : [height, width];
  const [step, across] = side < 2 ? [channels, width * channels] : [width * channels, channels];
  const start = (/** @type {number} */ number) => (side % 2 ? depth - 1 - number : number) * across;
  const [one, two] = [start(line), start(other)];
  const result = new Float32Array(length * channels);
  for (let i = 0, k = 0; i < length; i++) {
    for (let channel = 0; channel < channels; channel++, k++) {
      result[k] = data[one + i * step + channel] - data[two + i * step + channel];
    }
  }
  return result;
}
