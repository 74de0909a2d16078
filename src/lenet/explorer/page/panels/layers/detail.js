/** One number of a layer: where it is, its map enlarged, and how it is computed. */

import { fill, h } from "../../base/dom.js";
import { floatText } from "../../base/floats.js";
import { barGrid, mapGrid } from "../../charts/grids.js";
import { arithmeticOf } from "./sums.js";
import { cellText, layerText } from "./describe.js";
import { indexOf, shapeOf } from "./fields.js";
import { MapView } from "./map_view.js";
import { gridOf, planes } from "./overview.js";

/** @typedef {import("../../base/app.js").App} App */
/** @typedef {import("./fields.js").Cell} Cell */
/** @typedef {{hover: (cell: Cell|null) => void, pick: (cell: Cell) => void, key: (event: KeyboardEvent, layer: number) => void,
 *   step: (key: string) => void, release: () => void, toggle: (cell: Cell) => void}} Handlers */

const STEPS = [["ArrowLeft", "←", "left"], ["ArrowUp", "↑", "up"], ["ArrowDown", "↓", "down"], ["ArrowRight", "→", "right"],
  ["PageUp", "⇤", "previous"], ["PageDown", "⇥", "next"]];
const LARGE = 300, SMALL = 170; // CSS pixels of an enlarged map, on a phone
const LONG = 480, SHORT = 300; // of enlarged bars

export class Detail {
  /**
   * @param {App} app
   * @param {import("../../base/words.js").Say} say
   * @param {Handlers} on
   */
  constructor(app, say, on) {
    this.app = app;
    this.say = say;
    this.on = on;
    this.title = h("h3", { class: "cell-title" });
    this.pin = h("button", { onclick: () => this.cell && (this.isPinned ? on.release() : on.pick(this.cell)) });
    this.off = h("button", { onclick: () => this.cell && on.toggle(this.cell) });
    this.filters = h("button", { onclick: () => this.cell && app.set({ panel: "filters", ...this.cell }) }, say("filters"));
    const steps = STEPS.map(([key, sign, name]) => h("button", { "aria-label": say(name), title: say(name), onclick: () => on.step(key) }, sign));
    this.map = h("div", { class: "enlarged" });
    this.sums = h("div", { class: "sums" });
    this.element = h("section", { class: "detail", tabindex: 0, "aria-label": say("output") },
      h("div", { class: "row" }, this.title),
      h("div", { class: "row", "data-unsaved": "" }, this.pin, this.off, this.filters, h("span", { class: "row", role: "group", "aria-label": say("steps") }, ...steps)),
      h("div", { class: "celldetail" }, this.map, this.sums));
    /** @type {Cell|null} */
    this.cell = null;
    this.isPinned = false;
    /** @type {MapView|null} */
    this.view = null;
    this.viewed = "";
  }

  /**
   * Shows a cell.
   * @param {Cell} cell
   * @param {boolean} isPinned
   * @param {import("./chain.js").Link[]} chain  of the cell
   * @param {ArrayLike<number>} fars  of the cell's layer: the value of the strongest colour
   */
  show(cell, isPinned, chain, fars) {
    const { app, say } = this, { network } = app;
    this.cell = cell;
    this.isPinned = isPinned;
    this.element.classList.toggle("pinned", isPinned);
    const isOff = app.off.get(cell.layer)?.has(cell.unit) ?? false;
    set(this.title, cellText(say, network, cell, app.run.classes));
    set(this.pin, say(isPinned ? "release" : "pin"));
    this.pin.setAttribute("aria-pressed", String(isPinned));
    set(this.off, say(isOff ? "on" : "off"));
    this.off.hidden = cell.layer < 0;
    this.filters.hidden = network.layers[cell.layer]?.kind !== "convolution";
    this.enlarge(cell, fars);
    const focused = this.sums.contains(document.activeElement) ? document.activeElement : null;
    const key = focused instanceof HTMLElement ? focused.dataset.key : undefined;
    fill(this.sums, ...arithmeticOf({ app, say, pick: this.on.pick }, cell, chain));
    if (key) /** @type {HTMLElement|null} */ (this.sums.querySelector(`[data-key="${key}"]`))?.focus({ preventScroll: true });
  }

  /**
   * Paints the map of a cell, or all numbers of a layer without maps, large.
   * @param {Cell} cell
   * @param {ArrayLike<number>} fars
   */
  enlarge(cell, fars) {
    const { app, say, on } = this, { network, outputs } = app, { layer, unit } = cell, shape = shapeOf(network, layer), isMap = shape.length === 3;
    const grid = largeGrid(network, layer), key = `${app.runNumber} ${layer} ${isMap ? unit : ""}`;
    this.map.hidden = grid === null;
    if (!grid) return;
    if (!this.view || this.viewed !== key) {
      this.viewed = key;
      const name = layerText(say, network, layer), whole = (/** @type {import("../../charts/grids.js").Place} */ place) => ({ layer, ...place, ...(isMap && { unit }) });
      const had = this.map.contains(document.activeElement);
      this.view = new MapView(grid, say(isMap ? "enlarged" : "enlargedAll", { unit, name }), {
        hover: (place) => on.hover(place && whole(place)),
        pick: (place) => on.pick(whole(place)),
        key: (event) => on.key(event, layer),
        focus: () => {},
      });
      fill(this.map, this.view.element);
      if (had) this.view.element.focus({ preventScroll: true });
    }
    const size = isMap ? shape[1] * shape[2] : shape[0], start = isMap ? unit * size : 0, one = isMap && fars.length > 1 ? [fars[unit]] : fars;
    if (layer < 0) this.view.paint(planes(app.image.pixels, shape).subarray(start, start + size), [255], app.theme, "grey");
    else this.view.paint(outputs[layer].subarray(start, start + size), one, app.theme);
    this.view.mark([{ ...cell, unit: isMap ? 0 : unit, name: "cell" }]);
  }
}

/**
 * How one map of a layer, or all its numbers where it has no maps, stand enlarged; null where that is no larger than in the overview.
 * @param {import("../../engine/network.js").Network} network
 * @param {number} layer
 */
function largeGrid(network, layer) {
  const [count, ...map] = shapeOf(network, layer), isWide = innerWidth > 760, room = isWide ? LARGE : SMALL;
  const grid = map.length ? mapGrid([1, ...map], { columns: 1 }) : gridOf(network, layer);
  if (grid.kind === "bars") {
    const bars = barGrid(count, isWide ? LONG : SHORT);
    return bars.scale > grid.scale ? bars : null;
  }
  const scale = Math.max(1, Math.min(40, Math.floor(room / Math.max(...grid.size))));
  return { ...grid, scale, room: /** @type {[number, number]} */ ([grid.size[0] * scale, grid.size[1] * scale]) };
}

/**
 * The text of a cell's number.
 * @param {App} app
 * @param {Cell} cell
 */
export function valueText(app, cell) {
  const at = indexOf(app.network, cell);
  return floatText(cell.layer < 0 ? app.network.inputOf(app.image.pixels)[at] : app.outputs[cell.layer][at]);
}

/** @param {HTMLElement} element @param {string} text */
function set(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
