/** A map of numbers whose places can be pointed at, walked through with the arrow keys, and pinned. */

import { h } from "../base/dom.js";
import { canvasOf, paint } from "./raster.js";

/** @typedef {import("./raster.js").Scale} Scale */

/**
 * A map, with a frame around one place.
 * @typedef {object} Cells
 * @property {HTMLElement} element
 * @property {(values: ArrayLike<number>, width: number, height: number, scale: Scale, theme: string) => void} show
 * @property {(paintOn: (canvas: HTMLCanvasElement) => void) => void} draw  paints the canvas otherwise, such as an image
 * @property {(place: number|null, edge?: number) => void} mark  frames a square of that many places around one
 * @property {(places: number[]) => void} outline  marks places with a dot each
 */

/**
 * Makes a map of `height` rows and `width` columns.
 * @param {{size: number, width: number, height: number, label: string,
 *   onPoint?: (place: number|null) => void, onPin?: (place: number|null) => void}} options
 *   size: of the longer side in CSS pixels; onPoint: of what the pointer is over; onPin: of a click or the keys, null with Escape
 * @returns {Cells}
 */
export function cells({ size, width, height, label, onPoint = () => {}, onPin = () => {} }) {
  const scale = size / Math.max(width, height);
  const canvas = canvasOf(size, width, height, { role: "presentation" }), frame = h("div", { class: "frame", hidden: true });
  const dots = canvasOf(size, width * 6, height * 6, { role: "presentation", class: "dots" });
  const box = h("div", { class: "cells", style: `width:${Math.round(width * scale)}px;max-width:100%` }, canvas, dots, frame);
  /** @type {number|null} */
  let current = null;
  const placeAt = (/** @type {PointerEvent|MouseEvent} */ event) => {
    const area = canvas.getBoundingClientRect();
    const column = Math.floor(((event.clientX - area.x) / area.width) * width), row = Math.floor(((event.clientY - area.y) / area.height) * height);
    return column >= 0 && row >= 0 && column < width && row < height ? row * width + column : null;
  };
  const walk = (/** @type {KeyboardEvent} */ event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -width, ArrowDown: width }[event.key];
    if (event.key === "Escape") onPin(null);
    if (step === undefined) return;
    event.preventDefault();
    const from = current ?? Math.floor(height / 2) * width + Math.floor(width / 2), column = from % width;
    if ((step === -1 && column === 0) || (step === 1 && column === width - 1) || from + step < 0 || from + step >= width * height) return;
    onPin(from + step);
  };
  box.addEventListener("pointermove", (event) => onPoint(placeAt(event)));
  box.addEventListener("pointerleave", () => onPoint(null));
  box.addEventListener("click", (event) => onPin(placeAt(event)));
  box.addEventListener("keydown", walk);
  for (const [name, value] of Object.entries({ tabindex: "0", role: "application", "aria-label": label })) box.setAttribute(name, value);
  return {
    element: box,
    show: (values, columns, rows, of, theme) => paint(canvas, values, columns, rows, of, theme),
    draw: (paintOn) => paintOn(canvas),
    mark(place, edge = 1) {
      current = place;
      frame.hidden = place === null;
      if (place === null) return;
      const half = edge >> 1, row = Math.floor(place / width), column = place % width;
      const left = Math.max(0, column - half), top = Math.max(0, row - half);
      const percent = (/** @type {number} */ share) => `${(100 * share).toFixed(3)}%`;
      Object.assign(frame.style, {
        left: percent(left / width), top: percent(top / height),
        width: percent((Math.min(width, column + half + 1) - left) / width), height: percent((Math.min(height, row + half + 1) - top) / height),
      });
    },
    outline: (places) => outline(dots, places, width),
  };
}

/**
 * Draws the border of some places.
 * @param {HTMLCanvasElement} canvas  six pixels a place
 * @param {number[]} places
 * @param {number} width
 */
function outline(canvas, places, width) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")), among = new Set(places), size = 6;
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = getComputedStyle(canvas).color;
  for (const place of places) {
    const x = (place % width) * size, y = Math.floor(place / width) * size, column = place % width;
    if (!among.has(place - width)) context.fillRect(x, y, size, 1);
    if (!among.has(place + width)) context.fillRect(x, y + size - 1, size, 1);
    if (column === 0 || !among.has(place - 1)) context.fillRect(x, y, 1, size);
    if (column === width - 1 || !among.has(place + 1)) context.fillRect(x + size - 1, y, 1, size);
  }
}
