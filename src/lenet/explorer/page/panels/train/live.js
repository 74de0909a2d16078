/** What a training shows while it runs: its curves, the filters, and the answer for the image beside. */

import { fill, h } from "../../base/dom.js";
import { lineChart } from "../../charts/lines.js";
import { canvasOf, paint, scaleOf } from "../../charts/raster.js";
import { Network } from "../../engine/network.js";
import { softmax } from "../../engine/doubt.js";
import { layersOf, tensorsOf } from "../../training/recipes.js";

/** @typedef {import("../../base/app.js").App} App */
/** @typedef {import("./session.js").Session} Session */
/** @typedef {import("../../base/words.js").Say} Say */

const FILTER = 52; // CSS pixels

/**
 * The curves and filters; `update` repaints them.
 * @param {App} app
 * @param {Say} say
 */
export function liveOf(app, say) {
  const curves = h("div", { class: "row" }), filters = h("div", { class: "row" }), heading = h("h3", {}, say("filters"));
  const element = h("div", { hidden: true }, curves, heading, filters);
  return {
    element,
    /** @param {Session} session */
    update(session) {
      const { points, last, settings } = session;
      element.hidden = !last || !settings;
      if (!last || !settings) return;
      fill(curves, ...chartsOf(points, say));
      const { input, classes } = /** @type {import("./source.js").Source} */ (session.source);
      const layers = layersOf(settings, input, classes.length), { tensors } = tensorsOf(layers);
      const [start, [count, channels, size]] = tensors[`${layers[0].name}.weight`], taps = size * size;
      const { weights } = session.moments[session.moments.length - 1];
      const kernels = Array.from({ length: count * channels }, (_, i) => weights.subarray(start + i * taps).subarray(0, taps));
      const scale = scaleOf(kernels), canvases = /** @type {any} */ (filters.children);
      if (filters.childElementCount !== kernels.length)
        fill(filters, ...kernels.map((_, i) => canvasOf(FILTER, size, size, { "aria-label": say("filter", { number: i + 1 }) })));
      kernels.forEach((kernel, i) => paint(canvases[i], kernel, size, size, scale, app.theme));
    },
  };
}

/**
 * @param {import("../../engine/worker.js").Progress[]} points
 * @param {Say} say
 */
function chartsOf(points, say) {
  const along = (/** @type {(point: any) => number} */ of) => (
    /** @type {[number, number][]} */ (points.map((point) => [point.epoch, of(point)])));
  const sizes = { width: 400, height: 190, x: say("inEpochs"), label: say("curves") };
  return [
    lineChart([
      { name: say("training"), points: along(({ loss }) => loss), colour: "var(--accent)" },
      { name: say("testing"), points: along(({ test }) => test.loss), colour: "var(--mark)", dashed: true },
    ], { ...sizes, y: say("loss"), low: 0 }),
    lineChart([
      { name: say("training"), points: along(({ accuracy }) => accuracy), colour: "var(--accent)" },
      { name: say("testing"), points: along(({ test }) => test.accuracy), colour: "var(--mark)", dashed: true },
    ], { ...sizes, y: say("correct"), low: 0, high: 1 }),
  ];
}

/**
 * What the network answers now for the image beside.
 * @param {App} app
 * @param {Session} session
 * @returns {{label: string, share: string}|null}
 */
export function answerNow(app, { settings, moments, preprocessing, source }) {
  const last = moments[moments.length - 1];
  if (!settings || !last || !preprocessing || !source) return null;
  const { input, classes } = source, { pixels } = app.image;
  if (String(classes) !== String(app.run.classes) || pixels.length !== input.channels * input.height * input.width) return null;
  const layers = layersOf(settings, input, classes.length), { tensors } = tensorsOf(layers);
  const outputs = new Network({ layers, input, preprocessing, tensors }, last.weights).forward(pixels);
  const probabilities = softmax(outputs[outputs.length - 1], 1), most = Math.max(...probabilities);
  return { label: classes[probabilities.indexOf(most)], share: (100 * most).toFixed(1) };
}
