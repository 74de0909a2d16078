/** What if: units off, other weights, other pixels, and the answer before and after. */

import { fill, h } from "../../base/dom.js";
import { floatText } from "../../base/floats.js";
import { changes, unitsText } from "../../base/state.js";
import { short } from "../../charts/raster.js";
import { layerText } from "../layers/describe.js";
import { WORDS as LAYER_WORDS } from "../layers/words.js";
import { RESET, countsOf, indexIn, setWeight, tensorOf, unchanged } from "./changes.js";
import { painter } from "./painter.js";
import { percent } from "../answer/panel.js";
import { weightEditor } from "./weight_editor.js";
import { WORDS } from "./words.js";

/** @type {import("../../base/types.js").Panel} */
export const panel = {
  id: "what-if",
  place: "tab",
  words: WORDS,
  mount: (root, app) => new WhatIf(root, app),
};

class WhatIf {
  /** @param {HTMLElement} root @param {import("../../base/app.js").App} app */
  constructor(root, app) {
    this.app = app;
    this.say = app.words(WORDS);
    this.ofLayers = app.words(LAYER_WORDS);
    const { say } = this;
    this.editor = weightEditor(app);
    this.answers = h("div", {});
    this.painter = painter(app);
    this.layer = h("select", { onchange: (/** @type {any} */ event) => app.set({ layer: Number(event.target.value), unit: null, row: null, column: null }) });
    this.units = h("div", { class: "unitswitches", role: "group" });
    this.tensor = h("select", { onchange: () => this.chooseWeight() });
    this.place = h("input", { type: "text", size: 12, onchange: () => this.chooseWeight() });
    this.problem = h("p", { class: "error", role: "alert" });
    this.list = h("ul", { class: "edits" });
    this.keys = new Map();
    const none = h("button", { onclick: () => app.set({ ...RESET }) }, say("reset"));
    this.placeLabel = h("span", {});
    fill(root, h("p", { class: "pale" }, say("hint")), h("div", { class: "celldetail" },
      h("div", {}, h("h3", {}, say("pixels")), this.painter.element),
      h("div", {}, h("h3", {}, say("answer")), this.answers, h("p", {}, none), this.list),
      h("div", { class: "sums" }, h("h3", {}, say("units")), h("label", {}, `${say("layer")} `, this.layer), this.units,
        h("h3", {}, say("weights")), h("div", { class: "row" }, h("label", {}, `${say("choose")} `, this.tensor),
          h("label", {}, this.placeLabel, " ", this.place)), this.problem, this.editor.element)));
  }

  update() {
    this.editor.update();
    this.painter.update();
    this.paintAnswers();
    this.paintUnits();
    this.paintTensors();
    this.paintEdits();
  }

  /**
   * Whether a part must be painted anew, because what it shows has changed.
   * @param {string} part
   * @param {any} of
   */
  isNew(part, of) {
    const key = JSON.stringify([of, this.app.runNumber]), isNew = this.keys.get(part) !== key;
    this.keys.set(part, key);
    return isNew;
  }

  /** The classes with their probabilities, before and after. */
  paintAnswers() {
    const { app, say } = this, before = unchanged(app), { answer, outputs } = app, logits = outputs[outputs.length - 1];
    if (!this.isNew("answers", [[...before.logits], [...logits]])) return;
    const cell = (/** @type {number} */ share, /** @type {boolean} */ isBest) => h("td", {}, h("span", { class: "sharebar", "aria-hidden": "true" },
      h("span", { class: "positive", style: `left:0;width:${(100 * share).toFixed(1)}%` })), h(isBest ? "b" : "span", { class: "percent" }, `${percent(share)} %`));
    const head = ["class", "before", "after", "logit"].map((key) => h("th", { scope: "col" }, say(key)));
    const rows = app.run.classes.map((name, i) => h("tr", {}, h("th", { scope: "row" }, name), cell(before.probabilities[i], i === before.label),
      cell(answer.probabilities[i], i === answer.label),
      h("td", { class: "pale" }, before.logits[i] === logits[i] ? short(logits[i]) : `${short(before.logits[i])} → ${short(logits[i])}`)));
    fill(this.answers, h("table", { class: "before-after" }, h("thead", {}, h("tr", {}, ...head)), h("tbody", {}, ...rows)));
  }

