/**
 * Pixels in memory: the types of images, and from colour to grey.
 *
 * @typedef {{width: number, height: number, channels: number, data: Uint8Array}} Image  interleaved: 1 grey, 3 RGB, 4 RGBA
 * @typedef {{width: number, height: number, channels: number, data: Float32Array}} Floats
 * @typedef {{width: number, height: number, data: Uint8Array}} Mask  of 0 and 1
 * @typedef {{top: number, bottom: number, left: number, right: number}} Box  rows and columns, as for slicing
 */

/**
 * Make an image grey: brightness by ITU-R 601, as Pillow computes it.
 * @param {Image} image  with 1 or 3 channels
 * @returns {Image}
 */
export function toGrey(image) {
  if (image.channels === 1) return image;
  const { data } = image;
  const grey = new Uint8Array(image.width * image.height);
  for (let i = 0, k = 0; i < grey.length; i++, k += 3) {
    grey[i] = (data[k] * 19595 + data[k + 1] * 38470 + data[k + 2] * 7471 + 0x8000) >> 16;
  }
  return { ...image, channels: 1, data: grey };
}

/**
 * The image with one channel if its three are equal everywhere, else the image as it is.
 * @param {Image} image  with 1 or 3 channels
 * @returns {Image}
 */
export function withoutColours(image) {
  if (image.channels === 1) return image;
  const { data } = image;
  for (let k = 0; k < data.length; k += 3) if (data[k] !== data[k + 1] || data[k] !== data[k + 2]) return image;
  const grey = new Uint8Array(data.length / 3);
  for (let i = 0; i < grey.length; i++) grey[i] = data[3 * i];
  return { ...image, channels: 1, data: grey };
}

/** The inverse image, 255 minus each value. @param {Image} image @returns {Image} */
export function inverted(image) {
  return { ...image, data: image.data.map((value) => 255 - value) };
}

/** The image's values as float32. @param {Image} image @returns {Floats} */
export function toFloats(image) {
  return { ...image, data: Float32Array.from(image.data) };
}

/**
 * A part of an image, as a copy.
 * @template {Image | Floats | Mask} T
 * @param {T} image
 * @param {Box} box  what lies outside of the image is cut off
 * @returns {T}
 */
export function cropped(image, box) {
  const [top, left] = [Math.max(0, box.top), Math.max(0, box.left)];
  const [height, width] = [Math.min(image.height, box.bottom) - top, Math.min(image.width, box.right) - left];
  const step = "channels" in image ? image.channels : 1;
  const data = image.data.slice(0, height * width * step);
  for (let row = 0; row < height; row++) {
    const start = ((top + row) * image.width + left) * step;
    data.set(image.data.subarray(start, start + width * step), row * width * step);
  }
  return { ...image, height, width, data };
}
