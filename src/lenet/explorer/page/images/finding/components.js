/** Connected components of a mask, with what shape rules ask of each: as lenet.images.finding.components. */

import { inverse } from "./filters.js";
import { Box } from "./reading.js";

/**
 * @typedef {import("../pixels.js").Mask} Mask
 */

/** The components of a mask, numbered from 0 by their first pixel. */
export class Components {
  /**
   * @param {Mask} mask  what they are the components of
   * @param {Int32Array} labels  the component of each pixel; -1 outside the mask
   * @param {number} count
   */
  constructor(mask, labels, count) {
    this.width = mask.width;
    this.height = mask.height;
    this.labels = labels;
    /** In pixels. */
    this.areas = new Int32Array(count);
    /** Four of each: top, bottom, left, right, as for slicing. */
    this.boxes = new Int32Array(4 * count);
    /** Four of each: how many pixels lie in the first row, the last, the first column, the last. */
    this.contacts = new Int32Array(4 * count);
  }

  get length() {
    return this.areas.length;
  }

  /** The height or width of each, whichever is larger. */
  get sizes() {
    const { boxes } = this;
    return this.areas.map((_, n) => Math.max(boxes[4 * n + 1] - boxes[4 * n], boxes[4 * n + 3] - boxes[4 * n + 2]));
  }

  /**
   * The mask of the components that are chosen.
   * @param {ArrayLike<number|boolean>} chosen  for each component, whether it is
   * @returns {Mask}
   */
  keep(chosen) {
    const { labels, width, height } = this;
    const data = new Uint8Array(labels.length);
    for (let i = 0; i < data.length; i++) data[i] = labels[i] >= 0 && chosen[labels[i]] ? 1 : 0;
    return { width, height, data };
  }

  /**
   * The sum of an image's values over each component.
   * @param {Float32Array} values
   * @returns {Float64Array}
   */
  sums(values) {
    const sums = new Float64Array(this.length);
    for (let i = 0; i < values.length; i++) if (this.labels[i] >= 0) sums[this.labels[i]] += values[i];
    return sums;
  }

  /**
   * Counts a run of pixels, in a row, from a column up to another.
   * @param {number} number  of the component
   * @param {number} row
   * @param {number} start
   * @param {number} end
   */
  add(number, row, start, end) {
    const { boxes, contacts, areas } = this;
    const at = 4 * number;
    if (!areas[number]) boxes.set([row, row + 1, start, end], at);
    areas[number] += end - start;
    boxes[at + 1] = row + 1;
    boxes[at + 2] = Math.min(boxes[at + 2], start);
    boxes[at + 3] = Math.max(boxes[at + 3], end);
    if (row === 0) contacts[at] += end - start;
    if (row === this.height - 1) contacts[at + 1] += end - start;
    if (start === 0) contacts[at + 2]++;
    if (end === this.width) contacts[at + 3]++;
  }
}

/**
 * The runs of a mask: row, start and end of each, one after the other.
 * @param {Mask} mask
 * @returns {number[]}
 */
function runsOf({ width, height, data }) {
  const runs = [];
  for (let row = 0; row < height; row++) {
    const first = row * width;
    for (let column = 0; column < width; column++) {
      if (!data[first + column]) continue;
      const start = column;
      while (column < width && data[first + column]) column++;
      runs.push(row, start, column);
    }
  }
  return runs;
}

/**
 * The first run of each run's component, by joining the runs that touch those of the row above.
 * @param {number[]} runs
 * @returns {Int32Array}
 */
function rootsOf(runs) {
  const count = runs.length / 3;
  const roots = Int32Array.from({ length: count }, (_, run) => run);
  const root = (/** @type {number} */ run) => {
    while (roots[run] !== run) run = roots[run] = roots[roots[run]];
    return run;
  };
  let above = 0;
  for (let run = 0; run < count; run++) {
    const [row, start, end] = [runs[3 * run], runs[3 * run + 1], runs[3 * run + 2]];
    while (runs[3 * above] < row - 1 || (runs[3 * above] === row - 1 && runs[3 * above + 2] < start)) above++;
    for (let other = above; runs[3 * other] === row - 1 && runs[3 * other + 1] <= end; other++) {
      const [one, two] = [root(run), root(other)];
      roots[Math.max(one, two)] = Math.min(one, two);
    }
  }
  return roots.map((_, run) => root(run));
}

/**
 * Finds the components of a mask; pixels that touch at a corner belong together.
 * @param {Mask} mask
 */
export function label(mask) {
  const runs = runsOf(mask);
  const roots = rootsOf(runs);
  const numbers = new Int32Array(roots.length);
  let count = 0;
  for (let run = 0; run < roots.length; run++) numbers[run] = roots[run] === run ? count++ : numbers[roots[run]];
  const labels = new Int32Array(mask.data.length).fill(-1);
  const components = new Components(mask, labels, count);
  for (let run = 0; run < roots.length; run++) {
    const [row, start, end] = [runs[3 * run], runs[3 * run + 1], runs[3 * run + 2]];
    labels.fill(numbers[run], row * mask.width + start, row * mask.width + end);
    components.add(numbers[run], row, start, end);
  }
  return components;
}

/**
 * Fills the holes of a mask: what cannot be reached from the image's border.
 * @param {Mask} mask
 * @returns {Mask}
 */
export function filled(mask) {
  const around = label(inverse(mask));
  const { contacts } = around;
  const holes = around.keep(around.areas.map((_, n) => (contacts.subarray(4 * n, 4 * n + 4).some(Boolean) ? 0 : 1)));
  return { ...mask, data: mask.data.map((value, i) => value | holes.data[i]) };
}

/**
 * The box of what is true, of which there is some.
 * @param {Mask} mask
 */
export function boxOf({ width, height, data }) {
  const box = new Box(height, 0, width, 0);
  for (let row = 0, i = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      if (!data[i++]) continue;
      if (row < box.top) box.top = row;
      if (column < box.left) box.left = column;
      if (column >= box.right) box.right = column + 1;
      box.bottom = row + 1;
    }
  }
  return box;
}
