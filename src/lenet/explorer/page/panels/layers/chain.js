/** A number and those that it comes from, back to a layer with weights; and the outlines that show them. */

import { terms } from "../../engine/arithmetic.js";
import { fieldsOf, shapeOf, sourceOf } from "./fields.js";

/** @typedef {import("../../engine/network.js").Network} Network */
/** @typedef {import("../../engine/arithmetic.js").Arithmetic} Arithmetic */
/** @typedef {import("./fields.js").Cell} Cell */
/** @typedef {{cell: Cell, arithmetic: Arithmetic}} Link */

/**
 * Takes a number apart, then the single number that it comes from, and so on: a maximum, the activation that won, the
 * convolution before it.
 * @param {Network} network
 * @param {Uint8Array} pixels
 * @param {Float32Array[]} outputs
 * @param {Cell} cell
 * @returns {Link[]} none for the input
 */
export function chainOf(network, pixels, outputs, cell) {
  const links = [];
  for (let at = /** @type {Cell|null} */ (cell); at && at.layer >= 0;) {
    const arithmetic = terms(network, pixels, outputs, at.layer, at.unit, at.row, at.column);
    links.push({ cell: at, arithmetic });
    at = sourceOf(network, at, arithmetic);
  }
  return links;
}

/**
 * The outlines of a number: itself, what it is computed from, the winners among that, and the units that are switched off.
 * @param {Network} network
 * @param {Cell} cell
 * @param {Link[]} chain
 * @param {Map<number, Set<number>>} off
 * @returns {{marks: Map<number, import("./map_view.js").Mark[]>, whole: Set<number>}}
 */
export function marksOf(network, cell, chain, off) {
  /** @type {Map<number, import("./map_view.js").Mark[]>} */
  const marks = new Map();
  const whole = /** @type {Set<number>} */ (new Set());
  const add = (/** @type {number} */ layer, /** @type {import("./map_view.js").Mark} */ mark) => marks.set(layer, [...(marks.get(layer) ?? []), mark]);
  for (const [layer, units] of off) {
    const [count, height = 1, width = 1] = layer < network.layers.length ? shapeOf(network, layer) : [0];
    for (const unit of units) if (unit < count) add(layer, { unit, row: 0, column: 0, height, width, name: "off" });
  }
  chain.forEach(({ cell: each, arithmetic }) => {
    for (const { layer, boxes } of fieldsOf(network, each)) {
      if (!boxes.length) whole.add(layer);
      for (const box of boxes) add(layer, { ...box, name: "source" });
    }
    const source = arithmetic.winner === undefined ? null : sourceOf(network, each, arithmetic);
    if (source) add(source.layer, { ...source, name: "winner" });
  });
  add(cell.layer, { ...cell, name: "cell" });
  return { marks, whole };
}
