/** The products of a number as tables: a patch times its kernel, or the contributions to a feature. */

import { h } from "../../base/dom.js";
import { floatText } from "../../base/floats.js";
import { short } from "../../charts/raster.js";
import { changes } from "../../base/state.js";
import { layerText } from "./describe.js";

/** @typedef {import("../../base/dom.js").Child} Child */
/** @typedef {import("../../engine/arithmetic.js").Term} Term */
/** @typedef {import("./sums.js").Context} Context */
/** @typedef {import("./chain.js").Link} Link */

const LARGEST = 16; // contributions that are shown at first

/**
 * A table for each input channel: input × weight = product, and the sum so far.
 * @param {Context} context
 * @param {Link} link
 * @param {(term: Term) => boolean} isOutside
 * @returns {HTMLElement}
 */
export function patchTables({ app, say }, { cell, arithmetic }, isOutside) {
  const { network } = app, edits = changes(String(app.state.weights)), chosen = app.state.weight;
  const from = cell.layer - (arithmetic.normalization ? 2 : 1), { kernel_size: size = 1 } = network.layers[from + 1];
  const tables = [], all = arithmetic.terms, area = size * size;
  for (let first = 0; first < all.length; first += area) {
    const { channel } = all[first], has = all.slice(first, first + area).some(({ index }) => index === chosen);
    const rows = Array.from({ length: size }, (_, ky) => h("tr", {}, ...all.slice(first + ky * size, first + (ky + 1) * size).map((term, kx) => {
      const outside = isOutside(term), state = [edits.has(term.index) && "changed", term.index === chosen && "chosen", outside && "outside"];
      const isReached = term.index === chosen || (!has && ky + kx === 0);
      return h("td", { class: state.filter(Boolean).join(" ") },
        h("span", {}, outside ? `0 ${say("pad")}` : floatText(term.input)),
        h("button", { class: "weight", "data-key": `w${term.index}`, "data-index": term.index, tabindex: isReached ? 0 : -1 }, `× ${floatText(term.weight)}`),
        h("span", {}, `= ${floatText(term.product)}`), h("span", { class: "pale" }, say("sumLine", { sum: floatText(term.sum) })));
    })));
    const name = from < 0 ? null : layerText(say, network, from);
    const caption = name === null ? say("channel", { channel }) : say("channelOf", { channel, name });
    tables.push(h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
      h("table", { class: "patch" }, h("caption", {}, caption), h("tbody", {}, ...rows))));
  }
  return h("div", {
    class: "patches",
    onclick: (/** @type {Event} */ event) => choose(app, event.target),
    onkeydown: (/** @type {KeyboardEvent} */ event) => walkWeights(event, size),
  }, ...tables);
}

/**
 * The contributions to a feature, input × weight, with where each comes from.
 * @param {Context} context
 * @param {Link} link
 * @returns {Child[]}
 */
