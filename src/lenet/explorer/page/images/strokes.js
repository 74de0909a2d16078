/**
 * The width of a digit's strokes: thin ones are brought to the width of MNIST's, as lenet.images.strokes does it.
 *
 * @typedef {import("./pixels.js").Floats} Floats
 * @typedef {import("./pixels.js").Mask} Mask
 */

import { largest, rint } from "./numbers.js";

// Shares of the digit's longest edge. MNIST's strokes are 0.07 to 0.15 wide (5 to 95 % of them), 0.1 in the median.
const THIN = 0.06;
const USUAL = 0.1;
const INK = 0.25; // of the peak

/**
 * The mean width of strokes in pixels: twice their area by the length of their outline.
 * @param {Mask} ink  some of which is 1
 */
export function strokeWidth({ width, height, data }) {
  let [area, outline] = [0, 0];
  for (let row = 0, i = 0; row < height; row++) {
    for (let column = 0; column < width; column++, i++) {
      if (!data[i]) continue;
      area += 1;
      outline += Number(row === 0 || !data[i - width]) + Number(row === height - 1 || !data[i + width]);
      outline += Number(column === 0 || !data[i - 1]) + Number(column === width - 1 || !data[i + 1]);
    }
  }
  return (2 * area) / outline;
}

/**
 * Bring thin strokes to the width that MNIST's usually have; others stay as they are.
 * @param {Floats} relief  how far a digit rises above its ground; its edges touch the digit
 * @returns {Floats}
 */
export function thickened(relief) {
  const longest = Math.max(relief.height, relief.width);
  const least = INK * largest(relief.data);
  const width = strokeWidth({ ...relief, data: Uint8Array.from(relief.data, (value) => Number(value > least)) });
  const reach = rint((USUAL * longest - width) / 2);
  return width < THIN * longest && reach >= 1 ? maximum(padded(relief, reach), reach) : relief;
}

/** The image with so many zeros around it. @param {Floats} image @param {number} margin @returns {Floats} */
function padded(image, margin) {
  const [height, width] = [image.height + 2 * margin, image.width + 2 * margin];
  const data = new Float32Array(height * width);
  for (let row = 0; row < image.height; row++) {
    data.set(image.data.subarray(row * image.width, (row + 1) * image.width), (row + margin) * width + margin);
  }
  return { ...image, width, height, data };
}

/**
 * The maximum over squares of 2 · reach + 1 pixels, as far as they are inside the image.
 * @param {Floats} image
 * @param {number} reach
 */
function maximum(image, reach) {
  const { width, height } = image;
  const result = { ...image, data: image.data.slice() };
  for (let row = 0; row < height; row++) maximumAlong(result.data, row * width, 1, width, reach);
  for (let column = 0; column < width; column++) maximumAlong(result.data, column, width, height, reach);
  return result;
}

/**
 * Replace the numbers of a line by the maxima over 2 · reach + 1 of them, by steps that at most double the width.
 * @param {Float32Array} data
 * @param {number} start
 * @param {number} step  from one number of the line to the next
 * @param {number} length
 * @param {number} reach
 */
function maximumAlong(data, start, step, length, reach) {
  const line = new Float32Array(length + 2 * reach).fill(-Infinity);
  for (let i = 0; i < length; i++) line[reach + i] = data[start + i * step];
  for (let width = 1, more = 0; width < 2 * reach + 1; width += more) {
    more = Math.min(width, 2 * reach + 1 - width);
    for (let i = 0; i + more < line.length; i++) line[i] = Math.max(line[i], line[i + more]);
  }
  for (let i = 0; i < length; i++) data[start + i * step] = line[i];
}
