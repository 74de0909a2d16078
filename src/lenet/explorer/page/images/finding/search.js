/** Finding the object in an image of any size: on a small copy, and again in a copy of the part where it lies. */

import { rint } from "../numbers.js";
import { cropped, toFloats } from "../pixels.js";
import { ImageProblem } from "../problem.js";
import { reduce } from "../reduce.js";
import { boxOf } from "./components.js";
import { greyAxis } from "./grey_axis.js";
import { findInk } from "./ink.js";
import { Box, MIN_CONTRAST } from "./reading.js";
import { findSolid } from "./solid.js";

/**
 * @typedef {import("../pixels.js").Mask} Mask
 * @typedef {import("../pixels.js").Floats} Floats
 * @typedef {import("./reading.js").Found} Found
 * @typedef {import("../pixels.js").Image} Image
 * @typedef {import("./reading.js").Reading} Reading
 */

const EDGE = 256; // longest edge of the copy in pixels: averaging removes noise
const LEAST = 128; // smaller images are enlarged by whole numbers to at least this
const SMALL = 90; // an object smaller than this in the copy is looked at again, nearer

/** An object as it was seen best. */
export class Sight {
  /**
   * @param {Found} found  what was found, in the whole image
   * @param {Reading} reading  what was found in the copy of the part where it lies
   */
  constructor(found, reading) {
    this.found = found;
    this.reading = reading;
  }

  /**
   * How far a part of the object differs from its ground, cropped to the part's box.
   * @param {Mask} part
   * @returns {Floats}
   */
  relief(part) {
    const box = boxOf(part);
    const data = new Float32Array(box.height * box.width);
    for (let row = box.top, i = 0; row < box.bottom; row++) {
      for (let at = row * part.width + box.left; at < row * part.width + box.right; at++) {
        data[i++] = part.data[at] ? this.reading.relief.data[at] : 0;
      }
    }
    return { width: box.width, height: box.height, channels: 1, data };
  }
}

/**
 * Finds the object in an image.
 * @param {Image} image
 * @param {string} framing  "mass", for ink, or "box", for a solid object
 * @returns {Sight}
 * @throws {ImageProblem} if the image shows nothing
 */
export function search(image, framing) {
  const { copy, scale } = copied(image);
  const first = read(copy, framing);
  let [reading, top, left, nearer] = [first, 0, 0, scale];
  const box = boxOf(first.kept);
  const size = Math.max(box.height, box.width);
  if (scale > 1 && size < SMALL) {
    const margin = Math.max(4, size >> 1);
    top = rint(Math.max(0, box.top - margin) * scale);
    left = rint(Math.max(0, box.left - margin) * scale);
    const [bottom, right] = [rint((box.bottom + margin) * scale), rint((box.right + margin) * scale)];
    const part = copied(cropped(image, { top, bottom, left, right }));
    nearer = part.scale;
    reading = read(part.copy, framing);
  }
  const [whole, ...parts] = [reading.kept, ...reading.parts].map((mask) => enlarged(boxOf(mask), nearer, top, left));
  return new Sight({ copy, square: scale, kept: first.kept, dropped: first.dropped, box: whole, parts }, reading);
}

/**
 * Makes a copy of between LEAST and EDGE pixels along the longest edge, by averaging squares or repeating pixels.
 * @param {Image} image
 * @returns {{copy: Image, scale: number}} the copy, and how many pixels of the image, along each edge, are one of the copy
 */
export function copied(image) {
  const longest = Math.max(image.width, image.height);
  if (longest < LEAST) {
    const times = Math.ceil(LEAST / longest);
    return { copy: repeated(image, times), scale: 1 / times };
  }
  const square = Math.ceil(longest / EDGE);
  return { copy: reduce(image, square), scale: square };
}

/**
 * Each pixel as a square of so many.
 * @param {Image} image
 * @param {number} times
 * @returns {Image}
 */
function repeated({ width, height, channels, data }, times) {
  const result = new Uint8Array(data.length * times * times);
  const length = width * times * channels;
  for (let row = 0, from = 0, i = 0; row < height; row++) {
    const start = i;
    for (let column = 0; column < width; column++, from += channels) {
      for (let k = 0; k < times * channels; k++) result[i++] = data[from + (k % channels)];
    }
    for (let copy = 1; copy < times; copy++, i += length) result.copyWithin(i, start, start + length);
  }
  return { width: width * times, height: height * times, channels, data: result };
}

/**
 * A box of a copy as one of the image, from where the copy starts in it.
 * @param {Box} box
 * @param {number} scale
 * @param {number} top
 * @param {number} left
 */
function enlarged(box, scale, top, left) {
  const [first, last] = [rint(box.top * scale), rint(box.bottom * scale)];
  return new Box(top + first, top + last, left + rint(box.left * scale), left + rint(box.right * scale));
}

/**
 * @param {Image} copy
 * @param {string} framing
 * @returns {Reading}
 */
function read(copy, framing) {
  const values = toFloats(copy);
  const reading = framing === "box" ? findSolid(values) : findInk(copy.channels === 3 ? greyAxis(values) : values);
  if (!reading) throw new ImageProblem("nothing");
  return reading;
}

/**
 * Checks that not all pixels of an image are alike, or nearly so.
 * @param {Image} image
 * @throws {ImageProblem} if they are
 */
export function checkContrast({ channels, data }) {
  let difference = 0;
  for (let channel = 0; channel < channels && difference < MIN_CONTRAST; channel++) {
    let [lowest, highest] = [255, 0];
    for (let i = channel; i < data.length && highest - lowest < MIN_CONTRAST; i += channels) {
      if (data[i] < lowest) lowest = data[i];
      if (data[i] > highest) highest = data[i];
    }
    difference = Math.max(difference, highest - lowest);
  }
  if (difference === 0) throw new ImageProblem("alike");
  if (difference < MIN_CONTRAST) throw new ImageProblem("faint", { difference });
}
