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
  const { channels, height, width } = input, size = pixels.length, half = edge >> 1;
  const images = new Uint8Array((height * width + 1) * size);
  let at = 0;
  for (let row = 0; row < height; row += 1)
    for (let column = 0; column < width; column += 1, at += size) {
      images.set(pixels, at);
      const left = Math.max(0, column - half), right = Math.min(width, column + half + 1);
      for (let y = Math.max(0, row - half); y < Math.min(height, row + half + 1); y += 1)
        images.fill(ground, at + (y * width + left) * channels, at + (y * width + right) * channels);
    }
  images.set(pixels, at);
  const count = height * width, logits = logitsOf(images, count + 1), classes = logits.length / (count + 1);
  const whole = logits[count * classes + label];
  return Float32Array.from({ length: count }, (_, place) => whole - logits[place * classes + label]);
}
