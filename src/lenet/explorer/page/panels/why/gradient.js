/** The part of "why?" that shows the gradient of a logit with respect to the image. */

import { fill, h } from "../../base/dom.js";
import { inputGradient } from "../../engine/gradient.js";
import { cells } from "../../charts/cells.js";
import { legend, paintPixels, scaleOf, short } from "../../charts/raster.js";
import { groundOf } from "./covering.js";
import { classesAsked } from "./state.js";
import { WORDS } from "./words.js";

/** @typedef {import("../../base/app.js").App} App */
/** @typedef {import("../../engine/network.js").Network} Network */

/**
 * The gradient as one number a pixel, the channels added up: alone, or times how far the pixel is from the background.
 * @param {Network} network
 * @param {Float32Array} gradient  (channels, height, width)
 * @param {Uint8Array} pixels  (height, width, channels)
 * @param {boolean} isTimes
 * @param {number} ground  the background's byte
 * @returns {Float32Array} (height, width)
 */
export function slopeMap(network, gradient, pixels, isTimes, ground) {
  const [channels, height, width] = network.inputShape, size = height * width;
  const input = network.inputOf(pixels), base = network.table[ground], map = new Float32Array(size);
  for (let channel = 0; channel < channels; channel += 1) {
    for (let i = 0; i < size; i += 1) {
      const at = channel * size + i;
      map[i] += isTimes ? gradient[at] * (input[at] - base) : gradient[at];
    }
  }
  return map;
}

/**
 * The gradient of a class, or of its lead over another one.
 * @param {Network} network
 * @param {Float32Array[]} outputs
 * @param {number} a
 * @param {number|null} b
 * @returns {Float32Array}
 */
export function slopeOf(network, outputs, a, b) {
  const gradient = inputGradient(network, outputs, a);
  if (b === null) return gradient;
  const other = inputGradient(network, outputs, b);
  return gradient.map((value, i) => value - other[i]);
}

/**
 * The map with its numbers.
 * @param {HTMLElement} root
 * @param {App} app
 */
export function mountGradient(root, app) {
  const say = app.words(WORDS), { input, classes } = app.run, { height, width } = input;
  /** @type {number|null} */
  let over = null;
  /** @type {Float32Array|null} */
  let values = null;
  const tell = () => {
    const { place: pinned } = app.state, place = over ?? (typeof pinned === "number" && pinned >= 0 && pinned < height * width ? pinned : null);
    for (const each of [map, image]) each.mark(place);
    fill(text, place !== null && values && say("gradientText", { row: Math.floor(place / width), column: place % width, value: short(values[place]) }));
  };
  const onPoint = (/** @type {number|null} */ place) => { over = place; tell(); };
  const onPin = (/** @type {number|null} */ place) => app.set({ place });
  const make = () => cells({ size: 148, width, height, label: say("walk"), onPoint, onPin }), image = make(), map = make();
  const text = h("output", { class: "reading", "aria-live": "polite" }), scaleOn = h("div"), caption = h("p", { class: "pale" });
  const kind = h("select", { onchange: (/** @type {any} */ event) => app.set({ slope: event.target.value }) });
  const of = h("select", { onchange: (/** @type {any} */ event) => app.set({ slopeOf: event.target.value }) });
  fill(root, h("h3", {}, say("gradient")), h("div", { class: "row" }, h("label", {}, `${say("kind")} `, kind), h("label", {}, `${say("of")} `, of)),
    h("div", { class: "row pair" }, h("figure", {}, image.element), h("figure", {}, map.element, scaleOn)), text, caption);
  return {
    update() {
      const { network, outputs, theme } = app, { a, b } = classesAsked(app);
      const isTimes = app.state.slope !== "plain", isLead = app.state.slopeOf !== "class";
      const option = (/** @type {string} */ value, /** @type {string} */ label, /** @type {boolean} */ selected) => h("option", { value, selected }, label);
      fill(kind, option("times", say("times"), isTimes), option("plain", say("plain"), !isTimes));
      fill(of, option("lead", say("leadOf", { a: classes[a], b: classes[b] }), isLead), option("class", say("logit", { name: classes[a] }), !isLead));
      const gradient = app.onceOf("slope", [outputs, a, b, isLead], () => slopeOf(network, outputs, a, isLead ? b : null));
      values = slopeMap(network, gradient, app.image.pixels, isTimes, groundOf(app.run.preprocessing.ground, app.image.pixels));
      const scale = scaleOf([values]), far = scale.high;
      image.draw((canvas) => paintPixels(canvas, app.image.pixels, width, height, input.channels));
      map.show(values, width, height, { kind: "diverging", low: -far, high: far }, theme);
      fill(scaleOn, legend({ kind: "diverging", low: -far, high: far }, theme));
      fill(caption, say(isTimes ? "timesCaption" : "plainCaption"));
      tell();
    },
  };
}
