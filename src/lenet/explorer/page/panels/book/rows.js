/** Images below each other, each with its answer and the maps of one layer: all on one scale. */

import { fill, h } from "../../base/dom.js";
import { imageOf } from "../../base/sources.js";
import { embeddingOf, judge } from "../../engine/doubt.js";
import { mapGrid } from "../../charts/grids.js";
import { farthest, paintLayer } from "../../charts/maps.js";
import { legend, short } from "../../charts/raster.js";
import { thumb } from "../../charts/thumbs.js";
import { share } from "../why/sentences.js";
import { WORDS } from "./words.js";

/** @typedef {import("../../base/app.js").App} App */
/** @typedef {{address: string, label: number|null, answer: number, p: number, isUnknown: boolean, reason: "far"|"weak"|null, score: number|null, values: Float32Array, pixels: Uint8Array}} Seen */

/**
 * What the network makes of images.
 * @param {App} app
 * @param {string[]} addresses
 * @param {number} layer  whose outputs are wanted
 * @returns {Seen[]}
 */
export function seen(app, addresses, layer) {
  const { network, off } = app, { calibration } = app.run;
  return addresses.map((address) => {
    const { pixels, label } = imageOf(app, address), outputs = network.forward(pixels, off), logits = outputs[outputs.length - 1];
    const judged = judge(calibration, logits, calibration ? embeddingOf(network, outputs, calibration) : null), p = Math.max(...judged.probabilities);
    return { address, label, answer: judged.probabilities.indexOf(p), p, isUnknown: judged.isUnknown, reason: judged.reason, score: judged.score, values: outputs[layer], pixels };
  });
}

/**
 * The mean output of each channel.
 * @param {Float32Array} values  (channels, places)
 * @param {number} channels
 * @returns {number[]}
 */
export function channelMeans(values, channels) {
  const places = values.length / channels;
  return Array.from({ length: channels }, (_, channel) => values.subarray(channel * places, (channel + 1) * places).reduce((a, b) => a + b, 0) / places);
}

/**
 * A table of images with their answers and maps.
 * @param {HTMLElement} root
 * @param {App} app
 * @param {Seen[]} all
 * @param {number} layer
 */
export function fillRows(root, app, all, layer) {
  const say = app.words(WORDS), { classes } = app.run, shape = app.network.shapes[layer], far = Math.max(...all.map((each) => farthest(each.values))) || 1;
  const isMaps = shape.length === 3, grid = isMaps ? mapGrid(shape, { columns: Math.min(shape[0], 8), most: 2 }) : null;
  const row = (/** @type {Seen} */ each) => {
    const text = say(each.isUnknown ? "rejected" : "answered", { answer: classes[each.answer], p: share(each.p), score: each.score === null ? "–" : each.score.toFixed(2) });
    const verdict = each.reason ? h("div", { class: "bad" }, say(each.reason, { score: (each.score ?? 0).toFixed(2) })) : each.score !== null && h("div", { class: "pale" }, say("accepted", { score: each.score.toFixed(2) }));
    const mean = each.values.reduce((a, b) => a + b, 0) / each.values.length;
    const button = h("button", { class: "thumb", "data-image": each.address, "aria-label": say("open", { address: each.address, answer: classes[each.answer] }), onclick: () => app.set({ image: each.address, pixels: "" }) }, thumb(app, each.pixels, 56));
    const canvas = grid && h("canvas", { role: "img", "aria-label": say("mapsOf", { address: each.address }), style: `width:${grid.room[0]}px;height:${grid.room[1]}px` });
    if (canvas && grid) paintLayer(canvas, each.values, grid, [far], app.theme);
    return h("tr", { "data-row": each.address }, h("td", {}, button), h("th", { scope: "row" }, h("div", {}, nameOf(each, classes, say)), h("div", {}, text), verdict), h("td", {}, canvas), h("td", {}, short(mean)));
  };
  fill(root, h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": say("rows") }, h("table", { class: "rows" },
    h("thead", {}, h("tr", {}, ...["image", "answer", "maps", "mean"].map((key) => h("th", { scope: "col" }, say(key))))), h("tbody", {}, ...all.map(row)))),
  legend({ kind: "diverging", low: -far, high: far }, app.theme));
}

/** @param {Seen} each @param {string[]} classes @param {import("../../base/words.js").Say} say */
function nameOf({ address, label }, classes, say) {
  const [source, ...rest] = address.split(":");
  if (label !== null) return h("b", {}, say("labelled", { name: classes[label] }));
  return h("b", {}, source === "outline" ? say(`outline_${rest[0]}`) : say(source, { rest: rest.join(":") }));
}
