/** The part of "why?" that says how sure the network is: calibrated and uncalibrated probabilities, and the rule that rejects. */

import { fill, h } from "../../base/dom.js";
import { short } from "../../charts/raster.js";
import { softmax } from "../../engine/doubt.js";
import { share } from "./sentences.js";
import { WORDS } from "./words.js";

/** @typedef {import("../../base/app.js").App} App */

const SHOWN = 4; // classes
const MOST_SCORE = 2; // at the end of the scale

/**
 * @param {HTMLElement} root
 * @param {App} app
 */
export function mountDoubt(root, app) {
  const say = app.words(WORDS), { classes } = app.run, body = h("tbody"), verdict = h("p"), gauge = h("div"), caption = h("p", { class: "pale" });
  const head = ["class", "calibrated", "raw"].map((key) => h("th", { scope: "col" }, say(key)));
  fill(root, h("h3", {}, say("doubt")), h("table", {}, h("thead", {}, h("tr", {}, ...head)), body), gauge, verdict, caption);
  return {
    update() {
      const { answer, outputs } = app, { calibration } = app.run, raw = softmax(outputs[outputs.length - 1], 1);
      const order = Array.from(raw, (_, label) => label).sort((a, b) => raw[b] - raw[a]).slice(0, SHOWN);
      fill(body, ...order.map((label) => h("tr", {}, h("th", { scope: "row" }, classes[label]),
        h("td", {}, calibration ? share(answer.probabilities[label]) : "–"), h("td", {}, share(raw[label])))));
      fill(caption, calibration ? say("doubtText", { temperature: short(calibration.temperature), count: calibration.num_held_out,
        coverage: short(100 * calibration.coverage) }) : say("noCalibration"));
      const { score } = answer;
      if (!calibration || score === null) return void fill(gauge), fill(verdict);
      const at = Math.max(0, Math.min(1, (score + 1) / (MOST_SCORE + 1)));
      const label = say("score", { score: score.toFixed(2) });
      fill(gauge, h("div", { class: "gauge", role: "img", "aria-label": label },
        h("i", { class: "limit", style: `left:${(100 * 2) / (MOST_SCORE + 1)}%` }), h("i", { class: "at", style: `left:${100 * at}%` })), h("span", { class: "pale" }, label));
      fill(verdict, say(answer.reason ?? "known", { score: score.toFixed(2) }));
      verdict.className = answer.isUnknown ? "bad" : "good";
    },
  };
}
