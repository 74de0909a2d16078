/** One number of a layer: where it is, its map enlarged, and how it is computed. */

import { fill, h } from "../../base/dom.js";
import { floatText } from "../../base/floats.js";
import { mapGrid } from "../../charts/grids.js";
import { arithmeticOf } from "./sums.js";
import { cellText, layerText } from "./describe.js";
import { indexOf, shapeOf } from "./fields.js";
import { MapView } from "./map_view.js";
import { planes } from "./overview.js";

/** @typedef {import("../../base/app.js").App} App */
/** @typedef {import("./fields.js").Cell} Cell */
/** @typedef {{hover: (cell: Cell|null) => void, pick: (cell: Cell) => void, key: (event: KeyboardEvent, layer: number) => void,
 *   step: (key: string) => void, release: () => void, toggle: (cell: Cell) => void}} Handlers */

const STEPS = [["ArrowLeft", "←", "left"], ["ArrowUp", "↑", "up"], ["ArrowDown", "↓", "down"], ["ArrowRight", "→", "right"],
  ["PageUp", "⇤", "previous"], ["PageDown", "⇥", "next"]];
const LARGE = 300, SMALL = 170; // CSS pixels of an enlarged map, on a phone

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
   * Paints the map of a cell, large.
   * @param {Cell} cell
   * @param {ArrayLike<number>} fars
   */
  enlarge(cell, fars) {
    const { app, say, on } = this, { network, outputs } = app, shape = shapeOf(network, cell.layer);
    this.map.hidden = shape.length !== 3;
    if (shape.length !== 3) return;
    const [, height, width] = shape, size = height * width, key = `${app.runNumber} ${cell.layer} ${cell.unit}`;
    if (!this.view || this.viewed !== key) {
      this.viewed = key;
      const room = innerWidth > 760 ? LARGE : SMALL, scale = Math.max(1, Math.min(40, Math.floor(room / Math.max(height, width))));
      const grid = { ...mapGrid([1, height, width], { columns: 1 }), scale };
      grid.room = [grid.size[0] * scale, grid.size[1] * scale];
      const name = layerText(say, network, cell.layer), { layer, unit } = cell;
      const had = this.map.contains(document.activeElement);
      this.view = new MapView(grid, say("enlarged", { unit, name }), {
        hover: (place) => on.hover(place && { layer, ...place, unit }),
        pick: (place) => on.pick({ layer, ...place, unit }),
        key: (event) => on.key(event, layer),
        focus: () => {},
      });
      fill(this.map, this.view.element);
      if (had) this.view.element.focus({ preventScroll: true });
    }
    const start = cell.unit * size, one = fars.length > 1 ? [fars[cell.unit]] : fars;
    if (cell.layer < 0) this.view.paint(planes(app.image.pixels, shape).subarray(start, start + size), [255], app.theme, "grey");
    else this.view.paint(outputs[cell.layer].subarray(start, start + size), one, app.theme);
    this.view.mark([{ ...cell, unit: 0, name: "cell" }]);
  }
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
