/** Every map of every layer at once, and the arithmetic of any of their numbers. */

import { fill, h } from "../../base/dom.js";
import { unitsText } from "../../base/state.js";
import { walk } from "../../charts/grids.js";
import { PIXELS, legend } from "../../charts/raster.js";
import { changesStrip } from "../what_if/strip.js";
import { chainOf, marksOf } from "./chain.js";
import { cellText, layerText } from "./describe.js";
import { Detail, valueText } from "./detail.js";
import { cellOf } from "./fields.js";
import { Overview } from "./overview.js";
import { WORDS } from "./words.js";

/** @typedef {import("./fields.js").Cell} Cell */

const SCALES = ["layer", "map", "shared"];

/** @type {import("../../base/types.js").Panel} */
export const panel = {
  id: "layers",
  place: "tab",
  words: WORDS,
  state: { scale: "layer", terms: "largest", weight: null },
  mount: (root, app) => new Layers(root, app),
};

class Layers {
  /**
   * @param {HTMLElement} root
   * @param {import("../../base/app.js").App} app
   */
  constructor(root, app) {
    this.app = app;
    this.say = app.words(WORDS);
    /** @type {Cell|null} */
    this.cursor = null; // what is pointed at, or walked to
    this.isWaiting = false;
    const { say } = this, hover = (/** @type {Cell|null} */ cell) => this.hover(cell);
    const key = (/** @type {KeyboardEvent} */ event, /** @type {number} */ layer) => this.key(event, layer);
    this.overview = new Overview(say, { hover, pick: (cell) => this.pick(cell), key, focus: (layer) => this.focus(layer) });
    this.detail = new Detail(app, say, {
      hover, pick: (cell) => this.pick(cell), key, release: () => this.release(), toggle: (cell) => this.toggle(cell),
      step: (step) => this.step(step, this.shown),
    });
    this.scale = h("select", { onchange: (/** @type {any} */ event) => app.set({ scale: event.target.value }) },
      ...SCALES.map((each) => h("option", { value: each }, say(each))));
    this.legend = h("div", { class: "row" });
    this.readout = h("p", { class: "readout", role: "status" });
    this.strip = changesStrip(app);
    root.onkeyup = () => app.state !== app.addressed && app.set({}); // a key was held down
    fill(root, h("p", { class: "pale" }, say("hint")),
      h("div", { class: "row" }, h("label", {}, `${say("scale")} `, this.scale), this.legend, this.readout),
      this.strip.element, this.overview.element, this.detail.element);
  }

  /** Paints all that is seen anew. */
  update() {
    const { app } = this;
    this.overview.build(app.network);
    this.scale.value = String(app.state.scale);
    this.overview.paint(app.network, app.image.pixels, app.outputs, String(app.state.scale), app.theme);
    this.strip.update();
    this.show();
  }

  /** The number that is pinned. @returns {Cell|null} */
  get pinned() {
    return cellOf(this.app.network, this.app.state);
  }

  /** The number whose arithmetic is shown: what is pinned, else what is pointed at, else the largest of the first layer. */
  get shown() {
    const { app } = this, { network } = app;
    return this.pinned ?? (this.cursor && cellOf(network, this.cursor)) ?? cellOf(network, app.onceOf("layers first", [app.outputs], () => {
      const [, height = 1, width = 1] = network.shapes[0], values = app.outputs[0];
      const at = values.reduce((best, value, i) => (value > values[best] ? i : best), 0);
      return { layer: 0, unit: Math.floor(at / (height * width)), row: Math.floor(at / width) % height, column: at % width };
    })) ?? { layer: -1, unit: 0, row: 0, column: 0 };
  }

