/** The kernels of a convolution, all channels in the same scale, and the test images that excite each unit most. */

import { fill, h } from "../../base/dom.js";
import { boxOf, mapGrid } from "../../charts/grids.js";
import { farthest, paintLayer } from "../../charts/maps.js";
import { legend, paintPixels, short } from "../../charts/raster.js";
import { layerText, settingsText } from "../layers/describe.js";
import { receptiveField } from "../layers/fields.js";
import { WORDS as LAYER_WORDS } from "../layers/words.js";
import { WORDS } from "./words.js";

/** @typedef {import("../../base/app.js").App} App */
/** @typedef {{image: number, row: number, column: number, value: number}} Exciting */

const SHOWN = 44; // CSS pixels of an image

/** @type {import("../../base/types.js").Panel} */
export const panel = {
  id: "filters",
  place: "tab",
  words: WORDS,
  mount: (root, app) => new Filters(root, app),
};

class Filters {
  /** @param {HTMLElement} root @param {App} app */
  constructor(root, app) {
    this.app = app;
    this.say = app.words(WORDS);
    this.layers = h("select", { onchange: (/** @type {any} */ event) => app.set({ layer: Number(event.target.value), unit: null, row: null, column: null }) });
    this.legend = h("div", {});
    this.settings = h("p", { class: "pale" });
    this.list = h("div", { class: "filters" });
    /** @type {any[]} */
    this.of = [];
    fill(root, h("p", { class: "pale" }, this.say("hint")),
      h("div", { class: "row" }, h("label", {}, `${this.say("layer")} `, this.layers), this.legend), this.settings, this.list);
  }

  /** The convolution that is shown: the chosen layer, or the last one before it. */
  get layer() {
    const { network, state } = this.app, all = network.layers.flatMap(({ kind }, i) => (kind === "convolution" ? [i] : []));
    return all.filter((each) => state.layer === null || each <= Number(state.layer)).at(state.layer === null ? 0 : -1) ?? all[0] ?? -1;
  }

  /** Paints all kernels, unless they are painted already. */
  update() {
    const { app, say, layer } = this, { network } = app, of = [app.run, network, layer, app.state.unit, app.theme];
    if (of.every((each, i) => each === this.of[i])) return;
    this.of = of;
    if (layer < 0) {
      fill(this.list, h("p", {}, say("none")));
      return;
    }
    const of_ = app.words(LAYER_WORDS);
    fill(this.layers, ...network.layers.flatMap(({ kind, name }, i) => (kind !== "convolution" ? [] :
      [h("option", { value: i, selected: i === layer }, `${layerText(of_, network, i)} ${name}`)])));
    this.settings.textContent = settingsText(of_, network, layer);
    const { weight, bias } = network.kernels(layer), far = farthest(network.weights, weight, bias) || 1;
    fill(this.legend, legend({ kind: "diverging", low: -far, high: far }, app.theme));
    const count = network.shapes[layer][0];
    fill(this.list, ...Array.from({ length: count }, (_, unit) => this.card(layer, unit, far)));
    this.list.querySelector(".current")?.scrollIntoView({ block: "nearest" });
  }

  /**
   * A unit: its kernels, and the images that excite it.
   * @param {number} layer
   * @param {number} unit
   * @param {number} far
   */
  card(layer, unit, far) {
    const { app, say } = this, { network } = app, { kernel, weight, bias } = network.kernels(layer);
    const [channels] = network.shapeBefore(layer), size = channels * kernel * kernel, start = weight + unit * size;
    const grid = mapGrid([channels, kernel, kernel], { columns: Math.min(channels, 12) });
    grid.scale = channels > 12 ? 4 : channels > 3 ? 6 : 9;
    const canvas = h("canvas", { role: "img", "aria-label": say("kernels", { unit, count: channels }),
      style: `width:${grid.size[0] * grid.scale}px;height:${grid.size[1] * grid.scale}px` });
    paintLayer(canvas, network.weights.subarray(start, start + size), grid, [far], app.theme);
    const see = () => app.set({ panel: "layers", layer, unit, row: app.state.row ?? 0, column: app.state.column ?? 0 });
    const isChosen = Number(app.state.layer) === layer && app.state.unit === unit;
    return h("div", { class: `filter${isChosen ? " current" : ""}`, "data-unit": unit },
      h("div", { class: "row" }, h("b", {}, say("unit", { unit })), h("span", { class: "pale" }, say("bias", { bias: short(network.weights[bias + unit]) })),
        h("button", { class: "link", onclick: see, "aria-label": `${say("open")}: ${say("unit", { unit })}` }, say("open"))),
      h("div", { class: "scroll", tabindex: grid.size[0] * grid.scale > 300 ? 0 : null, role: "group", "aria-label": say("kernels", { unit, count: channels }) }, canvas),
      this.images(layer, unit));
  }

  /** @param {number} layer @param {number} unit */
  images(layer, unit) {
    const { app, say } = this, best = /** @type {Exciting[]} */ (app.run.top?.[app.network.layers[layer].name]?.[unit] ?? []);
    const { test } = app.run.images, set = test ?? app.data.runs[0].images.test;
    if (!best.length || !set) return h("p", { class: "pale" }, say("noImages"));
    const [channels, height, width] = app.network.inputShape, bytes = channels * height * width;
    const scale = SHOWN / Math.max(height, width), grid = { ...mapGrid([1, height, width], { columns: 1 }), scale };
    return h("div", { class: "row exciting", role: "group", "aria-label": say("best", { unit }) }, ...best.map(({ image, row, column, value }) => {
      const canvas = h("canvas", { "aria-hidden": "true", style: `width:${width * scale}px;height:${height * scale}px` });
      paintPixels(canvas, set.pixels.values.subarray(image * bytes, (image + 1) * bytes), width, height, channels);
      const field = boxOf(grid, { unit: 0, ...receptiveField(app.network, { layer, unit, row, column }) });
      const label = app.run.classes[set.labels.values[image]];
      const text = say("image", { image, label, value: short(value), row, column });
      return h("button", { class: "layermaps", "aria-label": text, title: text,
        onclick: () => app.set({ panel: "layers", image: `test:${image}`, pixels: "", layer, unit, row, column }) }, canvas,
      h("span", { class: "marks" }, h("span", { class: "mark source", style: `left:${field.x}px;top:${field.y}px;width:${field.width}px;height:${field.height}px` })));
    }));
  }
}
