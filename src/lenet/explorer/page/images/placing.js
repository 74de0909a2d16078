/**
 * Bringing what was found to the size, contrast and place of the training images' objects, as lenet.images.framing does it.
 *
 * @typedef {import("./pixels.js").Image} Image
 * @typedef {import("./pixels.js").Floats} Floats
 * @typedef {[number, number]} Size  height and width
 */

import { clip, largest, mean32, rint } from "./numbers.js";
import { resized } from "./resample.js";

/** For each framing the share of the image that the object fills. @type {Record<string, number>} */
const FRAMINGS = { mass: 20 / 28, box: 1 };

/**
 * The mean brightness of a grey image's four corners, each a twentieth of the edges, at least one pixel.
 * @param {Image} image
 * @returns {Float32Array} first both upper corners
 */
export function corners({ width, height, data }) {
  const [rows, columns] = [height, width].map((edge) => Math.max(1, rint(edge / 20)));
  const means = [0, height - rows].flatMap((top) =>
    [0, width - columns].map((left) => {
      let sum = 0;
      for (let row = top; row < top + rows; row++) {
        for (let column = left; column < left + columns; column++) sum += data[row * width + column];
      }
      return sum / (rows * columns);
    }),
  );
  return Float32Array.from(means);
}

/** Tell whether a grey image's background is light: whether its corners are, on average. @param {Image} image */
export function isLight(image) {
  return mean32(corners(image)) > 127.5;
}

/**
 * The size of the largest object in an image of the network's size.
 * @param {Size} size
 * @param {string} framing
 * @returns {Size}
 */
export function innerSize(size, framing) {
  const [height, width] = size.map((edge) => Math.max(1, rint(edge * FRAMINGS[framing])));
  return [height, width];
}

/**
 * Scale an image, keeping its proportions, so that it just fits into a frame.
 * @param {Floats} image
 * @param {Size} frame
 * @param {boolean} isSharp  whether pixels of a smaller image are means over the middle of their areas only
 * @returns {Floats}
 */
export function scaleToFit(image, frame, isSharp = false) {
  const scale = Math.min(frame[0] / image.height, frame[1] / image.width);
  const [height, width] = [image.height, image.width].map((edge) => Math.max(1, rint(edge * scale)));
  if (scale >= 1) return resized(image, width, height, "bicubic");
  return isSharp ? sharp(averaged(image, 4 * height, 4 * width)) : averaged(image, height, width);
}

/** The means over the middle of squares of 4 × 4 pixels. @param {Floats} image @returns {Floats} */
function sharp(image) {
  const { fround } = Math;
  const [height, width] = [image.height / 4, image.width / 4];
  const data = new Float32Array(height * width);
  for (let i = 0; i < data.length; i++) {
    const first = (4 * Math.floor(i / width) + 1) * image.width + 4 * (i % width) + 1;
    const second = first + image.width;
    const left = fround(image.data[first] + image.data[second]);
    data[i] = fround(left + fround(image.data[first + 1] + image.data[second + 1])) / 4;
  }
  return { ...image, width, height, data };
}

/** An image brought to a size by means over areas. @param {Floats} image @param {number} height @param {number} width */
function averaged(image, height, width) {
  return resized(image, width, height, "box");
}

/**
 * Map background and noise to 0 and the brightest pixel to 255.
 * @param {Floats} image
 * @param {number} noise
 * @returns {Image}
 */
export function stretchContrast(image, noise) {
  const { fround } = Math;
  const peak = largest(image.data);
  const floor = Math.min(noise, peak / 4);
  const factor = fround(255 / Math.max(peak - floor, 1e-6));
  const ground = fround(floor);
  const stretched = (/** @type {number} */ value) => rint(fround(Math.max(0, fround(value - ground)) * factor));
  return { ...image, data: Uint8Array.from(image.data, stretched) };
}

/** The image with its values rounded, and not stretched. @param {Floats} image @returns {Image} */
export function rounded(image) {
  return { ...image, data: Uint8Array.from(image.data, (value) => clip(rint(value), 0, 255)) };
}

/** The centre of mass along an axis, in pixel indices. @param {Image} image @param {number} axis */
export function centreOf({ width, data }, axis) {
  let [mass, moment] = [0, 0];
  for (let i = 0; i < data.length; i++) {
    mass += data[i];
    moment += data[i] * (axis === 0 ? Math.floor(i / width) : i % width);
  }
  return moment / mass;
}

/**
 * Put an object into the middle of an empty image, rounding as the makers of MNIST and Fashion-MNIST did.
 * @param {Image} object  grey, no larger than the image
 * @param {Size} size  of the image
 * @param {string} framing  "mass", centre the object by its centre of mass, or "box", by its bounding box
 * @param {number} fill  the brightness around the object
 * @returns {Image}
 */
export function place(object, size, framing, fill = 0) {
  const starts = size.map((edge, axis) => {
    if (framing === "mass") return Math.ceil((edge - 1) / 2 - centreOf(object, axis));
    return (edge - (axis === 0 ? object.height : object.width) + 1) >> 1;
  });
  return placedAt(object, size, [starts[0], starts[1]], fill);
}

/**
 * Put an object into an empty image, moved inwards if it would protrude.
 * @param {Image} object
 * @param {Size} size
 * @param {Size} start  row and column of its first pixel
 * @param {number} fill
 * @returns {Image}
 */
export function placedAt(object, [height, width], start, fill = 0) {
  const top = Math.min(Math.max(start[0], 0), height - object.height);
  const left = Math.min(Math.max(start[1], 0), width - object.width);
  const data = new Uint8Array(height * width).fill(fill);
  for (let row = 0; row < object.height; row++) {
    data.set(object.data.subarray(row * object.width, (row + 1) * object.width), (top + row) * width + left);
  }
  return { width, height, channels: 1, data };
}
