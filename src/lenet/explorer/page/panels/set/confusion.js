/** The confusion matrix: a table whose cells open their images. */

import { fill, h } from "../../base/dom.js";
import { inkOn } from "../../charts/contrast.js";
import { colour, css } from "../../charts/palette.js";
import { chosen, mountCellImages } from "./cell_images.js";
import { confusedPairs, scores } from "./numbers.js";
import { WORDS } from "./words.js";

/** @typedef {import("../../base/app.js").App} App */

const PAIRS = 5; // that are named below the matrix
const LEGEND = [0, 0.001, 0.01, 0.1, 0.5, 1];

/** The confusion matrix of the test set: of the snapshot that is looked at, if one is. @param {App} app */
export function confusionOf(app) {
  const { snapshot } = app.state;
  return (snapshot === null ? null : app.run.snapshots[Number(snapshot)]?.confusion) ?? app.run.test?.confusion ?? null;
}

/**
 * The colour of a share of a row; rare confusions must be seen too, so it grows with the fourth root.
 * @param {number} part
 * @param {string} theme
 */
function tint(part, theme) {
  return colour("sequential", theme, part ** 0.25);
}

/**
 * @param {HTMLElement} root
 * @param {App} app
 */
export function mountConfusion(root, app) {
  const say = app.words(WORDS), frame = h("div", { class: "scroll" }), key = h("div", { class: "row legend" }), pairs = h("p"), below = h("div"), images = mountCellImages(below, app);
  const shown = h("select", { onchange: (/** @type {any} */ event) => app.set({ shares: event.target.value }) });
  fill(root, h("h3", {}, say("confusion")), h("label", {}, `${say("shown")} `, shown), frame, key, pairs, below);
  /** @type {any[]} */
  let painted = [];
  return {
    update() {
      const confusion = confusionOf(app), { cell, shares } = app.state, of = [confusion, cell, shares, app.theme];
      below.hidden = !confusion;
      if (confusion) images.update(confusion.values);
      if (isSame(of, painted)) return;
      const focused = frame.contains(document.activeElement);
      painted = of;
      fill(shown, ...["counts", "shares"].map((value) => h("option", { value, selected: value === shares }, say(value))));
      if (!confusion) return void fill(frame, h("p", {}, say("noSet")));
      fill(frame, table(app, confusion.values));
      if (focused) /** @type {HTMLElement|null} */ (frame.querySelector("[tabindex='0']"))?.focus();
      fill(key, h("span", { class: "pale" }, say("legend")), ...LEGEND.map((part) => {
        const ground = tint(part, app.theme);
        return h("span", { class: "sample", style: `background:${css(ground)};color:${inkOn(ground)}` }, `${100 * part} %`);
      }));
      const { classes } = app.run;
      fill(pairs, `${say("mostConfused")} `, ...confusedPairs(confusion.values, classes.length, PAIRS).map(({ truth, answer, count }) =>
        h("button", { class: "small", onclick: () => app.set({ cell: `${truth}.${answer}`, cellPage: 0 }) }, say("pair", { truth: classes[truth], answer: classes[answer], count }))));
    },
  };
}

/** @param {any[]} values @param {any[]} others */
function isSame(values, others) {
  return values.length === others.length && values.every((each, i) => each === others[i]);
}

/**
 * @param {App} app
 * @param {ArrayLike<number>} confusion
 */
function table(app, confusion) {
  const say = app.words(WORDS), { classes } = app.run, count = classes.length, isShares = app.state.shares === "shares", current = chosen(app);
  const rows = scores(confusion, count), isLong = classes.some((name) => name.length > 3);
  const percent = (/** @type {number} */ part) => (part === 0 ? "0" : (100 * part).toFixed(part < 0.1 ? 1 : 0));
  const cell = (/** @type {number} */ truth, /** @type {number} */ answer) => {
    const number = confusion[truth * count + answer], part = rows[truth].count ? number / rows[truth].count : 0, ground = tint(part, app.theme);
    const isCurrent = current !== null && current.truth === truth && current.answer === answer;
    const isEntry = current ? isCurrent : truth === 0 && answer === 0;
    const label = say("cell", { truth: classes[truth], answer: classes[answer], count: number, percent: percent(part) });
    return h("td", { style: `background:${css(ground)}` }, h("button", {
      class: `cell${truth === answer ? " right" : ""}`, style: `color:${inkOn(ground)}`, tabindex: isEntry ? 0 : -1, "aria-pressed": isCurrent, "aria-label": label, title: label,
      "data-cell": `${truth}.${answer}`, onclick: () => app.set({ cell: isCurrent ? "" : `${truth}.${answer}`, cellPage: 0 }), onkeydown: walk,
    }, isShares ? percent(part) : number));
  };
  const walk = (/** @type {KeyboardEvent} */ event) => {
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key], here = /** @type {HTMLElement} */ (event.currentTarget);
    if (!step) return;
    const [truth, answer] = String(here.dataset.cell).split(".").map(Number);
    const next = /** @type {HTMLElement|null} */ (here.closest("table")?.querySelector(`[data-cell="${truth + step[0]}.${answer + step[1]}"]`));
    next?.focus();
    event.preventDefault();
  };
  return h("table", { class: `confusion${isLong ? " long" : ""}` }, h("caption", {}, say("caption", { unit: say(isShares ? "unitShares" : "unitCounts") })),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, say("corner")), ...classes.map((name) => h("th", { scope: "col" }, h("span", {}, name))))),
    h("tbody", {}, ...classes.map((name, truth) => h("tr", {}, h("th", { scope: "row" }, name), ...classes.map((_, answer) => cell(truth, answer))))));
}
