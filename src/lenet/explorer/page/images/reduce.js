/**
 * Making images smaller by whole factors, and opaque: Pillow's `Image.reduce` of 8 bits, and what lenet.images.raster does
 * with an image before anything is looked for in it.
 *
 * @typedef {import("./pixels.js").Image} Image
 */

import { toGrey, withoutColours } from "./pixels.js";
import { ImageProblem } from "./problem.js";

const MAX_REDUCED = 8_000_000; // pixels of a reduced image

/**
 * Reduce an image by whole factors, as Pillow does: each square, or what is left of one at the right and below, becomes its mean.
 * @param {Image} image
 * @param {number} across
 * @param {number} [down]
 * @returns {Image}
 */
export function reduce(image, across, down = across) {
  if (across === 1 && down === 1) return image;
  const { channels } = image;
  const width = Math.ceil(image.width / across);
  const height = Math.ceil(image.height / down);
  const data = new Uint8Array(width * height * channels);
  const sums = new Uint32Array(width * channels);
  for (let row = 0; row < height; row++) {
    const rows = Math.min(down, image.height - row * down);
    sums.fill(0);
    for (let y = row * down; y < row * down + rows; y++) addRow(image, y, across, sums);
    for (let i = 0; i < sums.length; i++) {
      const columns = Math.min(across, image.width - Math.floor(i / channels) * across);
      data[row * sums.length + i] = mean(sums[i], rows * columns);
    }
  }
  return { ...image, width, height, data };
}

/**
 * Add a row of an image to the sums of the squares that it crosses.
 * @param {Image} image
 * @param {number} row
 * @param {number} across
 * @param {Uint32Array} sums
 */
function addRow(image, row, across, sums) {
  const { width, channels, data } = image;
  const length = width * channels;
  for (let start = 0, first = 0; start < length; start += across * channels, first += channels) {
    const end = row * length + Math.min(length, start + across * channels);
    for (let channel = 0; channel < channels; channel++) {
      let sum = 0;
      for (let i = row * length + start + channel; i < end; i += channels) sum += data[i];
      sums[first + channel] += sum;
    }
  }
}

/** The mean in Pillow's fixed point. @param {number} sum @param {number} count */
function mean(sum, count) {
  return ((sum + (count >> 1)) * Math.floor(2 ** 24 / count)) / 2 ** 24;
}

/**
 * The whole factor by which both edges of an image are divided.
 * @param {number} width
 * @param {number} height
 * @param {number} enough  pixels that the shorter edge keeps, unless the image would still have more than 8 megapixels
 */
export function factor(width, height, enough) {
  let divisor = Math.max(1, Math.floor(Math.min(width, height) / enough));
  while (Math.ceil(width / divisor) * Math.ceil(height / divisor) > MAX_REDUCED) divisor += 1;
  return divisor;
}

/**
 * Reduce an image if it is large, and lay what is transparent on black or white.
 *
 * Pixels that are 0 or 1 everywhere are a mask: 1 becomes white, unless there is transparency.
 * @param {Image} image  with 1, 3 or 4 channels
 * @param {number} enough  as in `factor`
 * @returns {Image} with 1 channel, or 3 where it has colours
 */
export function flattened(image, enough) {
  const { width, height, channels, data } = image;
  if (!width || !height || data.length !== width * height * channels) throw new ImageProblem("empty");
  if (![1, 3, 4].includes(channels)) throw new ImageProblem("alpha", { channels });
  const divisor = factor(width, height, enough);
  if (channels === 4 && !isOpaque(data)) {
    return withoutColours(onGround(withoutPremultiplication(reduce(premultiplied(image, divisor > 1), divisor), divisor > 1)));
  }
  return withoutColours(reduce(unmasked(channels === 4 ? opaque(image) : image), divisor));
}

/** Whether all pixels of four channels are opaque. @param {Uint8Array} data */
function isOpaque(data) {
  for (let i = 3; i < data.length; i += 4) if (data[i] < 255) return false;
  return true;
}

/** The colours of an image of four channels. @param {Image} image @returns {Image} */
function opaque(image) {
  const data = new Uint8Array((image.data.length / 4) * 3);
  for (let from = 0, to = 0; to < data.length; from += 4, to += 3) {
    data[to] = image.data[from];
    data[to + 1] = image.data[from + 1];
    data[to + 2] = image.data[from + 2];
  }
  return { ...image, channels: 3, data };
}

/** The image, or if its largest value is 1, one in which that is white. @param {Image} image @returns {Image} */
function unmasked(image) {
  return image.data.some((value) => value > 1) ? image : { ...image, data: image.data.map((value) => 255 * value) };
}

/** Colours times their opacity, rounded as Pillow does before it reduces. @param {Image} image @param {boolean} isReduced */
function premultiplied(image, isReduced) {
  if (!isReduced) return image;
  const data = image.data.map((value, i) => {
    if (i % 4 === 3) return value;
    const product = value * image.data[i | 3] + 128;
    return ((product >> 8) + product) >> 8;
  });
  return { ...image, data };
}

/** Colours divided by their opacity again. @param {Image} image @param {boolean} isReduced */
function withoutPremultiplication(image, isReduced) {
  if (!isReduced) return image;
  const data = image.data.map((value, i) => {
    const alpha = image.data[i | 3];
    if (i % 4 === 3 || alpha === 0 || alpha === 255) return value;
    return Math.min(255, Math.floor((255 * value) / alpha));
  });
  return { ...image, data };
}

/**
 * Lay colours on black or white, whichever the opaque ones stand out from.
 * @param {Image} image  with four channels
 * @returns {Image}
 */
function onGround(image) {
  const colours = opaque(image);
  const grey = toGrey(colours).data;
  const alpha = image.data.filter((_, i) => i % 4 === 3);
  let [total, opacity] = [0, 0];
  for (let i = 0; i < grey.length; i++) {
    total += grey[i] * alpha[i];
    opacity += alpha[i];
  }
  const ground = total < 127.5 * opacity ? 255 : 0;
  const data = colours.data.map((value, i) => {
    const weight = alpha[Math.floor(i / 3)];
    return Math.floor((value * weight + ground * (255 - weight) + 127) / 255);
  });
  return { ...colours, data };
}
