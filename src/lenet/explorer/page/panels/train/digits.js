/**
 * The built-in digits as images to train on: the originals of 8 × 8 pixels that the page holds, enlarged to 28 × 28 as
 * data/digits.py enlarges them, without its rotations, stretches and shifts.
 */

const EDGE = 8, DOUBLINGS = 4, FINE = EDGE << DOUBLINGS;
const SIZE = 28, DIGIT = 20; // pixels of an image, and of the digit in it
const FULL = 16 * 16 ** DOUBLINGS; // of an enlarged pixel
const LOW = (FULL * 3) / 16, HIGH = (FULL * 9) / 16; // between them lies the edge of a stroke

/** What the digits are, for the network that is trained on them, as lenet's data set `digits` has it. */
export const DIGITS = Object.freeze({
  classes: Array.from({ length: 10 }, (_, i) => String(i)),
  input: { channels: 1, height: SIZE, width: SIZE },
  preprocessing: /** @type {import("../../base/types.js").Preprocessing} */ ({
    size: [SIZE, SIZE], mean: 0, std: 1, ground: "dark", framing: "mass", channels: 1, fit: "pad",
    objects: [0.5357, 0.9286, 0.2102],
  }),
});

/**
 * Enlarges all originals.
 * @param {Uint8Array} originals  (count, 8, 8), values from 0 to 16
 * @returns {Uint8Array} (count, 28, 28)
 */
export function enlarged(originals) {
  const count = originals.length / EDGE ** 2, out = new Uint8Array(count * SIZE ** 2);
  const places = Array.from({ length: SIZE }, (_, i) => placeOf(i));
  for (let number = 0; number < count; number += 1) {
    const fine = smooth(Int32Array.from(originals.subarray(number * EDGE ** 2, (number + 1) * EDGE ** 2)));
    for (let row = 0; row < SIZE; row += 1)
      for (let column = 0; column < SIZE; column += 1) {
        const y = places[row], x = places[column];
        if (y < 0 || x < 0 || y >= FINE || x >= FINE) continue;
        const inked = Math.floor(((fine[y * FINE + x] - LOW) * 8) / Math.floor((HIGH - LOW) / 32));
        out[(number * SIZE + row) * SIZE + column] = Math.max(0, Math.min(255, inked));
      }
  }
  return out;
}

/**
 * Where a pixel of the image lies in the enlarged original.
 * @param {number} pixel
 */
function placeOf(pixel) {
  const one = 1 << 16, step = Math.floor((one * FINE * 100) / (16 * DIGIT * 100)); // for a sixteenth of a pixel
  return Math.floor(((16 * pixel - 216) * step + (one * FINE) / 2) / one);
}

/**
 * Enlarges an original sixteenfold.
 * @param {Int32Array} original  (8, 8)
 * @returns {Int32Array} (128, 128)
 */
function smooth(original) {
  let fine = original;
  for (let edge = EDGE; edge < FINE; edge *= 2) {
    const rows = doubled(fine, edge, edge); // (2 edge, edge)
    fine = turned(doubled(turned(rows, 2 * edge, edge), edge, 2 * edge), 2 * edge, 2 * edge);
  }
  return fine;
}

/**
 * Twice as many rows, each between two neighbours at a quarter or three, times 4.
 * @param {Int32Array} values  (height, width)
 * @param {number} height
 * @param {number} width
 */
function doubled(values, height, width) {
  const out = new Int32Array(2 * height * width);
  for (let row = 0; row < height; row += 1)
    for (let column = 0; column < width; column += 1) {
      const at = row * width + column, to = 2 * row * width + column, own = 3 * values[at];
      out[to] = own + (row ? values[at - width] : 0);
      out[to + width] = own + (row + 1 < height ? values[at + width] : 0);
    }
  return out;
}

/**
 * Rows as columns.
 * @param {Int32Array} values  (height, width)
 * @param {number} height
 * @param {number} width
 */
function turned(values, height, width) {
  const out = new Int32Array(values.length);
  for (let row = 0; row < height; row += 1)
    for (let column = 0; column < width; column += 1) out[column * height + row] = values[row * width + column];
  return out;
}
