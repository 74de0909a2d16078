/** The kernels of the convolutions at a moment, in the same colours at all moments. */

import { fill, h } from "../../base/dom.js";
import { mapGrid } from "../../charts/grids.js";
import { farthest, paintLayer } from "../../charts/maps.js";
import { legend } from "../../charts/raster.js";
import { layerText } from "../layers/describe.js";
import { WORDS as LAYER_WORDS } from "../layers/words.js";

/** @typedef {import("../../base/app.js").App} App */

const MOST = 400; // kernels of a convolution
const WIDEST = 24; // kernels in a row

/**
 * A row of pictures, one for each convolution.
 * @param {App} app
 * @param {import("../../base/words.js").Say} say
 */
export function kernelPictures(app, say) {
  const element = h("div", { class: "overview" });
  let painted = "";
  /** @type {{layer: number, canvas: HTMLCanvasElement, grid: import("../../charts/grids.js").Grid, far: number}[]} */
  let pictures = [];
  const build = () => {
    const { network, run } = app, name = app.words(LAYER_WORDS);
    const layers = network.layers.flatMap(({ kind }, i) => (kind === "convolution" ? [i] : []));
    pictures = layers.map((layer) => {
      const { channels, kernel, weight, bias } = network.kernels(layer), inputs = (bias - weight) / (channels * kernel * kernel);
      const count = Math.min(channels, Math.max(1, Math.floor(MOST / inputs))) * inputs;
      const grid = { ...mapGrid([count, kernel, kernel], { columns: inputs === 1 ? channels : inputs * Math.max(1, Math.floor(WIDEST / inputs)) }), scale: inputs === 1 ? 6 : 4 };
      const [width, height] = grid.size, canvas = h("canvas", { role: "img", "aria-label": say("kernels", { layer: layerText(name, network, layer) }),
        style: `width:${width * grid.scale}px;height:${height * grid.scale}px` });
      const far = Math.max(...[run, ...run.snapshots].map((each) => farthest(each.weights.values, weight, bias))) || 1;
      return { layer, canvas, grid, far };
    });
    fill(element, ...pictures.map(({ layer, canvas, far }) => h("div", { class: "layer" }, h("h4", {}, layerText(name, network, layer)),
      h("div", { class: "scroll" }, canvas), legend({ kind: "diverging", low: -far, high: far }, app.theme))));
  };
  return {
    element,
    update() {
      const { network, theme, run } = app, key = `${theme} ${app.runNumber} ${run.snapshots.length}`;
      if (painted !== key) build();
      painted = key;
      for (const { layer, canvas, grid, far } of pictures) {
        const { weight, kernel } = network.kernels(layer), size = grid.count * kernel * kernel;
        paintLayer(canvas, network.weights.subarray(weight, weight + size), grid, [far], theme);
      }
    },
  };
}
