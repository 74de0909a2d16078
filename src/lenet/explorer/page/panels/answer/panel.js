/** The answer: a bar for each class, right or wrong, and whether the network should answer at all. */

import { fill, h } from "../../base/dom.js";
import { thumb } from "../../charts/thumbs.js";
import { inboxOf } from "../input/inbox.js";
import { problemText } from "../input/problems.js";
import { WORDS } from "./words.js";

/** @typedef {import("../../base/app.js").App} App */

const SIZE = 84; // CSS pixels of the image beside the answer: three for each of 28, so that it is crisp
const QUIET = 900; // milliseconds without a change, before it is said to those who listen

/** @type {import("../../base/types.js").Panel} */
export const panel = {
  id: "answer",
  place: "side",
  words: WORDS,
  state: { order: "probability" },
  mount: (root, app) => new Answer(root, app),
};

class Answer {
  /** @param {HTMLElement} root @param {App} app */
  constructor(root, app) {
    this.app = app;
    this.say = app.words(WORDS);
    const { say } = this;
    this.headline = h("p", { class: "headline" });
    this.truth = h("p", {});
    this.body = h("tbody", {});
    this.verdict = h("p", {});
    this.score = h("p", { class: "pale" });
    this.off = h("p", { class: "row" }, say("off"), h("button", { onclick: () => app.set({ steps: "" }) }, say("on")));
    this.image = h("span", {});
    this.live = h("p", { class: "hidden", role: "status" });
    /** @type {Row[]} */
    this.rows = [];
    this.order = h("select", { onchange: (/** @type {any} */ event) => app.set({ order: event.target.value }) },
      h("option", { value: "probability" }, say("byProbability")), h("option", { value: "class" }, say("byClass")));
    fill(root, h("div", { class: "answered" }, this.image, h("div", {}, this.headline, this.truth)), h("table", { class: "probabilities" },
      h("thead", { class: "hidden" }, h("tr", {}, h("th", { scope: "col" }, say("class")),
        h("th", { scope: "col", colspan: 2 }, say("probability")))), this.body),
    this.verdict, this.score, this.off, h("label", { class: "order" }, `${say("sorted")} `, this.order), this.live);
  }

  /** Shows the answer for the image. */
  update() {
    const { app, say } = this, { image, run } = app;
    if (this.classes !== run.classes) this.build(run.classes);
    this.order.value = String(app.state.order);
    this.off.hidden = !image.original || !app.state.steps;
    const answer = image.problem ? null : app.answer, key = [answer, image, run, app.state.order];
    if (this.of?.every((each, i) => each === key[i])) return;
    this.of = key;
    const { text, tone, verdict } = this.sentences();
    fill(this.image, answer && thumb(app, image.pixels, SIZE, { "aria-label": say("image") }));
    this.headline.textContent = text.headline;
    this.truth.textContent = text.truth;
    this.truth.className = tone;
    this.verdict.textContent = verdict;
    this.verdict.className = answer?.isUnknown ? "bad" : "";
    this.score.textContent = answer && answer.score !== null ? say("score", { score: answer.score.toFixed(2) }) : "";
    this.rows.forEach((row, label) => {
      row.show(answer ? answer.probabilities[label] : 0, label === answer?.label, label === image.label);
    });
    const labels = this.rows.map((_, label) => label);
    if (answer && app.state.order !== "class") labels.sort((a, b) => answer.probabilities[b] - answer.probabilities[a]);
    if (labels.join() !== this.shown) {
      this.shown = labels.join();
      this.body.append(...labels.map((label) => this.rows[label].element));
    }
    this.tell();
  }

  /** What is said of the answer. */
  sentences() {
    const { app, say } = this, { image, run } = app;
    if (image.problem) return { text: { headline: say("none"), truth: "" }, tone: "", verdict: problemText(app, image.problem) };
    const { label, probabilities, reason, isUnknown } = app.answer, name = run.classes[label];
    const headline = say(isUnknown ? "unknown" : "answer", { name, p: percent(probabilities[label]) });
    const verdict = say(reason ?? (run.calibration ? "known" : "uncalibrated"), { name });
    if (image.label === null) return { text: { headline, truth: say("open") }, tone: "pale", verdict };
    const isRight = image.label === label, truth = say(isRight ? "right" : "wrong", { truth: run.classes[image.label] });
    return { text: { headline, truth }, tone: isRight ? "good" : "bad", verdict };
  }

  /** @param {string[]} classes */
  build(classes) {
    this.classes = classes;
    this.shown = "";
    this.rows = classes.map((name) => new Row(name, this.say("label")));
    fill(this.body);
  }

  /** Says the answer when it has not changed for a while, and nothing is being drawn. */
  tell() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      if (inboxOf(this.app).isDrawing) return this.tell();
      const { text, verdict } = this.sentences();
      const said = `${text.headline}. ${text.truth} ${verdict}`;
      if (this.live.textContent !== said) this.live.textContent = said;
    }, QUIET);
  }
}

class Row {
  /** @param {string} name @param {string} label */
  constructor(name, label) {
    this.bar = h("i", {});
    this.number = h("td", {});
    this.mark = h("span", { class: "sample" }, label);
    this.element = h("tr", {}, h("th", { scope: "row" }, name, " ", this.mark), h("td", { class: "bar" }, this.bar), this.number);
  }

  /** @param {number} probability @param {boolean} isAnswer @param {boolean} isTrue */
  show(probability, isAnswer, isTrue) {
    this.bar.style.width = `${100 * probability}%`;
    this.number.textContent = `${percent(probability)} %`;
    this.mark.hidden = !isTrue;
    this.element.className = isAnswer ? "is-answer" : "";
  }
}

/** @param {number} probability */
export function percent(probability) {
  return (100 * probability).toFixed(1);
}
