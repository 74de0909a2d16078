/** What the filters are made of: memory that they share, rows copied, rows and columns exchanged. */

/** Memory that is used again and again: new memory for each step would take longer than computing. @type {ArrayBuffer[]} */
const memory = [];

/**
 * The memory of a place, which is used for one thing at a time.
 * @param {number} place
 * @param {number} size  how many numbers of four bytes it must hold
 */
function buffer(place, size) {
  if (!memory[place] || memory[place].byteLength < 4 * size) memory[place] = new ArrayBuffer(4 * size);
  return memory[place];
}

/** @param {number} place @param {number} size */
export const floats = (place, size) => new Float32Array(buffer(place, size));

/** @param {number} place @param {number} size */
export const integers = (place, size) => new Int32Array(buffer(place, size));

/**
 * Exchanges rows and columns.
 * @template {Float32Array | Int32Array} T
 * @param {T} data
 * @param {number} width
 * @param {number} height
 * @param {number} channels
 * @param {T} target
 */
export function turn(data, width, height, channels, target) {
  if (channels === 1) {
    for (let column = 0, i = 0; column < width; column++) {
      for (let j = column; j < width * height; j += width) target[i++] = data[j];
    }
    return;
  }
  for (let column = 0, i = 0; column < width; column++) {
    for (let row = 0, j = column * channels; row < height; row++, j += width * channels) {
      for (let channel = 0; channel < channels; channel++) target[i++] = data[j + channel];
    }
  }
}

/**
 * Copies rows.
 * @template {Float32Array | Int32Array} T
 * @param {T} data
 * @param {number} from  the first row
 * @param {number} columns
 * @param {T} target
 * @param {number} row  where the first one goes
 * @param {number} [count]
 */
export function copy(data, from, columns, target, row, count = 1) {
  target.set(data.subarray(from * columns, (from + count) * columns), row * columns);
}
