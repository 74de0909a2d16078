/** Recall and precision of each class, and how far confidence can be trusted. */

import { fill, h, svg } from "../../base/dom.js";
import { confusionOf } from "./confusion.js";
import { calibrationError, scores } from "./numbers.js";
import { WORDS } from "./words.js";

/** @typedef {import("../../base/app.js").App} App */

/**
 * @param {HTMLElement} root
 * @param {App} app
 */
export function mountScores(root, app) {
  const say = app.words(WORDS), body = h("tbody"), head = ["class", "images", "recall", "precision"];
  fill(root, h("h3", {}, say("scores")), h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": say("scores") }, h("table", { class: "scores" },
    h("thead", {}, h("tr", {}, ...head.map((key) => h("th", { scope: "col" }, say(key))))), body)), h("p", { class: "pale" }, say("scoresCaption")));
  /** @type {any} */
  let painted;
  const bar = (/** @type {number|null} */ value) => h("td", { class: "bar" },
    value !== null && h("i", { class: "against", style: `width:${(100 * value).toFixed(1)}%`, "aria-hidden": "true" }), h("span", {}, value === null ? "–" : `${(100 * value).toFixed(1)} %`));
  return {
    update() {
      const confusion = confusionOf(app), { classes } = app.run;
      root.hidden = !confusion;
      if (painted === confusion || !confusion) return;
      painted = confusion;
      fill(body, ...scores(confusion.values, classes.length).map((each, label) =>
        h("tr", {}, h("th", { scope: "row" }, classes[label]), h("td", {}, each.count), bar(each.recall), bar(each.precision))));
    },
  };
}

/**
 * A chart of accuracy by confidence, if the data has it.
 * @param {HTMLElement} root
 * @param {App} app
 */
export function mountReliability(root, app) {
  const say = app.words(WORDS), body = h("div");
  fill(root, h("h3", {}, say("reliability")), body, h("p", { class: "pale" }, say("reliabilityCaption")));
  /** @type {any} */
  let painted;
  return {
    update() {
      const reliability = /** @type {any} */ (app.run.test)?.reliability ?? null;
      root.hidden = reliability === null;
      if (painted === reliability || reliability === null) return;
      painted = reliability;
      const parts = [["calibrated", reliability.calibrated], ["raw", reliability.softmax]].filter(([, bins]) => bins);
      fill(body, h("div", { class: "row" }, ...parts.map(([name, bins]) => h("figure", {}, h("figcaption", {}, say(name)), chart(bins, say(name), app),
        h("p", {}, say("error", { percent: (100 * calibrationError(bins)).toFixed(2) }))))));
    },
  };
}

/**
 * @param {[number, number, number][]} bins  images, mean confidence, accuracy
 * @param {string} label
 * @param {App} app
 */
function chart(bins, label, app) {
  const size = 200, left = 30, bottom = 28, edge = size - left - 8, say = app.words(WORDS), width = edge / bins.length;
  const x = (/** @type {number} */ share) => left + share * edge, y = (/** @type {number} */ share) => size - bottom - share * (size - bottom - 8);
  const text = (/** @type {number} */ at, /** @type {number} */ down, /** @type {string} */ anchor, /** @type {string} */ words) =>
    svg("text", { x: at, y: down, "text-anchor": anchor, "font-size": 12, fill: "currentColor" }, words);
  const list = bins.filter(([count]) => count).map(([count, confidence, accuracy]) => say("bin", { count, confidence: confidence.toFixed(2), accuracy: accuracy.toFixed(2) }));
  return svg("svg", { width: size, height: size, viewBox: `0 0 ${size} ${size}`, role: "img", "aria-label": `${label}: ${list.join("; ")}`, class: "chart" },
    svg("path", { d: `M${left},8V${size - bottom}H${size - 8}`, fill: "none", stroke: "currentColor", "stroke-opacity": 0.5 }),
    ...bins.map(([count, confidence, accuracy], i) => count > 0 && svg("rect", { x: x(i / bins.length) + 1, y: y(accuracy), width: width - 2, height: y(0) - y(accuracy), fill: "var(--accent)",
      "fill-opacity": 0.25 + 0.75 * Math.min(1, count / 100) }, svg("title", {}, say("bin", { count, confidence: confidence.toFixed(2), accuracy: accuracy.toFixed(2) })))),
    svg("line", { x1: x(0), y1: y(0), x2: x(1), y2: y(1), stroke: "var(--mark)", "stroke-width": 2, "stroke-dasharray": "4 3" }),
    text(left - 4, y(1) + 8, "end", "1"), text(left - 4, y(0), "end", "0"), text(x(1), size - bottom + 14, "end", "1"), text((left + size) / 2, size - 4, "middle", say("confidence")),
    text(left + 4, 16, "start", say("accuracy")));
}
