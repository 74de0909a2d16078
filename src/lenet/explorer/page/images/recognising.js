/**
 * Images that need no search, as lenet.images.framing recognises them: those of the data set, enlarged or moved.
 *
 * @typedef {import("./pixels.js").Image} Image
 * @typedef {import("./pixels.js").Mask} Mask
 * @typedef {import("../base/types.js").Preprocessing} Preprocessing
 */

import { boxOf } from "./finding/components.js";
import { MIN_CONTRAST } from "./finding/reading.js";
import { borderOf, FAINT, isFramed, ObjectRange } from "./invariants.js";
import { argmax, bincount, clip, largest, rint, smallest } from "./numbers.js";
import { centreOf, isLight, scaleToFit } from "./placing.js";
import { cropped, inverted, toFloats, toGrey } from "./pixels.js";

const EVEN = 3; // of 255: how far an even ground may rise above itself, as after a JPEG

/**
 * The image on black and of the network's size, if it is framed like the training images; if need be moved or reduced.
 * @param {Image} image
 * @param {Preprocessing} preprocessing
 * @returns {Image|null}
 */
export function recognised(image, { size, framing, objects }) {
  const range = ObjectRange.of(objects);
  const ownSize = image.height === size[0] && image.width === size[1] ? onDark(toGrey(image)) : null;
  for (const make of [() => ownSize, () => ownSize && moved(ownSize, framing), () => reduced(image, size, framing)]) {
    const candidate = make();
    if (candidate && isFramed(candidate, framing, range)) return candidate;
  }
  return null;
}

/** A grey image, or its inverse if its background is light. @param {Image} image */
function onDark(image) {
  return isLight(image) ? inverted(image) : image;
}

/**
 * An image on a dark ground, moved by whole pixels so that its object is placed as by `place`; null if ink is lost.
 * @param {Image} image
 * @param {string} framing
 * @returns {Image|null}
 */
function moved(image, framing) {
  const { width, height, data } = image;
  const shifts = [0, 1].map((axis) => shiftOf(image, axis, framing));
  if (shifts[0] === null || shifts[1] === null) return null;
  const [down, across] = [shifts[0], shifts[1]];
  const result = new Uint8Array(data.length);
  for (let row = Math.max(0, down); row < Math.min(height, height + down); row++) {
    for (let column = Math.max(0, across); column < Math.min(width, width + across); column++) {
      result[row * width + column] = data[(row - down) * width + column - across];
    }
  }
  return { ...image, data: result };
}

/**
 * By how many pixels an image is to be moved along an axis.
 * @param {Image} image
 * @param {number} axis
 * @param {string} framing
 * @returns {number|null}
 */
function shiftOf(image, axis, framing) {
  const { width, height, data } = image;
  const edge = axis === 0 ? height : width;
  let [first, last] = [edge, -1];
  for (let i = 0; i < data.length; i++) {
    if (data[i] <= FAINT) continue;
    const position = axis === 0 ? Math.floor(i / width) : i % width;
    first = Math.min(first, position);
    last = Math.max(last, position);
  }
  if (last < 0) return null;
  const isMass = framing === "mass";
  const shift = isMass ? Math.ceil((edge - 1) / 2 - centreOf(image, axis)) : ((edge - (last - first)) >> 1) - first;
  return first + shift < 0 || last + shift >= edge ? null : shift;
}

/**
 * An image of the training images' proportions and on an even ground, reduced to their size, on black.
 *
 * So an enlarged image of the data set, on whatever ground, is recognised as what it is.
 * @param {Image} image
 * @param {[number, number]} size
 * @param {string} framing
 * @returns {Image|null}
 */
function reduced(image, size, framing) {
  const { height, width } = image;
  if (height * size[1] !== width * size[0] || height < size[0]) return null;
  const small = scaleToFit(toFloats(toGrey(image)), size, framing === "box");
  const levels = Array.from(small.data, (value) => clip(rint(value), 0, 255));
  const ground = argmax(bincount(borderOf({ ...small, data: Uint8Array.from(levels) })));
  const sign = smallest(levels) + largest(levels) < 2 * ground ? -1 : 1;
  const raised = levels.map((level) => sign * (level - ground));
  const peak = largest(raised);
  if (smallest(raised) < -EVEN || peak < MIN_CONTRAST) return null;
  const ink = { width: small.width, height: small.height, data: Uint8Array.from(raised, (level) => Number(level > EVEN)) };
  if (!isAlone(ink, framing)) return null;
  const factor = 255 / peak;
  return { ...small, data: Uint8Array.from(raised, (level) => rint(Math.max(0, level) * factor)) };
}

/**
 * Whether ink may be an object of a data set on an even ground.
 *
 * It is none if it is small, the higher part of a slope of light, or a full rectangle: a photo in a frame or between bars.
 * @param {Mask} ink
 * @param {string} framing
 */
function isAlone(ink, framing) {
  const { width, height, data } = ink;
  const border = borderOf({ ...ink, channels: 1 });
  const corners = [data[0], data[width - 1], data[(height - 1) * width], data[height * width - 1]];
  const sum = (/** @type {number[]} */ numbers) => numbers.reduce((total, number) => total + number, 0);
  if (!data.includes(1) || sum(corners) > 1 || sum(border) / border.length > 0.6) return false;
  const box = boxOf(ink);
  const shares = [box.height / height, box.width / width];
  if (Math.max(...shares) < (framing === "box" ? 0.85 : 0.5)) return false;
  if (Math.min(...shares) < 0.5) return true;
  const [top, bottom, left, right] = [box.top + 1, box.bottom - 1, box.left + 1, box.right - 1];
  const sides = [
    { top, bottom: top + 1, left, right },
    { top: bottom - 1, bottom, left, right },
    { top, bottom, left, right: left + 1 },
    { top, bottom, left: right - 1, right },
  ];
  return !sides.every((side) => cropped(ink, side).data.every((value) => value === 1));
}
