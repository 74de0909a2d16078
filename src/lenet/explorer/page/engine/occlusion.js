/** Which parts of an image an answer rests on: a square is covered at one place after the other. */

/**
 * Computes how much the logit of a class falls when a square around each pixel is covered.
 * @param {(images: Uint8Array, count: number) => Float32Array} logitsOf  logits (count, classes) of images, one after the other
 * @param {Uint8Array} pixels  (height, width, channels)
 * @param {{channels: number, height: number, width: number}} input
 * @param {number} label
 * @param {number} ground  the byte that covers
 * @param {number} [edge]  of the square, in pixels: an odd number
 * @returns {Float32Array} (height, width): positive where the class needs what is there
 */
export function occlusion(logitsOf, pixels, input, label, ground, edge = 5) {
  const count = input.height * input.width, size = pixels.length, images = new Uint8Array((count + 1) * size);
  for (let place = 0; place <= count; place += 1) {
    images.set(pixels, place * size);
    if (place < count) coverSquare(images.subarray(place * size, (place + 1) * size), input, place, ground, edge);
  }
  const logits = logitsOf(images, count + 1), classes = logits.length / (count + 1);
  const whole = logits[count * classes + label];
  return Float32Array.from({ length: count }, (_, place) => whole - logits[place * classes + label]);
}

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