  /** The switches of a layer's units. */
  paintUnits() {
    const { app, say } = this, { network, state } = app, layer = Number(state.layer) in network.layers ? Number(state.layer) : 0;
    const off = app.off.get(layer) ?? new Set();
    if (!this.isNew("units", [layer, [...off], app.language])) return;
    const focused = document.activeElement, number = focused instanceof HTMLElement && this.units.contains(focused) ? focused.dataset.unit : null;
    fill(this.layer, ...network.layers.map(({ name }, i) => h("option", { value: i, selected: i === layer }, `${layerText(this.ofLayers, network, i)} ${name}`)));
    this.units.setAttribute("aria-label", say("unitsOf", { name: layerText(this.ofLayers, network, layer) }));
    const toggle = (/** @type {number} */ unit) => {
      const units = new Set(app.off.get(layer) ?? []);
      if (!units.delete(unit)) units.add(unit);
      app.set({ units: unitsText(app.off.set(layer, units)) });
    };
    fill(this.units, ...Array.from({ length: network.shapes[layer][0] }, (_, unit) => h("button", {
      "data-unit": unit, "aria-pressed": !off.has(unit), "aria-label": say("unit", { unit }), onclick: () => toggle(unit),
    }, unit)));
    if (number) /** @type {HTMLElement|null} */ (this.units.querySelector(`[data-unit="${number}"]`))?.focus();
  }

  paintTensors() {
    const { app, say } = this, { tensors } = app.run, { weight } = app.state;
    if (!this.isNew("tensors", [weight, app.language])) return;
    const found = weight === null ? null : tensorOf(tensors, Number(weight)), chosen = found?.tensor ?? (this.tensor.value || Object.keys(tensors)[0]);
    fill(this.tensor, ...Object.keys(tensors).map((name) => h("option", { value: name, selected: name === chosen }, name)));
    if (found) this.place.value = found.place.join(", ");
    this.placeLabel.textContent = say("place", { example: (tensors[chosen]?.[1] ?? []).map(() => 0).join(", ") });
    this.problem.textContent = "";
  }

  /** Chooses the weight whose place was typed. */
  chooseWeight() {
    const { app, say } = this, tensor = app.run.tensors[this.tensor.value], place = this.place.value.trim();
    this.placeLabel.textContent = say("place", { example: tensor[1].map(() => 0).join(", ") });
    const index = indexIn(tensor, place.split(/[\s,]+/).map(Number));
    const isWrong = place !== "" && index === null;
    this.problem.textContent = isWrong ? say("noWeight", { tensor: this.tensor.value, place, shape: tensor[1].join(" × ") }) : "";
    if (index !== null && place) app.set({ weight: index });
  }

  /** What is changed, with a button each that takes it back. */
  paintEdits() {
    const { app, say } = this, { network, state } = app, edits = changes(String(state.weights)), originals = app.weightsOf(app.runNumber);
    if (!this.isNew("edits", [state.units, state.weights, state.pixels, state.snapshot, app.language])) return;
    const remove = (/** @type {() => void} */ onclick, /** @type {string} */ what) => h("button", { onclick, "aria-label": `${say("remove")}: ${what}` }, say("remove"));
    const ofUnits = [...app.off].flatMap(([layer, units]) => [...units].map((unit) => {
      const what = say("off", { layer: layer < network.layers.length ? layerText(this.ofLayers, network, layer) : layer, unit });
      const off = app.off;
      off.get(layer)?.delete(unit);
      return h("li", {}, what, " ", remove(() => app.set({ units: unitsText(off) }), what));
    }));
    const ofWeights = [...edits].map(([index, value]) => {
      const found = tensorOf(app.run.tensors, index);
      if (!found) return null;
      const name = say("weight", { tensor: found.tensor, place: found.place.join(", ") });
      return h("li", {}, say("was", { name, from: floatText(originals[index]), to: floatText(Math.fround(value)) }), " ",
        h("button", { onclick: () => app.set({ weight: index }), "aria-label": `${say("show")}: ${name}` }, say("show")), " ",
        remove(() => setWeight(app, index, null), name));
    });
    const counts = countsOf(app), isAny = Object.values(counts).some(Boolean), ofPixels = say("painted", { count: counts.pixels });
    fill(this.list, ...ofUnits, ...ofWeights, counts.pixels > 0 && h("li", {}, ofPixels, " ", remove(() => app.set({ pixels: "" }), ofPixels)), !isAny && h("li", { class: "pale" }, say("nothing")));
  }
}
