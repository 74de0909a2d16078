/** A list of many images, page by page: two buttons turn the page, and the keyboard walks on it. */

import { fill, h } from "../base/dom.js";

/** @typedef {import("../base/app.js").App} App */

/** @type {Record<string, number>} */
const STEPS = { ArrowLeft: -1, ArrowRight: 1 };
const WORDS = {
  en: { previous: "Previous page", next: "Next page", page: "{first} to {last} of {count}" },
  zh: { previous: "上一页", next: "下一页", page: "第 {first} 至 {last} 张,共 {count} 张" },
};

/**
 * The page of a list that is looked at: the nearest one, if there is none of that number.
 * @param {number} count  of the list
 * @param {number} size  entries of a page
 * @param {unknown} asked  the number of the page, as the state has it
 * @returns {{number: number, last: number, start: number, stop: number}}  last: the number of the last page
 */
export function pageOf(count, size, asked) {
  const last = Math.max(0, Math.ceil(count / size) - 1), number = Math.min(last, Math.max(0, Math.trunc(Number(asked)) || 0));
  return { number, last, start: number * size, stop: Math.min(count, (number + 1) * size) };
}

export class Pages {
  /**
   * @param {App} app
   * @param {{label: string, entry: string, size: number, look: string}} options  label: of the list, for those who do not see it;
   *   entry: of the state, the number of the page; size: images of a page; look: the list's classes in style.css
   */
  constructor(app, { label, entry, size, look }) {
    this.app = app;
    this.entry = entry;
    this.size = size;
    this.say = app.words(WORDS);
    this.number = 0;
    /** @type {any} */
    this.pressed = null; // the address of the image that is marked
    this.list = h("div", { class: look, role: "group", "aria-label": label });
    this.list.addEventListener("keydown", (event) => this.key(event));
    this.count = h("span", { class: "pale", role: "status" });
    this.previous = h("button", { "aria-label": this.say("previous"), onclick: () => this.turn(-1) }, "‹");
    this.next = h("button", { "aria-label": this.say("next"), onclick: () => this.turn(1) }, "›");
    this.element = h("div", {}, this.list, h("div", { class: "row" }, this.previous, this.next, this.count));
  }

  /**
   * Paints the page that the state asks for.
   * @param {number} count  images of the whole list
   * @param {(place: number) => HTMLButtonElement} opener  the button of the image at a place of the list
   * @param {string} none  what stands instead of images if there are none
   */
  paint(count, opener, none) {
    const { number, last, start, stop } = pageOf(count, this.size, this.app.state[this.entry]), focused = this.focused();
    const all = Array.from({ length: stop - start }, (_, i) => opener(start + i));
    for (const each of all) each.tabIndex = -1;
    fill(this.list, ...all);
    this.pressed = null;
    this.press();
    const current = all.find((each) => each.getAttribute("aria-pressed") === "true") ?? all[0];
    if (current) current.tabIndex = 0;
    if (focused >= 0) all[Math.min(focused, all.length - 1)]?.focus();
    this.count.textContent = count ? this.say("page", { first: start + 1, last: stop, count }) : none;
    this.previous.disabled = number === 0;
    this.next.disabled = number === last;
    this.number = number;
  }

  /** Marks the image that is looked at. */
  press() {
    const { image } = this.app.state;
    if (this.pressed === image) return;
    this.pressed = image;
    for (const button of this.buttons()) button.setAttribute("aria-pressed", String(button.dataset.image === image));
  }

  /** @returns {HTMLButtonElement[]} */
  buttons() {
    return [...this.list.querySelectorAll("button")];
  }

  /** The place on the page of the image that has the focus, or -1. */
  focused() {
    return this.buttons().findIndex((each) => each === document.activeElement);
  }

  /** @param {number} by */
  turn(by) {
    this.app.set({ [this.entry]: Math.max(0, this.number + by) });
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
