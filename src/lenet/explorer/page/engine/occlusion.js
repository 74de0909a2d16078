/** Covering a part of an image, to see whether the answer rests on it. */

/**
 * Covers a square around a pixel; at the edges, what of it lies in the image.
 * @param {Uint8Array} pixels  (height, width, channels), are changed
 * @param {{channels: number, height: number, width: number}} input
 * @param {number} place  row · width + column
 * @param {number} ground  the byte that covers
 * @param {number} edge  of the square, in pixels: an odd number
 */
export function coverSquare(pixels, { channels, height, width }, place, ground, edge) {
  const half = edge >> 1, row = Math.floor(place / width), column = place % width;
  const left = Math.max(0, column - half), right = Math.min(width, column + half + 1);
  for (let y = Math.max(0, row - half); y < Math.min(height, row + half + 1); y += 1) {
    pixels.fill(ground, (y * width + left) * channels, (y * width + right) * channels);
  }
}
