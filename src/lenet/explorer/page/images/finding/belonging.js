/** Which components of what stands out belong to the object, and into which parts it falls; as lenet.images.finding.ink. */

import { label } from "./components.js";
import { gaps } from "./reading.js";

/**
 * @typedef {import("../pixels.js").Mask} Mask
 * @typedef {import("./components.js").Components} Components
 */

const NEAR = 0.15; // of the object's size: how far away what belongs to it may lie

/**
 * Whether any component reaches from one edge of the image to the opposite one.
 * @param {Components} components
 */
export function isSpanned({ contacts, length }) {
  for (let at = 0; at < 4 * length; at += 2) if (contacts[at] && contacts[at + 1]) return true;
  return false;
}

/**
 * Which components belong to the object, and how implausible it is that it touches the border.
 *
 * The object is what has most ink and extent; frames, lines and neighbours' strokes touch the border, so what does comes
 * last. A box or circle around the object is none of it.
 * @param {Components} components
 * @param {Float32Array} relief
 * @returns {{chosen: Uint8Array, cost: number}}
 */
export function belonging(components, relief) {
  const { boxes, contacts, length, sizes } = components;
  const mass = components.sums(relief);
  const contact = Array.from({ length }, (_, n) => Math.max(...contacts.subarray(4 * n, 4 * n + 4)));
  const along = contact.map((most, n) => most > 0.5 * sizes[n]); // as a frame or a strip
  const rank = mass.map((sum, n) => sum * sizes[n] * (along[n] ? 0.02 : contact[n] ? 0.3 : 1));
  const numbers = Array.from(rank.keys());
  let main = best(numbers, rank);
  for (;;) {
    const isLarge = (/** @type {number} */ n) => mass[n] >= 0.2 * mass[main] && sizes[n] >= 0.3 * sizes[main];
    const inner = numbers.filter((n) => isInside(boxes, n, main) && isLarge(n));
    if (!inner.length) break;
    main = best(inner, rank);
  }
  const isAround = (/** @type {number} */ n) =>
    isInside(boxes, main, n) && mass[n] <= 5 * mass[main] && 0.3 * sizes[n] <= sizes[main];
  const possible = numbers.filter((n) => !isAround(n) && (!contact[n] || contact[main]));
  const cost = 0.6 * Number(contact[main] > 0) + 0.8 * Number(along[main]);
  const chosen = new Uint8Array(length);
  chosen[main] = 1;
  for (;;) {
    const apart = gaps(boxes, boxesOf(boxes, numbers.filter((n) => chosen[n])));
    const more = possible.filter((n) => {
      const isNear = apart[n] <= NEAR * sizes[main] && mass[n] >= 0.02 * mass[main];
      return !chosen[n] && (isNear || (sizes[n] >= 0.5 * sizes[main] && mass[n] >= 0.2 * mass[main]));
    });
    if (!more.length) return { chosen, cost };
    for (const n of more) chosen[n] = 1;
  }
}

/**
 * The first of some components with the highest rank.
 * @param {number[]} numbers
 * @param {Float64Array} rank
 */
function best(numbers, rank) {
  return numbers.reduce((first, n) => (rank[n] > rank[first] ? n : first));
}

/**
 * The boxes of some components: four numbers of each.
 * @param {Int32Array} boxes
 * @param {number[]} numbers
 */
function boxesOf(boxes, numbers) {
  return numbers.flatMap((n) => Array.from(boxes.subarray(4 * n, 4 * n + 4)));
}

/**
 * Whether a component's box lies inside another's, away from its sides.
 * @param {Int32Array} boxes
 * @param {number} one
 * @param {number} other
 */
function isInside(boxes, one, other) {
  const inner = boxes.subarray(4 * one, 4 * one + 4);
  const outer = boxes.subarray(4 * other, 4 * other + 4);
  const inset = Math.max(2, 0.03 * Math.max(outer[1] - outer[0], outer[3] - outer[2]));
  return inner.every((side, i) => (i % 2 ? outer[i] - side : side - outer[i]) >= inset);
}

/**
 * Splits what is kept into parts of similar size, left to right: one for a digit, three for a number of three.
 *
 * A part is as high as six tenths of the whole. What is lower, such as the bar of a 5, belongs to the part beside it, and
 * parts that lie above each other are one.
 * @param {Mask} kept
 * @returns {Mask[]}
 */
export function partsOf(kept) {
  const components = label(kept);
  const { boxes, length } = components;
  const numbers = Array.from({ length }, (_, n) => n);
  const highest = Math.min(...numbers.map((n) => boxes[4 * n]));
  const lowest = Math.max(...numbers.map((n) => boxes[4 * n + 1]));
  const isTall = (/** @type {number} */ n) => boxes[4 * n + 1] - boxes[4 * n] >= 0.6 * (lowest - highest);
  const middle = (/** @type {number} */ n) => boxes[4 * n + 2] + boxes[4 * n + 3];
  const tall = numbers.filter(isTall).sort((one, other) => middle(one) - middle(other) || one - other);
  if (tall.length < 2) return [kept];
  const all = tall.map((n) => [n]);
  for (let left = all.length - 2; left >= 0; left--) {
    if (overlap(boxes, all[left][0], all[left + 1][0]) > 0.6) all[left].push(...all.splice(left + 1, 1)[0]);
  }
  for (const n of numbers.filter((number) => !isTall(number))) {
    const apart = all.map((group) => gaps(across(boxes, [n]), across(boxes, group))[0]);
    all[apart.indexOf(Math.min(...apart))].push(n);
  }
  return all.map((group) => components.keep(numbers.map((n) => group.includes(n))));
}

/**
 * Boxes as wide as those of some components, and as high as they are wide: with them, only gaps across count.
 * @param {Int32Array} boxes
 * @param {number[]} numbers
 */
function across(boxes, numbers) {
  return numbers.flatMap((n) => [2, 3, 2, 3].map((side) => boxes[4 * n + side]));
}

/**
 * How much of the narrower of two boxes lies above or below the other, as a share of its width.
 * @param {Int32Array} boxes
 * @param {number} one
 * @param {number} other
 */
function overlap(boxes, one, other) {
  const [left, right] = [4 * one + 2, 4 * other + 2];
  const common = Math.min(boxes[left + 1], boxes[right + 1]) - Math.max(boxes[left], boxes[right]);
  return Math.max(0, common) / Math.min(boxes[left + 1] - boxes[left], boxes[right + 1] - boxes[right]);
}
