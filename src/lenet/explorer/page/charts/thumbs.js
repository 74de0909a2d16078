/** Small images of the data set, that open in the explorer. */

import { h } from "../base/dom.js";
import { pixelsOf } from "../base/sources.js";
import { canvasOf, paintPixels } from "./raster.js";

/** @typedef {import("../base/app.js").App} App */
/** @typedef {import("../base/types.js").ImageSet} ImageSet */

/**
 * An image of the network's size.
 * @param {App} app
 * @param {ArrayLike<number>} pixels
 * @param {number} size  of the longer side, in CSS pixels
 * @param {Record<string, any>} [attributes]
 */
export function thumb(app, pixels, size, attributes = { role: "presentation" }) {
  const { channels, height, width } = app.run.input, canvas = canvasOf(size, width, height, attributes);
  paintPixels(canvas, pixels, width, height, channels);
  return canvas;
}

/**
 * A button that opens a stored image.
 * @param {App} app
 * @param {"test"|"train"} name  of its set
 * @param {number} number
 * @param {{size: number, label: string, caption?: string, mark?: string}} options  label: for those who do not see it
 */
export function opener(app, name, number, { size, label, caption = "", mark = "" }) {
  const set = /** @type {ImageSet} */ (app.run.images[name]), address = `${name}:${number}`;
  const spoken = caption ? `${caption}: ${label}` : label; // it begins with what is seen
  return h("button", { class: `thumb ${mark}`, title: label, "aria-label": spoken, "data-image": address, onclick: () => app.set({ image: address, pixels: "" }) },
    thumb(app, pixelsOf(set, number), size), caption && h("span", {}, caption));
}
