/** The layers of two networks side by side, and their difference. */

import { fill, h } from "../../base/dom.js";
import { farthest, paintLayer } from "../../charts/maps.js";
import { short } from "../../charts/raster.js";
import { layerText } from "../layers/describe.js";
import { gridOf } from "../layers/overview.js";
import { WORDS as LAYER_WORDS } from "../layers/words.js";

/** @typedef {import("../../base/app.js").App} App */
/** @typedef {import("../../engine/network.js").Network} Network */

const LEFT_OUT = ["flatten", "dropout"]; // they only pass on what they get

/**
 * The layers that two networks have in common: from the first on while kind and shape are the same.
 * @param {Network} one
 * @param {Network} two
 * @returns {number}
 */
export function commonLayers(one, two) {
  const differs = one.layers.findIndex((layer, i) => layer.kind !== two.layers[i]?.kind || String(one.shapes[i]) !== String(two.shapes[i]));
  return differs < 0 ? one.layers.length : differs;
}

/**
 * Rows of pictures, one for each layer that both have, and then those of each alone.
 * @param {App} app
 * @param {import("../../base/words.js").Say} say
 */
export function sideBySide(app, say) {
  const element = h("div", {}), name = app.words(LAYER_WORDS);
  let built = "";
  /** @type {{layer: number, which: number, canvas: HTMLCanvasElement, grid: import("../../charts/grids.js").Grid, far: HTMLElement}[]} */
  let pictures = [];
  const picture = (/** @type {number[]} */ runs, /** @type {number} */ which, /** @type {number} */ layer, isApart = false) => {
    const network = app.networkOf(runs[Math.min(which, 1)]), grid = gridOf(network, layer), text = layerText(name, network, layer);
    const title = which < 2 ? app.data.runs[runs[which]].name : say("minus", { one: app.data.runs[runs[0]].name, two: app.data.runs[runs[1]].name });
    const canvas = h("canvas", { role: "img", "aria-label": say("layerOf", { layer: text, name: title }) }), far = h("span", { class: "pale" });
    pictures.push({ layer, which, canvas, grid, far });
    return h("div", { class: "layer", style: `width:${grid.room[0]}px` }, h("div", { class: `layermaps of-${grid.kind}`, style: `width:${grid.room[0]}px;height:${grid.room[1]}px` }, canvas),
      isApart && [text, " "].join(""), h("b", {}, title), " ", far);
  };
  const build = (/** @type {number[]} */ runs) => {
    pictures = [];
    const networks = runs.map((run) => app.networkOf(run)), common = commonLayers(networks[0], networks[1]);
    const isShown = (/** @type {number} */ which, /** @type {number} */ layer) => !LEFT_OUT.includes(networks[which].layers[layer].kind);
    const rows = Array.from({ length: common }, (_, layer) => layer).filter((layer) => isShown(0, layer)).map((layer) => (
      h("section", { "data-layer": layer }, h("h4", {}, layerText(name, networks[0], layer)), h("div", { class: "overview" }, ...[0, 1, 2].map((which) => picture(runs, which, layer))))));
    const isAll = networks.every(({ layers }) => layers.length === common), names = runs.map((run) => app.data.runs[run].name);
    const apart = isAll ? [] : [h("p", {}, say("unlike", { one: names[0], two: names[1] })), ...[0, 1].map((which) => (
      h("div", { class: "overview" }, ...networks[which].layers.flatMap((_, layer) => (layer < common || !isShown(which, layer) ? [] : [picture(runs, which, layer, true)])))))];
    fill(element, ...rows, ...apart);
  };
  return {
    element,
    /** @param {number} one @param {number} two  numbers of runs */
    update(one, two) {
      const runs = [one, two], networks = runs.map((run) => app.networkOf(run)), key = `${runs} ${networks.map(({ shapes }) => shapes.join(";")).join("|")}`;
      if (key !== built) build(runs);
      built = key;
      const outputs = runs.map((run) => app.outputsOf(run)), common = commonLayers(networks[0], networks[1]);
      for (const { layer, which, canvas, grid, far } of pictures) {
        const values = which < 2 ? outputs[which][layer] : outputs[0][layer].map((value, i) => value - outputs[1][layer][i]);
        const reach = which < 2 && layer < common ? Math.max(farthest(outputs[0][layer]), farthest(outputs[1][layer])) : farthest(values);
        paintLayer(canvas, values, grid, [reach || 1], app.theme);
        far.textContent = `± ${short(reach)}`;
      }
    },
  };
}
