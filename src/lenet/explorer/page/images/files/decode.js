/**
 * Image files as pixels, by the browser's decoders: upright as the EXIF data say, with their transparency, and large photos
 * reduced as Python reduces them. Of 50 megapixels the browser holds 200 MB, and the page a strip at a time.
 *
 * @typedef {import("../pixels.js").Image} Image
 * @typedef {import("./header.js").Header} Header
 * @typedef {{image: Image, width: number, height: number, divisor: number, noise: number}} Decoded  width and height of the
 *   file's image, by what its edges were divided, and by how much the browser changes pixels that a page reads
 */

import { factor, reduce } from "../reduce.js";
import { ImageProblem } from "../problem.js";
import { readHeader } from "./header.js";

const MAX_BYTES = 128 * 2 ** 20; // of a file
const MAX_PIXELS = 64e6; // of an image
const MAX_CLEAR = 16e6; // pixels of a reduced image with transparency, which is read at once
const MAX_EDGE = 32_767; // pixels: browsers have no larger canvas
const MAX_NOISE = 8; // of 255: a protection against fingerprinting that changes low bits leaves the image as good as it was
const STRIP = 4e6; // pixels that are read at once
/** @type {ImageBitmapOptions} */
const AS_STORED = { imageOrientation: "from-image", colorSpaceConversion: "none", premultiplyAlpha: "none" };

/**
 * Decode a file.
 * @param {Blob} file
 * @param {number} enough  pixels of the shorter edge that are kept
 * @returns {Promise<Decoded>}
 */
export async function decode(file, enough) {
  if (file.size > MAX_BYTES) throw new ImageProblem("bytes", { megabytes: Math.ceil(file.size / 2 ** 20) });
  const header = readHeader(new Uint8Array(await file.arrayBuffer()));
  check(header);
  const bitmap = await bitmapOf(file, header);
  try {
    checkSize(bitmap.width, bitmap.height);
    const noise = readBackNoise();
    if (noise > MAX_NOISE) throw new ImageProblem("readback", { noise });
    const { width, height } = bitmap, divisor = factor(width, height, enough);
    return { image: reducedPixels(bitmap, divisor), width, height, divisor, noise };
  } finally {
    bitmap.close();
  }
}

/**
 * Check what a header says.
 * @param {Header} header
 * @throws {ImageProblem}
 */
export function check({ kind, width, height, isWhole }) {
  if (kind === "tiff") throw new ImageProblem("tiff");
  if (!isWhole) throw new ImageProblem("damaged");
  if (width && height) checkSize(width, height);
}

/** @param {number} width @param {number} height */
function checkSize(width, height) {
  if (Math.max(width, height) > MAX_EDGE) throw new ImageProblem("long", { width, height, most: MAX_EDGE });
  if (width * height > MAX_PIXELS) throw new ImageProblem("large", { width, height, most: MAX_PIXELS / 1e6 });
}

/** @param {Blob} file @param {Header} header */
async function bitmapOf(file, { kind }) {
  try {
    return await createImageBitmap(file, AS_STORED);
  } catch {
    throw new ImageProblem(kind === "heic" || kind === "unknown" ? kind : "damaged");
  }
}

/**
 * The pixels of a decoded image, reduced by a whole factor.
 * @param {ImageBitmap} bitmap
 * @param {number} divisor
 * @returns {Image}
 */
function reducedPixels(bitmap, divisor) {
  const { width, height } = bitmap;
  if (divisor === 1) return strip(bitmap, 0, height);
  const rows = Math.max(divisor, Math.floor(STRIP / width / divisor) * divisor);
  const [wide, high] = [Math.ceil(width / divisor), Math.ceil(height / divisor)];
  const data = new Uint8Array(wide * high * 3);
  for (let top = 0; top < height; top += rows) {
    const part = strip(bitmap, top, Math.min(rows, height - top));
    if (part.data.some((value, i) => i % 4 === 3 && value < 255)) {
      if (width * height > MAX_CLEAR) throw new ImageProblem("large", { width, height, most: MAX_CLEAR / 1e6 });
      return strip(bitmap, 0, height); // the preprocessing reduces it, with its transparency
    }
    data.set(withoutAlpha(reduce(part, divisor).data), (top / divisor) * wide * 3);
  }
  return { width: wide, height: high, channels: 3, data };
}

/** @param {Uint8Array} data */
function withoutAlpha(data) {
  return data.filter((_, i) => i % 4 !== 3);
}

/** Some rows of a decoded image. @param {ImageBitmap} bitmap @param {number} top @param {number} height @returns {Image} */
function strip(bitmap, top, height) {
  const canvas = Object.assign(document.createElement("canvas"), { width: bitmap.width, height });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
  context.drawImage(bitmap, 0, -top);
  const { data } = context.getImageData(0, 0, canvas.width, height);
  return { width: canvas.width, height, channels: 4, data: new Uint8Array(data.buffer) };
}

/** By how much, of 255, the browser changes what a page reads from a canvas. */
function readBackNoise() {
  const canvas = Object.assign(document.createElement("canvas"), { width: 16, height: 16 });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
  const drawn = context.createImageData(16, 16);
  drawn.data.forEach((_, i) => { drawn.data[i] = i % 4 === 3 ? 255 : (i * 37) % 256; });
  context.putImageData(drawn, 0, 0);
  const read = context.getImageData(0, 0, 16, 16).data;
  return read.reduce((most, value, i) => Math.max(most, Math.abs(value - drawn.data[i])), 0);
}
