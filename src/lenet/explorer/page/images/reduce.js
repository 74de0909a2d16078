/**
 * Pillow's `Image.reduce` of 8-bit images: each square, or what is left of one at the right and below, becomes its mean.
 *
 * @typedef {import("./pixels.js").Image} Image
 */

/**
 * Reduce an image by whole factors.
 * @param {Image} image
 * @param {number} across
 * @param {number} [down]
 * @returns {Image}
 */
export function reduce(image, across, down = across) {
  if (across === 1 && down === 1) return image;
  const { channels } = image;
  const width = Math.ceil(image.width / across);
  const height = Math.ceil(image.height / down);
  const data = new Uint8Array(width * height * channels);
  const sums = new Uint32Array(width * channels);
  for (let row = 0; row < height; row++) {
    const rows = Math.min(down, image.height - row * down);
    sums.fill(0);
    for (let y = row * down; y < row * down + rows; y++) addRow(image, y, across, sums);
    for (let i = 0; i < sums.length; i++) {
      const columns = Math.min(across, image.width - Math.floor(i / channels) * across);
      data[row * sums.length + i] = mean(sums[i], rows * columns);
    }
  }
  return { ...image, width, height, data };
}

/**
 * Add a row of an image to the sums of the squares that it crosses.
 * @param {Image} image
 * @param {number} row
 * @param {number} across
 * @param {Uint32Array} sums
 */
function addRow(image, row, across, sums) {
  const { width, channels, data } = image;
  for (let x = 0, at = row * width * channels; x < width; x++) {
    const first = Math.floor(x / across) * channels;
    for (let channel = 0; channel < channels; channel++) sums[first + channel] += data[at++];
  }
}

/** The mean in Pillow's fixed point. @param {number} sum @param {number} count */
function mean(sum, count) {
  return ((sum + (count >> 1)) * Math.floor(2 ** 24 / count)) / 2 ** 24;
}
