/** The panel that answers "why this class and not another?": in sentences, and with the numbers that they are made from. */

import { fill, h } from "../../base/dom.js";
import { mountDoubt } from "./doubt.js";
import { mountGradient } from "./gradient.js";
import { mountNear, nearNow } from "./near.js";
import { coveredOf, coversOf, mountOcclusion } from "./occlusion.js";
import { sentences } from "./sentences.js";
import { PATCHES, STATE, classesAsked, patchOf } from "./state.js";
import { leadNow, mountUnits } from "./units.js";
import { WORDS } from "./words.js";

/** @typedef {import("../../base/app.js").App} App */

/** @type {import("../../base/types.js").Panel} */
export const panel = { id: "why", place: "tab", words: WORDS, state: STATE, mount };

/** @param {HTMLElement} root @param {App} app */
function mount(root, app) {
  const choice = h("div", { class: "row" }), list = h("ul", { class: "reasons" }), say = app.words(WORDS);
  const parts = [mountOcclusion, mountUnits, mountNear, mountDoubt, mountGradient].map((mountPart) => {
    const section = h("section", { class: "card" });
    return { section, part: mountPart(section, app) };
  });
  ["occlusion", "units", "near", "doubt", "gradient"].forEach((name, i) => { parts[i].section.id = `why-${name}`; });
  fill(root, choice, h("h3", {}, say("short")), list, h("div", { class: "cards" }, ...parts.map((each) => each.section)));
  let chosen = "";
  return {
    update() {
      const { a, b } = classesAsked(app), key = `${a} ${b} ${patchOf(app)} ${app.runNumber} ${app.answer.label}`;
      if (key !== chosen) fill(choice, ...choices(app, a, b));
      chosen = key;
      fill(list, ...sentences(factsOf(app), say).map(({ kind, text }) => h("li", { class: `says-${kind}` }, text)),
        coversOf(app) === null && h("li", { class: "pale" }, say("working", { percent: Math.floor(100 * coveredOf(app).share) })));
      for (const { part } of parts) part.update();
    },
  };
}

/**
 * What is known of the answer.
 * @param {App} app
 * @returns {import("./sentences.js").Facts}
 */
function factsOf(app) {
  const { answer, image, run } = app, near = nearNow(app);
  return {
    classes: run.classes, label: answer.label, truth: image.label, ...classesAsked(app), probabilities: answer.probabilities,
    covered: coversOf(app), lead: leadNow(app), verdict: run.calibration ? answer : null,
    neighbours: near && near.found.length ? { tally: near.tally, nearest: near.train.labels.values[near.found[0].number], distance: near.found[0].distance } : null,
  };
}

/**
 * The classes that are asked about, and the square that covers.
 * @param {App} app
 * @param {number} a
 * @param {number} b
 */
function choices(app, a, b) {
  const say = app.words(WORDS), { classes } = app.run;
  const option = (/** @type {number} */ value, /** @type {string} */ label, /** @type {number} */ current) => h("option", { value, selected: value === current }, label);
  const select = (/** @type {string} */ label, /** @type {string} */ name, /** @type {Node[]} */ options) => h("label", {}, `${say(label)} `,
    h("select", { name, onchange: (/** @type {any} */ event) => app.set({ [name]: Number(event.target.value) }) }, ...options));
  return [
    select("for", "for", classes.map((name, label) => option(label, name, a))),
    select("against", "against", classes.map((name, label) => option(label, name, b)).filter((_, label) => label !== a)),
    select("patch", "patch", PATCHES.map((edge) => option(edge, say("pixels", { edge }), patchOf(app)))),
  ];
}
