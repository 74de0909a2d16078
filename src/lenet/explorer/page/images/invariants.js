/**
 * Whether an image is framed like the training images already, as lenet.images.invariants knows it.
 *
 * @typedef {import("./pixels.js").Image} Image
 * @typedef {{longest: number, uneven: number, offsets: number[]}} Geometry  as shares of the image's edges
 */

import { largest } from "./numbers.js";

/** Of 255: the ink of one image, which JPEG may have changed a little. */
export const FAINT = 8;
const FULL = 250; // of 255: the brightest pixel of an image whose contrast is the training images'

/**
 * How large the objects of a data set are, and where they lie, as shares of the image's edges.
 */
export class ObjectRange {
  /**
   * @param {number} least  the longest edge of the smallest object
   * @param {number} most  the longest edge of the largest object
   * @param {number} offCentre  how far a centre of mass lies from the middle at most, along either axis
   */
  constructor(least, most, offCentre) {
    this.least = least;
    this.most = most;
    this.offCentre = offCentre;
  }

  /** The range that a preprocessing holds as three numbers, if any. @param {number[]|null} [numbers] */
  static of(numbers) {
    return numbers ? new ObjectRange(numbers[0], numbers[1], numbers[2]) : null;
  }

  /** Whether the ink of an image is as large, and lies so near to the middle. @param {Geometry} geometry */
  holds({ longest, offsets }) {
    const isAlike = longest >= this.least && longest <= this.most;
    return isAlike && Math.max(...offsets.map(Math.abs)) <= this.offCentre;
  }
}

/**
 * Tell whether a grey image on a dark ground is framed like the training images already.
 * @param {Image} image
 * @param {string} framing  "mass" or "box"
 * @param {ObjectRange|null} objects
 */
export function isFramed(image, framing, objects = null) {
  if (largest(image.data) < FULL) return false;
  const border = borderOf(image);
  const share = (/** @type {number} */ level) => border.filter((value) => value <= level).length / border.length;
  if (framing === "box" ? isBoxed(image, share(0)) : isCentred(image)) return true;
  return objects !== null && objects.holds(geometry(image, FAINT)) && share(FAINT) >= 0.5;
}

/** Whether an image is framed as in Fashion-MNIST. @param {Image} image @param {number} empty  the share of its border that is */
function isBoxed(image, empty) {
  const { longest, uneven } = geometry(image, 0);
  return empty >= 0.05 && 28 * longest >= 26 - 1e-6 && 28 * uneven <= 2 + 1e-6;
}

/** Whether an image is framed as in MNIST or EMNIST. @param {Image} image */
function isCentred(image) {
  const measured = geometry(image, FAINT);
  const [longest, uneven] = [28 * measured.longest, 28 * measured.uneven];
  const isInMiddle = measured.offsets.every((offset) => 28 * offset > -0.05 && 28 * offset < 1);
  if (longest >= 19 - 1e-6 && longest <= 20 + 1e-6 && isInMiddle) return true;
  return longest > 23.5 && longest < 24.5 && uneven <= 1;
}

/** The pixels of the first and last row and column; those of the corners twice. @param {Image} image */
export function borderOf({ width, height, data }) {
  const sides = [data.subarray(0, width), data.subarray((height - 1) * width)];
  const columns = Array.from({ length: 2 * height }, (_, i) => data[(i >> 1) * width + (i & 1) * (width - 1)]);
  return [...sides[0], ...sides[1], ...columns];
}

/**
 * Measure the ink of an image: what is brighter than a level, and for its mass all brightness.
 * @param {Image} image
 * @param {number} level
 * @returns {Geometry}
 */
function geometry(image, level) {
  const axes = [0, 1].map((axis) => measuredAlong(image, axis, level));
  return {
    longest: Math.max(...axes.map(({ edge, before, after }) => (edge - before - after) / edge)),
    uneven: Math.max(...axes.map(({ edge, before, after }) => Math.abs(before - after) / edge)),
    offsets: axes.map(({ edge, centre }) => centre / edge - 0.5),
  };
}

/**
 * The empty rows or columns on both sides of the ink, and its centre of mass.
 * @param {Image} image
 * @param {number} axis
 * @param {number} level
 */
function measuredAlong({ width, height, data }, axis, level) {
  const edge = axis === 0 ? height : width;
  const isInked = new Array(edge).fill(false);
  let [mass, moment] = [0, 0];
  for (let i = 0; i < data.length; i++) {
    const position = axis === 0 ? Math.floor(i / width) : i % width;
    if (data[i] > level) isInked[position] = true;
    mass += data[i];
    moment += data[i] * position;
  }
  const before = Math.max(0, isInked.indexOf(true));
  const last = isInked.lastIndexOf(true);
  return { edge, before, after: last < 0 ? 0 : edge - 1 - last, centre: moment / Math.max(mass, 1) + 0.5 };
}
