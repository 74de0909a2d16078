/**
 * What an image shows, as ink or as a solid object: the types that both ways of looking for it give; as
 * lenet.images.finding.reading and lenet.images.found.
 */

import { median } from "../numbers.js";

/**
 * @typedef {import("../pixels.js").Image} Image
 * @typedef {import("../pixels.js").Mask} Mask
 * @typedef {import("../pixels.js").Floats} Floats
 */

/**
 * What was found in an image, on a copy of some hundred pixels along each edge.
 * @typedef {object} Found
 * @property {Image} copy  the image, reduced
 * @property {number} square  how many pixels of the image, along each edge, are one of the copy; less than 1 for small images
 * @property {Mask} kept  what belongs to the object
 * @property {Mask} dropped  what differs from the ground and was left out, such as specks, lines and frames
 * @property {Box} box  the box of what is kept, in pixels of the image
 * @property {Box[]} parts  the boxes of the parts of similar size, left to right: one, unless the image shows several objects
 */

/** Of 255; what differs less from the ground is not seen. */
export const MIN_CONTRAST = 10;

/** Rows and columns of an image, as for slicing. */
export class Box {
  /**
   * @param {number} top
   * @param {number} bottom
   * @param {number} left
   * @param {number} right
   */
  constructor(top, bottom, left, right) {
    this.top = top;
    this.bottom = bottom;
    this.left = left;
    this.right = right;
  }

  /** The number of rows. */
  get height() {
    return this.bottom - this.top;
  }

  /** The number of columns. */
  get width() {
    return this.right - this.left;
  }
}

/** One way to read an image. */
export class Reading {
  /**
   * @param {Floats} relief  how far the image differs from its ground
   * @param {number} noise  how far noise lets the relief rise above zero (three stds)
   * @param {Mask[]} parts  what belongs to the object, part by part, left to right
   * @param {Mask} kept  what belongs to the object
   * @param {Mask} dropped  what stands out from the ground, and does not
   * @param {number} cost  how implausible this reading is, where there are several
   */
  constructor(relief, noise, parts, kept, dropped, cost = 0) {
    this.relief = relief;
    this.noise = noise;
    this.parts = parts;
    this.kept = kept;
    this.dropped = dropped;
    this.cost = cost;
  }

  /** How far the object differs from the ground, in the median. */
  get contrast() {
    return median(chosen(this.relief.data, this.kept.data));
  }
}

/**
 * The values where a mask is true.
 * @param {Float32Array} values
 * @param {Uint8Array} mask
 * @returns {Float32Array}
 */
export function chosen(values, mask) {
  const result = new Float32Array(values.length);
  let length = 0;
  for (let i = 0; i < values.length; i++) if (mask[i]) result[length++] = values[i];
  return result.slice(0, length);
}

/**
 * How many pixels of a mask are true.
 * @param {Mask} mask
 */
export function count(mask) {
  let sum = 0;
  for (let i = 0; i < mask.data.length; i++) sum += mask.data[i];
  return sum;
}

/**
 * How far boxes are away from the common box of those that are chosen.
 * @param {ArrayLike<number>} boxes  four numbers of each
 * @param {ArrayLike<number>} others  of those that are chosen
 * @returns {Float64Array}
 */
export function gaps(boxes, others) {
  const common = [Infinity, -Infinity, Infinity, -Infinity];
  for (let i = 0; i < others.length; i++) common[i % 4] = Math[i % 2 ? "max" : "min"](common[i % 4], others[i]);
  return Float64Array.from({ length: boxes.length / 4 }, (_, n) => {
    const down = Math.max(common[0] - boxes[4 * n + 1], boxes[4 * n] - common[1], 0);
    const across = Math.max(common[2] - boxes[4 * n + 3], boxes[4 * n + 2] - common[3], 0);
    return Math.sqrt(down * down + across * across);
  });
}
