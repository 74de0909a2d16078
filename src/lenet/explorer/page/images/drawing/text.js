/**
 * Drawings and small images as text that may stand in an address.
 *
 * @typedef {import("./pen.js").Drawing} Drawing
 * @typedef {import("./pen.js").Stroke} Stroke
 */

import { LAST } from "./pen.js";

const END = 255; // of a stroke
const MOST = 128; // bytes of a run
const GROUNDS = { dark: "d", light: "l" };

/**
 * A drawing: "d" or "l" for the ground, then a byte for each x and y, and one for the end of each stroke.
 * @param {Drawing} drawing
 * @returns {string}
 */
export function drawingText({ isLight, strokes }) {
  const bytes = strokes.flatMap((stroke) => [...stroke.flat(), END]);
  return (isLight ? GROUNDS.light : GROUNDS.dark) + base64(Uint8Array.from(bytes));
}

/**
 * The drawing that a text stands for; null if it stands for none.
 * @param {string} text
 * @returns {Drawing|null}
 */
export function parseDrawing(text) {
  const bytes = bytesOf(text.slice(1)), isLight = text[0] === GROUNDS.light;
  if (!bytes || (!isLight && text[0] !== GROUNDS.dark)) return null;
  /** @type {Stroke[]} */
  const strokes = [];
  /** @type {Stroke} */
  let stroke = [];
  for (let i = 0; i < bytes.length;) {
    if (bytes[i] === END) {
      if (stroke.length) strokes.push(stroke);
      stroke = [];
      i += 1;
      continue;
    }
    if (i + 1 >= bytes.length || bytes[i + 1] > LAST) return null;
    stroke.push([bytes[i], bytes[i + 1]]);
    i += 2;
  }
  return stroke.length ? null : { isLight, strokes };
}

/**
 * Pixels, with runs of equal ones packed as by PackBits: a byte n and n + 1 further ones, or 257 - n times the next one.
 * @param {Uint8Array} pixels
 * @returns {string}
 */
export function pixelsText(pixels) {
  /** @type {number[]} */
  const packed = [];
  for (let i = 0; i < pixels.length;) {
    const equal = runOf(pixels, i);
    if (equal > 2) {
      packed.push(257 - equal, pixels[i]);
      i += equal;
      continue;
    }
    let stop = i + 1;
    while (stop < pixels.length && stop - i < MOST && runOf(pixels, stop) < 3) stop += 1;
    packed.push(stop - i - 1, ...pixels.subarray(i, stop));
    i = stop;
  }
  return base64(Uint8Array.from(packed));
}

/**
 * The pixels that a text stands for; null if it stands for none, or not for so many.
 * @param {string} text
 * @param {number} count
 * @returns {Uint8Array|null}
 */
export function parsePixels(text, count) {
  const bytes = bytesOf(text);
  if (!bytes) return null;
  const pixels = new Uint8Array(count);
  let at = 0;
  for (let i = 0; i < bytes.length;) {
    const size = bytes[i] < MOST ? bytes[i] + 1 : 257 - bytes[i];
    const next = bytes[i] < MOST ? i + 1 + size : i + 2;
    if (next > bytes.length || at + size > count || bytes[i] === MOST) return null;
    if (bytes[i] < MOST) pixels.set(bytes.subarray(i + 1, next), at);
    else pixels.fill(bytes[i + 1], at, at + size);
    at += size;
    i = next;
  }
  return at === count ? pixels : null;
}

/** How many pixels from one on are equal, up to MOST. @param {Uint8Array} pixels @param {number} start */
function runOf(pixels, start) {
  let stop = start + 1;
  while (stop < pixels.length && stop - start < MOST && pixels[stop] === pixels[start]) stop += 1;
  return stop - start;
}

/** Base64 in the alphabet for addresses. @param {Uint8Array} bytes */
function base64(bytes) {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/** @param {string} text @returns {Uint8Array|null} */
function bytesOf(text) {
  try {
    return Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
  } catch {
    return null;
  }
}
