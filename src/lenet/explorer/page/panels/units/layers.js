/** Histograms of the values and the weights of each layer, and of each unit of the layer that is chosen. */

import { fill, h } from "../../base/dom.js";
import { histogramChart } from "../../charts/histogram.js";
import { short } from "../../charts/raster.js";
import { inSlices } from "../../base/slices.js";
import { BINS, UNIT_SHARE, extremes, histogram, stateOf, valuesOf } from "./statistics.js";
import { layerText } from "../layers/describe.js";
import { WORDS as OF_LAYERS } from "../layers/words.js";
import { WORDS } from "./words.js";

/** @typedef {import("../../base/app.js").App} App */

const MOST = 200; // stored images whose values are looked at
const MOST_VALUES = 4e6; // numbers kept of a layer

/** The layer that is looked at: that of the state, else the first activation. @param {App} app */
function layerOf(app) {
  const { layers } = app.run, { layer } = app.state;
  if (typeof layer === "number" && layer >= 0 && layer < layers.length) return layer;
  return Math.max(0, layers.findIndex((each) => each.kind === "activation"));
}

/** The number, the kind and, where it says more, the name of a layer. @param {App} app @param {number} number */
function labelOf(app, number) {
  const { name } = app.run.layers[number], text = layerText(app.words(OF_LAYERS), app.network, number);
  return /^[0-9.]+$/.test(name) ? text : `${text} ${name}`;
}

/**
 * The values of a layer for stored test images: (images, units, places), computed in slices.
 * @param {App} app
 * @param {number} layer
 */
function outputsFor(app, layer) {
  const set = app.run.images.test, network = app.network, { off } = app, { units } = app.state;
  return inSlices(app, "values of a layer", [set, network, layer, units], function* () {
    const size = network.shapes[layer].reduce((a, b) => a * b, 1), pixels = set?.pixels.values ?? new Uint8Array(), all = set?.labels.values.length ?? 0;
    const count = Math.min(all, MOST, Math.max(1, Math.floor(MOST_VALUES / size))), each = all ? pixels.length / all : 0, values = new Float32Array(count * size);
    const spread = Math.max(1, Math.floor(all / Math.max(1, count))); // mistakes come first: take images from everywhere
    for (let i = 0; i < count; i += 1) {
      values.set(network.forward(pixels.subarray(i * spread * each, (i * spread + 1) * each), off)[layer], i * size);
      yield i / count;
    }
    return { values, count };
  });
}

/**
 * A row for each layer.
 * @param {HTMLElement} root
 * @param {App} app
 */
export function mountLayers(root, app) {
  const say = app.words(WORDS), body = h("tbody"), head = ["layer", "values", "range", "dead", "saturated", "weights"];
  fill(root, h("h3", {}, say("layers")), h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": say("layers") },
    h("table", { class: "layertable" }, h("thead", {}, h("tr", {}, ...head.map((key) => h("th", { scope: "col" }, say(key))))), body)), h("p", { class: "pale" }, say("layersCaption")));
  let key = "";
  return {
    update() {
      const { run } = app, current = layerOf(app), now = `${current} ${app.runNumber} ${app.state.snapshot} ${app.state.weights}`;
      if (now === key) return;
      const hadFocus = body.contains(document.activeElement);
      key = now;
      fill(body, ...run.layers.map((layer, number) => {
        const found = run.units?.[number], total = app.network.shapes[number][0];
        const few = (/** @type {"dead"|"saturated"} */ what) => {
          const units = found?.[what];
          return h("td", { class: units && units.length / total > UNIT_SHARE ? "bad" : "" }, units ? say("ofUnits", { count: units.length, total }) : "");
        };
        const label = labelOf(app, number);
        return h("tr", {}, h("th", { scope: "row" }, h("button", { class: "small", "data-layer": number, "aria-pressed": number === current, onclick: () => app.set({ layer: number, unit: null, row: null, column: null }) },
          label)),
        h("td", {}, found && histogramChart(found.histogram, found.minimum, found.maximum, { label: say("valuesOf", { layer: label, low: short(found.minimum), high: short(found.maximum), mean: short(found.mean) }) })),
        h("td", {}, found && h("span", {}, say("meanStd", { mean: short(found.mean), std: short(found.std) }))), few("dead"), few("saturated"), h("td", {}, weightChart(app, number)));
      }));
      if (hadFocus) /** @type {HTMLElement|null} */ (body.querySelector("[aria-pressed=true]"))?.focus();
    },
  };
}

/**
 * The weights of a layer, or of one unit of it, as a histogram; none for layers without.
 * @param {App} app
 * @param {number} layer
 * @param {number|null} [unit]
 */
function weightChart(app, layer, unit = null) {
  const { network, run } = app, say = app.words(WORDS), tensor = run.tensors[`${run.layers[layer].name}.weight`];
  if (!tensor) return null;
  const size = tensor[1].reduce((a, b) => a * b, 1), all = network.weights.subarray(tensor[0], tensor[0] + size), part = size / tensor[1][0];
  const own = unit === null ? all : all.subarray(unit * part, (unit + 1) * part), [low, high] = extremes(all);
  return histogramChart(histogram(own, low, high), low, high, { label: say("weightsOf", { count: own.length, low: short(low), high: short(high) }) });
}

/**
 * The units of the chosen layer, each with its histogram, the dead and saturated ones marked.
 * @param {HTMLElement} root
 * @param {App} app
 */
export function mountUnits(root, app) {
  const say = app.words(WORDS), title = h("h3"), note = h("p", { class: "pale", role: "status" }), list = h("div", { class: "unitlist" });
  root.id = "units-of-layer";
  fill(root, title, note, list);
  /** @type {any[]} */
  let painted = [];
  return {
    update() {
      const number = layerOf(app), job = outputsFor(app, number), { result } = job, layer = app.run.layers[number], key = [number, result ?? job.share, app.state.unit];
      if (painted.length && key.every((each, i) => each === painted[i])) return;
      const hadFocus = list.contains(document.activeElement);
      painted = key;
      fill(title, say("unitsOf", { layer: labelOf(app, number) }));
      if (!app.run.images.test) return void fill(note, say("noImages"));
      if (!result) return void fill(note, say("working", { percent: Math.floor(100 * job.share) })), fill(list);
      const [units, ...rest] = app.network.shapes[number], places = rest.reduce((a, b) => a * b, 1), [low, high] = extremes(result.values);
      const rows = Array.from({ length: units }, (_, unit) => {
        const own = valuesOf(result.values, units, places, unit), state = stateOf(layer.function, own), isCurrent = app.state.unit === unit;
        const label = state ? say(`${state}Unit`, { unit }) : say("unit", { unit });
        return { state, element: h("button", { class: `unit ${state ?? ""}`, "data-unit": unit, "aria-pressed": isCurrent, onclick: () => app.set({ layer: number, unit: isCurrent ? null : unit }) },
          h("span", {}, label), histogramChart(histogram(own, low, high, BINS), low, high, { label: say("histogramOf", { unit }), width: 120, height: 46 }),
          isCurrent && weightChart(app, number, unit)) };
      });
      const count = (/** @type {string} */ state) => rows.filter((row) => row.state === state).length;
      fill(note, say("unitsNote", { images: result.count, dead: count("dead"), saturated: count("saturated"), total: units }));
      fill(list, ...rows.map((row) => row.element));
      if (hadFocus) /** @type {HTMLElement|null} */ (list.querySelector("[aria-pressed=true]"))?.focus();
    },
  };
}
