/** The panel that shows each step from an image to what the network sees of it, and what each is good for. */

import { fill, h } from "../../base/dom.js";
import { thumb } from "../../charts/thumbs.js";
import { pixelsText } from "../../images/drawing/text.js";
import { split } from "../../images/preprocess.js";
import { percent } from "../answer/panel.js";
import { problemText } from "../input/problems.js";
import { canLie, stepsOff } from "../input/sources.js";
import { Strip, panelsOf } from "./strip.js";
import { Switches } from "./switches.js";
import { outcomeOf } from "./without.js";
import { WORDS } from "./words.js";

/** @typedef {import("../../base/app.js").App} App */
/** @typedef {import("../../base/types.js").Shown} Shown */

/** @type {import("../../base/types.js").Panel} */
export const panel = { id: "seen", place: "tab", words: WORDS, state: { split: 0 }, mount };

/** @param {HTMLElement} root @param {App} app */
function mount(root, app) {
  const say = app.words(WORDS), strip = new Strip(app), switches = new Switches(app);
  const note = h("div", { class: "note" }), parts = h("div", {});
  fill(root, h("p", { class: "pale" }, say("intro")), note, strip.element, parts, switches.element);
  /** @type {any[]} */
  let of = [];
  return {
    update() {
      const { source, run } = app, { explained, original, problem } = source, { channels, height, width } = run.input;
      const isWhole = run.preprocessing.framing === "whole" || run.preprocessing.ground === "mixed";
      switches.element.hidden = !original || Boolean(problem) || isWhole;
      if (!switches.element.hidden && original) switches.update(original);
      const now = [source, app.network, app.state.split, app.state.units];
      if (now.every((each, i) => each === of[i])) return;
      of = now;
      fill(note, ...notes(app, source, isWhole));
      const raw = { width, height, channels, data: source.pixels, name: "what the network sees" };
      strip.element.hidden = Boolean(problem);
      if (!problem) strip.show(panelsOf(explained ?? { seen: source.pixels, steps: [raw], found: null }, say));
      fill(parts, ...partsOf(app, source));
    },
  };
}

/**
 * What is to be said of an image.
 * @param {App} app
 * @param {Shown} source
 * @param {boolean} isWhole
 */
function notes(app, { address, explained, problem }, isWhole) {
  const say = app.words(WORDS), [kind] = address.split(":");
  const open = (/** @type {string} */ image) => () => app.set({ image, steps: "" });
  if (problem) return [h("p", { class: problem.code === "undrawn" ? "" : "bad" }, problemText(app, problem))];
  if (kind === "paper") return [h("button", { onclick: open(address.slice(6)) }, say("back"))];
  if (kind === "seen" && !explained) return [h("p", {}, say("lost"))];
  if (!explained) {
    const paper = canLie(app) && address && h("button", { onclick: open(`paper:${address}`) }, say("paper"));
    return [h("p", {}, say("stored")), paper];
  }
  if (isWhole) return [h("p", {}, say("whole"))];
  return explained.found || explained.steps.length > 2 ? [] : [h("p", {}, say("alike"))];
}

/**
 * The parts of similar size that an image shows, read one by one if that is asked for.
 * @param {App} app
 * @param {Shown} source
 */
function partsOf(app, { explained, original }) {
  const say = app.words(WORDS), count = explained?.found?.parts.length ?? 0;
  if (count < 2 || !original) return [];
  const isSplit = app.state.split === 1, turn = () => app.set({ split: isSplit ? 0 : 1 });
  const line = h("div", { class: "row" }, h("span", {}, say("parts", { count })),
    h("button", { onclick: turn, "aria-pressed": String(isSplit) }, say(isSplit ? "readNo" : "read")));
  if (!isSplit) return [line];
  const { classes, preprocessing } = app.run;
  const outcomes = split(original, preprocessing, stepsOff(app)).map(({ seen }) => outcomeOf(app, seen));
  const answers = outcomes.map(({ label }) => classes[label]).join(" ");
  const opened = outcomes.map(({ pixels, label, probability, isUnknown }, i) => {
    const answer = say(isUnknown ? "unknown" : "answer", { name: classes[label], p: percent(probability) }), number = i + 1;
    return h("button", { class: "thumb", "aria-label": `${say("openPart", { number })}: ${answer}`,
      onclick: () => app.set({ image: `seen:${pixelsText(/** @type {Uint8Array} */ (pixels))}`, pixels: "" }) },
    thumb(app, pixels ?? [], 70), h("span", {}, say("part", { number, answer })));
  });
  return [line, h("p", { class: "headline" }, say("partsRead", { answers })), h("div", { class: "row" }, ...opened)];
}
