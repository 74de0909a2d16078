/** The stored test images, page by page, the worst mistakes first. */

import { fill, h } from "../../base/dom.js";
import { opener } from "../../charts/thumbs.js";
import { answersOf } from "../many.js";
import { Pages } from "../pages.js";
import { WORDS } from "./words.js";

/** @typedef {import("../../base/app.js").App} App */

const PAGE = 28; // images
const SIZE = 34; // CSS pixels of an image's longer side

/**
 * The images that fit a filter, in their order.
 * @param {ArrayLike<number>} labels
 * @param {ArrayLike<number>|null} predicted  null: not known yet, and all fit
 * @param {{truth: number|null, answered: number|null, isMistake: boolean}} filter
 * @returns {number[]}
 */
export function fitting(labels, predicted, { truth, answered, isMistake }) {
  return Array.from(labels, (_, i) => i).filter((i) => {
    if (truth !== null && labels[i] !== truth) return false;
    return !predicted || ((answered === null || predicted[i] === answered) && (!isMistake || predicted[i] !== labels[i]));
  });
}

export class Gallery {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.say = app.words(WORDS);
    const { say } = this;
    this.filters = h("div", { class: "row" });
    this.pages = new Pages(app, { label: say("title"), entry: "page", size: PAGE, look: "gallery" });
    this.element = h("details", { open: !matchMedia("(max-width: 760px)").matches, ontoggle: () => app.schedule() },
      h("summary", {}, say("open")), this.filters, this.pages.element, h("p", { class: "pale" }, say("order")));
  }

  get filter() {
    const { truth, answered, mistakes } = this.app.state;
    const label = (/** @type {any} */ value) => (value === null ? null : Number(value));
    return { truth: label(truth), answered: label(answered), isMistake: mistakes === 1 };
  }

  /** Paints the page of images that is looked at. */
  update() {
    const { app, say } = this, set = app.run.images.test;
    if (!this.element.open) return;
    const { result } = answersOf(app, "test"), { truth, answered, isMistake } = this.filter;
    const of = [app.run, result, truth, answered, isMistake, app.state.page];
    if (this.of?.every((each, i) => each === of[i])) return this.pages.press();
    this.of = of;
    const labels = set?.labels.values ?? new Int32Array(), fit = fitting(labels, result?.predicted ?? null, this.filter);
    this.pages.paint(fit.length, (place) => this.thumb(fit[place], labels[fit[place]], result?.predicted[fit[place]]), say(set ? "none" : "noSet"));
    this.paintFilters();
  }

  /**
   * @param {number} number
   * @param {number} truth
   * @param {number|undefined} answer
   */
  thumb(number, truth, answer) {
    const { app, say } = this, { classes } = app.run, isKnown = answer !== undefined;
    const values = { number, label: classes[truth], answer: isKnown ? classes[answer] : "" };
    const label = say(isKnown ? "imageAnswered" : "image", values);
    return opener(app, "test", number, { size: SIZE, label, mark: isKnown ? (answer === truth ? "same" : "other") : "" });
  }

  paintFilters() {
    const { app, say } = this, { classes } = app.run, { truth, answered, isMistake } = this.filter;
    const key = [app.runNumber, truth, answered, isMistake].join();
    if (this.filters.dataset.key === key) return;
    this.filters.dataset.key = key;
    const name = /** @type {HTMLElement|null} */ (document.activeElement)?.dataset?.filter;
    const choose = (/** @type {string} */ entry, /** @type {number|null} */ value) => {
      const select = h("select", { "data-filter": entry }, h("option", { value: "" }, say("any")),
        ...classes.map((each, i) => h("option", { value: i, selected: i === value }, each)));
      select.addEventListener("change", () => app.set({ [entry]: select.value === "" ? null : Number(select.value), page: 0 }));
      return h("label", {}, `${say(entry)} `, select);
    };
    const mistakes = h("input", { type: "checkbox", "data-filter": "mistakes", checked: isMistake,
      onchange: (/** @type {any} */ event) => app.set({ mistakes: event.target.checked ? 1 : 0, page: 0 }) });
    fill(this.filters, choose("truth", truth), choose("answered", answered), h("label", {}, mistakes, ` ${say("mistakes")}`));
    if (name) /** @type {HTMLElement|null} */ (this.filters.querySelector(`[data-filter=${name}]`))?.focus();
  }
}
