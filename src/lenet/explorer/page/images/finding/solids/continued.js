/** Continuing what is known of an image smoothly to the rest, as lenet.images.finding.ground does it. */

import { columnSums32, rint } from "../../numbers.js";
import { cropped } from "../../pixels.js";
import { resized } from "../../resample.js";
import { blurred, dilated, inverse } from "../filters.js";

/**
 * @typedef {import("../../pixels.js").Image} Image
 * @typedef {import("../../pixels.js").Mask} Mask
 * @typedef {import("../../pixels.js").Floats} Floats
 */

const COARSER = 4; // the ground is continued on a copy that is smaller by this
const { fround } = Math;

/**
 * Continue what is known of an image smoothly to the rest: means of what is known nearby, then ever farther away.
 * @param {Floats} image
 * @param {Mask} known
 * @returns {Floats}
 */
export function continued(image, known) {
  const { channels } = image;
  const coarse = shrunk(weighted(image, known)); // the last channel says how much of a square is known
  const area = coarse.width * coarse.height;
  const result = { ...coarse, channels, data: new Float32Array(area * channels) };
  const done = new Float32Array(area);
  const longest = Math.max(coarse.width, coarse.height);
  for (let radius = 1; radius <= 2 * longest && done.some((share) => share < fround(0.999)); radius *= 2) {
    addNear(blurred(coarse, radius).data, result.data, done);
  }
  const total = columnSums32(coarse.data, channels + 1);
  const mean = total.map((sum) => sum / fround(Math.max(1, total[channels])));
  for (let i = 0; i < result.data.length; i++) {
    result.data[i] += fround(fround(1 - done[Math.floor(i / channels)]) * mean[i % channels]);
  }
  return enlarged(result, image);
}

/**
 * Add means of what is known near, where there is enough of it and nothing nearer is.
 * @param {Float32Array} near  the last channel is how much is known
 * @param {Float32Array} result
 * @param {Float32Array} done  how much of each pixel is known already
 */
function addNear(near, result, done) {
  const channels = result.length / done.length;
  for (let i = 0, k = 0, n = 0; i < done.length; i++, n++) {
    const weight = near[n + channels];
    const share = Math.min(1, Math.max(0, fround(fround(weight - fround(0.02)) / fround(0.2))));
    const trust = fround(share * fround(1 - done[i]));
    const least = Math.max(weight, fround(1e-6));
    for (let channel = 0; channel < channels; channel++) result[k++] += fround(fround(near[n++] / least) * trust);
    done[i] += trust;
  }
}

/**
 * Replace what is in a mask, and close to it, by the ground around it.
 * @param {Image} image
 * @param {Mask} mask
 * @returns {Image}
 */
export function without(image, mask) {
  const hidden = dilated(mask, 2);
  const ground = continued({ ...image, data: Float32Array.from(image.data) }, inverse(hidden));
  const data = image.data.map((value, i) => {
    if (!hidden.data[Math.floor(i / image.channels)]) return value;
    return Math.min(255, Math.max(0, rint(ground.data[i])));
  });
  return { ...image, data };
}

/**
 * An image, black where it isn't known, with a channel more that says where it is.
 * @param {Floats} image
 * @param {Mask} known
 * @returns {Floats}
 */
function weighted({ width, height, channels, data }, known) {
  const result = new Float32Array(width * height * (channels + 1));
  for (let i = 0, k = 0, n = 0; i < known.data.length; i++) {
    for (let channel = 0; channel < channels; channel++, k++) result[n++] = known.data[i] ? data[k] : 0;
    result[n++] = known.data[i];
  }
  return { width, height, channels: channels + 1, data: result };
}

/**
 * An image smaller by COARSER, by averaging squares; the last rows and columns are repeated to whole squares.
 * @param {Floats} image
 * @returns {Floats}
 */
function shrunk({ width, height, channels, data }) {
  const [wide, high] = [Math.ceil(width / COARSER), Math.ceil(height / COARSER)];
  const result = new Float32Array(wide * high * channels);
  const rows = new Float32Array(width * channels);
  for (let row = 0, n = 0; row < high; row++) {
    for (let i = 0; i < rows.length; i++) rows[i] = summed(data, i, width * channels, COARSER * row, height - 1);
    for (let column = 0; column < wide; column++) {
      for (let channel = 0; channel < channels; channel++) {
        result[n++] = summed(rows, channel, channels, COARSER * column, width - 1) / COARSER ** 2;
      }
    }
  }
  return { width: wide, height: high, channels, data: result };
}

/**
 * The sum over COARSER lines, none of which lies beyond the last.
 * @param {Float32Array} values
 * @param {number} place  in each line
 * @param {number} step  from each line to the next
 * @param {number} first
 * @param {number} last
 */
function summed(values, place, step, first, last) {
  let sum = values[place + first * step];
  for (let line = first + 1; line < first + COARSER; line++) {
    sum = fround(sum + values[place + Math.min(line, last) * step]);
  }
  return sum;
}

/**
 * An image larger by COARSER, by linear interpolation, cut to the size of another.
 * @param {Floats} image
 * @param {Floats} other
 * @returns {Floats}
 */
function enlarged(image, { width, height }) {
  const large = resized(image, COARSER * image.width, COARSER * image.height, "bilinear");
  return cropped(large, { top: 0, left: 0, bottom: height, right: width });
}
