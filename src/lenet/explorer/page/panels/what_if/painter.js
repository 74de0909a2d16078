/** Painting single pixels of the image that the network sees. */

import { fill, h } from "../../base/dom.js";
import { changes, changesText } from "../../base/state.js";
import { mapGrid, walk } from "../../charts/grids.js";
import { paintPixels } from "../../charts/raster.js";
import { MapView } from "../layers/map_view.js";
import { between } from "./changes.js";
import { WORDS } from "./words.js";

const LARGE = 280; // CSS pixels

/** @typedef {{unit: number, row: number, column: number}} Place */

/** @param {import("../../base/app.js").App} app */
export function painter(app) {
  const say = app.words(WORDS), holder = h("div", { class: "enlarged painter" }), label = h("span", {});
  const grey = h("input", { type: "range", min: 0, max: 255, value: 255, oninput: () => name() });
  const reset = h("button", { onclick: () => app.set({ pixels: "" }) }, say("resetPixels"));
  const name = () => {
    label.textContent = say("paint", { grey: grey.value });
    grey.setAttribute("aria-label", label.textContent);
  };
  name();
  /** @type {MapView|null} */
  let view = null;
  let size = "";
  let cursor = { unit: 0, row: 0, column: 0 };
  /** @type {Place|null} */
  let last = null; // of the stroke that is being painted
  const paint = (/** @type {Place} */ to) => {
    const [channels, , width] = app.network.inputShape, edits = changes(String(app.state.pixels));
    for (const { row, column } of between(last ?? to, to)) {
      for (let channel = 0; channel < channels; channel += 1) edits.set((row * width + column) * channels + channel, Number(grey.value));
    }
    cursor = to;
    app.set({ pixels: changesText(edits) }, { isPassing: last !== null });
  };
  const onkey = (/** @type {KeyboardEvent} */ event) => {
    if (!view) return;
    const next = walk(view.grid, cursor, event.key);
    if (next) cursor = next;
    else if (event.key === "Enter" || event.key === " ") paint(cursor);
    else if (!event.key.startsWith("Arrow")) return;
    event.preventDefault();
    view.mark([{ ...cursor, name: "cell" }]);
  };
  const make = (/** @type {number} */ height, /** @type {number} */ width) => {
    const scale = Math.max(1, Math.floor(LARGE / Math.max(height, width))), grid = { ...mapGrid([1, height, width], { columns: 1 }), scale };
    grid.room = [grid.size[0] * scale, grid.size[1] * scale];
    const made = new MapView(grid, say("painter"), { hover: () => {}, pick: () => {}, key: onkey, focus: () => made.mark([{ ...cursor, name: "cell" }]) });
    const { element } = made;
    element.addEventListener("pointerdown", (event) => {
      const place = made.placeOf(event);
      if (!place) return;
      element.setPointerCapture(event.pointerId);
      last = place;
      paint(place);
    });
    element.addEventListener("pointermove", (event) => {
      const place = last && made.placeOf(event);
      if (!place) return;
      paint(place);
      last = place;
    });
    for (const end of ["pointerup", "pointercancel"]) element.addEventListener(end, () => {
      if (last) app.set({}); // the stroke is over: the address may have it
      last = null;
    });
    return made;
  };
  const update = () => {
    const [channels, height, width] = app.network.inputShape;
    if (!view || size !== `${height} ${width}`) {
      size = `${height} ${width}`;
      view = make(height, width);
      fill(holder, view.element);
    }
    paintPixels(view.canvas, app.image.pixels, width, height, channels);
  };
  return { element: h("div", {}, holder, h("div", { class: "row" }, h("label", { class: "row" }, label, grey), reset)), update };
}
