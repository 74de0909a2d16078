/** Images that no data set has: noise, stripes, grey, outlines of other things, letters, stored images upside down. */

import { addSource, imageOf } from "../../base/sources.js";
import { OUTLINES, inside } from "./outlines.js";

/** @typedef {{channels: number, height: number, width: number}} Input */
/** @typedef {import("../../base/app.js").App} App */

const FINE = 4; // points along a pixel's edge, of which those inside an outline are counted

/**
 * Numbers from 0 to 255 that a seed decides (mulberry32).
 * @param {number} seed
 * @returns {() => number}
 */
export function bytes(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 24;
  };
}

/**
 * An image of one brightness a place.
 * @param {Input} input
 * @param {(row: number, column: number) => number} of
 */
function made({ channels, height, width }, of) {
  const pixels = new Uint8Array(height * width * channels);
  for (let i = 0; i < height * width; i += 1) pixels.fill(of(Math.floor(i / width), i % width), i * channels, (i + 1) * channels);
  return pixels;
}

/**
 * Noise: every number by chance.
 * @param {Input} input
 * @param {string} rest  the seed
 */
export function noise(input, rest) {
  const seed = Number(rest), next = bytes(seed);
  return Number.isInteger(seed) ? Uint8Array.from({ length: input.height * input.width * input.channels }, next) : null;
}

/**
 * Stripes of some pixels.
 * @param {Input} input
 * @param {string} rest  the width of a stripe, and a direction: 3, 3,h (horizontal), 3,d (diagonal)
 */
export function stripes(input, rest) {
  const [text, direction = "v"] = rest.split(","), size = Number(text);
  if (!(size >= 1)) return null;
  const along = { h: (/** @type {number} */ row) => row, d: (/** @type {number} */ row, /** @type {number} */ column) => row + column }[direction] ?? ((_, /** @type {number} */ column) => column);
  return made(input, (row, column) => (Math.floor(along(row, column) / size) % 2 ? 255 : 0));
}

/**
 * One grey all over.
 * @param {Input} input
 * @param {string} rest  from 0 to 255
 */
export function grey(input, rest) {
  const value = Number(rest);
  return value >= 0 && value <= 255 ? made(input, () => Math.round(value)) : null;
}

/**
 * The outline of a thing, filled, on the training images' background.
 * @param {Input} input
 * @param {string} rest  its name, such as cat
 * @param {boolean} isLight  whether that background is
 */
export function outline(input, rest, isLight) {
  const shapes = OUTLINES[rest];
  if (!shapes) return null;
  return made(input, (row, column) => {
    let count = 0;
    for (let i = 0; i < FINE * FINE; i += 1) {
      const x = (100 * (column + ((i % FINE) + 0.5) / FINE)) / input.width, y = (100 * (row + (Math.floor(i / FINE) + 0.5) / FINE)) / input.height;
      if (inside(shapes, x, y)) count += 1;
    }
    const bright = Math.round((255 * count) / (FINE * FINE));
    return isLight ? 255 - bright : bright;
  });
}

/**
 * An image upside down.
 * @param {Input} input
 * @param {Uint8Array} pixels
 */
export function turned({ channels, height, width }, pixels) {
  const result = new Uint8Array(pixels.length), pitch = width * channels;
  for (let row = 0; row < height; row += 1) result.set(pixels.subarray(row * pitch, (row + 1) * pitch), (height - 1 - row) * pitch);
  return result;
}

/** @param {string} name @param {(app: App, rest: string) => Uint8Array|null} make */
function add(name, make) {
  addSource(name, (rest, app) => {
    const pixels = make(app, rest);
    return pixels && { address: `${name}:${rest}`, pixels, label: null, explained: null };
  });
}

/** Makes them known as sources of images. */
export function addInputs() {
  add("noise", (app, rest) => noise(app.run.input, rest));
  add("stripes", (app, rest) => stripes(app.run.input, rest));
  add("grey", (app, rest) => grey(app.run.input, rest));
  add("outline", (app, rest) => outline(app.run.input, rest, app.run.preprocessing.ground === "light"));
  add("turned", (app, rest) => turned(app.run.input, imageOf(app, rest).pixels));
  add("inverted", (app, rest) => imageOf(app, rest).pixels.map((byte) => 255 - byte));
}
