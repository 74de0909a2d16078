/** A canvas with the numbers of a layer, on which a number can be pointed at, picked, and outlined. */

import { fill, h } from "../../base/dom.js";
import { boxOf, placeAt } from "../../charts/grids.js";
import { paintLayer } from "../../charts/maps.js";

/** @typedef {import("../../charts/grids.js").Grid} Grid */
/** @typedef {import("../../charts/grids.js").Place} Place */
/** @typedef {Place & {height?: number, width?: number, name: string}} Mark  name: of the style: cell, cursor, source, winner, off */

/**
 * What a view tells of: a number that is pointed at (null: none any more), one that is picked, a key, the focus.
 * @typedef {object} Handlers
 * @property {(place: Place|null) => void} hover
 * @property {(place: Place) => void} pick
 * @property {(event: KeyboardEvent) => void} key
 * @property {() => void} focus
 */

export class MapView {
  /**
   * @param {Grid} grid
   * @param {string} label
   * @param {Handlers} on
   */
  constructor(grid, label, on) {
    this.grid = grid;
    this.canvas = h("canvas", { "aria-hidden": "true", width: 1, height: 1 });
    this.marks = h("div", { class: "marks" });
    this.marked = "";
    const [width, height] = grid.room;
    this.element = h("div", {
      class: `layermaps of-${grid.kind}`, style: `width:${width}px;height:${height}px`, tabindex: 0, role: "application", "aria-label": label,
      onpointermove: (/** @type {PointerEvent} */ event) => event.pointerType === "mouse" && on.hover(this.placeOf(event)),
      onpointerleave: () => on.hover(null),
      onclick: (/** @type {PointerEvent} */ event) => {
        const place = this.placeOf(event);
        if (place) on.pick(place);
      },
      onkeydown: on.key, onfocus: on.focus,
    }, this.canvas, this.marks);
  }

  /**
   * Paints the numbers; see charts/maps.js.
   * @param {ArrayLike<number>} values
   * @param {ArrayLike<number>} fars
   * @param {string} theme
   * @param {"diverging"|"grey"} [kind]
   */
  paint(values, fars, theme, kind) {
    paintLayer(this.canvas, values, this.grid, fars, theme, kind);
  }

  /**
   * Outlines numbers, and no others.
   * @param {Mark[]} marks
   */
  mark(marks) {
    const key = marks.map(({ name, unit, row, column, height, width }) => [name, unit, row, column, height, width].join()).join(" ");
    if (key === this.marked) return;
    this.marked = key;
    fill(this.marks, ...marks.map((mark) => {
      const { x, y, width, height } = boxOf(this.grid, mark);
      return h("div", { class: `mark ${mark.name}`, style: `left:${x}px;top:${y}px;width:${width}px;height:${height}px` });
    }));
  }

  /** @param {PointerEvent} event */
  placeOf(event) {
    const box = this.canvas.getBoundingClientRect(), shrunk = box.width / this.grid.room[0] || 1;
    return placeAt(this.grid, (event.clientX - box.left) / shrunk, (event.clientY - box.top) / shrunk);
  }
}