  /** Shows the number that is pinned or pointed at. */
  show() {
    const { app, say, cursor } = this, { network, outputs } = app, cell = this.shown, isPinned = this.pinned !== null;
    const chain = app.onceOf("layers chain", [outputs, app.language, ...Object.values(cell)], () => chainOf(network, app.image.pixels, outputs, cell));
    const { marks, whole } = marksOf(network, cell, chain, app.off);
    const isElsewhere = isPinned && cursor && cellOf(network, cursor);
    if (isElsewhere) marks.set(cursor.layer, [...(marks.get(cursor.layer) ?? []), { ...cursor, name: "cursor" }]);
    this.overview.mark(marks, whole);
    this.detail.show(cell, isPinned, chain, this.overview.fars[cell.layer] ?? [255]);
    const read = isElsewhere || cell;
    const text = say("is", { cell: cellText(say, network, read, app.run.classes), value: valueText(app, read) });
    if (this.readout.textContent !== text) this.readout.textContent = text;
    this.paintLegend(cell);
  }

  /** @param {Cell} cell */
  paintLegend({ layer, unit }) {
    const { app, say } = this, fars = this.overview.fars[layer] ?? [255], far = fars[fars.length > 1 ? unit : 0] || 1;
    const key = [layer, far, app.theme, app.language].join(" ");
    if (this.legend.dataset.key === key) return;
    this.legend.dataset.key = key;
    const scale = layer < 0 ? PIXELS : { kind: /** @type {"diverging"} */ ("diverging"), low: -far, high: far };
    fill(this.legend, h("span", { class: "pale" }, say("legend", { name: layerText(say, app.network, layer) })), legend(scale, app.theme));
  }

  /** @param {Cell|null} cell */
  hover(cell) {
    if (cell === null && !this.pinned) return; // the last one stays, to be read
    this.cursor = cell;
    this.soon();
  }

  /** Shows before the next frame, once. */
  soon() {
    if (this.isWaiting) return;
    this.isWaiting = true;
    requestAnimationFrame(() => {
      this.isWaiting = false;
      this.show();
    });
  }

  /** @param {Cell} cell @param {boolean} [isPassing]  as while a key is held down */
  pick(cell, isPassing = false) {
    this.cursor = null;
    this.app.set({ ...cell }, { isPassing });
  }

  release() {
    this.cursor = this.pinned ?? this.cursor;
    this.app.set({ layer: null, unit: null, row: null, column: null });
  }

  /** @param {number} layer */
  focus(layer) {
    if (this.pinned || this.cursor?.layer === layer) return;
    this.cursor = { layer, unit: 0, row: 0, column: 0 };
    this.soon();
  }

  /** @param {KeyboardEvent} event @param {number} layer */
  key(event, layer) {
    const { pinned, cursor } = this;
    const from = pinned?.layer === layer ? pinned : cursor?.layer === layer ? cursor : { layer, unit: 0, row: 0, column: 0 };
    if (event.key === "Escape" && pinned) this.release();
    else if (event.key === "Enter" || event.key === " ") this.pick(from);
    else if (!this.step(event.key, from, event.repeat)) return;
    event.preventDefault();
  }

  /**
   * Goes to the number that a key leads to: what is pinned goes along.
   * @param {string} key
   * @param {Cell} from
   * @param {boolean} [isPassing]
   */
  step(key, from, isPassing = false) {
    const grid = this.overview.cards.get(from.layer)?.view.grid, next = grid && walk(grid, from, key);
    if (!next) return /^(Arrow|Page|Home|End)/.test(key);
    const cell = { layer: from.layer, unit: next.unit, row: next.row, column: next.column };
    if (this.pinned?.layer === from.layer) this.pick(cell, isPassing);
    else {
      this.cursor = cell;
      this.soon();
    }
    return true;
  }

  /** Switches a cell's unit off, or on again. @param {Cell} cell */
  toggle({ layer, unit }) {
    const off = this.app.off, units = new Set(off.get(layer) ?? []);
    if (!units.delete(unit)) units.add(unit);
    this.app.set({ units: unitsText(off.set(layer, units)) });
  }
}