export function denseTable({ app, say, pick }, { cell, arithmetic }) {
  const { terms, groups = [] } = arithmetic, mode = String(app.state.terms), edits = changes(String(app.state.weights));
  const before = cell.layer - 1, isFeature = !terms[0]?.name.includes(":");
  const sorted = mode === "engine" ? terms : [...terms].sort((a, b) => Math.abs(b.product) - Math.abs(a.product));
  const shown = mode === "largest" ? sorted.slice(0, LARGEST) : sorted, left = sorted.slice(shown.length);
  const most = Math.max(...terms.map(({ product }) => Math.abs(product))) || 1, first = terms[0]?.index ?? 0;
  const row = (/** @type {Term} */ term) => h("tr", { class: edits.has(term.index) ? "changed" : "" },
    h("td", {}, h("button", { class: "link", "data-key": `f${term.index}`, onclick: () => pick(originOf(app, before, term, term.index - first)) },
      say(isFeature ? "featurePlace" : "mapPlace", { channel: term.channel, row: term.row, column: term.column }))),
    h("td", {}, floatText(term.input)),
    h("td", {}, h("button", { class: "weight", "data-key": `w${term.index}`, "data-index": term.index }, `× ${floatText(term.weight)}`)),
    h("td", {}, `= ${floatText(term.product)}`), mode === "engine" ? h("td", {}, floatText(term.sum)) : h("td", {}, barOf(term.product / most)));
  const keys = ["from", "inputHead", "weightHead", "product", mode === "engine" ? "soFar" : "contributions"];
  const head = h("thead", {}, h("tr", {}, ...keys.map((key) => h("th", { scope: "col" }, say(key)))));
  const modes = h("select", { "data-key": "terms", onchange: (/** @type {any} */ event) => app.set({ terms: event.target.value }) },
    ...["largest", "all", "engine"].map((each) => h("option", { value: each, selected: each === mode }, say(each))));
  const total = (/** @type {Term[]} */ list) => short(list.reduce((sum, { product }) => sum + product, 0));
  const positive = total(terms.filter(({ product }) => product > 0)), negative = total(terms.filter(({ product }) => product < 0));
  return [
    h("p", { class: "row" }, say("products", { count: terms.length }), h("label", {}, `${say("terms")} `, modes)),
    h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": say("products", { count: terms.length }),
      onclick: (/** @type {Event} */ event) => choose(app, event.target) },
    h("table", { class: "contributions" }, head, h("tbody", {}, ...shown.map(row)))),
    left.length > 0 && h("p", { class: "pale" }, say("rest", { count: left.length, sum: total(left) })),
    h("p", { class: "pale" }, say("signs", { positive, negative })), h("p", { class: "pale" }, say("groups")), groupTable(say, arithmetic.bias ?? 0, groups),
  ];
}

/** @param {import("../../base/words.js").Say} say @param {number} bias @param {{sum: number, total: number}[]} groups */
function groupTable(say, bias, groups) {
  const line = (/** @type {string|number} */ name, /** @type {string} */ sum, /** @type {number} */ total) =>
    h("tr", {}, h("td", {}, name), h("td", {}, sum), h("td", {}, floatText(total)));
  return h("table", { class: "groups" },
    h("thead", {}, h("tr", {}, ...["group", "sum", "total"].map((key) => h("th", { scope: "col" }, say(key))))),
    h("tbody", {}, line(say("bias"), "", bias), ...groups.map(({ sum, total }, i) => line(i, floatText(sum), total))));
}

/**
 * The cell that a dense layer's input comes from: in the maps before it was flattened, or in the layer before.
 * @param {import("../../base/app.js").App} app
 * @param {number} before
 * @param {Term} term
 * @param {number} number  of the input
 */
function originOf({ network }, before, { name, channel, row, column }, number) {
  if (!name.includes(":")) return { layer: before, unit: number, row: 0, column: 0 };
  let layer = before;
  while (network.layers[layer].kind !== "flatten") layer -= 1;
  return { layer: layer - 1, unit: channel, row, column };
}

/** @param {number} share  from -1 to 1 */
function barOf(share) {
  const width = Math.round(50 * Math.abs(share)), left = share < 0 ? 50 - width : 50;
  return h("span", { class: "sharebar", "aria-hidden": "true" },
    h("span", { class: share < 0 ? "negative" : "positive", style: `left:${left}%;width:${width}%` }));
}

/** Chooses the weight of a button, to change it. @param {import("../../base/app.js").App} app @param {EventTarget|null} target */
function choose(app, target) {
  const index = target instanceof HTMLElement ? target.closest("button.weight")?.getAttribute("data-index") : null;
  if (index) app.set({ weight: app.state.weight === Number(index) ? null : Number(index) });
}

/** Moves from weight to weight by the arrow keys. @param {KeyboardEvent} event @param {number} size */
function walkWeights(event, size) {
  const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -size, ArrowDown: size }[event.key];
  const { target, currentTarget } = event;
  if (!by || !(target instanceof HTMLElement) || !target.matches("button.weight")) return;
  const buttons = [.../** @type {HTMLElement} */ (currentTarget).querySelectorAll("button.weight")];
  const next = /** @type {HTMLElement|undefined} */ (buttons[buttons.indexOf(target) + by]);
  if (!next) return;
  event.preventDefault();
  next.focus();
}
