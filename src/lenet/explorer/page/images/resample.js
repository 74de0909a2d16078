/**
 * Pillow's `Image.resize`, in the same bits: of float32 images in doubles, of 8 bits in its fixed point.
 *
 * Pillow resizes along the rows, stores float32 or 8 bits, and then along the columns. Its version 13 begins with the columns
 * where an image becomes much lower; lenet resizes along one axis alone there.
 *
 * @typedef {import("./pixels.js").Image} Image
 * @typedef {import("./pixels.js").Floats} Floats
 * @typedef {"box"|"bilinear"|"bicubic"} Filter
 */

const PRECISION = 22; // bits of a weight behind the point, where an image has 8 bits

/** How far each filter reaches, and its height. @type {Record<Filter, [number, (x: number) => number]>} */
const FILTERS = {
  box: [0.5, (x) => (x > -0.5 && x <= 0.5 ? 1 : 0)],
  bilinear: [1, (x) => Math.max(0, 1 - Math.abs(x))],
  bicubic: [2, bicubic],
};

/** Pillow's cubic, with a = -0.5. @param {number} x */
function bicubic(x) {
  x = Math.abs(x);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0;
}

/**
 * Resize an image as Pillow does.
 * @template {Image | Floats} T
 * @param {T} image
 * @param {number} width
 * @param {number} height
 * @param {Filter} filter
 * @param {{across?: [number, number], down?: [number, number]}} [box]  the part to resize, from where to where along an axis
 * @returns {T}
 */
export function resized(image, width, height, filter, { across, down } = {}) {
  const { channels } = image;
  let { data } = image;
  if (across || width !== image.width) {
    data = along(data, image.height, image.width, channels, windows(image.width, width, filter, across));
  }
  if (down || height !== image.height) {
    data = along(data, 1, image.height, width * channels, windows(image.height, height, filter, down));
  }
  return /** @type {T} */ ({ ...image, width, height, data: data === image.data ? data.slice() : data });
}

/**
 * Resize the middle one of three axes: numbers (outer, old, inner) become (outer, new, inner).
 * @param {Uint8Array | Float32Array} values
 * @param {number} outer
 * @param {number} old
 * @param {number} inner
 * @param {[number[], Float64Array[]]} windows  of the new numbers
 */
function along(values, outer, old, inner, [starts, weights]) {
  const size = starts.length;
  const isWhole = values instanceof Uint8Array;
  const result = isWhole ? new Uint8Array(outer * size * inner) : new Float32Array(outer * size * inner);
  if (isWhole) weights.forEach((list) => list.forEach((weight, k) => (list[k] = fixed(weight))));
  const sums = new Float64Array(inner);
  const half = isWhole ? 1 << (PRECISION - 1) : 0;
  for (let o = 0, position = 0; o < outer; o++) {
    for (let number = 0; number < size; number++, position += inner) {
      const at = (o * old + starts[number]) * inner;
      if (inner === 1) sums[0] = product(values, at, weights[number], half);
      else addProducts(values, at, weights[number], sums.fill(half));
      for (let i = 0; i < inner; i++) result[position + i] = isWhole ? clipped(sums[i]) : sums[i];
    }
  }
  return result;
}

/**
 * The sum of contiguous numbers times weights.
 * @param {Uint8Array | Float32Array} values
 * @param {number} start
 * @param {Float64Array} weights
 * @param {number} sum
 */
function product(values, start, weights, sum) {
  for (let k = 0; k < weights.length; k++) sum += values[start + k] * weights[k];
  return sum;
}

/**
 * Add rows of numbers times weights to sums.
 * @param {Uint8Array | Float32Array} values
 * @param {number} start
 * @param {Float64Array} weights
 * @param {Float64Array} sums
 */
function addProducts(values, start, weights, sums) {
  for (let k = 0; k < weights.length; k++) {
    const weight = weights[k];
    for (let i = 0; i < sums.length; i++) sums[i] += values[start++] * weight;
  }
}

/** A weight in fixed point. @param {number} weight */
function fixed(weight) {
  return Math.trunc(weight * (1 << PRECISION) + (weight < 0 ? -0.5 : 0.5));
}

/** The 8 bits of a sum in fixed point. @param {number} sum */
function clipped(sum) {
  return Math.min(255, Math.max(0, sum >> PRECISION));
}

/**
 * For each new pixel of an axis the first old one that counts, and the weights from there on.
 * @param {number} old
 * @param {number} size
 * @param {Filter} filter
 * @param {[number, number]} [part]  the part of the axis to resize, which Pillow takes as float32
 * @returns {[number[], Float64Array[]]}
 */
function windows(old, size, filter, part = [0, old]) {
  const [reach, height] = FILTERS[filter];
  const [from, to] = [Math.fround(part[0]), Math.fround(part[1])];
  const scale = Math.fround(to - from) / size;
  const stretched = Math.max(scale, 1);
  const support = reach * stretched;
  const factor = 1 / stretched;
  const starts = new Array(size);
  const weights = new Array(size);
  for (let number = 0; number < size; number++) {
    const centre = from + (number + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - support + 0.5));
    const list = new Float64Array(Math.min(old, Math.trunc(centre + support + 0.5)) - first);
    let total = 0;
    for (let k = 0; k < list.length; k++) total += list[k] = height((k + first - centre + 0.5) * factor);
    if (total !== 0) for (let k = 0; k < list.length; k++) list[k] /= total;
    [starts[number], weights[number]] = [first, list];
  }
  return [starts, weights];
}
