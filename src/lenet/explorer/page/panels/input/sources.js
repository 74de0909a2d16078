/**
 * Addresses of images that are not stored: "drawn:…" has the strokes, "seen:…" the pixels that the network saw, and
 * "paper:test:3" is a stored image as if it lay on a sheet of paper.
 */

import { addSource, imageOf } from "../../base/sources.js";
import { parseDrawing, parsePixels } from "../../images/drawing/text.js";
import { penWidth, rasterised } from "../../images/drawing/pen.js";
import { onPaper } from "../../images/drawing/paper.js";
import { ImageProblem } from "../../images/problem.js";
import { explain } from "../../images/preprocess.js";
import { inboxOf } from "./inbox.js";

/** @typedef {import("../../base/app.js").App} App */
/** @typedef {import("../../base/types.js").Shown} Shown */
/** @typedef {import("../../images/pixels.js").Image} Image */

addSource("drawn", (rest, app) => {
  const drawing = parseDrawing(rest);
  if (!drawing) return null;
  const original = rasterised(drawing, penOf(app)), address = `drawn:${rest}`;
  if (!drawing.strokes.length) return nothing(app, address, original, new ImageProblem("undrawn"));
  return shown(app, address, original, null);
});

addSource("seen", (rest, app) => {
  const { channels, height, width } = app.run.input, pixels = parsePixels(rest, channels * height * width), address = `seen:${rest}`;
  const original = inboxOf(app).originals.get(address);
  if (original) return shown(app, address, original, null);
  return pixels && { address, pixels, label: null, explained: null };
});

addSource("paper", (rest, app) => {
  const { input, preprocessing } = app.run, stored = imageOf(app, rest);
  if (stored.address !== rest || !canLie(app)) return null;
  const image = { width: input.width, height: input.height, channels: 1, data: stored.pixels };
  return shown(app, `paper:${rest}`, onPaper(image, preprocessing.ground === "light"), stored.label);
});

/** Whether the network's images have a ground, so that they can be laid on paper. @param {App} app */
export function canLie({ run: { input, preprocessing } }) {
  return input.channels === 1 && preprocessing.framing !== "whole" && preprocessing.ground !== "mixed";
}

/** The width of the pen in pixels. @param {App} app */
export function penOf(app) {
  return app.onceOf("pen", [app.run], () => penWidth(app.run));
}

/**
 * The names of the steps that are switched off.
 * @param {App} app
 */
export function stepsOff(app) {
  return new Set(String(app.state.steps).split(",").filter(Boolean));
}

/**
 * An image as the network sees it, or what is wrong with it.
 * @param {App} app
 * @param {string} address
 * @param {Image} original
 * @param {number|null} label
 * @returns {Shown}
 */
function shown(app, address, original, label) {
  try {
    const explained = explain(original, app.run.preprocessing, stepsOff(app));
    return { address, pixels: explained.seen, label, explained, original };
  } catch (error) {
    if (error instanceof ImageProblem) return nothing(app, address, original, error);
    throw error;
  }
}

/**
 * An image that shows nothing: the empty ground.
 * @param {App} app
 * @param {string} address
 * @param {Image} original
 * @param {ImageProblem} problem
 * @returns {Shown}
 */
function nothing(app, address, original, problem) {
  const { channels, height, width } = app.run.input, ground = app.run.preprocessing.ground === "light" ? 255 : 0;
  const pixels = new Uint8Array(channels * height * width).fill(ground);
  return { address, pixels, label: null, explained: null, original, problem };
}
