/** An image of the data set as if it was drawn on paper and photographed, so that each step of the preprocessing has its work. */

import { resized } from "../resample.js";
import { toFloats } from "../pixels.js";
import { clip, rint } from "../numbers.js";

/** @typedef {import("../pixels.js").Image} Image */

const SIZE = { width: 260, height: 200 }; // of the sheet, in pixels
const OBJECT = 112; // pixels of the image's longer edge on it
const START = { left: 120, top: 30 };
const PAPER = 228, SHADE = 70, INK = 150; // brightness at the upper left, how much darker the lower right is, and the ink

/**
 * @param {Image} image  grey
 * @param {boolean} isLight  whether its ground is
 * @returns {Image} dark on light, off centre, in uneven light
 */
export function onPaper(image, isLight) {
  const scale = OBJECT / Math.max(image.width, image.height), data = new Uint8Array(SIZE.width * SIZE.height);
  const object = resized(toFloats(image), rint(image.width * scale), rint(image.height * scale), "bicubic");
  for (let row = 0; row < SIZE.height; row += 1) {
    for (let column = 0; column < SIZE.width; column += 1) {
      const [y, x] = [row - START.top, column - START.left], isInside = y >= 0 && x >= 0 && y < object.height && x < object.width;
      const value = isInside ? object.data[y * object.width + x] : isLight ? 255 : 0;
      const ink = clip(isLight ? 255 - value : value, 0, 255) / 255;
      const paper = PAPER - SHADE * (0.6 * (column / SIZE.width) + 0.4 * (row / SIZE.height));
      data[row * SIZE.width + column] = rint(paper - ink * INK * (paper / PAPER));
    }
  }
  return { ...SIZE, channels: 1, data };
}
