/** The stored test images, page by page, the worst mistakes first. */

import { fill, h } from "../../base/dom.js";
import { opener } from "../../charts/thumbs.js";
import { answersOf } from "../many.js";
import { WORDS } from "./words.js";

/** @typedef {import("../../base/app.js").App} App */

const PAGE = 28; // images
const SIZE = 34; // CSS pixels of an image's longer side
/** @type {Record<string, number>} */
const STEPS = { ArrowLeft: -1, ArrowRight: 1 };

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
    /** @type {any} */
    this.pressed = null; // the address of the image that is marked
    const { say } = this;
    this.filters = h("div", { class: "row" });
    this.list = h("div", { class: "gallery", role: "group", "aria-label": say("title") });
    this.list.addEventListener("keydown", (event) => this.key(event));
    this.count = h("span", { class: "pale", role: "status" });
    this.previous = h("button", { "aria-label": say("previous"), onclick: () => this.turn(-1) }, "‹");
    this.next = h("button", { "aria-label": say("next"), onclick: () => this.turn(1) }, "›");
    this.element = h("details", { open: !matchMedia("(max-width: 760px)").matches, ontoggle: () => app.schedule() },
      h("summary", {}, say("open")), this.filters, this.list, h("div", { class: "row" }, this.previous, this.next, this.count),
      h("p", { class: "pale" }, say("order")));
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
    if (!set) return void fill(this.list, h("p", {}, say("noSet")));
    const { result } = answersOf(app, "test"), { truth, answered, isMistake } = this.filter;
    const of = [app.run, result, truth, answered, isMistake, app.state.page];
    if (this.of?.every((each, i) => each === of[i])) return this.press();
    this.of = of;
    this.found = fitting(set.labels.values, result?.predicted ?? null, this.filter);
    const last = Math.max(0, Math.ceil(this.found.length / PAGE) - 1), page = Math.min(last, Math.max(0, Number(app.state.page)));
    const shown = this.found.slice(page * PAGE, (page + 1) * PAGE), focused = this.focused();
    fill(this.list, ...shown.map((number) => this.thumb(number, set.labels.values[number], result?.predicted[number])));
    this.pressed = null;
    this.press();
    const all = this.buttons(), current = all.find((each) => each.getAttribute("aria-pressed") === "true") ?? all[0];
    if (current) current.tabIndex = 0;
    if (focused >= 0) all[Math.min(focused, all.length - 1)]?.focus();
    const range = { first: page * PAGE + 1, last: page * PAGE + shown.length, count: this.found.length };
    this.count.textContent = shown.length ? say("page", range) : say("none");
    this.previous.disabled = page === 0;
    this.next.disabled = page === last;
    this.page = page;
    if (focused < 0) this.paintFilters();
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
    const button = opener(app, "test", number, { size: SIZE, label, mark: isKnown ? (answer === truth ? "same" : "other") : "" });
    button.tabIndex = -1;
    return button;
  }

  /** Marks the image that is looked at. */
  press() {
    const { image } = this.app.state;
    if (this.pressed === image) return;
    this.pressed = image;
    for (const button of this.buttons()) button.setAttribute("aria-pressed", String(button.dataset.image === image));
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

  /** @returns {HTMLButtonElement[]} */
  buttons() {
    return [...this.list.querySelectorAll("button")];
  }

  /** The place of the image that has the focus, or -1. */
  focused() {
    return this.buttons().findIndex((each) => each === document.activeElement);
  }

  /** @param {number} by */
  turn(by) {
    this.app.set({ page: Math.max(0, (this.page ?? 0) + by) });
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const all = this.buttons(), at = this.focused();
    const columns = all.filter((each) => each.offsetTop === all[0].offsetTop).length;
    const by = STEPS[event.key] ?? { ArrowUp: -columns, ArrowDown: columns, Home: -at, End: all.length - 1 - at }[event.key];
    if (event.key === "PageDown" && !this.next.disabled) this.turn(1);
    else if (event.key === "PageUp" && !this.previous.disabled) this.turn(-1);
    else if (by !== undefined && all[at + by]) {
      all[at].tabIndex = -1;
      all[at + by].tabIndex = 0;
      all[at + by].focus();
    } else if (by === undefined) return;
    event.preventDefault();
  }
}
