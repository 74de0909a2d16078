/** A switch for each step of the preprocessing, beside the answer that the network would give without it. */

import { fill, h } from "../../base/dom.js";
import { thumb } from "../../charts/thumbs.js";
import { SWITCHES } from "../../images/preprocess.js";
import { percent } from "../answer/panel.js";
import { inboxOf } from "../input/inbox.js";
import { problemText } from "../input/problems.js";
import { stepsOff } from "../input/sources.js";
import { outcomesOf } from "./without.js";
import { WORDS } from "./words.js";

/** @typedef {import("../../base/app.js").App} App */
/** @typedef {import("./without.js").Outcome} Outcome */

const SIZE = 42; // CSS pixels

export class Switches {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.say = app.words(WORDS);
    const { say } = this;
    this.all = h("td", {});
    this.rows = SWITCHES.map((name) => {
      const box = h("input", { type: "checkbox", onchange: () => this.toggle(name), "data-step": name }), cell = h("td", {});
      return { name, box, cell, element: h("tr", {}, h("th", { scope: "row" }, h("label", {}, box, ` ${say(name)}`)), cell) };
    });
    this.reset = h("button", { onclick: () => app.set({ steps: "" }) }, say("reset"));
    const head = h("tr", {}, h("th", { scope: "col" }, say("name")), h("th", { scope: "col" }, say("without")));
    const first = h("tr", {}, h("th", { scope: "row" }, say("all")), this.all);
    const body = h("tbody", {}, first, ...this.rows.map((row) => row.element));
    const table = h("table", { class: "switched" }, h("thead", {}, head), body);
    this.element = h("div", {}, h("h3", {}, say("steps")), h("p", { class: "pale" }, say("caption")),
      h("div", { class: "scroll" }, table), this.reset);
  }

  /** @param {string} name */
  toggle(name) {
    const off = stepsOff(this.app);
    if (!off.delete(name)) off.add(name);
    this.app.set({ steps: SWITCHES.filter((each) => off.has(each)).join(",") });
  }

  /** @param {import("../../images/pixels.js").Image} original */
  update(original) {
    const { app } = this, off = stepsOff(app);
    for (const { name, box } of this.rows) box.checked = !off.has(name);
    this.reset.hidden = off.size === 0;
    if (inboxOf(app).isDrawing) return; // they follow when the stroke is done
    const outcomes = outcomesOf(app, original).result, of = [outcomes, app.language];
    if (this.of?.every((each, i) => each === of[i])) return;
    this.of = of;
    const all = outcomes?.[0] ?? null;
    this.paint(this.all, all, null);
    this.rows.forEach(({ cell }, i) => this.paint(cell, outcomes?.[i + 1] ?? null, all));
  }

  /**
   * @param {HTMLElement} cell
   * @param {Outcome|null} outcome
   * @param {Outcome|null} all  the outcome with all steps
   */
  paint(cell, outcome, all) {
    const { app, say } = this, { classes } = app.run;
    if (!outcome) return void fill(cell, say("working"));
    if (outcome.problem || !outcome.pixels) return void fill(cell, outcome.problem ? problemText(app, outcome.problem) : "");
    const isSame = all?.pixels?.every((value, i) => value === outcome.pixels?.[i]);
    const values = { name: classes[outcome.label], p: percent(outcome.probability) };
    const text = isSame ? say("same") : say(outcome.isUnknown ? "unknown" : "answer", values);
    const tone = isSame ? "pale" : all && (all.label !== outcome.label || outcome.isUnknown) ? "bad" : "";
    fill(cell, h("span", { class: "row" }, thumb(app, outcome.pixels, SIZE), h("span", { class: tone }, text)));
  }
}
