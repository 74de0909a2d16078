/** The part of "why?" that takes the lead of a class apart: which units of the layer before the last decide. */

import { fill, h } from "../../base/dom.js";
import { inputGradient } from "../../engine/gradient.js";
import { canvasOf, paint, scaleOf, short } from "../../charts/raster.js";
import { opener } from "../../charts/thumbs.js";
import { before, lastDense, widthOf } from "../../engine/cut.js";
import { inputsOf } from "../many.js";
import { leadOf, sidesOf, strongest } from "./contributions.js";
import { groundOf } from "./covering.js";
import { slopeMap } from "./gradient.js";
import { signed } from "./sentences.js";
import { classesAsked } from "./state.js";
import { WORDS } from "./words.js";

/** @typedef {import("../../base/app.js").App} App */
/** @typedef {import("./contributions.js").Contribution} Contribution */

const ROWS = 5; // units of each side
const BEST = 3; // images of a unit

/**
 * The lead of the class that is asked about, taken apart; null if the logits are no sums over units.
 * @param {App} app
 */
export function leadNow(app) {
  const { network, outputs, image } = app, { a, b } = classesAsked(app), layer = lastDense(network);
  return app.onceOf("lead", [outputs, a, b], () => {
    if (layer < 0) return null;
    const inputs = outputs[layer - 1] ?? network.inputOf(image.pixels), lead = leadOf(network, layer, inputs, a, b);
    return { lead, sides: sidesOf(lead, ROWS), layer };
  });
}

/**
 * @param {HTMLElement} root
 * @param {App} app
 */
export function mountUnits(root, app) {
  const say = app.words(WORDS), { classes } = app.run, title = h("h3"), body = h("tbody"), caption = h("p", { class: "pale" });
  const head = ["unit", "activation", "weight", "product", "looks", "likes"].map((key) => h("th", { scope: "col" }, say(key)));
  const table = h("div", { class: "scroll", tabindex: 0, role: "region" }, h("table", { class: "lead" }, h("thead", {}, h("tr", {}, ...head)), body));
  fill(root, title, table, caption);
  /** @type {any[]} */
  let painted = [];
  return {
    update() {
      const found = leadNow(app), { a, b } = classesAsked(app), names = { a: classes[a], b: classes[b] };
      fill(title, say("contributions", names));
      table.setAttribute("aria-label", say("contributions", names));
      if (!found) return fill(caption, say("noDense")) && fill(body);
      const { lead, sides, layer } = found, likes = app.run.images.test ? inputsOf(app, "test", layer).result : null;
      const key = [found, likes, app.theme];
      if (key.every((each, i) => each === painted[i])) return;
      painted = key;
      const most = Math.max(...lead.products.map((each) => Math.abs(each.product)), 1e-9);
      const cut = before(app.network, layer), outputs = app.outputs.slice(0, layer);
      const row = (/** @type {Contribution} */ each) => h("tr", { "data-unit": each.unit },
        h("th", { scope: "row" }, h("button", { class: "small", "aria-label": say("openUnit", { unit: each.unit }),
          onclick: () => app.set({ panel: "layers", layer: layer - 1, unit: each.unit, row: null, column: null }) }, each.unit)),
        h("td", {}, short(each.activation)), h("td", {}, signed(each.weight)), h("td", { class: "bar" }, bar(each.product / most), h("span", {}, signed(each.product))),
        h("td", {}, looks(app, cut, outputs, each.unit)), h("td", { class: "likes" }, ...best(app, likes, layer, each.unit)));
      const single = (/** @type {string} */ label, /** @type {number} */ value, /** @type {string} */ name) => h("tr", { class: name },
        h("th", { scope: "row", colspan: 3 }, label), h("td", { class: "bar" }, bar(value / most), h("span", {}, signed(value))), h("td"), h("td"));
      fill(body, ...sides.speaking.map(row), ...[...sides.opposing].reverse().map(row),
        single(say("rest", { count: sides.others }), sides.rest, "rest"), single(say("constant"), lead.constant, "rest"), single(say("sum", names), lead.lead, "sum"));
      const logits = app.outputs[app.outputs.length - 1];
      fill(caption, say("contributionCaption", { ...names, exact: String(logits[a] - logits[b]) }));
    },
  };
}

/** A bar to the right for what speaks for the class, to the left for what speaks against it. @param {number} size from -1 to 1 */
function bar(size) {
  const width = 50 * Math.min(1, Math.abs(size));
  return h("i", { class: size < 0 ? "against" : "pro", style: `left:${size < 0 ? 50 - width : 50}%;width:${width}%`, "aria-hidden": "true" });
}

/**
 * Where a unit looks in this image: its gradient × input.
 * @param {App} app
 * @param {import("../../engine/network.js").Network} cut  ends with the units
 * @param {Float32Array[]} outputs
 * @param {number} unit
 */
function looks(app, cut, outputs, unit) {
  const { height, width } = app.run.input, { pixels } = app.image;
  const canvas = canvasOf(40, width, height, { role: "presentation" });
  if (!outputs.length) return canvas;
  const map = slopeMap(cut, inputGradient(cut, outputs, unit), pixels, true, groundOf(app.run.preprocessing.ground, pixels)), { high } = scaleOf([map]);
  paint(canvas, map, width, height, { kind: "diverging", low: -high, high }, app.theme);
  return canvas;
}

/**
 * The stored test images in which a unit is strongest.
 * @param {App} app
 * @param {Float32Array|null} values  of all units, (count, width)
 * @param {number} layer
 * @param {number} unit
 */
function best(app, values, layer, unit) {
  const set = app.run.images.test;
  if (!values || !set) return [];
  const width = widthOf(app.network, layer);
  return strongest(values, width, unit, BEST).map((number) => {
    const name = app.run.classes[set.labels.values[number]], label = `${name}: ${short(values[number * width + unit])}`;
    return opener(app, "test", number, { size: 28, label });
  });
}
