/** The training again: a slider over its snapshots, which all panels follow. */

import { fill, h } from "../../base/dom.js";
import { COLOURS, lineChart } from "../../charts/lines.js";
import { short } from "../../charts/raster.js";
import { Overview } from "../layers/overview.js";
import { WORDS as LAYER_WORDS } from "../layers/words.js";
import { mountConfusion } from "../set/confusion.js";
import { mountEmbedding } from "../set/embedding.js";
import { share } from "../why/sentences.js";
import { kernelPictures } from "./kernels.js";
import { answersOverTime, classesToDraw, indexOf, momentsOf } from "./moments.js";
import { WORDS } from "./words.js";

/** @typedef {import("../../base/app.js").App} App */

const PAUSE = 800; // milliseconds between two moments

/** @type {import("../../base/types.js").Panel} */
export const panel = { id: "replay", place: "tab", words: WORDS, mount };

/** @param {HTMLElement} root @param {App} app */
function mount(root, app) {
  const say = app.words(WORDS), parts = h("div"), missing = h("div");
  fill(root, missing, parts);
  const controls = controlsOf(app), charts = h("div", { class: "row charts" });
  const overview = new Overview(app.words(LAYER_WORDS), { hover() {}, key() {}, focus() {}, pick: (cell) => app.set({ panel: "layers", ...cell }) });
  const kernels = kernelPictures(app, say), confusion = h("section", { class: "card" }), embedding = h("section", { class: "card" });
  const below = [mountConfusion(confusion, app), mountEmbedding(embedding, app)];
  fill(parts, controls.element, charts, h("h3", {}, say("maps")), overview.element, h("h3", {}, say("kernelsTitle")), kernels.element,
    h("div", { class: "cards" }, confusion, embedding), h("p", { class: "pale" }, say("rounded")));
  return {
    update() {
      const { run } = app, isThere = run.snapshots.length > 0;
      parts.hidden = !isThere;
      fill(missing, ...(isThere ? [] : [h("p", {}, say("none")), h("p", {}, say("how")), run.command && h("p", {}, h("code", {}, run.command))]));
      if (!isThere) return;
      controls.update();
      paintCharts(charts, app);
      overview.build(app.network);
      overview.paint(app.network, app.image.pixels, app.outputs, "layer", app.theme);
      kernels.update();
      for (const each of below) each.update();
    },
  };
}

/**
 * Slider, buttons, and what is seen in words.
 * @param {App} app
 */
function controlsOf(app) {
  const say = app.words(WORDS), status = h("p", { role: "status", class: "readout" });
  const go = (/** @type {number} */ index) => app.set({ snapshot: momentsOf(app.run)[index].number });
  const slider = h("input", { type: "range", min: 0, step: 1, "aria-label": say("moment"), oninput: () => { stop(); go(Number(slider.value)); } });
  const back = h("button", { onclick: () => { stop(); app.set({ snapshot: null }); } }, say("back"));
  /** @type {ReturnType<typeof setInterval>|null} */
  let playing = null;
  const button = h("button", { "data-play": "", onclick: () => (playing === null ? play() : stop()) });
  const stop = () => {
    if (playing !== null) clearInterval(playing);
    playing = null;
    button.textContent = `▶ ${say("play")}`;
  };
  const play = () => {
    const last = app.run.snapshots.length;
    if (indexOf(app.run, app.state.snapshot) === last) go(0);
    playing = setInterval(() => {
      const next = indexOf(app.run, app.state.snapshot) + 1;
      if (next >= app.run.snapshots.length || !button.isConnected) stop();
      if (next <= app.run.snapshots.length) go(next);
    }, PAUSE);
    button.textContent = `⏸ ${say("stop")}`;
  };
  stop();
  return {
    element: h("div", { class: "replay" }, h("p", { class: "pale" }, say("hint")),
      h("div", { class: "row", "data-unsaved": "" }, button, slider, back), status),
    update() {
      const at = indexOf(app.run, app.state.snapshot), text = momentText(app, at);
      Object.assign(slider, { max: app.run.snapshots.length });
      if (Number(slider.value) !== at) slider.value = String(at);
      slider.setAttribute("aria-valuetext", text);
      back.disabled = at === app.run.snapshots.length;
      if (status.textContent !== text) status.textContent = text;
    },
  };
}

/**
 * A moment in words: step, epoch, accuracy, and the answer for the image.
 * @param {App} app
 * @param {number} at
 */
function momentText(app, at) {
  const say = app.words(WORDS), { step, epoch, accuracy, loss } = momentsOf(app.run)[at], probabilities = answersOverTime(app)[at];
  const label = probabilities.indexOf(Math.max(...probabilities)), { classes } = app.run;
  const texts = [
    step === null ? say("trained") : say("at", { step: step.toLocaleString("en"), epoch: epoch === null ? "?" : Number(epoch.toFixed(2)) }),
    accuracy !== null && say("measured", { percent: (100 * accuracy).toFixed(2), loss: loss === null ? "?" : short(loss) }),
    say("answer", { label: classes[label], p: share(probabilities[label]) }),
    app.image.label !== null && say("truth", { label: classes[app.image.label] }),
  ];
  return texts.filter(Boolean).join("; ");
}

/** @param {HTMLElement} element @param {App} app */
function paintCharts(element, app) {
  const { run, theme, language, state } = app, answers = answersOverTime(app), at = indexOf(run, state.snapshot);
  app.onceOf("replay charts", [answers, at, theme, language, element, run.points], () => {
    const say = app.words(WORDS), { classes, points } = run, moments = momentsOf(run);
    const lines = classesToDraw(answers, app.image.label).map((label, i) => ({
      name: classes[label], colour: COLOURS[i % COLOURS.length], points: answers.map((each, x) => /** @type {[number, number]} */ ([x, each[label]])),
      dashed: label !== app.image.label,
    }));
    const curve = (/** @type {string} */ kind) => [
      { name: say("train"), colour: COLOURS[0], points: points.chunks.map((each) => [each.epoch, each[`train_${kind}`]]) },
      { name: say("test"), colour: COLOURS[1], points: points.epochs.map((each) => [each.epoch, each[`test_${kind}`]]) },
      { name: say("atMoment"), colour: COLOURS[2], dashed: true, points: moments.map((each) => [each.epoch, kind === "loss" ? each.loss : each.accuracy])
        .filter((each) => each.every((value) => value !== null)) },
    ];
    const mark = moments[at].epoch;
    const part = (/** @type {string} */ title, /** @type {SVGSVGElement} */ chart) => h("section", {}, h("h3", {}, say(title)), chart);
    fill(element,
      part("probabilities", lineChart(lines, { x: say("moments"), y: say("probability"), mark: at, low: 0, high: 1, label: say("probabilities") })),
      part("curves", lineChart(/** @type {any} */ (curve("accuracy")), { x: say("epoch"), y: say("accuracy"), mark, low: 0, high: 1, label: say("curves") })),
      part("losses", lineChart(/** @type {any} */ (curve("loss")), { x: say("epoch"), y: say("loss"), mark, low: 0, label: say("losses") })));
    return null;
  });
}
