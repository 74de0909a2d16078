/**
 * Bringing a whole image to a size, as lenet.images.fit does it: the framing "whole".
 *
 * Where an axis becomes shorter its pixels are averaged by the areas that they share, in sums of whole numbers; where it becomes
 * longer, Pillow's bicubic interpolation computes, in whole numbers too.
 *
 * @typedef {import("./pixels.js").Image} Image
 * @typedef {[number, number]} Size  height and width
 */

import { rint } from "./numbers.js";
import { cropped, toGrey } from "./pixels.js";
import { reduce } from "./reduce.js";
import { resized } from "./resample.js";

const FINE = 4; // larger images are first divided into squares and each replaced by its mean, to so many times the size

/**
 * Make an image grey, or colour.
 * @param {Image} image
 * @param {number} channels  1 or 3
 * @returns {Image}
 */
export function withChannels(image, channels) {
  if (channels === 1) return toGrey(image);
  if (image.channels === 3) return image;
  const data = new Uint8Array(3 * image.data.length);
  image.data.forEach((value, i) => data.fill(value, 3 * i, 3 * i + 3));
  return { ...image, channels: 3, data };
}

/**
 * Bring an image to a size.
 * @param {Image} image
 * @param {Size} size
 * @param {string} fit  "pad" keeps the whole image and its proportions, and fills what is left with the colour of its border;
 *   "crop" keeps the proportions and cuts off what protrudes; "stretch" changes the proportions
 * @returns {Image}
 */
export function broughtTo(image, size, fit) {
  const { height, width } = image;
  if (height === size[0] && width === size[1]) return image;
  if (fit === "stretch") return averaged(image, size);
  if (fit === "crop") {
    const scale = Math.max(size[0] / height, size[1] / width);
    const kept = [height, width].map((edge, axis) => Math.min(edge, Math.max(1, rint(size[axis] / scale))));
    const [top, left] = [(height - kept[0]) >> 1, (width - kept[1]) >> 1];
    return averaged(cropped(image, { top, left, bottom: top + kept[0], right: left + kept[1] }), size);
  }
  const scale = Math.min(size[0] / height, size[1] / width);
  const inner = [height, width].map((edge, axis) => Math.min(size[axis], Math.max(1, rint(edge * scale))));
  return padded(averaged(image, [inner[0], inner[1]]), size);
}

/** The image in the middle of a larger one that has the colour of its border. @param {Image} image @param {Size} size */
function padded(image, size) {
  const { channels } = image;
  const [height, width] = size;
  const colour = borderColour(image);
  const data = new Uint8Array(height * width * channels).map((_, i) => colour[i % channels]);
  const [top, left] = [(height - image.height) >> 1, (width - image.width) >> 1];
  const length = image.width * channels;
  for (let row = 0; row < image.height; row++) {
    data.set(image.data.subarray(row * length, (row + 1) * length), ((top + row) * width + left) * channels);
  }
  return { width, height, channels, data };
}

/** The median of the border's pixels, of each channel; those of the corners count twice. @param {Image} image */
function borderColour({ width, height, channels, data }) {
  return Array.from({ length: channels }, (_, channel) => {
    const at = (/** @type {number} */ row, /** @type {number} */ column) => data[(row * width + column) * channels + channel];
    const border = [];
    for (let column = 0; column < width; column++) border.push(at(0, column), at(height - 1, column));
    for (let row = 0; row < height; row++) border.push(at(row, 0), at(row, width - 1));
    return border.sort((one, other) => one - other)[border.length >> 1];
  });
}

/** The image with another height and width. @param {Image} image @param {Size} size @returns {Image} */
function averaged(image, size) {
  const { channels } = image;
  const [height, width] = size;
  const squares = [image.height, image.width].map((edge, axis) => Math.max(1, Math.floor(edge / (FINE * size[axis]))));
  const fine = reduce(image, squares[1], squares[0]);
  const large = resized(fine, Math.max(width, fine.width), Math.max(height, fine.height), "bicubic");
  if (large.height === height && large.width === width) return large;
  const low = sums(Float64Array.from(large.data), 1, large.height, height, large.width * channels);
  const small = sums(low, height, large.width, width, channels);
  const area = large.height * large.width; // of a pixel of the result
  return { width, height, channels, data: Uint8Array.from(small, (sum) => Math.floor((2 * sum + area) / (2 * area))) };
}

/**
 * Divide an axis into `size` equal parts and sum up what lies in each, a pixel's share of it in units of 1/size.
 * @param {Float64Array} values  numbers (outer, old, inner)
 * @param {number} outer
 * @param {number} old
 * @param {number} size
 * @param {number} inner
 */
function sums(values, outer, old, size, inner) {
  const result = new Float64Array(outer * size * inner);
  for (let o = 0; o < outer; o++) {
    for (let part = 0; part < size; part++) {
      const [start, stop] = [part * old, (part + 1) * old];
      for (let pixel = Math.floor(start / size); pixel * size < stop; pixel++) {
        const share = Math.min(stop, (pixel + 1) * size) - Math.max(start, pixel * size);
        const [from, to] = [(o * old + pixel) * inner, (o * size + part) * inner];
        for (let i = 0; i < inner; i++) result[to + i] += share * values[from + i];
      }
    }
  }
  return result;
}
