/** All layers at once, from the input to the logits: a card each, with its name, size and numbers. */

import { fill, h } from "../../base/dom.js";
import { barGrid, cellGrid, mapGrid } from "../../charts/grids.js";
import { farthest } from "../../charts/maps.js";
import { short } from "../../charts/raster.js";
import { layerText, settingsText, sizeText } from "./describe.js";
import { shapeOf } from "./fields.js";
import { MapView } from "./map_view.js";

/** @typedef {import("../../engine/network.js").Network} Network */
/** @typedef {import("./fields.js").Cell} Cell */
/** @typedef {import("./fields.js").Field} Field */
/** @typedef {{hover: (cell: Cell|null) => void, pick: (cell: Cell) => void, key: (event: KeyboardEvent, layer: number) => void,
 *   focus: (layer: number) => void}} Handlers */
/** @typedef {{view: MapView, card: HTMLElement, far: HTMLElement}} Card */

const WIDEST = 96; // features in bars; more stand in rows of numbers where a row has a meaning

export class Overview {
  /**
   * @param {import("../../base/words.js").Say} say
   * @param {Handlers} on
   */
  constructor(say, on) {
    this.say = say;
    this.on = on;
    this.element = h("div", { class: "overview" });
    /** @type {Map<number, Card>} */
    this.cards = new Map();
    /** @type {Float32Array[]} */
    this.fars = []; // of each layer the value of the strongest colour, or that of each of its maps
    /** @type {any} */
    this.of = null;
  }

  /**
   * Makes the cards, unless they are those of this run already.
   * @param {Network} network
   */
  build(network) {
    if (this.of === network.run) return;
    this.of = network.run;
    this.cards = new Map([-1, ...network.layers.keys()].map((layer) => [layer, this.card(network, layer)]));
    fill(this.element, ...[...this.cards.values()].map(({ card }) => card));
  }

  /**
   * @param {Network} network
   * @param {number} layer
   * @returns {Card}
   */
  card(network, layer) {
    const { say, on } = this, name = layerText(say, network, layer), size = sizeText(say, network, layer);
    const view = new MapView(gridOf(network, layer), say("walker", { name, size }), {
      hover: (place) => on.hover(place && { layer, ...place }),
      pick: (place) => on.pick({ layer, ...place }),
      key: (event) => on.key(event, layer),
      focus: () => on.focus(layer),
    });
    const far = h("span", { class: "pale" }), own = network.layers[layer]?.name;
    const { classes } = /** @type {any} */ (network.run), isLast = layer === network.layers.length - 1, { scale } = view.grid;
    const labels = isLast && classes?.every((/** @type {string} */ each) => 9 * each.length <= scale) && h("div", { class: "labels", "aria-hidden": "true" },
      ...classes.map((/** @type {string} */ each) => h("span", { style: `width:${scale}px` }, each)));
    const card = h("div", { class: "layer", "data-layer": layer, style: `width:${Math.max(view.grid.room[0], 96)}px` },
      h("h3", {}, name, own && h("span", { class: "pale" }, ` ${own}`)), view.element, labels, far,
      h("p", { class: "pale" }, size, settingsText(say, network, layer) && `; ${settingsText(say, network, layer)}`));
    return { view, card, far };
  }

  /**
   * Paints every layer.
   * @param {Network} network
   * @param {Uint8Array} pixels
   * @param {Float32Array[]} outputs
   * @param {string} mode  map, layer or shared
   * @param {string} theme
   */
  paint(network, pixels, outputs, mode, theme) {
    this.fars = farsOf(network, outputs, mode);
    for (const [layer, { view, far }] of this.cards) {
      if (layer < 0) view.paint(planes(pixels, network.inputShape), [255], theme, "grey");
      else view.paint(outputs[layer], this.fars[layer], theme);
      const text = layer < 0 ? "0 … 255" : this.fars[layer].length === 1 ? `± ${short(this.fars[layer][0])}` : "";
      if (far.textContent !== text) far.textContent = text;
    }
  }

  /**
   * Outlines numbers: of each layer those that are given.
   * @param {Map<number, import("./map_view.js").Mark[]>} marks
   * @param {Set<number>} whole  layers that are outlined as a whole
   */
  mark(marks, whole) {
    for (const [layer, { view, card }] of this.cards) {
      view.mark(marks.get(layer) ?? []);
      card.classList.toggle("whole", whole.has(layer));
    }
  }
}

/**
 * The numbers of an image, a channel after the other.
 * @param {Uint8Array} pixels  (height, width, channels)
 * @param {number[]} shape  (channels, height, width)
 */
export function planes(pixels, [channels, height, width]) {
  if (channels === 1) return pixels;
  const size = height * width;
  return Uint8Array.from(pixels, (_, i) => pixels[(i % size) * channels + Math.floor(i / size)]);
}

/**
 * The value of the strongest colour of each layer, or of each of its maps.
 * @param {Network} network
 * @param {Float32Array[]} outputs
 * @param {string} mode  map, layer or shared
 * @returns {Float32Array[]}
 */
export function farsOf(network, outputs, mode) {
  if (mode === "map") {
    return outputs.map((values, layer) => {
      const [count, ...rest] = network.shapes[layer];
      if (!rest.length) return Float32Array.of(farthest(values));
      const size = values.length / count;
      return Float32Array.from({ length: count }, (_, unit) => farthest(values, unit * size, (unit + 1) * size));
    });
  }
  const fars = outputs.map((values) => Float32Array.of(farthest(values)));
  return mode === "shared" ? fars.map(() => Float32Array.of(Math.max(...fars.map(([far]) => far)))) : fars;
}

/**
 * How the numbers of a layer stand on its canvas.
 * @param {Network} network
 * @param {number} layer
 */
export function gridOf(network, layer) {
  const shape = shapeOf(network, layer), [count] = shape;
  if (shape.length === 3) return mapGrid(shape, layer < 0 ? { area: 9_000 } : {});
  const [, height = 1, width = 1] = network.layers[layer].kind === "flatten" ? network.shapeBefore(layer) : [];
  if (height * width > 1) return cellGrid(count, height * width);
  return count > 4 * WIDEST ? cellGrid(count, Math.ceil(Math.sqrt(count))) : barGrid(count);
}
